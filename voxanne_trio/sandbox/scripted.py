"""Recognition from a script: the words are known beforehand, the audio's energy says when.

The n-th voiced stretch of a stream (pauses of 700 ms part stretches) is the n-th utterance of its
script, found by the stream's tag. Words appear as their usual lengths go by, so a stretch that is
broken off has given only the words that were said. No process, no thread, no clock: it runs in
virtual time. Scripts are taken up when a stretch begins, so one may be extended during its call.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, MutableMapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import attrs

from .mulaw import RATE
from .voice import pause_seconds, word_seconds
from .words import Session, Word

_STRETCH_PAUSE: Final = 0.7
_SAID_ENOUGH: Final = 0.6
"""When this share of an utterance's usual length has gone by, a pause may be its end."""


class Scripted:
    """Scripts by tag; two streams with one tag (after a reconnect) share its place in the script."""

    name: Final = "scripted"

    def __init__(self, scripts: MutableMapping[str, Sequence[str]] | None = None) -> None:
        self.scripts: MutableMapping[str, Sequence[str]] = {} if scripts is None else scripts
        self._heard: dict[str, int] = {}

    def register(self, tag: str, utterances: Sequence[str]) -> None:
        """Give a tag its script, from the beginning."""
        self.scripts[tag] = tuple(utterances)
        self._heard.pop(tag, None)

    def forget(self, tag: str) -> None:
        """The call is over."""
        self.scripts.pop(tag, None)
        self._heard.pop(tag, None)

    @asynccontextmanager
    async def session(
        self, tags: Sequence[str], changed: Callable[[], None]
    ) -> AsyncIterator[Session]:
        tag = next((tag for tag in tags if tag in self.scripts), tags[0] if tags else "")
        yield ScriptedSession(lambda: self._next(tag), changed)

    def _next(self, tag: str) -> str:
        number = self._heard.get(tag, 0)
        script = self.scripts.get(tag, ())
        if number >= len(script):
            return ""
        self._heard[tag] = number + 1
        return script[number]


@attrs.define
class _Utterance:
    """One utterance of the script and where its words lie, from the start of the stretch."""

    texts: list[str]
    ends: list[float]
    given: int = 0

    @classmethod
    def of(cls, text: str) -> _Utterance:
        ends: list[float] = []
        at = 0.0
        for word in text.split():
            at += word_seconds(word)
            ends.append(at)
            at += pause_seconds(word)
        return cls(text.split(), ends)

    @property
    def length(self) -> float:
        return self.ends[-1] if self.ends else 0.0


class ScriptedSession:
    """One stream's place in its script."""

    def __init__(self, take: Callable[[], str], changed: Callable[[], None]) -> None:
        self._take = take
        self._changed = changed
        self._utterance = _Utterance([], [])
        self._began = 0.0
        self._position = 0.0
        self._last_end = -_STRETCH_PAUSE
        self._given_before = 0
        self._last_voiced = 0.0
        self.words: list[Word] = []
        self.settled = False

    def begin(self, at: float, audio: bytes) -> None:
        if at - self._last_end >= _STRETCH_PAUSE - 0.2:
            self._utterance = _Utterance.of(self._take())
            self._began = at
        self._given_before = self._utterance.given
        self.words = []
        self._position = at
        self.feed(audio)

    def feed(self, audio: bytes) -> None:
        self._position += len(audio) / RATE
        self.settled = False
        said = self._position - self._began
        ends = self._utterance.ends
        before = self._utterance.given
        while self._utterance.given < len(ends) and ends[self._utterance.given] <= said:
            self._utterance.given += 1
        if self._utterance.given != before:
            self._tell()

    def _tell(self) -> None:
        given = range(self._given_before, self._utterance.given)
        self.words = [self._word(index) for index in given]
        self._changed()
