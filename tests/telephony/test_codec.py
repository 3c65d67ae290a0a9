"""Twilio's messages: a recorded-like session both ways, every fault by table, and the price."""

import base64
import json
import timeit
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxanne_trio.errors import BadMessage
from voxanne_trio.events import CallStarted, KeyPressed, MarkReturned, StreamStopped
from voxanne_trio.telephony.codec import (
    Connected,
    MediaReceived,
    decode,
    encode_clear,
    encode_mark,
    encode_media,
)

SESSION = Path(__file__).parent.parent / "data" / "twilio_session.jsonl"
STREAM = "MZ2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d"
CALL = "CA1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e"
ACCOUNT = "AC0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"


def session(direction: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in SESSION.read_text(encoding="utf-8").splitlines()]
    return [line["msg"] for line in lines if line["dir"] == direction and line["kind"] == "text"]


def media(**changes: Any) -> dict[str, Any]:
    body = {"track": "inbound", "chunk": "1", "timestamp": "155", "payload": "/38="}
    message = {"event": "media", "sequenceNumber": "2", "media": body, "streamSid": STREAM}
    for key, value in changes.items():
        (body if key in body else message)[key] = value
    return message


def start(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "accountSid": ACCOUNT,
        "streamSid": STREAM,
        "callSid": CALL,
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {},
    }
    return {
        "event": "start",
        "sequenceNumber": "1",
        "streamSid": STREAM,
        "start": body | changes,
    }


def test_twilios_side_of_the_session() -> None:
    decoded = [decode(json.dumps(message), STREAM) for message in session("from_twilio")]
    assert decoded[:2] == [
        Connected(),
        CallStarted(CALL, STREAM, ACCOUNT, {"call_token": "t0ken-made-up", "tenant": "acme"}),
    ]
    assert decoded[-1] == StreamStopped()
    frames = [event for event in decoded if isinstance(event, MediaReceived)]
    assert [len(frame.audio) for frame in frames] == [160] * 90
    assert frames[0].timestamp_ms == 155
    assert frames[0].sequence == 2
    assert [event for event in decoded if isinstance(event, KeyPressed)] == [
        KeyPressed("1"),
        KeyPressed("#"),
    ]
    assert [event.name for event in decoded if isinstance(event, MarkReturned)] == [
        "u1:200",
        "u1:end",
        "u2:300",
        "u2:end",
        "fence:1",
        "idle-probe",
    ]
    assert len(decoded) == 101
    assert None not in decoded


def test_our_side_of_the_session() -> None:
    for message in session("to_twilio"):
        sid = message["streamSid"]
        match message["event"]:
            case "media":
                ours = encode_media(sid, base64.b64decode(message["media"]["payload"]))
            case "mark":
                ours = encode_mark(sid, message["mark"]["name"])
            case _:
                ours = encode_clear(sid)
        assert json.loads(ours) == message
        assert ours == json.dumps(message, separators=(",", ":"))


@given(st.text(max_size=40), st.binary(max_size=700))
def test_what_we_send_is_json_whatever_is_in_it(name: str, audio: bytes) -> None:
    assert json.loads(encode_mark(STREAM, name))["mark"] == {"name": name}
    payload = json.loads(encode_media(STREAM, memoryview(audio)))["media"]["payload"]
    assert base64.b64decode(payload, validate=True) == audio


BAD: list[tuple[str, str | bytes, str]] = [
    ("binary", b'{"event":"connected"}', "binary message"),
    ("empty", "", "not JSON"),
    ("half", '{"event":"media"', "not JSON"),
    ("two objects", '{"event":"connected"}{}', "not JSON"),
    ("too deep", "[" * 60_000, "not JSON"),
    ("too many digits", "1" * 60_000, "not JSON"),
    ("a list", "[]", "not an object"),
    ("a text", '"media"', "not an object"),
    ("no event", "{}", "event missing"),
    ("event no text", '{"event":["media"]}', "event missing"),
    ("media: other stream", json.dumps(media(streamSid="MZother")), "wrong streamSid"),
    ("media: no stream", json.dumps(media(streamSid=None)), "wrong streamSid"),
    ("media: outbound", json.dumps(media(track="outbound")), "wrong track"),
    ("media: track no text", json.dumps(media(track=["inbound"])), "wrong track"),
    ("media: no body", json.dumps(media(media=None)), "media missing"),
    ("media: body a list", json.dumps(media(media=[])), "media missing"),
    ("media: no payload", json.dumps(media(payload=None)), "media.payload missing"),
    ("media: hex", json.dumps(media(payload="ff7fff7f" * 3 + "f")), "bad base64"),
    ("media: base64url", json.dumps(media(payload="_38=")), "bad base64"),
    ("media: newline", json.dumps(media(payload="/38=\n")), "bad base64"),
    ("media: no padding", json.dumps(media(payload="/38")), "bad base64"),
    ("media: more after padding", json.dumps(media(payload="/38=/38=")), "bad base64"),
    ("media: not ASCII", json.dumps(media(payload="é38=")), "bad base64"),
    ("media: no timestamp", json.dumps(media(timestamp=None)), "media.timestamp missing"),
    ("media: timestamp words", json.dumps(media(timestamp="soon")), "media.timestamp is no number"),
    ("media: negative", json.dumps(media(timestamp="-1")), "media.timestamp is no number"),
    ("media: endless", json.dumps(media(timestamp="1" * 9_999)), "media.timestamp is no number"),
    ("media: infinite", json.dumps(media(timestamp=float("inf"))), "media.timestamp is no number"),
    ("media: no sequence", json.dumps(media(sequenceNumber=None)), "sequenceNumber missing"),
    ("start: no body", json.dumps({"event": "start", "streamSid": STREAM}), "start missing"),
    ("start: other stream", json.dumps(start(streamSid="MZother")), "wrong streamSid"),
    ("start: no call", json.dumps(start(callSid=None)), "start.callSid missing"),
    ("start: sid with a quote", json.dumps(start(callSid='CA"')), "start.callSid is no sid"),
    ("start: sid of nothing", json.dumps(start(accountSid="")), "start.accountSid is no sid"),
    ("start: PCM", json.dumps(start(mediaFormat={"encoding": "audio/x-l16"})), "wrong mediaFormat"),
    ("start: no format", json.dumps(start(mediaFormat=None)), "wrong mediaFormat"),
    ("start: outbound", json.dumps(start(tracks=["outbound"])), "wrong tracks"),
    ("start: tracks a text", json.dumps(start(tracks="inbound")), "wrong tracks"),
    (
        "start: parameters",
        json.dumps(start(customParameters={"a": 1})),
        "start.customParameters are not texts",
    ),
    (
        "mark: no name",
        json.dumps({"event": "mark", "mark": {}, "streamSid": STREAM}),
        "mark.name missing",
    ),
    ("mark: other stream", '{"event":"mark","mark":{"name":"a"}}', "wrong streamSid"),
    ("stop: other stream", '{"event":"stop","streamSid":"MZother"}', "wrong streamSid"),
    (
        "dtmf: two keys",
        json.dumps({"event": "dtmf", "dtmf": {"digit": "12"}, "streamSid": STREAM}),
        "dtmf.digit is no key",
    ),
    (
        "dtmf: none",
        json.dumps({"event": "dtmf", "dtmf": {}, "streamSid": STREAM}),
        "dtmf.digit missing",
    ),
]


@pytest.mark.parametrize(
    ("message", "reason"), [row[1:] for row in BAD], ids=[row[0] for row in BAD]
)
def test_bad_messages_say_why(message: str | bytes, reason: str) -> None:
    with pytest.raises(BadMessage) as bad:
        decode(message, STREAM)
    assert bad.value.reason == reason


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner),
        max_leaves=9,
    ),
    st.sampled_from(["media", "start", "mark", "dtmf", "stop"]),
    st.sampled_from(["media", "start", "mark", "dtmf"]),
)
def test_nothing_but_bad_message_comes_out(value: Any, event: str, key: str) -> None:
    for message in (value, {"event": event, key: value, "streamSid": STREAM}):
        with suppress(BadMessage):
            decode(json.dumps(message), STREAM)


def test_what_twilio_adds_is_ignored() -> None:
    assert decode('{"event":"whisper","whisper":1}') is None
    assert decode('{"event":"connected","protocol":"Call","more":[1]}') == Connected()
    plain = decode(json.dumps(media()), STREAM)
    assert plain == MediaReceived(b"\xff\x7f", 155, 2)
    assert decode(json.dumps(media(extra={"a": 1})), STREAM) == plain
    wider = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1, "bits": 8}
    assert isinstance(decode(json.dumps(start(mediaFormat=wider))), CallStarted)


def test_before_start_any_stream_is_taken() -> None:
    assert decode(json.dumps(media(streamSid="MZother"))) == MediaReceived(b"\xff\x7f", 155, 2)


def test_a_frame_costs_microseconds() -> None:
    """About 4 us each way on an idle core; the bound is wide, machines are shared."""
    frame = bytes(range(160))
    inbound = json.dumps(media(payload=base64.b64encode(frame).decode()))
    decoding = min(timeit.repeat(lambda: decode(inbound, STREAM), number=500, repeat=7)) / 500
    encoding = min(timeit.repeat(lambda: encode_media(STREAM, frame), number=500, repeat=7)) / 500
    assert decoding < 40e-6
    assert encoding < 40e-6
