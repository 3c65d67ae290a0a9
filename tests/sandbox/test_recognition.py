"""Real recognition in worker processes: the words of a synthesised caller, in real time or faster.

Audio is pushed into sessions as fast as they take it, so most of this costs a tenth of the time it
would play.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from difflib import SequenceMatcher

import pytest
import trio

from voxanne_trio.clinic import load_clinic
from voxanne_trio.sandbox.deepgram import Deepgram
from voxanne_trio.sandbox.mulaw import SILENCE
from voxanne_trio.sandbox.profiles import Profile
from voxanne_trio.sandbox.recognition import Pocketsphinx
from voxanne_trio.sandbox.voice import RealVoices
from voxanne_trio.sandbox.words import NoSession, Session

from .rig import FLUX, connected, events

UTTERANCES = (
    "Hi, do you do BBL?",
    "How much does it cost?",
    "Actually, how long is the recovery?",
    "I'd like to make an appointment.",
    "Do you have anything on Thursday afternoon?",
    "Do you take insurance?",
    "What are your hours on Saturday?",
    "Thank you for your help, goodbye.",
)


def plain(text: str) -> list[str]:
    return re.sub(r"[^a-z' ]", "", text.lower()).split()


async def settled(session: Session) -> None:
    with trio.fail_after(20):
        while not session.settled:
            news = trio.Event()
            session.changed = news.set
            await news.wait()


async def recognise(session: Session, audio: bytes) -> list[str]:
    """What is in a whole utterance, without waiting for it to play."""
    session.begin(0.0, 0.2, SILENCE * 1_600 + audio + SILENCE * 1_120)
    session.settle(0.14)
    await settled(session)
    words = [word.text for word in session.words]
    session.end()
    return words


def right(said: Sequence[str], heard: Sequence[str]) -> int:
    matcher = SequenceMatcher(None, said, heard, autojunk=False)
    return sum(block.size for block in matcher.get_matching_blocks())


async def test_nineteen_words_in_twenty_are_right_and_silence_has_none() -> None:
    recogniser, caller = Pocketsphinx(load_clinic()), RealVoices().caller()
    async with trio.open_nursery() as nursery:
        await nursery.start(recogniser.run)
        total = correct = 0
        async with recogniser.session([]) as session:
            for utterance in UTTERANCES:
                said = plain(utterance)
                heard = await recognise(session, await caller.speak(utterance))
                total += len(said)
                correct += right(said, plain(" ".join(heard)))
            assert await recognise(session, SILENCE * 8_000) == []
        nursery.cancel_scope.cancel()
    assert correct / total >= 0.95


async def test_a_whole_stream_in_real_time_and_other_words_with_other_audio() -> None:
    rng, voices = random.Random(1), RealVoices()
    profile = Profile.named("fixed:300,110,90", rng)
    deepgram = Deepgram(profile, voices, Pocketsphinx(load_clinic(), most=1), rng)
    async with trio.open_nursery() as nursery:
        await nursery.start(deepgram.run)
        async with connected(deepgram, FLUX) as client:
            for text in ("How much does it cost?", "Thank you, goodbye."):
                await client.silence(0.3)
                await client.hear(await voices.caller().speak(text))
                await client.silence(0.8)
        async with connected(deepgram, FLUX) as silent:
            await silent.silence(0.5)
        nursery.cancel_scope.cancel()
    assert events(client)[:3] == ["Connected", "StartOfTurn", "EndOfTurn"]
    ends = [end["transcript"] for end in client.of("EndOfTurn")]
    assert ends[0] == "How much does it cost?"
    assert ends[-1].lower().rstrip(".").endswith("goodbye")
    words = client.of("EndOfTurn")[0]["words"]
    assert all(word["start"] < word["end"] for word in words)
    assert any(said["transcript"] for said in client.of("Update"))
    assert events(silent) == ["Connected"]


async def test_a_stream_too_many_is_refused_and_a_worker_is_used_again() -> None:
    recogniser = Pocketsphinx(load_clinic(), most=1)
    async with trio.open_nursery() as nursery:
        await nursery.start(recogniser.run)
        async with recogniser.session([]) as session:
            session.begin(0.0, 0.0, SILENCE * 8_000)  # left in the middle
            with pytest.raises(NoSession):
                async with recogniser.session([]):
                    pass
        async with recogniser.session([]) as session:
            assert await recognise(session, SILENCE * 4_000) == []
        assert len(recogniser.process_ids) == 1
        nursery.cancel_scope.cancel()


@pytest.mark.skipif(sys.platform == "win32", reason="kills a process")
async def test_workers_end_when_their_parent_is_killed() -> None:
    program = (
        "import trio, sys\n"
        "from voxanne_trio.clinic import load_clinic\n"
        "from voxanne_trio.sandbox.recognition import Pocketsphinx\n"
        "async def main():\n"
        "    async with trio.open_nursery() as nursery:\n"
        "        recogniser = Pocketsphinx(load_clinic())\n"
        "        await nursery.start(recogniser.run)\n"
        "        print(*recogniser.process_ids, flush=True)\n"
        "        await trio.sleep(60)\n"
        "trio.run(main)\n"
    )
    parent = await trio.lowlevel.open_process(
        [sys.executable, "-c", program], stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    with trio.fail_after(30):
        worker = int(await parent.stdout.receive_some(100))
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    await parent.stdout.aclose()
    with trio.fail_after(5):
        while _is_alive(worker):  # noqa: ASYNC110 - nobody is told of a grandchild's end
            await trio.sleep(0.02)


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    try:
        with open(f"/proc/{process_id}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return True
