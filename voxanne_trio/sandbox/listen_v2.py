"""Deepgram's `/v2/listen` (Flux) as a state machine: frames, texts, clock times in, messages out.

    Initial --StartOfTurn--> Ongoing --EagerEndOfTurn--> Awaiting --EndOfTurn--> Initial
                                ^                            |
                                +-------TurnResumed----------+

An Update comes for every 0.24 s of audio, in any state. A turn starts with its first word. It ends
when voice has been silent for the profile's delay, drawn once a turn, and the words have settled;
with an `eager_eot_threshold` half the delay brings EagerEndOfTurn, and words that change after it
bring TurnResumed first. An `eot_threshold` above the default is patience: the delay grows with it,
up to three times; at 1.0 only `eot_timeout_ms` ends a turn. Refuses to know sockets.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import attrs

from .hearing import LONG_PAUSE, Hearing
from .parameters import DEFAULT_EOT, FluxSettings
from .words import Word, transcript, written

UPDATE_SECONDS: Final = 0.24
_PATIENCE: Final = 2.0
_NO_STATUS: Final = 1005

Message = dict[str, Any]


@attrs.define
class _Turn:
    """The turn that is going on, or will start with the next word."""

    index: int
    window_start: float
    delay: float
    started: bool = False
    eager: str | None = None
    overdue: bool = False


class FluxListen:
    """One stream. After each call `outbox` holds what to send, and `close` how to close then."""

    def __init__(
        self,
        hearing: Hearing,
        settings: FluxSettings,
        draw_delay: Callable[[], float],
        request_id: str,
    ) -> None:
        self.hearing = hearing
        self.thresholds = settings.thresholds
        self._draw_delay = draw_delay
        self._request_id = request_id
        self._keyterms = list(settings.keyterms)
        self._numerals = settings.numerals
        self._sequence = 0
        self._next_update = UPDATE_SECONDS
        self._closing = False
        self._polled_at = 0.0
        self.outbox: list[Message] = []
        self.close: tuple[int, str] | None = None
        self.late: list[float] = []
        self._turn = self._next_turn(0, 0.0)
        self._say({"type": "Connected", "request_id": request_id})

    def _next_turn(self, index: int, start: float) -> _Turn:
        return _Turn(index, start, self.hearing.end_after(self._draw_delay()))

    def audio(self, data: bytes, now: float) -> None:
        """Audio that arrived at `now`."""
        for frame in self.hearing.frames(data):
            self.hearing.step(frame, now)
            self.poll(now)
            if self.hearing.position >= self._next_update - 1e-6:
                self._next_update += UPDATE_SECONDS
                self._turn_info("Update", self.hearing.words())

    def text(self, data: str, now: float) -> None:
        """A text message that arrived at `now`."""
        try:
            message = json.loads(data)
            kind = message.get("type") if isinstance(message, dict) else None
        except ValueError:
            kind = None
        if kind == "CloseStream":
            self._closing = True
            self.hearing.hush()
        elif kind == "Configure":
            self._configure(message)
        elif kind == "ForceEndTurn":
            self._force_end()
        else:
            self._unparsable()
        self.poll(now)

    def poll(self, now: float) -> None:
        """Say what is due at `now`, by the audio, the clock and the words."""
        self._polled_at = now
        hearing = self.hearing
        if hearing.open:
            words = hearing.words()
            self._progress(words)
            if not hearing.speaking and hearing.session.settled:
                self._pause(now)
            elif hearing.paused(self._end_after, now):
                self._turn.overdue = True
        if self._closing and (not hearing.open or hearing.session.settled):
            self.close = (1000, "")

    @property
    def due(self) -> float:
        """The clock time at which `poll` is next wanted, apart from audio and words."""
        hearing = self.hearing
        if not hearing.open or hearing.speaking:
            return math.inf
        pauses = (self._eager_after, self._end_after, self.thresholds.eot_timeout_ms / 1000)
        times = (hearing.last_voiced_at + pause for pause in pauses)
        return min((time for time in times if time > self._polled_at), default=math.inf)

    def _progress(self, words: tuple[Word, ...]) -> None:
        turn = self._turn
        if words and not turn.started:
            turn.started = True
            self._turn_info("StartOfTurn", words)
        elif turn.eager is not None and _plain(words) != turn.eager:
            turn.eager = None
            self._turn_info("TurnResumed", words)

    def _pause(self, now: float) -> None:
        """Voice has paused and its words are settled: is that the end, or nearly?"""
        hearing, turn = self.hearing, self._turn
        may_end = hearing.session.may_end(hearing.pause)
        if may_end and hearing.paused(self._next_after, now):
            hearing.session.conclude()
        words = hearing.words()
        self._progress(words)
        if not turn.started:
            if hearing.pause >= LONG_PAUSE:
                hearing.finish()
            return
        if may_end and not self._eager_done and hearing.paused(self._eager_after, now):
            turn.eager = _plain(words)
            self._turn_info("EagerEndOfTurn", words, complete=True)
        timeout = self.thresholds.eot_timeout_ms / 1000
        if hearing.paused(min(self._end_after, timeout), now) and (
            may_end or hearing.paused(timeout, now)
        ):
            if turn.overdue:
                self.late.append(now - hearing.last_voiced_at - self._end_after)
            self._end("model" if self._end_after < timeout else "timeout", words)

    @property
    def _end_after(self) -> float:
        """Seconds of silence that end this turn."""
        threshold = self.thresholds.eot_threshold
        if threshold >= 1.0:
            return math.inf
        patience = max(0.0, threshold - DEFAULT_EOT) / (1.0 - DEFAULT_EOT)
        return self._turn.delay * (1 + _PATIENCE * patience)

    @property
    def _eager_after(self) -> float:
        return self._turn.delay / 2

    @property
    def _next_after(self) -> float:
        """Seconds of silence after which something is said about the end."""
        return self._end_after if self._eager_done else self._eager_after

    @property
    def _eager_done(self) -> bool:
        return self._turn.eager is not None or self.thresholds.eager_eot_threshold is None

    def _end(self, trigger: str, words: tuple[Word, ...]) -> None:
        self._turn_info("EndOfTurn", words, complete=True, trigger=trigger)
        self.hearing.finish()
        self._turn = self._next_turn(self._turn.index + 1, self.hearing.position)

    def _force_end(self) -> None:
        hearing = self.hearing
        if hearing.open and not hearing.speaking and hearing.session.may_end(hearing.pause):
            hearing.session.conclude()
            self._progress(hearing.words())
        if self._turn.started:
            self._end("manual", hearing.words())
            return
        self._warn("FORCE_END_TURN_NO_ACTIVE_TURN", "ForceEndTurn came while no turn was going on.")

    def _configure(self, message: Message) -> None:
        try:
            if unknown := set(message) - _CONFIGURABLE:
                raise ValueError(f"unknown field {min(unknown)}")
            self.thresholds = self.thresholds.changed(message.get("thresholds") or {})
        except ValueError as error:
            self._answer("ConfigureFailure", code="INVALID_CONFIGURE", description=str(error))
            return
        self._keyterms = list(message.get("keyterms", self._keyterms))
        self._numerals = bool(message.get("numerals", self._numerals))
        self._answer(
            "ConfigureSuccess",
            thresholds=attrs.asdict(self.thresholds),
            keyterms=self._keyterms,
            numerals=self._numerals,
        )

    def _warn(self, code: str, description: str) -> None:
        self._answer("Warning", code=code, description=description)

    def _unparsable(self) -> None:
        description = "The text message is none that this endpoint knows."
        self._say(
            {"type": "Error", "code": "UNPARSABLE_CLIENT_MESSAGE", "description": description}
        )
        self.close = (_NO_STATUS, "")

    def _turn_info(
        self, event: str, words: tuple[Word, ...], *, complete: bool = False, **more: str
    ) -> None:
        turn = self._turn
        texts = written(words, complete=complete or turn.eager is not None)
        self._answer(
            "TurnInfo",
            event=event,
            turn_index=turn.index,
            audio_window_start=round(turn.window_start, 2),
            audio_window_end=round(self.hearing.position, 2),
            transcript=transcript(texts),
            words=[_word(word, text) for word, text in zip(words, texts, strict=True)],
            end_of_turn_confidence=self._certainty(event),
            **more,
        )

    def _certainty(self, event: str) -> float:
        """How sure the turn is over; where the thresholds say it is, above them."""
        limits = self.thresholds
        if event == "EndOfTurn":
            return min(0.99, max(0.83, limits.eot_threshold + 0.02))
        if event == "EagerEndOfTurn":
            return round((limits.eot_threshold + (limits.eager_eot_threshold or 0.3)) / 2, 2)
        return 0.02 if self.hearing.speaking else 0.1

    def _answer(self, kind: str, **fields: Any) -> None:
        self._say({"type": kind, "request_id": self._request_id, **fields})

    def _say(self, message: Message) -> None:
        self.outbox.append({**message, "sequence_id": self._sequence})
        self._sequence += 1


_CONFIGURABLE: Final = {"type", "thresholds", "keyterms", "language_hints", "numerals"}


def _plain(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def _word(word: Word, text: str) -> Message:
    return {
        "word": text,
        "confidence": word.confidence,
        "start": round(word.start, 2),
        "end": round(word.end, 2),
    }
