"""What came of a call, from the caller's side: what was said, what was answered, who gave way.

Times are seconds on Trio's clock, as the caller's end of the wire had them. Everything that needs
the whole call to be known is filled in at its end, by `settle`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs
import trio

from ..continuity import resumption
from ..phone import PhoneCall
from ..playout import RATE, Cut, PlayOut

PAUSE_SECONDS: Final = 0.25
"""Quiet for so long after an interruption is the end of the agent's speech, not a breath."""

BREATH_SECONDS: Final = 0.5
"""A pause of the agent's that is longer is a hole: sentences lie closer together."""

REACTION_SECONDS: Final = 1.5
"""What the agent does later than this after a cough or an "mm-hm" has another cause."""

RESUMING_SECONDS: Final = 2.0
"""Who hangs up or speaks sooner after a stop cannot say whether the agent would have gone on."""

_SAMPLE: Final = 1 / RATE


@attrs.define
class CallerTurn:
    """One thing the caller said and what came back.

    `voiced_until` is the end of the caller's last voiced frame, `answered_at` the first voice of
    the agent after it. When it was said over the agent: `over_since` is when the agent had begun,
    `silent_at` the end of its last voice before it gave way, `cleared_at` when its `clear` took
    effect. `stepped_on_at` is when the agent began to speak before the caller had finished: into
    a hesitation. `cut_short`: the caller hung up in the middle.
    """

    said: str
    began_at: float
    voiced_until: float
    interrupting: bool = False
    talking_over: bool = False
    pauses: list[tuple[float, float]] = attrs.field(factory=list)
    answered_at: float | None = None
    answered_until: float | None = None
    over_since: float | None = None
    silent_at: float | None = None
    cleared_at: float | None = None
    stepped_on_at: float | None = None
    cut_short: bool = False

    @property
    def gap_ms(self) -> float | None:
        """What the caller felt between their last voice and the answer."""
        if self.answered_at is None:
            return None
        return (self.answered_at - self.voiced_until) * 1000

    @property
    def gave_way_ms(self) -> float | None:
        """From the caller's first voice to the agent's silence, where it was interrupted."""
        return None if self.silent_at is None else (self.silent_at - self.began_at) * 1000

    @property
    def played_ms(self) -> float | None:
        """How much of the interrupted speech was heard, its pauses included."""
        if self.silent_at is None or self.over_since is None:
            return None
        return (self.silent_at - self.over_since) * 1000

    def played(self, playout: PlayOut) -> bytes:
        """The interrupted speech as it was heard; nothing where none was."""
        if self.silent_at is None or self.over_since is None:
            return b""
        start, end = playout.position(self.over_since), playout.position(self.silent_at)
        return bytes(playout.audio[start:end])

    def as_json(self) -> dict[str, Any]:
        derived = ("gap_ms", "gave_way_ms", "played_ms")
        return {**attrs.asdict(self), **{name: getattr(self, name) for name in derived}}


@attrs.define
class Aside:
    """Something the agent ought to talk on through: "mm-hm", a cough, a slammed door.

    `over` says that the agent was speaking. `stopped_at` is the end of its last voice when it
    stopped because of it, `resumed_at` its next voice before the caller's next words. Whether that
    was the same speech, and what of it was heard twice or never, is known where a `clear` told
    what it dropped (`continuity`) and the caller gave the agent time to go on.
    """

    kind: str
    text: str
    began_at: float
    voiced_until: float
    over: bool = False
    stopped_at: float | None = None
    cleared_at: float | None = None
    resumed_at: float | None = None
    continues: bool | None = None
    repeated_ms: float | None = None
    lost_ms: float | None = None

    @property
    def interrupted(self) -> bool:
        """Whether the agent stopped."""
        return self.stopped_at is not None

    @property
    def hole_ms(self) -> float | None:
        """How long the agent was silent, where it spoke again."""
        if self.stopped_at is None or self.resumed_at is None:
            return None
        return (self.resumed_at - self.stopped_at) * 1000

    def as_json(self) -> dict[str, Any]:
        derived = {"interrupted": self.interrupted, "hole_ms": self.hole_ms}
        return {**attrs.asdict(self), **derived}


@attrs.define
class CallerReport:
    """A whole call, from the caller's side."""

    turns: list[CallerTurn] = attrs.field(factory=list)
    asides: list[Aside] = attrs.field(factory=list)
    greeted_at: float | None = None
    greeted_until: float | None = None
    hung_up_at: float | None = None
    """When the caller hung up; None when the other side ended the call."""

    missed: list[str] = attrs.field(factory=list)
    """What was waited for in vain."""


def settle(report: CallerReport, call: PhoneCall, began: float) -> None:
    """Fill in when each turn was answered and when the agent gave way: all is known now."""
    over = trio.current_time() if report.hung_up_at is None else report.hung_up_at
    agent, turns = call.playout, report.turns
    limits = [*(turn.began_at for turn in turns[1:]), over]
    first = turns[0].began_at if turns else over
    report.greeted_at = _within(agent.voice_after(began), first)
    report.greeted_until = _after(agent.voice_until(first), report.greeted_at)
    for turn, limit in zip(turns, limits, strict=False):  # no turn, no limit
        _settle_turn(turn, call, limit)
    for aside in report.asides:
        later = (turn.began_at for turn in turns if turn.began_at > aside.began_at)
        _settle_aside(aside, call.playout, next(later, over))


def _settle_turn(turn: CallerTurn, call: PhoneCall, limit: float) -> None:
    agent = call.playout
    if turn.voiced_until > limit:
        turn.voiced_until, turn.cut_short = limit, True
    heard_from = turn.voiced_until
    if turn.interrupting or turn.talking_over:
        turn.over_since = sounding(agent, turn.began_at)
        turn.silent_at, turn.cleared_at = _gave_way(call, turn.began_at)
        heard_from = max(heard_from, turn.silent_at or 0.0)
    elif sounding(agent, turn.began_at) is None:
        stepped = agent.voice_after(turn.began_at + _SAMPLE)
        turn.stepped_on_at = _within(stepped, turn.voiced_until)
    turn.answered_at = _within(agent.voice_after(heard_from + _SAMPLE), limit)
    turn.answered_until = _after(agent.voice_until(limit), turn.answered_at)


def _settle_aside(aside: Aside, agent: PlayOut, limit: float) -> None:
    """Whether the agent stopped for it, and how it went on before the caller's next words."""
    aside.over = sounding(agent, aside.began_at) is not None
    if not aside.over:
        return
    latest = min(limit, aside.voiced_until + REACTION_SECONDS)
    cuts = [cut for cut in agent.cuts if aside.began_at <= cut.at < latest]
    if cuts:  # more than one where a cough is two
        aside.stopped_at, aside.cleared_at = agent.voice_until(cuts[0].at), cuts[0].at
        aside.resumed_at = _within(agent.voice_after(cuts[-1].at + _SAMPLE), limit)
        if aside.resumed_at is not None or limit - cuts[-1].at >= RESUMING_SECONDS:
            _compare(aside, agent, cuts, limit)
        return
    for (_, end), (start, _) in zip(agent.runs, agent.runs[1:], strict=False):
        stopped, resumed = agent.time(end), agent.time(start)
        long_enough = resumed - stopped >= BREATH_SECONDS
        if aside.began_at <= stopped < latest and long_enough and resumed < limit:
            aside.stopped_at, aside.resumed_at = stopped, resumed
            return


def _compare(aside: Aside, agent: PlayOut, cuts: Sequence[Cut], limit: float) -> None:
    first, last = cuts[0], cuts[-1]
    later = (other.position for other in agent.cuts if other.at > last.at)
    end = min(next(later, len(agent.audio)), agent.position(limit))
    played, after = agent.audio[: first.position], agent.audio[last.position : end]
    found = resumption(bytes(played), first.dropped, bytes(after))
    aside.continues = found.continues
    aside.repeated_ms, aside.lost_ms = found.repeated_ms, found.lost_ms


def sounding(agent: PlayOut, at: float) -> float | None:
    """When the speech that sounds at that time began, breaths included; None when none does."""
    began: float | None = None
    ended = -BREATH_SECONDS
    for start, end in agent.runs:
        if agent.time(start) >= at:
            break
        if began is None or agent.time(start) - ended > BREATH_SECONDS:
            began = agent.time(start)
        ended = agent.time(end)
    return began if began is not None and at - ended < BREATH_SECONDS else None


def _within(at: float | None, limit: float) -> float | None:
    return at if at is not None and at < limit else None


def _after(at: float | None, start: float | None) -> float | None:
    return at if at is not None and start is not None and at >= start else None


def _gave_way(call: PhoneCall, began: float) -> tuple[float | None, float | None]:
    """When the interrupted agent's voice ended, and when its `clear` took effect."""
    clears = [entry for entry in call.journal.of("clear") if entry.at >= began]
    if clears:
        effective: float = clears[0].detail["effective_at"]
        return call.playout.voice_until(effective), effective
    at = began
    for start, end in call.playout.runs:
        if call.playout.time(end) <= began:
            continue
        if call.playout.time(start) > at + PAUSE_SECONDS:
            break
        at = call.playout.time(end)
    return at, None
