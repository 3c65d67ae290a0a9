"""Law 7: every call leaves a record with every turn's timeline, also when it crashed."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ...records import TurnRecord
from ..observed import Breach, Evidence, Observation, Told


@attrs.define(eq=False)
class Recorded:
    """The law, watching one call."""

    _decided: list[str] = attrs.field(factory=list)

    def see(self, observed: Observation) -> Iterator[Breach]:
        """Which turns were decided."""
        if isinstance(observed, Told):
            for command in observed.commands:
                if type(command).__name__ == "Answer" and command.text:
                    self._decided.append(command.text.reveal())
        yield from ()

    def conclude(self, evidence: Evidence) -> Iterator[Breach]:
        """The record against them."""
        record = evidence.record
        if record is None:
            if evidence.streamed:
                yield Breach("no record")
            return
        if record.outcome is None or record.duration_ms is None:
            yield Breach("a record without an outcome")
        said = [turn.caller.reveal() for turn in record.turns if turn.caller is not None]
        for text in self._decided:
            if not any(text in words for words in said):
                yield Breach(
                    f"a turn that was decided is not in the record ({len(text.split())} words)"
                )
        for turn in record.turns:
            yield from _timeline(turn)


def _timeline(turn: TurnRecord) -> Iterator[Breach]:
    needed = {"ended"} | ({"decided"} if turn.caller is not None else set())
    needed |= {"first_frame"} if turn.heard else set()
    if missing := needed - turn.timeline.keys():
        yield Breach(f"a turn's timeline lacks {', '.join(sorted(missing))}")
    ordered = ("decided", "llm_requested", "llm_first", "tts_requested", "tts_first", "first_frame")
    times = [turn.timeline[moment] for moment in ordered if moment in turn.timeline]
    if times != sorted(times):
        yield Breach("a turn's timeline goes back")
