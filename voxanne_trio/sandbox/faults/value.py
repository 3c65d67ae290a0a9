"""A fault as a value: what goes wrong, on which connection, when and how often.

Nothing here acts. The same value can be written in a scenario, drawn from a seed, printed for a
replay and read back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs


@attrs.frozen(kw_only=True)
class Fault:
    """One thing that goes wrong. All conditions have to be met; the first that is met strikes.

    `kind` is a name of `KINDS` (for a stand-in's own queue, one of its own names). Zero in
    `seconds` is the kind's usual time.
    """

    kind: str
    times: int | None = 1
    """How often it strikes; None: whenever it can."""

    nth: int = 1
    """The first connection or request of its place that it strikes, counted from 1."""

    after: int = 0
    """How much goes well on it first, in the kind's unit."""

    at: float | None = None
    """Not earlier than so many seconds after the schedule was armed."""

    lasts: float | None = None
    """From `at` (or from the arming) on it can strike for so many seconds."""

    seconds: float = 0.0
    status: int = 500

    def as_json(self) -> dict[str, Any]:
        """What differs from the defaults."""
        return attrs.asdict(self, filter=lambda field, value: value != field.default)

    @classmethod
    def from_json(cls, wanted: Mapping[str, Any]) -> Fault:
        """`ValueError` for what is no fault."""
        try:
            return cls(**wanted)
        except TypeError as error:
            raise ValueError(str(error)) from error
