"""Law 5: when it is our turn the caller hears something within `dead_air_ms` of the turn being
decided, and no pause is longer than that until the answer is complete.

Measured where it is felt, at the phone's play-out, and only while the caller is silent. Speech from
which nothing is decided must be answered as well: with words, the longest end-of-turn cap later;
without any, after `unanswered_voice_ms` more. It counts from when the recogniser was given it: that
is late after a reconnect. And when all that we had to say has been played, the floor is given back,
whether or not Twilio says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final

import attrs

from ...audio import FRAME_BYTES, RATE
from ...events import CallResumed, CallStarted
from ...sandbox.playout import Timeline
from ...turns import Cancel, State
from ..observed import (
    REPLIES,
    Breach,
    Evidence,
    FrameCame,
    Observation,
    Overheard,
    Returned,
    Sent,
    Told,
)

DEAD_AIR_MS: Final = 2_000
"""The design's bound; a setting of that name, where there is one, wins."""

CAP_SECONDS: Final = 1.8
"""The longest end-of-turn cap, and what the recogniser has to answer it."""

BREATH_SECONDS: Final = 0.7
"""Voice after a shorter pause belongs to the same stretch."""

WORTH_SECONDS: Final = 0.6
"""Less voice than this without a word is a cough."""

SAY_AGAINS: Final = 2
"""How often in a row the caller is asked to repeat what gave no words."""

FRAMES_LOST: Final = 2

GIVEN_BACK_SECONDS: Final = 3.5
"""After the phone has played all we sent: the deadline for the last mark, and the hang-up's grace;
where more is being produced we are not speaking by then."""

_TICK: Final = 0.021


@attrs.define(eq=False)
class DeadAir:
    """The law, watching one call."""

    _told: list[Told] = attrs.field(factory=list)
    _came: set[int] = attrs.field(factory=set)
    _given: dict[int, float] = attrs.field(factory=dict)
    """When the recogniser was given each frame, the last time."""
    _drained_at: float = math.inf
    """When the phone has played all that was sent of a reply in play; infinity where none is."""
    _kept: list[float] = attrs.field(factory=list)
    """When the floor should have been given back, and was not."""

    def see(self, observed: Observation) -> Iterator[Breach]:
        """Judged at the end, when it is known what was heard and when."""
        if isinstance(observed, Told):
            self._told.append(observed)
        elif isinstance(observed, FrameCame) and observed.number is not None:
            self._came.add(observed.number)
        elif isinstance(observed, Overheard):
            self._given.update((n, observed.at) for n in observed.frames if n is not None)
        self._given_back(observed)
        yield from ()

    def _given_back(self, observed: Observation) -> None:
        if isinstance(observed, Sent) and observed.kind == "media":
            begins = observed.at if self._drained_at == math.inf else self._drained_at
            self._drained_at = max(begins, observed.at) + len(observed.audio) / RATE
        elif _settles(observed):
            self._drained_at = math.inf
        if observed.at > self._drained_at + GIVEN_BACK_SECONDS:
            self._kept.append(self._drained_at)
            self._drained_at = math.inf

    def conclude(self, evidence: Evidence) -> Iterator[Breach]:
        """Every silence that was ours to break."""
        for at in self._kept:
            if not evidence.is_parted(at):  # a writer that is stuck can only be cut
                yield Breach("all was played, and the floor is not given back", at)
        if not self._told:
            return
        setting = getattr(evidence.settings, "dead_air_ms", DEAD_AIR_MS)
        for told in _streams(self._told):
            judged = _Judged(told, self._came, self._given, evidence, setting / 1000)
            yield from judged.after_decisions()
            yield from judged.after_speech()
            yield from judged.inside_replies()


class _Judged:
    """One stream's silences."""

    def __init__(
        self,
        told: list[Told],
        came: set[int],
        given: Mapping[int, float],
        evidence: Evidence,
        limit: float,
    ) -> None:
        self._told = told
        self._came = came
        self._given = given
        self._agent = evidence.agent
        self._caller = evidence.caller
        self._limit = limit
        self._unanswered = evidence.settings.unanswered_voice_ms / 1000
        self._delay = evidence.delay_seconds
        self._began = told[0].at
        ended = [event.at for event in told if event.state is State.ENDED]
        parted = [at for at, until in evidence.partings if until > self._began]
        self._over = min([*ended, *parted, told[-1].at])

    def after_decisions(self) -> Iterator[Breach]:
        """From each turn decided, and from each stream's beginning, to the next thing heard."""
        for told in self._told:
            begins = isinstance(told.event, CallStarted | CallResumed)
            if not told.decides and not begins:
                continue
            start = told.at + (self._delay if told.does("Cancel") else 0.0)
            quiet_from = max(told.at, self._caller.voice_until(told.at + _TICK) or 0.0)
            until = self._next(start)
            if self._was_taken_back(told.at, until):
                continue
            if until - quiet_from > self._limit + _TICK:
                what = "a stream began" if begins else "a turn was decided"
                yield Breach(f"{until - quiet_from:.2f} s of silence after {what}", told.at)

    def _was_taken_back(self, decided: float, until: float) -> bool:
        """Whether more words of the turn came before anything was heard: it was not over. What
        was said before a reconnect is told late; the end of the whole turn is judged in its turn.
        """
        soon = min(until, decided + self._limit)
        return any(
            decided < told.at <= soon
            and any(isinstance(done, Cancel) and done.forget_turn for done in told.commands)
            for told in self._told
        )

    def after_speech(self) -> Iterator[Breach]:
        """From the caller's last voice to the next thing heard, where nothing was decided."""
        asked_again = 0
        for start, end, voiced in _stretches(self._caller):
            known = max(end, self._given_until(end)) + CAP_SECONDS
            decided = any(told.decides and start <= told.at <= known for told in self._told)
            elsewhere = not self._began <= end < self._over
            if elsewhere or decided or self._is_speaking(end) or not self._reached_us(start, end):
                asked_again = 0
                continue
            has_words = self._has_words(start, known)
            if not has_words and (voiced < WORTH_SECONDS or asked_again >= SAY_AGAINS):
                continue
            asked_again += not has_words
            allowed = self._limit + (known - end if has_words else self._unanswered)
            until = self._next(end + _TICK)
            if until - end > allowed + _TICK:
                what = "speech" if has_words else "voice without words"
                yield Breach(f"{until - end:.2f} s of silence after {what}", end)

    def inside_replies(self) -> Iterator[Breach]:
        """Between two audible frames of an answer."""
        for start, end in self._replies():
            runs = [(self._agent.time(a), self._agent.time(b)) for a, b in self._agent.runs]
            heard = [run for run in runs if run[1] > start and run[0] < end]
            for (_, stopped), (again, _) in pairwise(heard):
                silent = again - max(stopped, self._caller.voice_until(again) or 0.0)
                if silent > self._limit + _TICK and not self._held(stopped, again):
                    yield Breach(f"a pause of {silent:.2f} s inside an answer", stopped)

    def _next(self, start: float) -> float:
        """The next voice of anybody, or the end of the call."""
        voices = (self._agent.voice_after(start), self._caller.voice_after(start + _TICK))
        return min(self._over, *(at for at in voices if at is not None), math.inf)

    def _reached_us(self, start: float, end: float) -> bool:
        """Whether the network has brought us what the caller said then, but for a frame or two."""
        first, last = (self._caller.position(at) // FRAME_BYTES for at in (start, end))
        lost = sum(number not in self._came for number in range(first, last))
        return lost <= FRAMES_LOST

    def _given_until(self, at: float) -> float:
        """When the recogniser was given what the caller said last by then: after a reconnect it is
        behind, and catches up at no more than the pace that its vendor allows."""
        last = self._caller.position(at) // FRAME_BYTES
        return max(self._given.get(n, -math.inf) for n in range(last - FRAMES_LOST, last + 1))

    def _is_speaking(self, at: float) -> bool:
        """Whether we still spoke when the caller fell silent: then it was no turn of ours."""
        states = [told.state for told in self._told if told.at <= at]
        return bool(states) and states[-1] in {State.SPEAKING, State.HOLDING, State.PROCESSING}

    def _has_words(self, start: float, end: float) -> bool:
        return any(
            getattr(told.event, "text", None) and start <= told.at <= end for told in self._told
        )

    def _replies(self) -> Iterator[tuple[float, float]]:
        began: float | None = None
        for told in self._told:
            name = type(told.event).__name__
            over = name == "PlayedOut" or told.does("Cancel") or told.state is State.ENDED
            if over and began is not None:
                yield began, told.at
                began = None
            if name == "ReplyAudible":
                began = told.at

    def _held(self, start: float, end: float) -> bool:
        return any(told.state is State.HOLDING and start <= told.at <= end for told in self._told)


def _streams(told: list[Told]) -> Iterator[list[Told]]:
    """What a call was told, stream by stream."""
    begins = [n for n, one in enumerate(told) if isinstance(one.event, CallResumed)]
    for first, last in pairwise((0, *(n for n in begins if n), len(told))):
        yield told[first:last]


def _settles(observed: Observation) -> bool:
    """Whether what was being said is over, or the call, which may be cut without a word."""
    if isinstance(observed, Told):
        return observed.state is not State.SPEAKING or observed.does(*REPLIES)
    return isinstance(observed, Returned)


def _stretches(channel: Timeline) -> Iterator[tuple[float, float, float]]:
    """Runs of voice with only breaths between them: from, to, and how much of it is voiced."""
    start = end = voiced = 0.0
    for first, last in channel.runs:
        begins, ends = channel.time(first), channel.time(last)
        if voiced and begins - end >= BREATH_SECONDS:
            yield start, end, voiced
            voiced = 0.0
        if not voiced:
            start = begins
        voiced += ends - begins
        end = ends
    if voiced:
        yield start, end, voiced
