"""Real recognition for the stand-in: sessions backed by worker processes, one a stream.

Knows the workers' protocol, keeps a few of them warm, and turns their tokens into words as they
are written ("b." "b." "l." become "BBL"). A session collects what a stream says between two pauses
as one stretch; the stretches of an utterance are joined here. Refuses to know audio and language:
a worker hears, `language` says what there is to hear.
"""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import attrs
import trio

from voxanne_trio.clinic import Clinic

from .espeak import espeak
from .language import Language, arpabet, build
from .mulaw import RATE, SILENCE
from .recognition_worker import HEAD
from .words import NoSession, Session, Word, unfinished

log = logging.getLogger(__name__)

READY_SECONDS: Final = 20.0
SHORTEST_END: Final = 0.2
"""A shorter pause than this is a comma, whatever delay was drawn."""

PATIENT_END: Final = 0.6
"""The pause that ends an utterance whose last word promises more: "Hi," or "to the"."""

SETTLE_AFTER: Final = 0.14
"""Long enough to be more than a consonant, short enough for half of a usual delay."""

_AGAIN_BYTES: Final = 4 * RATE
"""Longer stretches are not recognised again: it takes a tenth of their length."""

_CHUNK_BYTES: Final = 640
_ORDERS: Final = 1_000
"""Commands a worker may be behind: 80 s of audio. One that is further behind is given up."""

_LETTER: Final = re.compile(r"[a-z]\.")

Tokens = Sequence[tuple[str, float, float, float]]


def joined(tokens: Tokens, shown: Mapping[str, str], start: float) -> list[Word]:
    """A stretch's tokens as words; letters in a row are one word in capitals."""
    words: list[Word] = []
    spelling = False
    for token, begin, end, sure in tokens:
        letter = _LETTER.fullmatch(token) is not None
        if letter and spelling:
            last = words[-1]
            text, sure = last.text + token[0].upper(), min(sure, last.confidence)
            words[-1] = Word(text, last.start, start + end, sure)
        else:
            text = token[0].upper() if letter else shown.get(token, token)
            words.append(Word(text, start + begin, start + end, sure))
        spelling = letter
    return words


class Worker:
    """One process: `run` owns it, `order` never waits, answers go to `hear`."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._send, self._orders = trio.open_memory_channel[bytes](_ORDERS)
        self.hear: Callable[[dict[str, Any]], None] = _ignore
        self.broken = False
        self.process_id = 0

    def order(self, kind: bytes, payload: bytes = b"") -> None:
        """Tell the process something."""
        try:
            self._send.send_nowait(HEAD.pack(kind, len(payload)) + payload)
        except (trio.WouldBlock, trio.BrokenResourceError):
            self.broken = True

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Start the process, started when it can hear; it ends with us."""
        command = [sys.executable, "-m", f"{__package__}.recognition_worker"]
        process = await trio.lowlevel.open_process(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.process_id = process.pid
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            self.order(b"L", self._language.model.encode())
            self.order(b"D", self._language.dictionary.encode())
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._write, process.stdin)
                await self._read(process.stdout, task_status)
                nursery.cancel_scope.cancel()
        finally:
            self.broken = True
            process.kill()
            with trio.CancelScope(shield=True, deadline=trio.current_time() + 5):
                await process.wait()
                await process.stdin.aclose()
                await process.stdout.aclose()

    async def _write(self, stream: trio.abc.SendStream) -> None:
        try:
            async for order in self._orders:
                await stream.send_all(order)
        except trio.BrokenResourceError:
            pass  # the reader sees it too

    async def _read(
        self, stream: trio.abc.ReceiveStream, task_status: trio.TaskStatus[None]
    ) -> None:
        buffer = bytearray()
        async for data in stream:
            buffer += data
            while (end := buffer.find(b"\n")) >= 0:
                answer = json.loads(bytes(buffer[:end]))
                del buffer[: end + 1]
                if answer.get("ready"):
                    task_status.started()
                else:
                    self.hear(answer)
        self.broken = True
        log.error("a worker of the recogniser has ended")
        self.hear({"words": [], "final": True})


class Pocketsphinx:
    """The recogniser of a clinic's callers; `run` holds its workers."""

    name: Final = "pocketsphinx"

    def __init__(self, clinic: Clinic, *, warm: int = 1, most: int = 8) -> None:
        self._clinic = clinic
        self._warm = warm
        self._most = most
        self._idle: list[Worker] = []
        self._returning = 0
        self._returned = trio.Event()
        self._workers: list[Worker] = []
        self._language: Language | None = None
        self._nursery: trio.Nursery | None = None

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep workers until cancelled; ready when the first can hear. Takes about a second."""
        self._language = await trio.to_thread.run_sync(language_of, self._clinic)
        async with trio.open_nursery() as self._nursery:
            for _ in range(self._warm):
                self._idle.append(await self._start())
            task_status.started()
            await trio.sleep_forever()

    @asynccontextmanager
    async def session(self, tags: Sequence[str]) -> AsyncIterator[Session]:
        """A session with a worker of its own. Raises `NoSession`."""
        del tags
        worker = await self._worker()
        session = PocketsphinxSession(worker, self._shown)
        worker.hear = session.hear
        try:
            yield session
        finally:
            session.end()
            self._give_back(worker)

    @property
    def process_ids(self) -> list[int]:
        """The workers, for whoever counts processes."""
        return [worker.process_id for worker in self._workers]

    @property
    def _shown(self) -> Mapping[str, str]:
        return self._language.shown if self._language is not None else {}

    async def _worker(self) -> Worker:
        while self._idle or self._returning:
            if not self._idle:
                await self._returned.wait()
            elif not (worker := self._idle.pop()).broken:
                return worker
        return await self._start()

    async def _start(self) -> Worker:
        assert self._nursery is not None, "the recogniser is not running"
        assert self._language is not None
        if len(self._workers) >= self._most:
            raise NoSession
        worker = Worker(self._language)
        self._workers.append(worker)
        with trio.fail_after(READY_SECONDS):
            await self._nursery.start(self._keep, worker)
        return worker

    async def _keep(self, worker: Worker, *, task_status: trio.TaskStatus[None]) -> None:
        try:
            await worker.run(task_status=task_status)
        finally:
            self._workers.remove(worker)

    def _give_back(self, worker: Worker) -> None:
        """Let the next stream have a worker, once it has said everything about this one."""

        def hear(answer: dict[str, Any]) -> None:
            if answer.get("idle") or worker.broken:
                worker.hear = _ignore
                self._idle.append(worker)
                self._returning -= 1
                self._returned.set()
                self._returned = trio.Event()

        if worker.broken:
            return
        self._returning += 1
        worker.hear = hear
        worker.order(b"I")


class PocketsphinxSession:
    """One stream's words. A stretch is what was said up to a pause; each gets one answer that is
    final, in order, so the answers need no names. When the speaker goes on after a short stretch,
    it is recognised again together with what follows: half a sentence is hard to understand."""

    settle_after: Final = SETTLE_AFTER
    shortest_end: Final = SHORTEST_END

    def __init__(self, worker: Worker, shown: Mapping[str, str]) -> None:
        self._worker = worker
        self._shown = shown
        self._unsent = bytearray()
        self._open = False
        self._utterance = 0
        self._stretches: deque[_Stretch] = deque()
        self._start = 0.0
        self._audio = bytearray()
        self._before: Sequence[Word] = ()
        self._finals: Sequence[Word] = ()
        self.words: Sequence[Word] = ()
        self.changed: Callable[[], None] = _nobody

    @property
    def settled(self) -> bool:
        if self._worker.broken:
            return True
        return not self._stretches or self._stretches[-1].utterance != self._utterance

    def begin(self, at: float, voice_at: float, audio: bytes) -> None:
        del voice_at
        again = 0 < len(self._audio) <= _AGAIN_BYTES
        if again:
            gap = round((at - self._start) * RATE) - len(self._audio)
            audio = bytes(self._audio) + SILENCE * max(0, gap) + audio
        else:
            self._start = at
        self._audio.clear()
        self._stretches.append(_Stretch(self._start, self._utterance, again))
        self._open = True
        self._worker.order(b"B")
        self.feed(audio)

    def feed(self, audio: bytes) -> None:
        self._audio += audio
        self._unsent += audio
        if len(self._unsent) >= _CHUNK_BYTES:
            self._pass_on()

    def _pass_on(self) -> None:
        if self._unsent:
            self._worker.order(b"A", bytes(self._unsent))
            self._unsent.clear()

    def settle(self, pause: float) -> None:
        del pause
        if self._open:
            self._open = False
            self._pass_on()
            self._worker.order(b"S")

    def conclude(self) -> None:
        """Nothing is held back."""

    def end(self) -> None:
        self.settle(0.0)
        self._utterance += 1
        self._audio.clear()
        self._before = self._finals = self.words = ()

    def may_end(self, pause: float) -> bool:
        return pause >= PATIENT_END or not unfinished(self.words)

    def hear(self, answer: dict[str, Any]) -> None:
        """An answer of the worker about the oldest stretch that is not final."""
        if self._stretches and not self._worker.broken:
            stretch = self._stretches[0]
            if stretch.utterance == self._utterance:
                self._hear(stretch, joined(answer["words"], self._shown, stretch.start))
            if answer.get("final"):
                self._stretches.popleft()
                self._finals = self.words
        self.changed()

    def _hear(self, stretch: _Stretch, words: Sequence[Word]) -> None:
        if not stretch.again:
            self._before, stretch.again = self._finals, True
        self.words = (*self._before, *words)


@attrs.define
class _Stretch:
    """Where a stretch began, and in which utterance; `again` when it replaces the one before."""

    start: float
    utterance: int
    again: bool


def language_of(clinic: Clinic) -> Language:
    """The language of a clinic's callers. Blocks for about a second."""
    import pocketsphinx

    words = Path(pocketsphinx.get_model_path()) / "en-us" / "cmudict-en-us.dict"
    with words.open(encoding="utf-8") as lines:
        return build(clinic, lines, lambda word: arpabet(espeak().ipa(word)))


def _ignore(answer: dict[str, Any]) -> None:
    """Nobody waits for this any more."""


def _nobody() -> None:
    """Nobody listens yet."""
