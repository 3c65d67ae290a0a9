"""Twilio's stand-in: webhooks, streams, marks, endings and REST, against a server by hand."""

from __future__ import annotations

import base64
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
import trio
from trio.testing import MockClock
from twilio.request_validator import (  # type: ignore[import-untyped]  # ships no types
    RequestValidator,
)

from tests.sandbox.answering import (
    CONNECT,
    HANGUP,
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
from voxanne_trio.sandbox.memory import Network, http_transport
from voxanne_trio.sandbox.outbound import Violation, read
from voxanne_trio.sandbox.phone import PhoneCall
from voxanne_trio.sandbox.signing import signature
from voxanne_trio.sandbox.wire import Exchange, serve_stream

DATA = Path(__file__).parent.parent / "data"
SESSION = [json.loads(line) for line in (DATA / "twilio_session.jsonl").read_text().splitlines()]


async def listen(line: Line) -> None:
    await line.drain()


def hang_up_after(seconds: float) -> Any:
    async def behaviour(call: PhoneCall) -> None:
        await trio.sleep(seconds)
        call.hang_up()

    return behaviour


async def test_the_stream_is_shaped_like_the_sample_session(autojump_clock: MockClock) -> None:
    lines: list[Line] = []

    async def drive(line: Line) -> None:
        lines.append(line)
        await line.drain()

    server = Answering(drive)
    call = await ring(server, hang_up_after(2.0))
    upgrade = next(request for request in server.requests if request.is_upgrade)
    sample = SESSION[0]["data"]["headers"]
    assert sorted(upgrade.headers) == sorted(name.lower() for name, _ in sample)
    assert upgrade.headers["user-agent"] == "Twilio.TmeWs/1.0"
    assert upgrade.headers["x-twilio-signature"] == signature(
        TOKEN, "wss://voice.example.com/ws/t1"
    )
    ours = [message for _, message in lines[0].messages]
    theirs = [line["msg"] for line in SESSION if line["dir"] == "from_twilio" and "msg" in line]
    for event in ("connected", "start", "media", "stop"):
        assert shape(first(ours, event)) == shape(first(theirs, event)), event
    assert [message["event"] for message in ours][:3] == ["connected", "start", "media"]
    numbers = [int(message["sequenceNumber"]) for message in ours[1:]]
    assert numbers == list(range(1, len(ours)))
    media = [message["media"] for message in ours if message["event"] == "media"]
    assert [int(frame["chunk"]) for frame in media] == list(range(1, len(media) + 1))
    assert media[0]["timestamp"] == "155"
    steps = [int(frame["timestamp"]) - 155 - 20 * n for n, frame in enumerate(media)]
    assert set(steps) == {0, -1, -2}
    assert all(len(base64.b64decode(frame["payload"])) == 160 for frame in media)
    assert len(media) in {92, 93}
    assert first(ours, "start")["start"]["customParameters"] == {"call_token": "t"}
    assert call.journal.violations == []


def first(messages: list[dict[str, Any]], event: str) -> dict[str, Any]:
    return next(message for message in messages if message["event"] == event)


def shape(value: Any) -> Any:
    if isinstance(value, dict):
        inner = value if "call_token" not in value else {}
        return {key: shape(inner[key]) for key in inner}
    return type(value)


async def test_every_request_is_signed_as_the_official_validator_wants(
    autojump_clock: MockClock,
) -> None:
    server = Answering(listen)
    await ring(server, hang_up_after(1.0), status_callback=f"{ORIGIN}/twilio/status")
    validator = RequestValidator(TOKEN)
    posts = [request for request in server.requests if request.method == "POST"]
    assert sorted(request.path for request in posts) == [
        "/twilio/status", "/twilio/stream", "/twilio/stream", "/twiml",
    ]  # fmt: skip
    for request in posts:
        form = dict(httpx.QueryParams(request.body.decode()))
        sent = request.headers["x-twilio-signature"]
        assert validator.validate(f"{ORIGIN}{request.path}", form, sent), request.path
    events = [form["StreamEvent"] for form in server.forms("/twilio/stream")]
    assert events == ["stream-started", "stream-stopped"]
    assert server.forms("/twiml")[0]["CallStatus"] == "ringing"
    assert server.forms("/twilio/status")[0]["CallStatus"] == "completed"
    assert server.forms("/twilio/status")[0]["CallDuration"] == "1"


def test_signatures_of_the_sample_vectors() -> None:
    vectors = json.loads((DATA / "twilio_signature_vectors.json").read_text())
    for vector in vectors["vectors"]:
        if vector["official_validate_result"] and vector["algorithm"] == "HMAC_SHA1":
            pairs = [(name, value) for name, value in vector["params"]]
            ours = signature(vector["auth_token"], vector["url_signed"], pairs)
            assert ours == vector["signature"], vector["name"]


async def test_marks_come_back_when_played_and_clear_flushes(autojump_clock: MockClock) -> None:
    echoes: list[tuple[str, float]] = []
    start = 0.0

    async def drive(line: Line) -> None:
        nonlocal start
        await line.receive_until("start")
        start = trio.current_time()
        for name in ("one", "two", "three"):
            await line.play(LOUD * 10)
            await line.mark(name)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(line.drain)
            await trio.sleep(0.3)
            await line.clear()
            await line.mark("fence")
            await trio.sleep(1)
            echoes.extend((message["mark"]["name"], at - start) for at, message in line.of("mark"))
            await line.socket.close()

    call = await ring(Answering(drive))
    assert [name for name, _ in echoes] == ["one", "two", "three", "fence"]
    expected = [0.008 + 0.2 + 0.008, 0.316, 0.316, 0.316]
    assert [at for _, at in echoes] == pytest.approx(expected, abs=0.002)
    (clear,) = call.journal.of("clear")
    assert clear.detail["effective_at"] == pytest.approx(start + 0.308, abs=0.001)
    assert call.playout.voice_until() == pytest.approx(start + 0.308, abs=0.001)
    assert call.journal.violations == []


async def test_the_recording_holds_both_voices_sample_for_sample(autojump_clock: MockClock) -> None:
    async def drive(line: Line) -> None:
        await line.receive_until("start")
        await line.play(LOUD * 5)
        await line.drain()

    async def behaviour(call: PhoneCall) -> None:
        await trio.sleep(0.5)
        call.say(b"\x20" * 800)
        await trio.sleep(1.0)
        call.hang_up()

    call = await ring(Answering(drive), behaviour)
    caller, agent = call.recording()
    assert len(caller) == len(agent)
    assert caller.count(0x20) == 800
    assert agent.count(0x10) == 800
    assert caller.index(0x20) == pytest.approx(0.5 * 8_000, abs=200)
    assert agent.index(0x10) < 400


async def test_what_the_caller_says_arrives_after_the_delay(autojump_clock: MockClock) -> None:
    heard: list[float] = []
    said: list[float] = []

    async def drive(line: Line) -> None:
        while True:
            message = await line.receive()
            if message["event"] == "media" and b"\x20" in base64.b64decode(
                message["media"]["payload"]
            ):
                heard.append(trio.current_time())
            if message["event"] == "stop":
                return

    async def behaviour(call: PhoneCall) -> None:
        await trio.sleep(1)
        said.extend(call.say(b"\x20" * 1_600))
        await trio.sleep(1)
        call.hang_up()

    await ring(Answering(drive), behaviour)
    assert len(heard) in {10, 11}
    assert heard[-1] - said[1] == pytest.approx(0.02, abs=0.0201)
    assert said[1] - said[0] == pytest.approx(0.2)


async def test_our_close_leads_to_action(autojump_clock: MockClock) -> None:
    async def drive(line: Line) -> None:
        await line.receive_until("start")
        await line.socket.close(1000)

    after = "<Response><Say>Sorry.</Say><Dial action='/done'>+15005550007</Dial></Response>"
    server = Answering(drive, {"/twiml/after": after, "/done": HANGUP})
    call = await ring(server)
    assert [entry.detail for entry in call.journal.of("twilio_says")] == ["Sorry."]
    assert [entry.detail for entry in call.journal.of("dial")] == ["+15005550007"]
    assert server.forms("/done")[0]["DialBridged"] == "true"
    assert call.status == "completed"


@pytest.mark.parametrize("how", ["refused", "cut", "silent"])
async def test_a_lost_stream_is_told_and_the_call_goes_on(
    autojump_clock: MockClock, how: str
) -> None:
    async def drive(line: Line) -> None:
        await line.receive_until("start")
        await line.socket.abort()

    async def silent(exchange: Exchange) -> None:
        del exchange
        await trio.sleep(60)

    upgrade = {"refused": refuse, "cut": None, "silent": silent}[how]
    server = Answering(drive, upgrade=upgrade)
    call = await ring(server)
    errors = [
        form["StreamError"] for form in server.forms("/twilio/stream") if "StreamError" in form
    ]
    assert [error[:5] for error in errors] == [
        {"refused": "31920", "cut": "31903", "silent": "31901"}[how]
    ]
    assert len(server.forms("/twiml/after")) == 1
    assert call.status == "completed"


async def test_documents_that_fail_end_in_twilios_own_words(autojump_clock: MockClock) -> None:
    server = Answering(listen, {"/twiml": "500", "/fallback": "<Response><Say>Hm</Say></Response>"})
    assert "application error" in (await ring(server)).journal.of("twilio_says")[0].detail
    call = await ring(server, fallback=f"{ORIGIN}/fallback")
    assert [entry.detail for entry in call.journal.of("twilio_says")] == ["Hm"]
    bad = Answering(listen, {"/twiml": "<Response><Connect></Response>"})
    assert "application error" in (await ring(bad)).journal.of("twilio_says")[0].detail
    query = CONNECT.replace("/ws/t1", "/ws/t1?x=1")
    call = await ring(Answering(listen, {"/twiml": query}))
    assert "query string" in call.journal.of("stream_error")[0].detail


async def test_violations_are_written_down(autojump_clock: MockClock) -> None:
    async def drive(line: Line) -> None:
        await line.receive_until("start")
        await line.socket.send(b"binary")
        await line.send({"event": "media", "media": {"payload": "####"}})
        await line.socket.close()

    call = await ring(Answering(drive))
    assert call.journal.violations == ["binary frame (31950)", "payload is not strict base64"]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"{}", "binary"),
        ("{", "not JSON"),
        ("[]", "not an object"),
        ('{"event":"stop"}', "unknown event"),
        ('{"event":"clear","streamSid":"MZ2"}', "wrong streamSid"),
        ('{"event":"clear","streamSid":"MZ1","x":1}', "extra"),
        ('{"event":"mark","streamSid":"MZ1","mark":{"name":""}}', "without a name"),
        ('{"event":"mark","streamSid":"MZ1","mark":{"name":"a","b":1}}', "extra"),
        ('{"event":"media","streamSid":"MZ1","media":{"payload":"YQ"}}', "base64"),
        ('{"event":"media","streamSid":"MZ1","media":{"payload":"UklGRgAA"}}', "header"),
        ('{"event":"media","streamSid":"MZ1","media":{"payload":""}}', "empty"),
        ('{"event":"media","streamSid":"MZ1","media":{"payload":1}}', "not a text"),
        ('{"event":"media","streamSid":"MZ1","media":[]}', "not an object"),
    ],
)
def test_outbound_messages_are_read_to_the_letter(message: str | bytes, reason: str) -> None:
    with pytest.raises(Violation, match=reason):
        read(message, "MZ1")


def test_the_sample_sessions_outbound_messages_are_right() -> None:
    sid = SESSION[3]["msg"]["streamSid"]
    outbound = [line["msg"] for line in SESSION if line["dir"] == "to_twilio" and "msg" in line]
    assert len(outbound) > 10
    for message in outbound:
        read(json.dumps(message), sid)


async def test_keys_holding_and_muting(autojump_clock: MockClock) -> None:
    lines: list[Line] = []

    async def drive(line: Line) -> None:
        lines.append(line)
        await line.drain()

    async def behaviour(call: PhoneCall) -> None:
        assert call.stream is not None
        await call.press("#")
        await trio.sleep(0.5)
        call.stream.hold_frames(5)
        await trio.sleep(0.5)
        call.stream.mute(0.4)
        await trio.sleep(1)
        call.hang_up()

    await ring(Answering(drive), behaviour)
    (_, key), *rest = lines[0].of("dtmf")
    assert key["dtmf"] == {"track": "inbound_track", "digit": "#"}
    assert rest == []
    media = lines[0].of("media")
    gaps = [round(b - a, 3) for (a, _), (b, _) in pairwise(media)]
    assert gaps.count(0) == 5
    assert max(gaps) == pytest.approx(0.42, abs=0.021)
    chunks = [int(message["media"]["chunk"]) for _, message in media]
    assert chunks == list(range(1, len(chunks) + 1))


async def test_rest_ends_and_redirects_calls(autojump_clock: MockClock) -> None:
    answers: list[tuple[int, Any]] = []
    stops: list[float] = []

    async def drive(line: Line) -> None:
        await line.receive_until("stop")
        stops.append(trio.current_time())

    async with twilio_for(Answering(drive)) as twilio, trio.open_nursery() as nursery:
        network = Network(nursery)
        network.listen("api.twilio.com", lambda stream: serve_stream(stream, twilio.handle))
        client = httpx.AsyncClient(
            transport=http_transport(network.dial), base_url="http://api.twilio.com"
        )
        call = twilio.new_call(Numbers(webhook=f"{ORIGIN}/twiml"))
        path = f"/2010-04-01/Accounts/{SID}/Calls/{call.sid}.json"

        async def post(auth: tuple[str, str] = (SID, TOKEN), **form: str) -> None:
            answer = await client.post(path, data=form, auth=auth)
            answers.append((answer.status_code, answer.json()))

        async def behaviour(call: PhoneCall) -> None:
            await post(auth=(SID, "wrong"), Status="completed")
            await post(Twiml="<Respo", Url="x")
            await post(Twiml="<Response><Pause length='3'/><Pause length='60'/></Response>")
            await trio.sleep(5)
            await post(Status="completed")
            await trio.sleep(0.1)
            await post(Status="completed")
            answer = await client.get(path.replace("CA", "CB"), auth=(SID, TOKEN))
            answers.append((answer.status_code, answer.json()))

        await twilio.place(call, behaviour)
        await client.aclose()
        nursery.cancel_scope.cancel()
    assert [status for status, _ in answers] == [401, 400, 200, 200, 400, 404]
    (ended,) = call.journal.of("completed")
    assert ended.at - call.playout.origin == pytest.approx(5, abs=0.2)
    assert answers[4][1]["code"] == 21220
    assert answers[5][1]["code"] == 20404
    assert len(stops) == 1


async def test_many_calls_leave_nothing_behind(autojump_clock: MockClock) -> None:
    async with twilio_for(Answering(listen)) as twilio:
        before = trio.lowlevel.current_statistics().tasks_living
        async with trio.open_nursery() as nursery:
            for _ in range(20):
                call = twilio.new_call(Numbers(webhook=f"{ORIGIN}/twiml"))
                nursery.start_soon(twilio.place, call, hang_up_after(0.5))
        await trio.testing.wait_all_tasks_blocked()
        assert trio.lowlevel.current_statistics().tasks_living == before
