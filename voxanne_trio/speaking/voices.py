"""Deepgram's English voices by their bare names, as Deepgram lists them. Pure."""

# ruff: noqa: SIM905 - word lists read best as text

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Final

from ..errors import ConfigurationError

AURA_2: Final = frozenset(
    (
        "amalthea andromeda apollo arcas aries asteria athena atlas aurora callista cora cordelia "
        "delia draco electra harmonia helena hera hermes hyperion iris janus juno jupiter luna "
        "mars minerva neptune odysseus ophelia orion orpheus pandora phoebe pluto saturn selene "
        "thalia theia vesta zeus"
    ).split()
)
AURA_1: Final = frozenset(
    "angus arcas asteria athena helios hera luna orion orpheus perseus stella zeus".split()
)
_MODEL: Final = re.compile(r"aura-(?:2-)?[a-z]+-[a-z]{2}")


class UnknownVoice(ConfigurationError, ValueError):
    """No voice has that name; `near` are those that sound like it."""

    def __init__(self, name: str, near: list[str]) -> None:
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        super().__init__(f"voice {name!r} is not known{hint}")
        self.name = name
        self.near = tuple(near)


def voice_model(name: str) -> str:
    """The model behind a voice's name: Aura-2 where it has the name, else Aura-1.

    A whole model name ("aura-2-thalia-en") stands for itself. Raises `UnknownVoice`.
    """
    bare = name.strip().lower()
    if _MODEL.fullmatch(bare):
        return bare
    if bare in AURA_2:
        return f"aura-2-{bare}-en"
    if bare in AURA_1:
        return f"aura-{bare}-en"
    raise UnknownVoice(name, get_close_matches(bare, sorted(AURA_2 | AURA_1), cutoff=0.5))
