"""Whoever is dialled from a call, as a value: whether they answer, when, how long they talk.

Written in a test or sent to `/sandbox/calls`. Refuses to know how a call gets there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

ANSWERS: Final = "answers"
OUTCOMES: Final = (ANSWERS, "no-answer", "busy", "failed")


@attrs.frozen(kw_only=True)
class Party:
    """One telephone. `after` is seconds of ringing before it is answered or refuses."""

    does: str = attrs.field(default=ANSWERS, validator=attrs.validators.in_(OUTCOMES))
    after: float = 2.0
    says: str = "Hello, how can I help?"
    talks: float = 3.0
    """Seconds from the bridge to their hanging up."""

    presses: str = ""
    """What they key in when they are asked before the bridge; nothing declines."""

    @classmethod
    def from_json(cls, wanted: Mapping[str, Any]) -> Party:
        """`ValueError` for what is no party."""
        try:
            return cls(**wanted)
        except TypeError as error:
            raise ValueError(f"no party: {error}") from error
