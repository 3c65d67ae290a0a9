"""What a call at Twilio's stand-in does when its stream is over: documents, verbs, other phones."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
import trio
from trio.testing import MockClock

from tests.sandbox.answering import (
    CONNECT,
    LOUD,
    ORIGIN,
    SID,
    TOKEN,
    Answering,
    Line,
    refuse,
    ring,
    twilio_for,
)
from voxanne_trio.sandbox.account import Numbers
from voxanne_trio.sandbox.faults import Fault
from voxanne_trio.sandbox.handset import Sound, silences
from voxanne_trio.sandbox.memory import Network, http_transport
from voxanne_trio.sandbox.party import Party
from voxanne_trio.sandbox.phone import PhoneCall
from voxanne_trio.sandbox.wire import serve_stream

VOICE = b"\x20"
AGAIN = CONNECT.replace("/ws/t1", "/ws/t2").replace('value="t"', 'value="again"')


async def voice(text: str) -> bytes:
    """Twilio's: a tenth of a second a letter."""
    await trio.lowlevel.checkpoint()
    return VOICE * 800 * len(text)


def one(document: str) -> str:
    return f"<Response>{document}</Response>"


async def close_at_once(line: Line) -> None:
    await line.receive_until("start")
    await line.socket.close(1000)


def by(call: PhoneCall) -> list[str]:
    return [sound.by for sound in call.heard()]


async def test_a_second_stream_takes_the_call_up(autojump_clock: MockClock) -> None:
    """After a cut connection: new ids and numbers, the same caller, and no mark of the first."""
    lines: list[Line] = []
    cut: list[float] = []

    async def drive(line: Line) -> None:
        lines.append(line)
        await line.receive_until("start")
        await line.play(LOUD * 50)
        await line.mark(f"end {len(lines)}")
        if len(lines) == 1:
            await trio.sleep(0.3)
            cut.append(trio.current_time())
            await line.socket.abort()
        await line.drain()

    async def behaviour(call: PhoneCall) -> None:
        call.say(VOICE * 16_000)  # over the seam
        await trio.sleep(4)
        call.hang_up()

    server = Answering(drive, {"/twiml/after": AGAIN})
    call = await ring(server, behaviour)
    first, second = (dict(line.of("start")[0][1]["start"]) for line in lines)
    assert first["callSid"] == second["callSid"] == call.sid
    assert first["streamSid"] != second["streamSid"]
    assert second["customParameters"] == {"call_token": "again"}
    assert second["streamSid"] == lines[1].of("media")[0][1]["streamSid"]
    assert lines[1].of("start")[0][1]["sequenceNumber"] == "1"
    assert lines[0].of("mark") == []
    assert [message["mark"]["name"] for _, message in lines[1].of("mark")] == ["end 2"]
    errors = [form.get("StreamError", "")[:5] for form in server.forms("/twilio/stream")]
    assert sorted(filter(None, errors)) == ["31903"]
    (asked,) = server.forms("/twiml/after")
    assert asked["CallStatus"] == "in-progress"
    assert lines[1].of("start")[0][0] - cut[0] == pytest.approx(0.5 + 0.008, abs=0.01)
    assert call.journal.violations == []
    one_sound, other = call.heard()
    assert one_sound.seconds == pytest.approx(0.3, abs=0.03)  # what was queued is lost
    assert other.seconds == pytest.approx(1.0, abs=0.03)
    heard_at_once = lines[1].of("media")[0][1]["media"]["payload"]
    assert heard_at_once.startswith("ICAg")  # she was still speaking


async def test_a_stream_that_never_opens_is_tried_again_by_the_server(
    autojump_clock: MockClock,
) -> None:
    server = Answering(close_at_once, {"/twiml/after": one("<Say>Sorry</Say><Hangup/>")})
    server.upgrade = refuse
    call = await ring(server, voice=voice, status_callback=f"{ORIGIN}/twilio/status")
    (form,) = server.forms("/twilio/stream")
    assert form["StreamEvent"] == "stream-error"
    assert form["StreamError"].startswith("31920")
    assert by(call) == ["says"]
    assert call.playout.voice_until() is not None
    (status,) = server.forms("/twilio/status")
    assert status["CallStatus"] == "completed"


async def test_whoever_is_dialled_hears_a_whisper_first(autojump_clock: MockClock) -> None:
    whisper = one("<Gather action='/accepted' timeout='2'><Say>A call</Say></Gather><Hangup/>")
    after = one(
        "<Say>One moment</Say><Dial action='/done' timeout='20'>"
        "<Number url='/whisper' statusCallback='/child' "
        "statusCallbackEvent='initiated answered completed'>+15005550007</Number></Dial>"
    )
    documents = {"/twiml/after": after, "/whisper": whisper, "/accepted": one(""), "/done": one("")}
    party = Party(after=4, says="Front desk", talks=6, presses="1")
    server = Answering(close_at_once, documents)
    call = await ring(server, voice=voice, parties={"+15005550007": party})
    (done,) = server.forms("/done")
    assert done["DialCallStatus"] == "completed"
    assert done["DialBridged"] == "true"
    assert int(done["DialCallDuration"]) in {6, 7}
    (asked,), (pressed,) = server.forms("/whisper"), server.forms("/accepted")
    assert asked["CallSid"] == pressed["CallSid"] == done["DialCallSid"] != call.sid
    assert asked["ParentCallSid"] == call.sid
    assert pressed["Digits"] == "1"
    states = [form["CallStatus"] for form in server.forms("/child")]
    assert sorted(states) == ["completed", "in-progress", "initiated"]
    assert by(call) == ["says", "ringing", "party"]
    ringing = call.sounds[1]
    assert ringing.seconds == pytest.approx(4 + 0.6, abs=0.1)  # the whisper is not for her


@pytest.mark.parametrize(
    ("party", "status", "bridged", "seconds"),
    [
        (Party(does="busy", after=1), "busy", "false", 1),
        (Party(does="no-answer"), "no-answer", "false", 20),
        (Party(after=25), "no-answer", "false", 20),
        (Party(does="failed", after=0), "failed", "false", 0),
        (Party(after=2), "completed", "false", 2 + 0.6 + 2),  # and presses nothing
    ],
)
async def test_nobody_to_speak_with(
    autojump_clock: MockClock, party: Party, status: str, bridged: str, seconds: float
) -> None:
    whisper = one("<Gather action='/accepted' timeout='2'><Say>A call</Say></Gather><Hangup/>")
    dial = "<Dial action='/done' timeout='20'><Number url='/whisper'>+15005550007</Number></Dial>"
    documents = {"/twiml/after": one(dial), "/done": one("<Say>No</Say>"), "/whisper": whisper}
    server = Answering(close_at_once, documents)
    call = await ring(server, voice=voice, parties={"*": party})
    (done,) = server.forms("/done")
    assert (done["DialCallStatus"], done["DialBridged"]) == (status, bridged)
    assert by(call) == ["ringing", "says"]
    assert call.sounds[0].seconds == pytest.approx(seconds, abs=0.1)


async def test_a_message_is_recorded_until_silence(autojump_clock: MockClock) -> None:
    record = one("<Record action='/left' timeout='3' recordingStatusCallback='/recording'/>")
    server = Answering(close_at_once, {"/twiml/after": record, "/left": one("<Hangup/>")})

    async def behaviour(call: PhoneCall) -> None:
        await trio.sleep(2)
        call.say(VOICE * 32_000)

    call = await ring(server, behaviour)
    (left,), (told,) = server.forms("/left"), server.forms("/recording")
    assert left["RecordingDuration"] == told["RecordingDuration"] == "4"
    assert left["RecordingUrl"] == told["RecordingUrl"]
    assert left["Digits"] == ""
    assert told["RecordingStatus"] == "completed"
    assert by(call) == ["beep"]
    assert list(call.recordings.values()) == [VOICE * 32_000]
    (recorded,) = call.journal.of("recorded")
    assert recorded.at - (call.microphone.voice_until() or 0.0) == pytest.approx(3, abs=0.001)


async def test_a_message_ends_with_a_key_or_with_the_call(autojump_clock: MockClock) -> None:
    record = one("<Record action='/left' finishOnKey='#'/><Say>Nothing</Say>")
    server = Answering(close_at_once, {"/twiml/after": record, "/left": one("<Say>Thanks</Say>")})

    async def press(call: PhoneCall) -> None:
        await trio.sleep(2)
        call.say(VOICE * 8_000)
        await trio.sleep(2)
        await call.press("5")
        await call.press("#")

    async def leave(call: PhoneCall) -> None:
        await trio.sleep(2)
        call.say(VOICE * 8_000)
        await trio.sleep(2)
        call.hang_up()

    said = [entry.detail for entry in (await ring(server, press)).journal.of("twilio_says")]
    assert said == ["Thanks"]
    left = await ring(server, leave)
    assert left.journal.of("twilio_says") == []
    forms = server.forms("/left")
    assert [form["Digits"] for form in forms] == ["#", "hangup"]
    assert forms[1]["CallStatus"] == "completed"
    silent = await ring(server)
    assert [entry.detail for entry in silent.journal.of("twilio_says")] == ["Nothing"]
    assert len(server.forms("/left")) == 2


async def test_keys_are_gathered(autojump_clock: MockClock) -> None:
    gather = one(
        "<Gather numDigits='3' action='/keys'><Say>Enter your long code please</Say></Gather>"
        "<Say>Bye</Say>"
    )
    server = Answering(close_at_once, {"/twiml/after": gather, "/keys": one("<Hangup/>")})

    async def behaviour(call: PhoneCall) -> None:
        await trio.sleep(1.2)
        for digit in "1234":
            await call.press(digit)

    call = await ring(server, behaviour, voice=voice)
    assert server.forms("/keys")[0]["Digits"] == "123"
    (prompt,) = call.sounds
    assert prompt.seconds < 2  # cut by the first key
    nothing = await ring(server, voice=voice)
    assert [entry.detail for entry in nothing.journal.of("twilio_says")][-1] == "Bye"


async def test_a_server_that_fails_is_asked_as_documented(autojump_clock: MockClock) -> None:
    """A 5xx is not asked again unless the URL says so; a refused connection is, once."""
    once = Answering(close_at_once, {"/twiml/after": "500"})
    call = await ring(once, voice=voice)
    assert len(once.forms("/twiml/after")) == 1
    assert "application error" in call.journal.of("twilio_says")[0].detail
    twice = Answering(
        close_at_once, {"/twiml": CONNECT.replace("/after", "/after#rc=2&amp;rp=5xx")}
    )
    twice.documents["/twiml/after"] = "500"
    call = await ring(twice, fallback=f"{ORIGIN}/fallback")
    assert len(twice.forms("/twiml/after")) == 3
    (fallback,) = twice.forms("/fallback")
    assert fallback["ErrorCode"] == "11200"
    assert fallback["ErrorUrl"].startswith(f"{ORIGIN}/twiml/after")


async def test_rest_replaces_what_a_live_call_does(autojump_clock: MockClock) -> None:
    """The stream says `stop`, the new document runs, `action` is not asked; 429 changes nothing."""
    stops: list[float] = []
    answers: list[tuple[int, Any]] = []

    async def drive(line: Line) -> None:
        await line.receive_until("stop")
        stops.append(trio.current_time())

    server = Answering(drive, {"/other": one("<Say>Other</Say>")})
    async with twilio_for(server) as twilio, trio.open_nursery() as nursery:
        network = Network(nursery)
        network.listen("api.twilio.com", lambda stream: serve_stream(stream, twilio.handle))
        transport = http_transport(network.dial)
        client = httpx.AsyncClient(transport=transport, base_url="http://api.twilio.com")
        call = twilio.new_call(Numbers(webhook=f"{ORIGIN}/twiml"))
        path = f"/2010-04-01/Accounts/{SID}/Calls/{call.sid}.json"

        async def post(**form: str) -> None:
            answer = await client.post(path, data=form, auth=(SID, TOKEN))
            answers.append((answer.status_code, answer.json()["code"] if answer.is_error else 0))

        async def behaviour(call: PhoneCall) -> None:
            twilio.faults.add(Fault(kind="status", status=429))
            await post(Twiml=one("<Say>Never</Say>"))
            await trio.sleep(1)
            await post(Twiml=one("<Say>Hold on please</Say><Pause length='60'/>"))
            await trio.sleep(2)
            await post(Url=f"{ORIGIN}/other")
            await call.ended.wait()
            await post(Twiml=one("<Say>Late</Say>"))

        await twilio.place(call, behaviour)
        await client.aclose()
        nursery.cancel_scope.cancel()
    assert answers == [(429, 20429), (200, 0), (200, 0), (400, 21220)]
    assert len(stops) == 1
    assert server.forms("/twiml/after") == []
    said = [entry.detail for entry in call.journal.of("twilio_says")]
    assert said == ["Hold on please", "Other"]


def test_silences_are_what_lies_between_sounds() -> None:
    sounds = [Sound(1, 2, "agent"), Sound(5, 9, "says"), Sound(6, 7, "agent")]
    assert silences(sounds, 0, 10) == [(2, 5), (0, 1), (9, 10)]
    assert silences(sounds, 5.5, 8) == []
    assert silences([], 0, 1) == [(0, 1)]
    assert json.dumps(silences(sounds, 1.5, 3)) == "[[2, 3]]"
