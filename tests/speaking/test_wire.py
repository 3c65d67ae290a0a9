"""The wire of `/v1/speak`: recorded messages, the SDK's models as witness, the sliding minute."""

import json
from pathlib import Path
from typing import Any

import pytest
from deepgram.speak.v1.types import SpeakV1Clear, SpeakV1Flush, SpeakV1Text
from hypothesis import given
from hypothesis import strategies as st

from voxanne_trio.errors import BadMessage
from voxanne_trio.speaking.wire import (
    CLEAR,
    FLUSH,
    WINDOW_SECONDS,
    SlidingMinute,
    SpeakMessage,
    parse,
    pieces,
    socket_url,
    speak,
)

DATA = Path(__file__).parent.parent / "data" / "deepgram_messages.jsonl"
RECORDS = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
SOCKET = [record for record in RECORDS if record.get("api") == "speak.v1.ws"]


def recorded(direction: str, kind: str = "text") -> list[dict[str, Any]]:
    return [
        record["msg"] for record in SOCKET if record["dir"] == direction and record["kind"] == kind
    ]


def test_every_recorded_message_is_understood() -> None:
    parsed = [parse(json.dumps(message)) for message in recorded("server")]
    assert [message.type for message in parsed] == [
        *("Metadata", "Flushed", "Cleared", "Warning"),
    ]
    assert [message.refuses_flush for message in parsed] == [False, False, False, True]
    assert parsed[0].request_id == "014893bd-3594-4ab1-ac33-bfa37bc25c58"


def test_what_we_send_is_what_was_recorded() -> None:
    ours = [json.loads(speak("Sure. ")), json.loads(FLUSH), json.loads(CLEAR)]
    assert all(message in recorded("client") for message in ours)
    SpeakV1Text.model_validate(ours[0])
    SpeakV1Flush.model_validate(ours[1])
    SpeakV1Clear.model_validate(ours[2])


def test_the_address_is_the_recorded_one() -> None:
    (upgrade,) = recorded("client", "http_upgrade")
    url = socket_url("https://api.deepgram.com", "aura-2-thalia-en")
    assert url == "wss://api.deepgram.com" + upgrade["target"]
    assert socket_url("http://127.0.0.1:9000/", "v").startswith("ws://127.0.0.1:9000/v1/speak?")


@pytest.mark.parametrize(
    ("message", "detail"),
    [
        ({"type": "Warning", "description": "Slow", "code": "S"}, "Slow (S)"),
        ({"type": "Warning", "warn_msg": "Slow", "warn_code": "S"}, "Slow (S)"),
        ({"type": "Warning", "warn_code": "FLUSH_LIMIT"}, "FLUSH_LIMIT"),
        ({"type": "Error", "err_msg": "Broken", "err_code": "NET-0000"}, "Broken (NET-0000)"),
        ({"type": "Flushed", "sequence_id": 4}, ""),
    ],
)
def test_both_spellings(message: dict[str, object], detail: str) -> None:
    assert parse(json.dumps(message)) == SpeakMessage(str(message["type"]), detail)


@pytest.mark.parametrize("message", ["", "{", "null", "[]", "{}", '{"type": null}'])
def test_bad_messages_are_named(message: str) -> None:
    with pytest.raises(BadMessage):
        parse(message)


@given(st.text("ab \n", max_size=80), st.integers(1, 12))
def test_pieces_lose_no_character_and_cut_between_words(text: str, limit: int) -> None:
    parts = list(pieces(text, limit))
    assert all(0 < len(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())
    if all(len(word) <= limit for word in text.split()):
        assert " ".join(parts) == " ".join(text.split())


@given(st.lists(st.tuples(st.floats(0, 40), st.integers(1, 9)), max_size=30))
def test_a_minute_never_holds_more_than_it_says(uses: list[tuple[float, int]]) -> None:
    minute, now, log = SlidingMinute(20), 0.0, list[tuple[float, int]]()
    for pause, amount in uses:
        now += pause
        if minute.room(now) >= amount:
            minute.add(now, amount)
            log.append((now, amount))
        inside = sum(amount for at, amount in log if at > now - WINDOW_SECONDS)
        assert minute.used(now) == inside <= 20


def test_an_exhausted_minute_is_full_until_it_has_passed() -> None:
    minute = SlidingMinute(20)
    minute.add(0, 5)
    minute.exhaust(10)
    assert [minute.room(now) for now in (10, 61, 70.9, 71)] == [0, 5, 5, 20]
