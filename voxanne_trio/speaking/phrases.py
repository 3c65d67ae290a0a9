"""Phrases that must always work: text to mu-law, kept in memory and in a directory.

Greeting, apology and goodbye play with no vendor up. A phrase is synthesised once for a voice and
kept under the digest of both. The directory is read when the phrases are loaded, before anything is
served, and written when a new one has come; a file that cannot be what it says is ignored.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final

import trio

from ..audio import FRAME_BYTES, duration_ms, padded
from ..blocking import RunSync, run_here
from ..errors import TransientVendorError, VendorError
from . import Flushed, Speaker

log = logging.getLogger(__name__)

SYNTHESIS_SECONDS: Final = 15.0
FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 60.0

_FASTEST_MS: Final = 5.0
_SLOWEST_MS: Final = 250.0
_SPARE_MS: Final = 3_000.0
"""Speech takes about 67 ms a character; outside of these bounds it is cut off or not speech."""


class Phrases:
    """The phrases of one voice."""

    def __init__(self, voice: str, directory: Path | None = None) -> None:
        self._voice = voice
        self._directory = directory
        self._audio: dict[str, bytes] = {}

    @classmethod
    def load(cls, voice: str, texts: Iterable[str], cache_dir: str = "") -> Phrases:
        """The phrases that an earlier run has kept; blocks on the disk, so only before serving."""
        phrases = cls(voice, Path(cache_dir) if cache_dir else None)
        for text in texts:
            phrases._read(text)
        return phrases

    def get(self, text: str) -> bytes | None:
        """The audio of a phrase, in whole frames; None while it is not there."""
        return self._audio.get(text)

    def missing(self, texts: Iterable[str]) -> list[str]:
        """Those texts that have no audio yet, each once."""
        return [text for text in dict.fromkeys(texts) if text not in self._audio]

    async def warm(
        self, speaker: Speaker, texts: Iterable[str], *, run_sync: RunSync = run_here
    ) -> None:
        """Synthesise what is missing, trying for as long as it takes; for the background.

        `run_sync` runs what blocks on the disk (in a thread, where there are threads).
        """
        pause = FIRST_PAUSE_SECONDS
        while missing := self.missing(texts := list(texts)):
            for text in missing:
                try:
                    audio = await self._synthesise(speaker, text)
                except VendorError as error:
                    log.warning("Phrase not synthesised, again in %g s: %s", pause, error)
                    break
                self._audio[text] = audio
                pause = FIRST_PAUSE_SECONDS
                await run_sync(partial(self._write, text))
            else:
                return
            await trio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _synthesise(self, speaker: Speaker, text: str) -> bytes:
        audio = bytearray()
        with trio.move_on_after(SYNTHESIS_SECONDS):
            async with speaker.lease() as lease:
                lease.write(text)
                lease.flush()
                while not isinstance(item := await lease.receive(), Flushed):
                    audio += item
            whole = padded(bytes(audio))
            if _is_plausible(text, whole):
                return whole
            raise TransientVendorError("deepgram", f"{len(audio)} bytes for {len(text)} characters")
        raise TransientVendorError("deepgram", f"no phrase within {SYNTHESIS_SECONDS:g} s")

    def _path(self, text: str) -> Path | None:
        if self._directory is None:
            return None
        digest = sha256(f"{self._voice}\0{text}".encode()).hexdigest()
        return self._directory / f"{digest}.mulaw"

    def _read(self, text: str) -> None:
        path = self._path(text)
        if path is None:
            return
        with suppress(OSError):
            audio = path.read_bytes()
            if _is_plausible(text, audio):
                self._audio[text] = audio
            else:
                log.warning("Cached phrase %s ignored: it has a wrong size", path)

    def _write(self, text: str) -> None:
        path = self._path(text)
        if path is None:
            return
        unfinished = path.with_suffix(f".{os.getpid()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished.write_bytes(self._audio[text])
            unfinished.replace(path)
        except OSError as error:
            log.warning("Phrase not kept in %s: %s", path.parent, error)
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)


def _is_plausible(text: str, audio: bytes) -> bool:
    length = duration_ms(audio)
    shortest, longest = len(text) * _FASTEST_MS, len(text) * _SLOWEST_MS + _SPARE_MS
    return len(audio) % FRAME_BYTES == 0 and shortest <= length <= longest
