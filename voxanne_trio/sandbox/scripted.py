"""Recognition from a script: the words are known beforehand, the audio's energy says when.

The n-th voiced stretch of a stream (pauses of 700 ms part stretches) is the n-th utterance of its
script, found by the stream's tag. Words appear as their usual lengths go by; those that are left
come when the stretch ends. A short pause early in an utterance does not end it. No process, no
thread, no clock: it runs in virtual time.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Callable, MutableMapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import attrs
import trio

from .mulaw import RATE
from .voice import pause_seconds, word_seconds
from .words import Session, Word

STRETCH_PAUSE: Final = 0.7
SAID_ENOUGH: Final = 0.6
"""When this share of an utterance's usual length has gone by, a pause may be its end."""


class Scripted:
    """Scripts by tag; streams with one tag (after a reconnect) share its place in the script."""

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

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Nothing is needed."""
        task_status.started()
        await trio.sleep_forever()

    @asynccontextmanager
    async def session(self, tags: Sequence[str]) -> AsyncIterator[Session]:
        tag = next((tag for tag in tags if tag in self.scripts), tags[0] if tags else "")
        yield ScriptedSession(lambda: self._next(tag))

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

    settle_after: Final = 0.06
    shortest_end: Final = 0.0

    def __init__(self, take: Callable[[], str]) -> None:
        self._take = take
        self.changed: Callable[[], None] = _nobody
        self._utterance = _Utterance([], [])
        self._began = 0.0
        self._position = 0.0
        self._silent_since = -STRETCH_PAUSE
        self._told = 0
        self.words: list[Word] = []
        self.settled = False

    def begin(self, at: float, voice_at: float, audio: bytes) -> None:
        if voice_at - self._silent_since >= STRETCH_PAUSE:
            self._utterance = _Utterance.of(self._take())
            self._began, self._told = voice_at, 0
        self._position = at
        self.settled = False
        self.feed(audio)

    def feed(self, audio: bytes) -> None:
        self._position += len(audio) / RATE
        said, given = self._said, len(self.words) + self._told
        ends = self._utterance.ends
        upto = given
        while upto < len(ends) and ends[upto] <= said:
            upto += 1
        self._give(upto)

    def settle(self, pause: float) -> None:
        self._silent_since = self._position - pause if pause < STRETCH_PAUSE else self._silent_since
        self.settled = True
        self.changed()

    def conclude(self) -> None:
        self._give(len(self._utterance.texts))

    def may_end(self, pause: float) -> bool:
        return pause >= STRETCH_PAUSE or self._said >= SAID_ENOUGH * self._utterance.length

    def end(self) -> None:
        self._told += len(self.words)
        self.words = []
        if not self.settled:
            self._silent_since = self._position

    @property
    def _said(self) -> float:
        """How long the stretch has been going on."""
        return self._position - self._began

    def _give(self, upto: int) -> None:
        have = self._told + len(self.words)
        if upto > have:
            self.words += [self._word(index) for index in range(have, upto)]
            self.changed()

    def _word(self, index: int) -> Word:
        text = self._utterance.texts[index]
        end = min(self._utterance.ends[index], self._said)
        start = max(0.0, min(end, self._utterance.ends[index] - word_seconds(text)))
        confidence = 0.9 + zlib.crc32(text.encode()) % 100 / 1000
        return Word(text, self._began + start, self._began + end, round(confidence, 3))


def _nobody() -> None:
    """Nobody listens yet."""
