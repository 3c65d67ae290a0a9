"""Mail and web addresses, as people say them. Pure."""

from __future__ import annotations

import re
from typing import Final

from .ids import spelled
from .numbers import digits
from .reading import Heard, Reading

_TOP: Final = (
    "com|org|net|edu|gov|io|co|us|health|clinic|care|app|ai|info|biz|me|tv|uk|ca|dev|doctor|dental|"
    "med|live|online|site|store|shop|mil|de|fr|example|test|beauty|salon|spa|fit|life|club"
)
MAIL: Final = re.compile(
    r"(?:mailto:)?([A-Za-z0-9][A-Za-z0-9._%+-]{0,63})@((?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24})"
    r"(?![A-Za-z0-9@])"
)
URL: Final = re.compile(
    r"(?:(?:https?|ftp)://(?:www\.)?|www\.)([A-Za-z0-9](?:[A-Za-z0-9.-]{0,120}[A-Za-z0-9])?)"
    r"(:[0-9]{1,5})?((?:[/?#][A-Za-z0-9._~:/?#@!$&'()*+,;=%-]{0,300})?)"
)
_DOMAIN: Final = re.compile(
    rf"((?:[A-Za-z0-9][A-Za-z0-9-]{{0,62}}\.){{1,4}}(?:{_TOP}))(?![A-Za-z0-9@-]|\.[A-Za-z0-9])"
    r"((?:/[A-Za-z0-9._~/?#=&%+-]{0,200})?)"
)
_LINK: Final = re.compile(r"!?\[([^\]\[\n]{1,200})\]\([^)\s]{1,300}\)")
_SCHEME: Final = re.compile(r"(?:https?|ftp|tel|mailto):(?://)?(?=[\w+])", re.IGNORECASE)
_TOKENS: Final = re.compile(r"[A-Za-z]+|[0-9]+|[^A-Za-z0-9]")
_SAID: Final = {
    ".": "dot",
    "-": "dash",
    "_": "underscore",
    "/": "slash",
    "+": "plus",
    "@": "at",
    "?": "question mark",
    "=": "equals",
    "&": "and",
    "#": "hash",
    "%": "percent",
    "~": "tilde",
    ":": "colon",
    ",": "comma",
}
_TRAILING: Final = ".,;:!?'-_)/"


def hints(text: str) -> bool:
    """Whether the text may hold an address at all; asked once for each text."""
    return "@" in text or "://" in text or "www." in text or _HINT.search(text) is not None


_HINT: Final = re.compile(rf"[A-Za-z0-9]\.(?:{_TOP})(?![A-Za-z])")


def read(text: str, start: int, heard: Heard) -> Reading | None:
    """A mail address, a URL, or a bare domain that begins here."""
    if match := MAIL.match(text, start):
        return Reading(match.end(), f"{_said(match.group(1))} at {_said(match.group(2))}")
    if match := URL.match(text, start):
        path = match.group(3).rstrip(_TRAILING)
        end = match.start(3) + len(path)
        end += text[end : end + 1] == "/"
        return Reading(end, _said(match.group(1) + (match.group(2) or "") + path))
    if match := _DOMAIN.match(text, start):
        path = match.group(2).rstrip(_TRAILING)
        end = match.start(2) + len(path)
        end += text[end : end + 1] == "/" and match.group(2) != ""
        return Reading(end, _said(match.group(1) + path))
    return None


def read_scheme(text: str, start: int, heard: Heard) -> Reading | None:
    """ "tel:" and "https://" before what `read` does not take."""
    match = _SCHEME.match(text, start)
    return Reading(match.end(), "") if match else None


def read_link(text: str, start: int, heard: Heard) -> Reading | None:
    """A markdown link: its text is said, its address is not."""
    match = _LINK.match(text, start)
    return Reading(match.end(), match.group(1)) if match else None


def _said(address: str) -> str:
    words: list[str] = []
    for token in _TOKENS.findall(address):
        if token.isdigit():
            words.append(digits(token))
        elif token.isalpha():
            words.append(token if len(token) > 1 else spelled(token))
        elif token in _SAID:
            words.append(_SAID[token])
    return " ".join(words)
