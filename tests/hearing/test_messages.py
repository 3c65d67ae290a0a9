from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from deepgram.listen.v1 import types as v1
from deepgram.listen.v2 import types as v2
from hypothesis import given
from hypothesis import strategies as st

from voxanne_trio.errors import BadMessage
from voxanne_trio.hearing import messages as ours

SAMPLES = Path(__file__).parent.parent / "data" / "deepgram_messages.jsonl"


def samples(api: str) -> list[dict[str, Any]]:
    """Every server text message of an endpoint in the sample sessions."""
    records = [json.loads(line) for line in SAMPLES.read_text().splitlines()]
    return [
        record
        for record in records
        if record["api"] == api and record["dir"] == "server" and record["kind"] == "text"
    ]


def model(record: dict[str, Any]) -> Any:
    """The message as the vendor's own SDK reads it."""
    package = v1 if ".v1." in record["model"] else v2
    return getattr(package, record["model"].rpartition(".")[2]).model_validate(record["msg"])


def test_there_are_samples_of_both() -> None:
    assert len(samples("listen.v1")) >= 14
    assert len(samples("listen.v2")) >= 20


@pytest.mark.parametrize("record", samples("listen.v1"), ids=lambda r: f"{r['seq']}-{r['n']}")
def test_v1_reads_what_the_sdk_reads(record: dict[str, Any]) -> None:
    official = model(record)
    message = ours.parse_v1(json.dumps(record["msg"]))
    match message:
        case ours.Results():
            best = official.channel.alternatives[0]
            assert message.transcript == best.transcript
            assert (message.start, message.duration) == (official.start, official.duration)
            assert message.is_final is bool(official.is_final)
            assert message.speech_final is bool(official.speech_final)
            assert message.from_finalize is bool(official.from_finalize)
            assert [(w.text, w.start, w.end) for w in message.words] == [
                (w.punctuated_word or w.word, w.start, w.end) for w in best.words
            ]
        case ours.SpeechNoticed():
            assert message.timestamp == official.timestamp
        case ours.UtteranceEnded():
            assert message.last_word_end == official.last_word_end
        case ours.Summary():
            assert message.duration == official.duration
            assert message.request_id == official.request_id
        case ours.Configured():
            assert message.request_id == official.request_id
        case ours.ConfigureRefused():
            assert (message.code, message.description) == (official.code, official.description)
        case ours.Failed():
            assert message.description == official.description
        case _:
            pytest.fail(f"not read: {record['msg']['type']}")


@pytest.mark.parametrize("record", samples("listen.v2"), ids=lambda r: f"{r['seq']}-{r['n']}")
def test_v2_reads_what_the_sdk_reads(record: dict[str, Any]) -> None:
    official = model(record)
    message = ours.parse_v2(json.dumps(record["msg"]))
    match message:
        case ours.TurnInfo():
            assert message.event == official.event
            assert message.turn_index == official.turn_index
            assert message.transcript == official.transcript
            assert message.window_start == official.audio_window_start
            assert message.window_end == official.audio_window_end
            assert message.confidence == official.end_of_turn_confidence
            assert message.trigger == official.trigger
            assert list(message.languages) == (official.languages or [])
            assert [(w.text, w.start, w.end) for w in message.words] == [
                (w.word, w.start, w.end) for w in official.words
            ]
        case ours.Connected() | ours.Configured():
            assert message.request_id == official.request_id
        case ours.ConfigureRefused() | ours.Warned() | ours.Failed():
            assert (message.code, message.description) == (official.code, official.description)
        case _:
            pytest.fail(f"not read: {record['msg']['type']}")


@pytest.mark.parametrize("parse", [ours.parse_v1, ours.parse_v2])
def test_unknown_types_and_keys_are_ignored(parse: Any) -> None:
    assert parse('{"type":"FromTheFuture","x":[1]}') is None
    assert parse('{"type":"ConfigureSuccess","later":{"a":1}}') == ours.Configured("")


@pytest.mark.parametrize(
    "message",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"type":7}',
        "{" * 100_000,
        '{"type":"TurnInfo"}',
        '{"type":"TurnInfo","event":"Update","turn_index":0,"audio_window_start":0,'
        '"audio_window_end":NaN,"transcript":"","words":[],"end_of_turn_confidence":0}',
        '{"type":"TurnInfo","event":"Update","turn_index":0,"audio_window_start":0,'
        '"audio_window_end":0,"transcript":"","words":[3],"end_of_turn_confidence":0}',
        b"\x00\x01",
    ],
)
def test_malformed_v2(message: str | bytes) -> None:
    with pytest.raises(BadMessage):
        ours.parse_v2(message)


@pytest.mark.parametrize(
    "message",
    [
        '{"type":"Results","start":0,"duration":1,"channel":{"alternatives":[]}}',
        '{"type":"Results","start":0,"duration":1,"channel":[]}',
        '{"type":"Results","start":"0","duration":1,"channel":{"alternatives":'
        '[{"transcript":"a","words":[]}]}}',
        '{"type":"Results","start":0,"duration":1,"is_final":1,"channel":{"alternatives":'
        '[{"transcript":"a","words":[]}]}}',
        '{"type":"SpeechStarted","timestamp":true}',
        '{"type":"SpeechStarted","timestamp":1' + "0" * 400 + "}",
        '{"type":"UtteranceEnd"}',
    ],
)
def test_malformed_v1(message: str) -> None:
    with pytest.raises(BadMessage):
        ours.parse_v1(message)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["type", "words", "channel", "alternatives", "start", "transcript"])
                | st.text(max_size=3),
                inner,
                max_size=4,
            )
        ),
    ),
    st.sampled_from(["Results", "TurnInfo", "SpeechStarted", "Error", "Connected", "x"]),
)
def test_nothing_but_bad_message_comes_out_of_garbage(value: Any, kind: str) -> None:
    message = json.dumps({**value, "type": kind} if isinstance(value, dict) else value)
    for parse in (ours.parse_v1, ours.parse_v2):
        with suppress(BadMessage):
            parse(message)


def test_words_are_not_in_the_repr() -> None:
    word = ours.Word("secret", 0.0, 1.0)
    results = ours.Results(0.0, 1.0, True, True, False, "secret", (word,))
    assert "secret" not in repr(results)
