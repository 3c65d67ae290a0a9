"""Where a recogniser is reached: the parts of a listen URL that all of them share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, urlencode

from ..audio import RATE
from ..settings import Settings

_KEYTERM_TOKENS: Final = 500
"""All keyterms together; one more and the upgrade is refused."""

_LETTERS_PER_TOKEN: Final = 3
"""Names and drug words make short tokens: a low estimate keeps clear of the limit."""

_TAG_LETTERS: Final = 128

Parameters = list[tuple[str, str]]
AUDIO: Final[Parameters] = [("encoding", "mulaw"), ("sample_rate", str(RATE))]


def listen_url(settings: Settings, version: str, parameters: Parameters) -> str:
    """The WebSocket URL of a listen endpoint; `http` becomes `ws`, `https` becomes `wss`."""
    base = settings.deepgram_base_url.rstrip("/")
    if base.startswith("http"):
        base = "ws" + base.removeprefix("http")
    return f"{base}/{version}/listen?{urlencode(parameters, quote_via=quote)}"


def about_the_call(call_sid: str, keyterms: Iterable[str]) -> Parameters:
    """Words to expect, no training on the caller's voice, and our name for the call."""
    return [
        *(("keyterm", term) for term in bounded_keyterms(keyterms)),
        ("mip_opt_out", "true"),
        ("tag", call_sid[:_TAG_LETTERS]),
    ]


def bounded_keyterms(keyterms: Iterable[str]) -> list[str]:
    """The first of the keyterms, each once, that stay within the vendor's limit."""
    kept: list[str] = []
    left = _KEYTERM_TOKENS
    for term in dict.fromkeys(" ".join(term.split()) for term in keyterms):
        tokens = sum(-(-len(word) // _LETTERS_PER_TOKEN) for word in term.split())
        if not tokens:
            continue
        if tokens > left:
            break
        left -= tokens
        kept.append(term)
    return kept
