"""The Flux stand-in: its state machine by itself, and over the wire in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs
import pytest
import trio
from trio.testing import MockClock
from trio_websocket import ConnectionClosed

from voxanne_trio.sandbox.faults import Fault
from voxanne_trio.sandbox.hearing import Hearing
from voxanne_trio.sandbox.listen_v2 import FluxListen
from voxanne_trio.sandbox.parameters import flux_settings
from voxanne_trio.sandbox.words import Word

from .rig import (
    FLUX,
    FRAME,
    SILENCE,
    connected,
    events,
    limited,
    order,
    refusal,
    same_shape,
    sample,
    say,
    scripted,
    stand_in,
    tones,
)

EAGER = FLUX + "&eager_eot_threshold=0.5"
VOICE = tones("aaaaaaaaaaaaaaaaaaaaaaaaa")[:160]


@attrs.define
class HandSession:
    """A session whose words the test puts in."""

    words: Sequence[Word] = ()
    settled: bool = False
    settle_after: float = 0.06
    shortest_end: float = 0.0
    slow: bool = False
    changed: Callable[[], None] = lambda: None

    def begin(self, at: float, voice_at: float, audio: bytes) -> None:
        self.settled = False

    def feed(self, audio: bytes) -> None: ...

    def settle(self, pause: float) -> None:
        self.settled = not self.slow

    def conclude(self) -> None: ...

    def end(self) -> None:
        self.words = ()

    def may_end(self, pause: float) -> bool:
        return True

    def hear(self, text: str) -> None:
        self.words = [Word(word, 0.1, 0.2, 0.9) for word in text.split()]


class Bench:
    """The state machine without wire or clock: a second of audio takes a second."""

    def __init__(self, delay: float = 0.26, **query: str) -> None:
        self.session = HandSession()
        base = {"model": "flux-general-en", "encoding": "mulaw", "sample_rate": "8000"}
        settings = flux_settings(tuple({**base, **query}.items()))
        self.machine = FluxListen(Hearing(self.session), settings, lambda: delay, "id")
        self.now = 0.0

    def play(self, frame: bytes, seconds: float) -> None:
        for _ in range(round(seconds / FRAME)):
            self.now += FRAME
            self.machine.audio(frame, self.now)

    @property
    def order(self) -> list[str]:
        return order(self.machine.outbox)


def test_words_that_come_after_an_eager_end_resume_the_turn_first() -> None:
    bench = Bench(eager_eot_threshold="0.4")
    bench.play(VOICE, 0.5)
    bench.session.hear("I'd like to come")
    bench.play(SILENCE * 160, 0.2)
    bench.play(VOICE, 0.3)
    bench.session.hear("I'd like to come on Friday")
    bench.play(SILENCE * 160, 0.5)
    turn = ["StartOfTurn", "EagerEndOfTurn", "TurnResumed", "EagerEndOfTurn", "EndOfTurn"]
    assert bench.order == ["Connected", *turn]
    said = [message["transcript"] for message in bench.machine.outbox if "transcript" in message]
    assert said[-2:] == ["I'd like to come on Friday.", ""]


def test_voice_without_words_is_no_turn() -> None:
    bench = Bench()
    bench.play(VOICE, 0.5)
    bench.play(SILENCE * 160, 2.0)
    assert bench.order == ["Connected"]
    bench.play(VOICE, 0.2)
    bench.session.hear("hello")
    bench.play(SILENCE * 160, 0.5)
    assert bench.order == ["Connected", "StartOfTurn", "EndOfTurn"]


def test_a_threshold_of_one_leaves_the_end_to_the_timeout() -> None:
    bench = Bench(eot_threshold="1.0", eot_timeout_ms="1000")
    bench.play(VOICE, 0.5)
    bench.session.hear("and um")
    bench.play(SILENCE * 160, 0.9)
    assert bench.order[-1] == "StartOfTurn"
    bench.play(SILENCE * 160, 0.2)
    ends = [said for said in bench.machine.outbox if said.get("event") == "EndOfTurn"]
    assert ends[0]["trigger"] == "timeout"


def test_a_higher_threshold_is_patience() -> None:
    def pause(threshold: str) -> float:
        bench = Bench(eot_threshold=threshold)
        bench.play(VOICE, 0.5)
        bench.session.hear("five five")
        start = bench.now
        while "EndOfTurn" not in bench.order:
            bench.play(SILENCE * 160, FRAME)
        return round(bench.now - start, 2)

    assert pause("0.7") == 0.26
    assert 0.5 < pause("0.9") < 0.7


def test_late_words_hold_the_end_back_and_are_counted() -> None:
    bench = Bench()
    bench.play(VOICE, 0.5)
    bench.session.hear("hello")
    bench.session.slow = True
    bench.play(SILENCE * 160, 0.4)
    assert "EndOfTurn" not in bench.order
    bench.session.settled = True
    bench.machine.poll(bench.now)
    assert bench.order[-1] == "EndOfTurn"
    assert bench.machine.late == [pytest.approx(0.4 - 0.26)]


def test_a_backlog_is_heard_as_fast_as_it_comes() -> None:
    """After a reconnect audio comes faster than time; its pauses count all the same."""
    bench = Bench()
    for number in range(2):
        for frame in [VOICE] * 25 + [SILENCE * 160] * 40:
            if bench.machine.hearing.speaking:
                bench.session.hear(f"number {number}")
            bench.machine.audio(frame, 1.0)
    assert bench.order[1:] == ["StartOfTurn", "EndOfTurn"] * 2


async def test_a_turn_is_told_word_by_word_and_ends_after_the_profiles_delay(
    autojump_clock: MockClock,
) -> None:
    async with connected(scripted("Do you do BBL?"), FLUX) as client:
        spoken = await say(client, "Do you do BBL?")
        await client.silence(1.0)
    assert events(client) == ["Connected", "StartOfTurn", "EndOfTurn"]
    end = client.of("EndOfTurn")[0]
    assert (end["transcript"], end["trigger"], end["turn_index"]) == ("Do you do BBL?", "model", 0)
    assert [word["word"] for word in end["words"]] == ["Do", "you", "do", "BBL?"]
    assert end["words"][-1]["end"] == pytest.approx(0.5 + 1.04, abs=2 * FRAME)
    assert client.at("EndOfTurn") == pytest.approx(spoken + 0.260, abs=0.001)
    assert client.of("Update")[-1]["turn_index"] == 1


async def test_updates_follow_the_audio_and_nothing_follows_when_it_stops(
    autojump_clock: MockClock,
) -> None:
    async with connected(scripted("Hello there."), FLUX) as client:
        await say(client, "Hello there.", after=0.48)
        heard = len(client.heard)
        await trio.sleep(30.0)
        assert len(client.heard) == heard
        assert "EndOfTurn" not in events(client)
        await client.silence(0.4)
        assert events(client)[-1] == "EndOfTurn"
        windows = [round(update["audio_window_end"] / 0.24, 2) for update in client.of("Update")]
    assert windows == [float(n + 1) for n in range(len(windows))]
    assert [said["sequence_id"] for said in client.said] == list(range(len(client.said)))


async def test_an_eager_end_comes_at_half_the_delay_with_the_transcript_of_the_end(
    autojump_clock: MockClock,
) -> None:
    async with connected(scripted("How much does it cost"), EAGER) as client:
        spoken = await say(client, "How much does it cost")
        await client.silence(1.0)
    assert events(client) == ["Connected", "StartOfTurn", "EagerEndOfTurn", "EndOfTurn"]
    eager, end = client.of("EagerEndOfTurn")[0], client.of("EndOfTurn")[0]
    assert eager["transcript"] == end["transcript"] == "How much does it cost?"
    assert client.at("EagerEndOfTurn") == pytest.approx(spoken + 0.130, abs=0.001)
    assert 0.5 <= eager["end_of_turn_confidence"] < 0.7 <= end["end_of_turn_confidence"]


async def test_each_stretch_is_the_next_utterance_of_the_script(autojump_clock: MockClock) -> None:
    script = ["Hi. My name is Anna.", "", "Thank you, goodbye."]
    async with connected(scripted(*script), FLUX) as client:
        for text in ["Hi. My name is Anna.", "noise", "Thank you, goodbye.", "more than scripted"]:
            await say(client, text)
            await client.silence(1.0)
    said = [end["transcript"] for end in client.of("EndOfTurn")]
    assert said == ["Hi. My name is Anna.", "Thank you, goodbye."]


async def test_streams_of_a_call_share_its_place_in_the_script(autojump_clock: MockClock) -> None:
    deepgram = scripted("One.", "Two.")
    for expected in ["One.", "Two."]:
        async with connected(deepgram, FLUX) as client:
            await say(client, "Whatever")
            await client.silence(1.0)
        assert [end["transcript"] for end in client.of("EndOfTurn")] == [expected]


@pytest.mark.parametrize("size", [1, 37, 160, 640, 2_000])
async def test_any_size_of_message_will_do(autojump_clock: MockClock, size: int) -> None:
    async with connected(scripted("Yes."), FLUX) as client:
        audio = SILENCE * 1_600 + tones("Yes.") + SILENCE * 6_400
        await client.hear(audio, size)
    assert events(client) == ["Connected", "StartOfTurn", "EndOfTurn"]


async def test_force_end_turn_with_and_without_a_turn(autojump_clock: MockClock) -> None:
    async with connected(scripted("Seven four one two six"), FLUX) as client:
        await client.send(type="ForceEndTurn")
        await say(client, "Seven four one")
        await client.send(type="ForceEndTurn")
        await client.hear(tones("two six"), 160)
        await client.silence(1.0)
    assert events(client) == [
        "Connected",
        "Warning",
        *["StartOfTurn", "EndOfTurn"] * 2,
    ]
    assert [end["trigger"] for end in client.of("EndOfTurn")] == ["manual", "model"]
    assert [end["transcript"] for end in client.of("EndOfTurn")] == [
        "Seven four.",
        "One two six.",
    ]
    assert client.of("Warning")[0]["code"] == "FORCE_END_TURN_NO_ACTIVE_TURN"


async def test_configure_is_answered_and_obeyed(autojump_clock: MockClock) -> None:
    async with connected(scripted("Five."), FLUX) as client:
        await client.send(type="Configure", thresholds={"eot_threshold": 0.2})
        await client.send(type="Configure", surprise=True)
        await client.send(
            type="Configure", thresholds={"eager_eot_threshold": 0.5}, keyterms=["Okafor"]
        )
        await say(client, "Five.")
        await client.silence(1.0)
    assert order(client.said)[1:4] == ["ConfigureFailure"] * 2 + ["ConfigureSuccess"]
    success = client.of("ConfigureSuccess")[0]
    assert success["keyterms"] == ["Okafor"]
    assert success["thresholds"]["eager_eot_threshold"] == 0.5
    assert "EagerEndOfTurn" in events(client)


@pytest.mark.parametrize("text", ['{"type":"KeepAlive"}', '{"type":"Finalize"}', "{", "[]", '"x"'])
async def test_what_flux_does_not_know_is_fatal(autojump_clock: MockClock, text: str) -> None:
    async with connected(stand_in(), FLUX) as client:
        await client.socket.send_message(text)
        await trio.sleep(2.0)
    assert events(client) == ["Connected", "Error"]
    assert client.said[-1]["code"] == "UNPARSABLE_CLIENT_MESSAGE"
    assert client.closed is not None


async def test_close_stream_closes_with_1000(autojump_clock: MockClock) -> None:
    deepgram = scripted("Hello.")
    async with connected(deepgram, FLUX) as client:
        await say(client, "Hello.")
        await client.send(type="CloseStream")
        await trio.sleep(2.0)
        assert client.closed == (1000, None)
    assert deepgram.open["listen"] == 0


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("&eot_threshold=0.4", "eot_threshold"),
        ("&eager_eot_threshold=0.95", "eager_eot_threshold"),
        ("&eager_eot_threshold=0.8", "eager_eot_threshold"),
        ("&eot_timeout_ms=100", "eot_timeout_ms"),
        ("&eot_threshold=high", "eot_threshold"),
        ("&interim_results=true", "interim_results"),
        ("&encoding=mulaw", "encoding"),
        ("&numerals=yes", "numerals"),
    ],
)
async def test_parameters_out_of_range_and_unknown_ones_are_refused(
    autojump_clock: MockClock, query: str, complaint: str
) -> None:
    answer = await refusal(stand_in(), FLUX + query)
    assert answer.status_code == 400
    assert complaint in answer.headers["dg-error"]
    recorded = sample("listen_hs_400")[0]["msg"]
    assert same_shape(answer.json(), recorded["body"])
    assert set(recorded["headers"]) <= set(answer.headers)


async def test_other_refusals(autojump_clock: MockClock) -> None:
    for target in ("/v2/listen?model=nova-3&encoding=mulaw&sample_rate=8000", "/v2/listen"):
        assert (await refusal(stand_in(), target)).status_code == 400
    full = limited(listen=1)
    async with connected(full, FLUX):
        assert (await refusal(full, FLUX)).status_code == 429
    for key in ("wrong",):
        answer = await refusal(stand_in(), FLUX, key)
        assert answer.status_code == 401
        assert answer.headers["dg-error"] == "Invalid credentials."
    assert (await refusal(stand_in(keys={"right"}), FLUX, "other")).status_code == 401
    assert (await refusal(stand_in(), FLUX.replace("v2", "v3"))).status_code == 404


async def test_faults(autojump_clock: MockClock) -> None:
    deepgram = scripted("Hello.", "Hello.", "Hello.")
    deepgram.faults.add(Fault(kind="listen_status", status=503))
    deepgram.faults.add(Fault(kind="listen_cut", after=3))
    deepgram.faults.add(Fault(kind="listen_mute", after=3))
    assert (await refusal(deepgram, FLUX)).status_code == 503
    async with connected(deepgram, FLUX) as client:
        with pytest.raises(ConnectionClosed):
            await client.silence(1.0)
        assert len(client.heard) == 3
        assert client.closed == (1006, None)
    async with connected(deepgram, FLUX) as client:
        await say(client, "Hello.")
        await client.silence(1.0)
        assert len(client.heard) == 3
        assert client.closed is None
    async with connected(deepgram, FLUX) as client:
        await say(client, "Hello.")
        await client.silence(1.0)
    assert "EndOfTurn" in events(client)


@pytest.mark.parametrize("sequence", ["listen_v2_flux_eager", "listen_v2_fatal"])
async def test_recorded_messages_have_the_same_shapes(
    autojump_clock: MockClock, sequence: str
) -> None:
    """The client's side of a recording is replayed; each kind of answer looks as recorded."""
    script = [
        "I'd like to move my appointment to Friday at two thirty.",
        "Seven four one",
        "And um",
    ]
    deepgram = scripted(*script)
    async with connected(deepgram, EAGER) as client:
        for record in sample(sequence):
            if record["kind"] == "binary":
                for text in script[:2]:
                    await say(client, text, after=1.0)
                    await client.silence(1.0)
                await say(client, script[2])
            elif record["dir"] == "client" and record["kind"] == "text":
                await client.send(**record["msg"])
        await trio.sleep(3.0)
    recorded = {
        _kind(record["msg"]): record["msg"]
        for record in sample(sequence)
        if record["dir"] == "server" and record["kind"] == "text"
    }
    for said in client.said:
        known = recorded.get(_kind(said))
        assert known is None or same_shape(said, known), (said, known)
    wanted = set(recorded) - {"TurnResumed"}
    assert wanted <= {_kind(said) for said in client.said}
    assert client.closed is not None


def _kind(message: dict[str, object]) -> str:
    return str(message.get("event", message["type"]))
