"""Cached phrases: kept by voice and text, bounded in time, never trusted blindly from the disk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import pytest
import trio
from trio.testing import MockClock

from voxanne_trio.audio import FRAME_BYTES, silence
from voxanne_trio.errors import TransientVendorError
from voxanne_trio.speaking import Flushed, Lease
from voxanne_trio.speaking.inbox import Inbox
from voxanne_trio.speaking.phrases import SYNTHESIS_SECONDS, Phrases

VOICE = "aura-2-thalia-en"
TEXTS = ["Thanks for calling.", "Goodbye."]


@attrs.define
class Voice:
    """A `Speaker` that says 50 ms a character, from the `works_from`-th lease on."""

    works_from: int = 0
    stalls: bool = False
    sample: bytes = b"\x55"
    leases: list[float] = attrs.field(factory=list)
    texts: list[str] = attrs.field(factory=list)

    @asynccontextmanager
    async def lease(self, speed: float = 1.0) -> AsyncIterator[Lease]:
        self.leases.append(trio.current_time())
        if len(self.leases) <= self.works_from:
            raise TransientVendorError("deepgram", "down")
        yield VoiceLease(self)


@attrs.define
class VoiceLease:
    voice: Voice
    way: str = "socket"
    inbox: Inbox = attrs.field(factory=Inbox)

    def write(self, text: str) -> None:
        self.voice.texts.append(text)

    def flush(self) -> None:
        self.inbox.mark()

    async def receive(self) -> bytes | Flushed:
        if self.voice.stalls:
            await trio.sleep_forever()
        item = await self.inbox.get()
        if self.voice.texts and isinstance(item, Flushed):
            self.inbox.mark()
            return self.voice.sample * (len(self.voice.texts.pop()) * 400 + 3)
        return item


def only_file(directory: Path) -> Path:
    (path,) = directory.iterdir()
    return path


async def test_missing_phrases_are_said_once_and_kept(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    cache, voice = str(tmp_path / "cache"), Voice()
    phrases = Phrases.load(VOICE, TEXTS, cache)
    assert phrases.missing([*TEXTS, *TEXTS]) == TEXTS
    assert phrases.get(TEXTS[0]) is None
    await phrases.warm(voice, TEXTS)
    audio = phrases.get(TEXTS[0])
    assert audio is not None
    assert len(audio) % FRAME_BYTES == 0
    assert len(voice.leases) == 2

    again = Phrases.load(VOICE, TEXTS, cache)
    assert again.get(TEXTS[0]) == audio
    await again.warm(voice, TEXTS)
    assert len(voice.leases) == 2
    assert Phrases.load("another voice", TEXTS, cache).missing(TEXTS) == TEXTS
    assert len(list((tmp_path / "cache").iterdir())) == 2


async def test_without_a_directory_they_are_kept_in_memory(autojump_clock: MockClock) -> None:
    phrases = Phrases.load(VOICE, TEXTS)
    await phrases.warm(Voice(), TEXTS)
    assert phrases.missing(TEXTS) == []


async def test_a_vendor_that_is_down_is_tried_again(autojump_clock: MockClock) -> None:
    phrases, voice = Phrases(VOICE), Voice(works_from=3)
    await phrases.warm(voice, TEXTS)
    assert voice.leases == [0, 1, 3, 7, 7]
    assert phrases.missing(TEXTS) == []


async def test_each_try_has_an_end(autojump_clock: MockClock) -> None:
    voice = Voice(stalls=True)
    with trio.move_on_after(100):
        await Phrases(VOICE).warm(voice, TEXTS)
    assert voice.leases[:3] == [0, SYNTHESIS_SECONDS + 1, 2 * SYNTHESIS_SECONDS + 3]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(path.read_bytes()[:FRAME_BYTES]),
        lambda path: path.write_bytes(path.read_bytes() * 100),
        lambda path: path.write_bytes(path.read_bytes()[:-1] + b"\x54"),
        lambda path: path.write_bytes(silence(1_000)),
        lambda path: path.rename(path.with_name(path.name.split(".")[0] + ".mulaw")),
        lambda path: (path.unlink(), path.mkdir()),
    ],
)
async def test_a_spoiled_file_is_ignored(
    autojump_clock: MockClock, tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    text = TEXTS[0]
    await Phrases.load(VOICE, [text], str(tmp_path)).warm(Voice(), [text])
    spoil(only_file(tmp_path))
    again = Phrases.load(VOICE, [text], str(tmp_path))
    assert again.get(text) is None
    await again.warm(Voice(), [text])
    assert again.get(text) is not None


async def test_a_spoiled_file_is_replaced(autojump_clock: MockClock, tmp_path: Path) -> None:
    text = TEXTS[0]
    await Phrases.load(VOICE, [text], str(tmp_path)).warm(Voice(), [text])
    kept = only_file(tmp_path).read_bytes()
    only_file(tmp_path).rename(tmp_path / only_file(tmp_path).name.replace(".mulaw", ".mula"))
    await Phrases.load(VOICE, [text], str(tmp_path)).warm(Voice(), [text])
    assert only_file(tmp_path).read_bytes() == kept
    assert Phrases.load(VOICE, [text], str(tmp_path)).get(text) == kept


async def test_silence_is_no_phrase(autojump_clock: MockClock) -> None:
    """A vendor in trouble may give as much audio as is right, and nobody's voice in it."""
    phrases, voice = Phrases(VOICE), Voice(sample=b"\xff")
    with trio.move_on_after(10):
        await phrases.warm(voice, TEXTS)
    assert phrases.missing(TEXTS) == TEXTS
    assert phrases.trouble is not None
    voice.sample = b"\x55"
    with trio.move_on_after(60):
        await phrases.warm(voice, TEXTS)
    assert phrases.missing(TEXTS) == []
    assert phrases.trouble is None


async def test_who_waits_for_a_phrase_has_it_as_soon_as_it_is_there(
    autojump_clock: MockClock,
) -> None:
    phrases = Phrases(VOICE)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(phrases.warm, Voice(works_from=2), TEXTS)
        await phrases.until_there(TEXTS[0])
        assert trio.current_time() == 3
        await phrases.until_there(TEXTS[0])


async def test_a_directory_that_cannot_be_written_is_no_obstacle(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text("not a directory")
    phrases = Phrases.load(VOICE, TEXTS, str(file))
    await phrases.warm(Voice(), TEXTS)
    assert phrases.missing(TEXTS) == []
