"""The caller's unfinished turn, from one socket to the next.

A recogniser tells what it heard on its own socket, in its own words; its adapter puts that as
`Heard`: always the whole text of the turn on that socket, and how far the audio is understood. The
draft turns it into the events that every recogniser shares, and survives the socket:

When a socket is lost in mid-turn, the words that are certain are kept, and the replay begins where
the last of them ended; words at the very edge of what was understood are forgotten, for the replay
will bring them again, whole. What the next socket hears is joined to what was kept. When it hears
nothing, the turn had been over: then what was kept is the turn. So no word is lost, none is told
twice.

Pure and synchronous. The caller's words become `Sensitive` here.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Final

import attrs

from ..events import (
    HearingEvent,
    Sensitive,
    SpeechStarted,
    TurnEnded,
    TurnEndedEagerly,
    TurnResumed,
    WordsHeard,
)
from .clock import StreamClock
from .messages import Word

_EDGE_SECONDS: Final = 0.2
"""A word that ends this close to the end of what was understood may be half a word."""

_LAG_SECONDS: Final = 1.0
"""Audio this old in which a recogniser has reported no word holds none."""

_ORPHAN_MS: Final = 1_500
"""So much audio without a word, after a reconnect in mid-turn, ends the turn."""


class Sign(enum.Enum):
    """What a recogniser says about the turn."""

    READY = enum.auto()
    STARTED = enum.auto()
    WORDS = enum.auto()
    EAGER = enum.auto()
    RESUMED = enum.auto()
    ENDED = enum.auto()


@attrs.frozen
class Heard:
    """One message of a recogniser, in terms all recognisers share; times on the socket's clock.

    `text` is the whole turn on this socket and `words` the same, word by word. Audio before
    `until` has been listened to; before `settled` nothing will change any more. `started` is where
    the speech began.
    """

    sign: Sign
    text: str = attrs.field(default="", repr=False)
    words: tuple[Word, ...] = ()
    until: float | None = None
    settled: float | None = None
    started: float | None = None


def joined(*texts: str) -> str:
    """Texts with one space between them, the empty ones left out."""
    return " ".join(text for text in (part.strip() for part in texts) if text)


class Draft:
    """The turn being heard. `arrived_at` maps a position of the call to the Trio clock."""

    def __init__(self, arrived_at: Callable[[float], float | None]) -> None:
        self.replay_from_ms = 0.0
        """Position of the call before which nothing need be heard again."""
        self._arrived_at = arrived_at
        self._clock = StreamClock()
        self._kept = ""  # certain words of sockets that are gone
        self._kept_until_ms: float | None = None
        self._latest = Heard(Sign.READY)  # of this turn, on this socket
        self._told = ""
        self._begun = False
        self._eager = False
        self._abandoned_at_ms: float | None = None  # on the socket's clock, in a turn that was cut
        self._covered_ms: float | None = None  # up to there the call has been listened to

    def opened(self, clock: StreamClock, position_ms: float) -> None:
        """A new socket will hear the call from this position on."""
        self._clock = clock
        self._latest = Heard(Sign.READY)
        if self._covered_ms is not None:
            self._covered_ms = min(self._covered_ms, position_ms)
        self.replay_from_ms = position_ms
        self._abandoned_at_ms = _ORPHAN_MS if self._begun else None

    def hear(self, heard: Heard) -> list[HearingEvent]:
        """The events that a message of the recogniser means."""
        if heard.sign is Sign.READY:
            return []
        self._latest = heard
        position_ms = self._position_ms(heard.until)
        if position_ms is not None:
            self._covered_ms = max(position_ms, self._covered_ms or 0.0)
        self._advance(heard.settled, 0.0)
        if heard.text:
            self._abandoned_at_ms = None
        else:
            self._advance(heard.until, _LAG_SECONDS)
        if heard.sign is Sign.STARTED and self._abandoned_at_ms is not None:
            self._abandoned_at_ms = self._clock.sent_ms + _ORPHAN_MS
        text = joined(self._kept, heard.text)
        match heard.sign:
            case Sign.STARTED if not self._told:
                return self._start(text)
            case Sign.EAGER if heard.text:
                return self._end_eagerly(text)
            case Sign.ENDED:
                return self._end(text)
        return self._tell(text) if heard.text else []

    @property
    def is_open(self) -> bool:
        """Whether words of a turn have been told, and not yet its end."""
        return bool(self._told)

    @property
    def covered_ms(self) -> float:
        """Position of the call up to which it has been listened to."""
        return self._covered_ms or 0.0

    @property
    def covered_until(self) -> float | None:
        """When the last audio that was listened to reached us (Trio clock); None where the
        recogniser has not said yet."""
        return None if self._covered_ms is None else self._arrived_at(self._covered_ms)

    def broken(self) -> None:
        """The socket is gone: keep what is certain of this turn, and forget the rest."""
        latest, self._latest = self._latest, Heard(Sign.READY)
        certain = self._certain(latest)
        if not certain:
            return
        whole = len(certain) == len(latest.words)
        text = latest.text if whole else " ".join(word.text for word in certain)
        self._kept = joined(self._kept, text)
        ends = [word.end for word in certain if word.end is not None]
        end_ms = self._position_ms(max(ends) if ends else latest.until)
        if end_ms is not None:
            self._kept_until_ms = end_ms
            self.replay_from_ms = max(self.replay_from_ms, end_ms)

    @property
    def is_abandoned(self) -> bool:
        """Whether a turn was cut by a reconnect, whose end is still to be told."""
        return self._abandoned_at_ms is not None

    def abandoned(self) -> list[HearingEvent]:
        """The end of a turn that was cut by a reconnect, once enough silence has followed."""
        if self._abandoned_at_ms is None or self._clock.sent_ms < self._abandoned_at_ms:
            return []
        return self._end(self._kept)

    def _start(self, text: str) -> list[HearingEvent]:
        self._begun, self._told = True, text
        words = self._latest.words
        started = self._latest.started
        if started is None and words:
            started = words[0].start
        position_ms = self._position_ms(started)
        at = None if position_ms is None else self._arrived_at(position_ms)
        return [SpeechStarted(Sensitive(text), at, self._spoken_until())]

    def _tell(self, text: str) -> list[HearingEvent]:
        if not self._begun:
            return self._start(text)
        resumed = self._eager and (text != self._told or self._latest.sign is Sign.RESUMED)
        if text == self._told and not resumed:
            return []
        self._told = text
        if resumed:
            self._eager = False
            return [TurnResumed(Sensitive(text), self._spoken_until())]
        return [WordsHeard(Sensitive(text), self._spoken_until())]

    def _end_eagerly(self, text: str) -> list[HearingEvent]:
        begun: list[HearingEvent] = [] if self._begun else self._start(text)
        self._eager, self._told = True, text
        return [*begun, TurnEndedEagerly(Sensitive(text), self._spoken_until())]

    def _end(self, text: str) -> list[HearingEvent]:
        if not text and not self._begun:
            return []
        ends = [word.end for word in self._latest.words if word.end is not None]
        if ends:
            last_ms = self._position_ms(max(ends))
        else:
            last_ms = None if self._latest.text else self._kept_until_ms
        voiced_until = None if last_ms is None else self._arrived_at(last_ms)
        if last_ms is not None:
            self.replay_from_ms = max(self.replay_from_ms, last_ms)
        self._advance(self._latest.until, _EDGE_SECONDS)
        self._kept, self._kept_until_ms, self._told = "", None, ""
        self._begun = self._eager = False
        self._abandoned_at_ms = None
        self._latest = Heard(Sign.READY)
        return [TurnEnded(Sensitive(text), voiced_until)]

    def _spoken_until(self) -> float | None:
        ends = [word.end for word in self._latest.words if word.end is not None]
        position_ms = self._position_ms(max(ends)) if ends else None
        return None if position_ms is None else self._arrived_at(position_ms)

    def _advance(self, seconds: float | None, less: float) -> None:
        position_ms = self._position_ms(None if seconds is None else seconds - less)
        if position_ms is not None:
            self.replay_from_ms = max(self.replay_from_ms, position_ms)

    def _certain(self, heard: Heard) -> tuple[Word, ...]:
        """The words up to the last that is surely whole; all of them where there are no times."""
        if not any(word.end is not None for word in heard.words):
            return heard.words or ((Word(heard.text),) if heard.text else ())
        edge = -1.0 if heard.until is None else heard.until - _EDGE_SECONDS
        edge = max(edge, heard.settled or -1.0)
        for count in range(len(heard.words), 0, -1):
            end = heard.words[count - 1].end
            if end is not None and end <= edge:
                return heard.words[:count]
        return ()

    def _position_ms(self, seconds: float | None) -> float | None:
        return None if seconds is None else self._clock.position_ms(seconds)
