"""Recognition from a script: the words are known beforehand, the audio says when.

Frames that bring notes (`robbed_bits`) say themselves which word of which utterance they hold: a
word is heard when its last frame has come, and is lost when none of its frames came. Audio without
notes is taken in order: the n-th voiced stretch of a stream (pauses of 700 ms part stretches) is
the n-th utterance of its script, found by the stream's tag, and words appear as their usual lengths
go by. A short pause early in an utterance does not end it. No process, no thread, no clock: it runs
in virtual time.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Callable, MutableMapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import attrs
import trio

from . import robbed_bits
from .endpointer import FRAME_BYTES, FRAME_SECONDS
from .robbed_bits import Holds, Note
from .voice import word_ends, word_seconds
from .words import Session, Word

STRETCH_PAUSE: Final = 0.7
SAID_ENOUGH: Final = 0.6
"""When this share of an utterance has gone by, a pause may be its end."""


class Scripted:
    """Scripts by tag; streams with one tag (after a reconnect) share its place in the script.

    `overheard(tag)` is the text a recogniser would find in the agent's echo, on a line where it
    takes that for speech.
    """

    name: Final = "scripted"

    def __init__(
        self,
        scripts: MutableMapping[str, Sequence[str]] | None = None,
        overheard: Callable[[str], str] | None = None,
    ) -> None:
        self.scripts: MutableMapping[str, Sequence[str]] = {} if scripts is None else scripts
        self.overheard = overheard or _nothing
        self._heard: dict[str, int] = {}

    def register(self, tag: str, utterances: Sequence[str]) -> None:
        """Give a tag its script, from the beginning. An empty text is a sound without words."""
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
        yield ScriptedSession(_Source(self, tag))

    def next_text(self, tag: str) -> str:
        """The next utterance of a script, for audio that brings no notes."""
        number = self._heard.get(tag, 0)
        script = self.scripts.get(tag, ())
        if number >= len(script):
            return ""
        self._heard[tag] = number + 1
        return script[number]

    def text(self, tag: str, number: int) -> str:
        """An utterance by its number."""
        script = self.scripts.get(tag, ())
        return script[number] if number < len(script) else ""


def _nothing(tag: str) -> str:
    """Nobody knows what an echo says."""
    return ""


@attrs.frozen
class _Source:
    """One tag's texts."""

    scripted: Scripted
    tag: str

    def next_text(self) -> str:
        return self.scripted.next_text(self.tag)

    def words(self, number: int) -> list[str]:
        return self.scripted.text(self.tag, number).split()

    def overheard(self) -> str:
        return self.scripted.overheard(self.tag)


@attrs.define
class _Utterance:
    """One utterance of the script and where its words lie, from the start of the stretch."""

    texts: list[str]
    ends: list[float]

    @classmethod
    def of(cls, text: str) -> _Utterance:
        return cls(text.split(), word_ends(text))

    @property
    def length(self) -> float:
        return self.ends[-1] if self.ends else 0.0


class ScriptedSession:
    """One stream's place in its script."""

    settle_after: Final = 0.06
    shortest_end: Final = 0.0

    def __init__(self, source: _Source) -> None:
        self._source = source
        self.changed: Callable[[], None] = _nobody
        self._utterance = _Utterance([], [])
        self._began = 0.0
        self._position = 0.0
        self._silent_since = -STRETCH_PAUSE
        self._told = 0
        self._noted: tuple[Note, float] | None = None
        self._noted_last: Note | None = None
        self.words: list[Word] = []
        self.settled = False

    def begin(self, at: float, voice_at: float, audio: bytes) -> None:
        if voice_at - self._silent_since >= STRETCH_PAUSE:
            self._utterance = _Utterance.of(self._opening(audio))
            self._began, self._told = voice_at, 0
            self._noted_last = None
        self._position = at
        self.settled = False
        self.feed(audio)

    def _opening(self, audio: bytes) -> str:
        """The text that a stretch will be counted through; none where frames say it themselves."""
        notes = [note for frame in _frames(audio) if (note := robbed_bits.read(frame)) is not None]
        if any(note.holds in {Holds.WORD, Holds.SOUND} for note in notes):
            return ""
        if any(note.holds is Holds.ECHO for note in notes):
            return self._source.overheard()
        return self._source.next_text()

    def feed(self, audio: bytes) -> None:
        for frame in _frames(audio):
            self._position += FRAME_SECONDS
            note = robbed_bits.read(frame)
            if note is not None and note.holds is Holds.WORD:
                self._hear(note)
        said, given = self._said, len(self.words) + self._told
        ends = self._utterance.ends
        upto = given
        while upto < len(ends) and ends[upto] <= said:
            upto += 1
        self._give(upto)

    def settle(self, pause: float) -> None:
        self._finish_word(self._position - pause)
        self._silent_since = self._position - pause if pause < STRETCH_PAUSE else self._silent_since
        self.settled = True
        self.changed()

    def conclude(self) -> None:
        self._give(len(self._utterance.texts))

    def may_end(self, pause: float) -> bool:
        if pause >= STRETCH_PAUSE:
            return True
        if self._noted_last is not None:
            words = self._source.words(self._noted_last.utterance)
            return self._noted_last.word + 1 >= SAID_ENOUGH * len(words)
        return self._said >= SAID_ENOUGH * self._utterance.length

    def end(self) -> None:
        self._told += len(self.words)
        self.words = []
        if not self.settled:
            self._silent_since = self._position

    @property
    def _said(self) -> float:
        """How long the stretch has been going on."""
        return self._position - self._began

    # Words that frames tell.

    def _hear(self, note: Note) -> None:
        word = (note.utterance, note.word)
        if self._noted is not None and (self._noted[0].utterance, self._noted[0].word) != word:
            self._finish_word(self._position - FRAME_SECONDS)
        if self._noted is None:
            if self._noted_last is not None and self._noted_last == attrs.evolve(note, last=True):
                return  # the rest of a word that has been told
            self._noted = (note, self._position - FRAME_SECONDS)
        if note.last:
            self._finish_word(self._position)

    def _finish_word(self, end: float) -> None:
        """The word that was being said is over: tell it."""
        if self._noted is None:
            return
        (note, start), self._noted = self._noted, None
        self._noted_last = attrs.evolve(note, last=True)
        texts = self._source.words(note.utterance)
        if note.word < len(texts):
            self.words.append(_word(texts[note.word], start, max(start, end)))
            self.changed()

    # Words that are counted through.

    def _give(self, upto: int) -> None:
        have = self._told + len(self.words)
        if upto > have:
            self.words += [self._counted(index) for index in range(have, upto)]
            self.changed()

    def _counted(self, index: int) -> Word:
        text = self._utterance.texts[index]
        end = min(self._utterance.ends[index], self._said)
        start = max(0.0, min(end, self._utterance.ends[index] - word_seconds(text)))
        return _word(text, self._began + start, self._began + end)


def _frames(audio: bytes) -> list[bytes]:
    return [audio[at : at + FRAME_BYTES] for at in range(0, len(audio), FRAME_BYTES)]


def _word(text: str, start: float, end: float) -> Word:
    confidence = 0.9 + zlib.crc32(text.encode()) % 100 / 1000
    return Word(text, start, end, round(confidence, 3))


def _nobody() -> None:
    """Nobody listens yet."""
