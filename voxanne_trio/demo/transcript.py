"""The demo as JSON: the command's one object, and `transcript.json`, which has all there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from .conducting import Performance
from .evidence import Evidence, Turn
from .figures import budgets_ms, medians_ms, over_budget, p95s_ms
from .judging import gave_way_ms, speech_event

_AUDIO: Final = ("caller_audio", "agent_audio")


@attrs.frozen(kw_only=True)
class Files:
    """What a demo leaves behind."""

    directory: Path

    @property
    def wav(self) -> Path:
        return self.directory / "call.wav"

    @property
    def timeline(self) -> Path:
        return self.directory / "timeline.svg"

    @property
    def transcript(self) -> Path:
        return self.directory / "transcript.json"


def result(
    performance: Performance, reasons: Sequence[str], *, profile: str, files: Files
) -> dict[str, Any]:
    """What `--json` prints; its names are a contract."""
    turns = performance.evidence.turns
    return {
        "ok": not reasons,
        "reasons": list(reasons),
        "recogniser": performance.recogniser,
        "profile": profile,
        "turns": [turn.as_json() for turn in turns],
        "p95_ms": p95s_ms(turns),
        "median_ms": medians_ms(turns),
        "budgets_ms": budgets_ms(),
        "over_budget": over_budget(turns),
        "late": performance.stand_ins.get("late", 0),
        "late_ms": round(performance.stand_ins.get("late_ms", 0.0), 1),
        "wav": str(files.wav),
        "timeline": str(files.timeline),
        "transcript": str(files.transcript),
    }


def transcript(performance: Performance, whole: Mapping[str, Any]) -> dict[str, Any]:
    """Everything: the result, the caller's own measurements, and how the two agree."""
    evidence = performance.evidence
    known = attrs.asdict(evidence, filter=lambda field, _: field.name not in _AUDIO)
    del known["turns"], known["said"]
    return {
        **whole,
        "call_sid": evidence.call_sid,
        "began_at": performance.began_at,
        "seconds": evidence.seconds,
        "turns": [_turn(evidence, turn) for turn in evidence.turns],
        "caller_side": {**known, "said": [_said(evidence, index) for index in _indices(evidence)]},
        "counts": performance.record.get("counts", {}),
        "stand_ins": dict(performance.stand_ins),
    }


def _indices(evidence: Evidence) -> range:
    return range(len(evidence.said))


def _turn(evidence: Evidence, turn: Turn) -> dict[str, Any]:
    said = evidence.said_in(turn)
    gap, felt = turn.latency_ms.get("gap"), said.gap_ms if said is not None else None
    return {
        **turn.as_json(),
        "said": said.text if said is not None else None,
        "timeline_ms": dict(turn.timeline_ms),
        "gap_at_the_phone_ms": felt,
        "gap_difference_ms": None if gap is None or felt is None else felt - gap,
    }


def _said(evidence: Evidence, index: int) -> dict[str, Any]:
    said = evidence.said[index]
    found = {**attrs.asdict(said), "gap_ms": said.gap_ms}
    if said.interrupting:
        noticed = speech_event(evidence, said)
        found["gave_way_ms"] = gave_way_ms(said)
        found["silent_after_speech_event_ms"] = (
            None
            if noticed is None or said.silent is None
            else max(0, round((said.silent - noticed) * 1000))
        )
    return found
