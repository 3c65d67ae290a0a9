"""The nova-3 stand-in: over the wire in virtual time, in scripted mode."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock
from trio_websocket import ConnectionClosed

from .rig import (
    FRAME,
    NOVA,
    Client,
    connected,
    order,
    refusal,
    same_shape,
    sample,
    say,
    scripted,
    stand_in,
)

PLAIN = "/v1/listen?model=nova-3&encoding=mulaw&sample_rate=8000&tag=CA1"


def finals(client: Client) -> list[tuple[str, bool]]:
    """Transcript and `speech_final` of the final results that have words."""
    results = [said for said in client.of("Results") if said["is_final"]]
    texts = [(_text(said), bool(said["speech_final"])) for said in results]
    return [(text, last) for text, last in texts if text]


def _text(said: dict[str, object]) -> str:
    channel = said["channel"]
    assert isinstance(channel, dict)
    return str(channel["alternatives"][0]["transcript"])


async def test_an_utterance_from_speech_started_to_utterance_end(
    autojump_clock: MockClock,
) -> None:
    async with connected(scripted("Do you do BBL?"), NOVA) as client:
        spoken = await say(client, "Do you do BBL?", after=1.0)
        await client.silence(2.0)
    assert client.of("SpeechStarted")[0]["timestamp"] == pytest.approx(1.0, abs=FRAME)
    assert finals(client) == [("Do you do BBL?", True)]
    final = next(at for at, said in client.heard if isinstance(said, dict) and said.get("is_final"))
    assert final == pytest.approx(spoken + 0.300, abs=0.001)  # the pause asked for is longer
    end = client.of("UtteranceEnd")
    assert [said["last_word_end"] for said in end] == [pytest.approx(2.04, abs=2 * FRAME)]
    said = next(said for said in client.of("Results") if said["is_final"])
    words = said["channel"]["alternatives"][0]["words"]
    assert [word["word"] for word in words] == ["do", "you", "do", "bbl"]
    assert [word["punctuated_word"] for word in words] == ["Do", "you", "do", "BBL?"]


async def test_ranges_are_continuous_and_interims_come_every_second(
    autojump_clock: MockClock,
) -> None:
    async with connected(scripted("I would like to move my appointment, please."), NOVA) as client:
        await say(client, "I would like to move my appointment, please.")
        await client.silence(10.0)
    start = 0.0
    for said in client.of("Results"):
        assert said["start"] == pytest.approx(start, abs=0.011)
        if said["is_final"]:
            start = said["start"] + said["duration"]
    interims = [said for said in client.of("Results") if not said["is_final"]]
    assert _text(interims[0]) == "I"
    assert len(interims) >= 8
    empty = [said for said in client.of("Results") if said["is_final"] and not _text(said)]
    assert len(empty) >= 2


async def test_a_long_utterance_is_finalised_in_parts_that_join_to_it(
    autojump_clock: MockClock,
) -> None:
    text = "I had a treatment with you in the spring of last year and it went very well, thank you."
    script = f"{text} Now I would like to come again next week, on Tuesday or on Friday."
    async with connected(scripted(script), NOVA) as client:
        await say(client, script)
        await client.silence(2.0)
    said = finals(client)
    assert " ".join(text for text, _ in said) == script
    assert [last for _, last in said][-1] is True
    assert len(said) > 1


async def test_a_profile_slower_than_the_endpointing_decides(autojump_clock: MockClock) -> None:
    async with connected(scripted("Hello.", profile="fixed:900,1,1"), NOVA) as client:
        spoken = await say(client, "Hello.")
        await client.silence(2.0)
    final = next(at for at, said in client.heard if isinstance(said, dict) and said.get("is_final"))
    assert final == pytest.approx(spoken + 0.900, abs=0.001)


async def test_smart_format_without_no_delay_holds_back_what_may_be_an_entity(
    autojump_clock: MockClock,
) -> None:
    slow = NOVA.replace("&no_delay=true", "")
    async with connected(scripted("At three"), slow) as client:
        spoken = await say(client, "At three")
        await client.silence(5.0)
    at = next(
        at
        for at, said in client.heard
        if isinstance(said, dict) and said.get("speech_final") and _text(said)
    )
    assert at == pytest.approx(spoken + 3.0, abs=0.001)


async def test_without_options_only_plain_finals_come(autojump_clock: MockClock) -> None:
    async with connected(scripted("Hello, Anna."), PLAIN) as client:
        await say(client, "Hello, Anna.")
        await client.silence(3.0)
    assert set(order(client.said)) == {"Results"}
    assert finals(client) == [("hello anna", True)]
    assert all(said["is_final"] for said in client.of("Results"))


async def test_without_endpointing_nothing_is_speech_final(autojump_clock: MockClock) -> None:
    target = NOVA.replace("endpointing=300", "endpointing=false")
    async with connected(scripted("Hello.", "Again."), target) as client:
        for text in ("Hello.", "Again."):
            await say(client, text)
            await client.silence(2.0)
    assert finals(client) == [("Hello.", False), ("Again.", False)]
    assert len(client.of("UtteranceEnd")) == 2


async def test_finalize_and_close_stream_flush(autojump_clock: MockClock) -> None:
    async with connected(scripted("Thanks.", "Bye."), NOVA) as client:
        await client.send(type="Finalize")  # nothing heard: no answer
        await say(client, "Thanks.")
        await client.send(type="Finalize")
        await say(client, "Bye.", after=1.0)
        await client.send(type="CloseStream")
        await trio.sleep(2.0)
    results = [said for said in client.of("Results") if said["is_final"]]
    assert [said["from_finalize"] for said in results] == [True, False]
    assert finals(client) == [("Thanks.", True), ("Bye.", True)]
    assert order(client.said)[-1] == "Metadata"
    assert client.said[-1]["duration"] == pytest.approx(
        results[-1]["start"] + results[-1]["duration"]
    )
    assert client.closed == (1000, None)


async def test_keep_alive_keeps_a_stream_that_had_audio_only(autojump_clock: MockClock) -> None:
    async with connected(stand_in(), NOVA) as client:
        for _ in range(5):
            await trio.sleep(4.0)
            if client.closed is None:
                await client.socket.send_message('{"type":"KeepAlive"}')
    assert client.closed == (1011, "NET-0001")
    async with connected(stand_in(), NOVA) as client:
        await client.silence(0.1)
        position = client.said
        for _ in range(5):
            await trio.sleep(4.0)
            await client.send(type="KeepAlive")
        assert client.closed is None
        assert client.said == position  # gaps do not advance the stream's clock
        start = trio.current_time()
        await trio.sleep(11.0)
        assert client.closed == (1011, "NET-0001")
        assert trio.current_time() - start == 11.0


async def test_an_empty_message_of_audio_closes(autojump_clock: MockClock) -> None:
    async with connected(stand_in(), NOVA) as client:
        await client.silence(0.1)
        await client.socket.send_message(b"")
        await trio.sleep(1.0)
        with pytest.raises(ConnectionClosed):
            await client.silence(0.1)
    assert client.closed == (1008, "DATA-0000")


async def test_configure_one_at_a_time(autojump_clock: MockClock) -> None:
    async with connected(stand_in(), NOVA) as client:
        await client.silence(0.1)
        await client.send(type="Configure", keyterms=["Dr. Okafor"])
        await client.send(type="Configure", keyterms=["x"])
        await trio.sleep(0.1)
        await client.send(type="Configure", keyterms=["abcdefgh"] * 251)
        await trio.sleep(0.1)
    answers = [said.get("code") or said.get("keyterms") for said in client.said]
    pending, limit = "CONFIGURE_ALREADY_PENDING", "CONFIGURE_KEYTERM_LIMIT_EXCEEDED"
    assert answers == [pending, ["Dr. Okafor"], limit]


@pytest.mark.parametrize(
    "query",
    [
        "model=nova-9&encoding=mulaw&sample_rate=8000",
        "model=flux-general-en&encoding=mulaw&sample_rate=8000",
        "model=nova-3&encoding=linear16&sample_rate=8000",
        "model=nova-3&encoding=mulaw&sample_rate=16000",
        "model=nova-3&encoding=mulaw&sample_rate=8000&utterance_end_ms=1000",
        "model=nova-3&encoding=mulaw&sample_rate=8000&interim_results=true&utterance_end_ms=500",
        "model=nova-3&encoding=mulaw&sample_rate=8000&eot_threshold=0.7",
        "model=nova-2&encoding=mulaw&sample_rate=8000&keyterm=BBL",
        "model=nova-3&encoding=mulaw&sample_rate=8000" + "&keyterm=abcdefgh" * 251,
    ],
)
async def test_refused_parameters(autojump_clock: MockClock, query: str) -> None:
    answer = await refusal(stand_in(), f"/v1/listen?{query}")
    assert answer.status_code == 400
    assert answer.headers["dg-error"] == answer.json()["err_msg"]


async def test_recorded_messages_have_the_same_shapes(autojump_clock: MockClock) -> None:
    """The client's side of a recording is replayed; each kind of answer looks as recorded."""
    script = ["I'd like to move my appointment to Friday at two thirty.", "Thanks."]
    async with connected(scripted(*script), NOVA) as client:
        for record in sample("listen_v1_call"):
            if record["kind"] == "binary":
                await say(client, script[0], after=1.0)
                await client.silence(1.5)
                await say(client, script[1])
            elif record["dir"] == "client" and record["kind"] == "text":
                if record["msg"]["type"] == "CloseStream":
                    await trio.sleep(0.1)  # the answer to Configure takes a moment
                await client.send(**record["msg"])
        await trio.sleep(3.0)
    recorded = {
        record["msg"]["type"]: record["msg"]
        for record in sample("listen_v1_call")
        if record["dir"] == "server" and record["kind"] == "text"
    }
    for said in client.said:
        assert same_shape(said, recorded[said["type"]]), said
    assert set(recorded) <= {said["type"] for said in client.said}
    assert client.closed == (1000, None)
