"""The stand-in of Deepgram's speech over its WebSocket, in virtual time, with voices of tone."""

from __future__ import annotations

import json

import pytest
import trio
import trio.lowlevel
from trio.testing import MockClock

from voxanne_trio.sandbox.faults import Fault
from voxanne_trio.sandbox.voice import ToneVoices

from .rig import SPEAK, Client, connected, limited, order, refusal, same_shape, sample, stand_in

TEXT = "Friday at two thirty is open. Would you like me to book it for you?"


async def flushed(client: Client, number: int = 1) -> None:
    """Wait for the n-th Flushed."""
    with trio.fail_after(30):
        while len(client.of("Flushed")) < number:
            await client.news.wait()


async def test_metadata_then_audio_after_the_delay_then_flushed(autojump_clock: MockClock) -> None:
    async with connected(stand_in(), SPEAK) as client:
        await client.send(type="Speak", text=TEXT[:20])
        await client.send(type="Speak", text=TEXT[20:])
        await trio.sleep(1.0)
        assert order(client.said) == ["Metadata"]
        start = trio.current_time()
        await client.send(type="Flush")
        await flushed(client)
    assert client.audio == ToneVoices().agent("aura-2-thalia-en").say(TEXT)
    times = [at - start for at, said in client.heard if isinstance(said, bytes)]
    assert times[0] == pytest.approx(0.090)
    assert 5 < len(client.audio) / 8_000 / (times[-1] - times[0]) < 10
    sizes = [len(said) for _, said in client.heard if isinstance(said, bytes)]
    assert any(size % 160 for size in sizes[:-1])
    assert [said.get("sequence_id") for said in client.of("Flushed")] == [0]
    assert client.heard[-1][1] == client.of("Flushed")[0]


async def test_flushes_are_spoken_in_their_order(autojump_clock: MockClock) -> None:
    async with connected(stand_in(), SPEAK) as client:
        for text in ("One.", "Two, and more.", ""):
            await client.send(type="Speak", text=text)
            await client.send(type="Flush")
        await flushed(client, 3)
    voice = ToneVoices().agent("aura-2-thalia-en")
    assert client.audio == voice.say("One.") + voice.say("Two, and more.")
    assert [said["sequence_id"] for said in client.of("Flushed")] == [0, 1, 2]


async def test_clear_drops_what_was_not_sent_after_one_stale_piece(
    autojump_clock: MockClock,
) -> None:
    async with connected(stand_in(), SPEAK) as client:
        await client.send(type="Speak", text=TEXT)
        await client.send(type="Flush")
        await client.send(type="Speak", text="Never heard.")
        await trio.sleep(0.2)
        before = len([said for _, said in client.heard if isinstance(said, bytes)])
        await client.send(type="Clear")
        await trio.sleep(1.0)
        after = [said for _, said in client.heard if isinstance(said, bytes)]
        assert len(after) == before + 1
        assert order(client.said) == ["Metadata", "Cleared"]
        assert client.heard[-1][1] == client.of("Cleared")[0]
        await client.send(type="Speak", text="Yes.")
        await client.send(type="Flush")
        await flushed(client)
    assert client.audio.endswith(ToneVoices().agent("aura-2-thalia-en").say("Yes."))
    assert [said["sequence_id"] for said in client.said[1:]] == [0, 1]


async def test_the_twenty_first_flush_of_a_minute_is_ignored(autojump_clock: MockClock) -> None:
    async with connected(stand_in(), SPEAK) as client:
        for _ in range(21):
            await client.send(type="Speak", text="Hm. ")
            await client.send(type="Flush")
        await flushed(client, 20)
        await trio.sleep(30)
        assert len(client.of("Warning")) == 1
        assert len(client.of("Flushed")) == 20
        await client.send(type="KeepAwake?")
        await trio.lowlevel.checkpoint()
    assert client.of("Warning")[0]["code"] == "FLUSH_RATE_LIMITED"


async def test_close_speaks_what_is_left(autojump_clock: MockClock) -> None:
    async with connected(stand_in(), SPEAK) as client:
        await client.send(type="Speak", text="Goodbye.")
        await client.send(type="Close")
        await trio.sleep(5)
    assert client.audio == ToneVoices().agent("aura-2-thalia-en").say("Goodbye.")
    assert client.closed == (1000, None)


@pytest.mark.parametrize(
    ("sent", "sequence"),
    [
        (b"audio", "speak_close_message0000"),
        ('{"type":"Stop"}', "speak_close_data0000"),
        ("{", "speak_close_data0000"),
        ("[]", "speak_close_data0000"),
        (json.dumps({"type": "Speak", "text": 7}), "speak_close_data0000"),
        (json.dumps({"type": "Speak", "text": "x" * 2_001}), "speak_close_big0001"),
    ],
)
async def test_what_it_does_not_take_closes(
    autojump_clock: MockClock, sent: str | bytes, sequence: str
) -> None:
    async with connected(stand_in(), SPEAK) as client:
        await client.socket.send_message(sent)
        await trio.sleep(2)
    closing = sample(sequence)[0]
    assert client.closed == (closing["code"], closing["reason"])


async def test_too_many_characters_in_a_minute_close(autojump_clock: MockClock) -> None:
    deepgram = stand_in()
    async with connected(deepgram, SPEAK) as client:
        await client.send(type="Speak", text="x" * 2_000)
        await trio.sleep(59)
        await client.send(type="Speak", text="x" * 400)
        await trio.sleep(2)
        await client.send(type="Speak", text="x" * 1_999)
        await trio.sleep(1)
        assert client.closed is None
        await client.send(type="Speak", text="xx")
        await trio.sleep(2)
    assert client.closed == (1008, "DATA-0001")
    assert deepgram.open["speak_socket"] == 0


async def test_idle_and_long_sessions_end(autojump_clock: MockClock) -> None:
    async with connected(stand_in(), SPEAK) as client:
        await trio.sleep(62)
    assert client.closed == (1011, "NET-0001")
    async with connected(stand_in(), SPEAK) as client:
        for _ in range(71):
            await trio.sleep(50)
            await client.send(type="Speak", text="")
        await trio.sleep(52)
    assert trio.current_time() > 3_600
    assert client.closed == (1011, "NET-0003")


async def test_refusals(autojump_clock: MockClock) -> None:
    for target in (
        SPEAK.replace("aura-2-thalia-en", "gpt"),
        SPEAK.replace("mulaw", "mp3"),
        SPEAK.replace("8000", "44100"),
        SPEAK + "&container=none",
        SPEAK + "&speed=9",
        SPEAK + "&pitch=1",
    ):
        assert (await refusal(stand_in(), target)).status_code == 400
    assert (await refusal(stand_in(), SPEAK, "wrong")).status_code == 401
    full = limited(speak_sockets=1)
    async with connected(full, SPEAK):
        assert (await refusal(full, SPEAK)).status_code == 429
        assert full.open["speak_socket"] == 1


async def test_faults(autojump_clock: MockClock) -> None:
    deepgram = stand_in()
    deepgram.faults.add(Fault(kind="speak_status", status=503))
    deepgram.faults.add(Fault(kind="speak_stall", after=2_000))
    deepgram.faults.add(Fault(kind="speak_cut", after=2_000))
    assert (await refusal(deepgram, SPEAK)).status_code == 503
    for closed in (None, (1006, None)):
        async with connected(deepgram, SPEAK) as client:
            await client.send(type="Speak", text=TEXT)
            await client.send(type="Flush")
            await trio.sleep(20)
            assert 2_000 <= len(client.audio) < 5_000
            assert client.of("Flushed") == []
            assert client.closed == closed


async def test_speed_and_voices_differ(autojump_clock: MockClock) -> None:
    heard: set[bytes] = set()
    models = ("aura-2-thalia-en", "aura-2-orion-en", "aura-2-luna-en")
    for target in [SPEAK + "&speed=1.2", *(SPEAK.replace("aura-2-thalia-en", m) for m in models)]:
        async with connected(stand_in(), target) as client:
            await client.send(type="Speak", text=TEXT)
            await client.send(type="Flush")
            await flushed(client)
        heard.add(client.audio)
    assert len(heard) >= 3


async def test_recorded_messages_have_the_same_shapes(autojump_clock: MockClock) -> None:
    """The client's side of a recording is replayed; each answer looks as recorded, in its order."""
    async with connected(stand_in(), SPEAK) as client:
        for record in sample("speak_v1_ws"):
            if record["dir"] == "client" and record["kind"] == "text":
                if record["msg"]["type"] == "Clear":
                    await trio.sleep(0.1)
                await client.send(**record["msg"])
                if record["msg"]["type"] == "Flush" and not client.of("Flushed"):
                    await flushed(client)
        await trio.sleep(2)
    recorded = [
        record["msg"]
        for record in sample("speak_v1_ws")
        if record["dir"] == "server" and record["kind"] == "text"
        if record["msg"]["type"] != "Warning"
    ]
    assert order(client.said) == order(recorded)
    assert all(map(same_shape, client.said, recorded))
    assert client.closed == (1000, None)
