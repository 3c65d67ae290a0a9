"""Law 7: every call leaves a record with every turn's timeline, also when it crashed.

A reply may be begun before its turn is decided, and its stages may be over by then; but they follow
one another, and nobody hears it earlier.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import attrs

from ...records import TurnRecord
from ...turns import Answer, Commit, GoOn, Repeat, Say
from ..observed import Breach, Evidence, Observation, Returned, Told

_ORDERS: Final = (
    ("llm_requested", "llm_first", "tts_requested", "tts_first", "first_frame", "ended"),
    ("decided", "first_frame"),
    ("voiced_until", "decided"),
)
"""Moments that follow one another, as far as they are there."""


@attrs.define(eq=False)
class Recorded:
    """The law, watching one call."""

    _decided: list[str] = attrs.field(factory=list)
    _supposed: dict[int, str] = attrs.field(factory=dict)
    """The words of speculative replies, by their numbers."""
    _saying: str = ""
    _overtaken: list[str] = attrs.field(factory=list)
    """What the caller was saying when a stream ended; the next one may decide the same words."""
    _decided_before: int = 0
    """In streams that have ended."""

    def see(self, observed: Observation) -> Iterator[Breach]:
        """Which turns were decided."""
        if isinstance(observed, Told):
            text = getattr(observed.event, "text", None)
            self._saying = text.reveal() if text else self._saying
            for command in observed.commands:
                self._note(command)
        elif isinstance(observed, Returned):
            here = self._decided[self._decided_before :]
            if self._saying and not any(text in self._saying for text in here):
                self._overtaken.append(self._saying)
            self._saying, self._decided_before = "", len(self._decided)
        yield from ()

    def _note(self, command: Any) -> None:
        match command:
            case Answer(reply, text, speculative=True):
                self._supposed[reply] = text.reveal()
            case Commit(reply):
                self._decided.append(self._supposed[reply])
            case Answer(text=text) | Repeat(text=text) | GoOn(text=text) | Say(text=text) if text:
                self._decided.append(text.reveal())

    def conclude(self, evidence: Evidence) -> Iterator[Breach]:
        """The record against them."""
        record = evidence.record
        if record is None:
            if evidence.streamed:
                yield Breach("no record")
            return
        if record.outcome is None:
            yield Breach("a record without an outcome")
        said = [turn.caller.reveal() for turn in record.turns if turn.caller is not None]
        for text in self._decided:
            if not any(text in words for words in said):
                yield Breach(
                    f"a turn that was decided is not in the record ({len(text.split())} words)"
                )
        for turn in record.turns:
            yield from _timeline(turn, decided=self._was_decided(turn, record.turns[-1]))

    def _was_decided(self, turn: TurnRecord, last: TurnRecord) -> bool:
        """Words that the end of a stream overtook are recorded undecided, and unanswered."""
        if turn.caller is None:
            return False
        said = turn.caller.reveal()
        if not turn.heard and any(text in said for text in self._overtaken):
            return False
        return bool(turn.heard) or turn is not last or any(text in said for text in self._decided)


def _timeline(turn: TurnRecord, *, decided: bool) -> Iterator[Breach]:
    needed = {"ended"} | ({"decided"} if decided else set())
    needed |= {"first_frame"} if turn.heard else set()
    if missing := needed - turn.timeline.keys():
        yield Breach(f"a turn's timeline lacks {', '.join(sorted(missing))}")
    for order in _ORDERS:
        moments = [moment for moment in order if moment in turn.timeline]
        if moments != sorted(moments, key=turn.timeline.__getitem__):
            yield Breach(f"a turn's timeline goes back: {', '.join(moments)}")
