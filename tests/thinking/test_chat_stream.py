"""The push parser of a streamed completion: recorded bodies, any split, bad chunks."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxanne_trio.errors import PermanentVendorError, TransientVendorError, VendorError
from voxanne_trio.thinking import Finished, Thought, ToolCall, Words
from voxanne_trio.thinking.chat_stream import ChatStream, vendor_error

from .groq_peer import DONE, STOP, bodies, chunk

BODIES = bodies()


def read(*pieces: bytes) -> tuple[list[Thought], VendorError | None]:
    stream = ChatStream("groq")
    thoughts = [thought for piece in pieces for thought in stream.receive(piece)]
    return thoughts + stream.end(), stream.failure


def said(thoughts: list[Thought]) -> str:
    return "".join(thought.text for thought in thoughts if isinstance(thought, Words))


@pytest.mark.parametrize(
    ("name", "text", "rest"),
    [
        (
            "text_gptoss120b",
            "Sure, I can move that. Does Friday at two thirty in the afternoon still work for you?",
            [Finished("stop", 612, 512, 46)],
        ),
        (
            "text_no_include_usage",
            "We open at eight on weekdays.",
            [Finished("stop", 598, None, 19)],
        ),
        (
            "reasoning_gptoss20b",
            "We are open from eight to five, Monday to Friday.",
            [Finished("stop", 587, None, 31)],
        ),
        (
            "tool_single_delta",
            "",
            [
                ToolCall(
                    "fc_b5a1e83d-b666-4c39-8b6e-c061168b6b65",
                    "find_slots",
                    {"day": "2026-11-27", "part": "afternoon"},
                ),
                Finished("tool_calls", 655, 512, 52),
            ],
        ),
        (
            "tool_preamble_then_parallel",
            "Let me check both days for you.",
            [
                ToolCall(
                    "fc_0314a902-2572-4354-8c74-f3f9965c30be", "find_slots", {"day": "2026-11-26"}
                ),
                ToolCall(
                    "fc_82547290-6e1f-405e-bb75-f0c589bc6bff", "find_slots", {"day": "2026-11-27"}
                ),
                Finished("tool_calls", 655, None, 71),
            ],
        ),
        (
            "tool_split_deltas",
            "",
            [
                ToolCall("call_56e6d82ce", "transfer_call", {"reason": "billing question"}),
                Finished("tool_calls", 640, None, 33),
            ],
        ),
        (
            "tool_null_arguments",
            "",
            [
                ToolCall("fc_20d81286-60d9-4125-ab4b-52ae2055dc8a", "hang_up", {}),
                Finished("tool_calls", 630, None, 18),
            ],
        ),
        ("length_reasoning_starvation", "", [Finished("length", 590, None, 16)]),
    ],
)
def test_a_recorded_body_gives_its_thoughts(name: str, text: str, rest: list[Thought]) -> None:
    thoughts, failure = read(BODIES[name])
    assert failure is None
    assert said(thoughts) == text
    assert [thought for thought in thoughts if not isinstance(thought, Words)] == rest


@pytest.mark.parametrize(
    ("name", "text", "reason", "status"),
    [
        ("error_mid_stream_event", "One moment", "Failed to call a function", 400),
        ("error_x_groq", "We", "over_capacity", None),
        ("truncated_no_done", "Your appointment is", "cut off", None),
    ],
)
def test_a_recorded_failure_comes_after_its_words(
    name: str, text: str, reason: str, status: int | None
) -> None:
    thoughts, failure = read(BODIES[name])
    assert said(thoughts) == text
    assert isinstance(failure, TransientVendorError)
    assert reason in failure.reason
    assert failure.status == status


def test_every_recorded_body_is_in_a_table_above() -> None:
    assert len(BODIES) == 11


@given(st.sampled_from(sorted(BODIES)), st.lists(st.integers(0, 8000), max_size=12))
def test_any_split_of_the_bytes_gives_the_same(name: str, cuts: list[int]) -> None:
    body = BODIES[name]
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    pieces = [body[start:end] for start, end in pairwise(edges)]
    thoughts, failure = read(*pieces)
    whole, whole_failure = read(body)
    assert thoughts == whole
    assert str(failure) == str(whole_failure)


KEYS = [
    *("choices", "delta", "content", "tool_calls", "index", "function", "id", "name"),
    *("arguments", "x_groq", "usage", "prompt_tokens_details", "finish_reason"),
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(json_values, max_size=4))
def test_no_chunk_crashes_the_parser(chunks: list[object]) -> None:
    read(*(b"data: " + json.dumps(value).encode() + b"\n\n" for value in chunks), DONE)


def test_a_line_separator_inside_json_is_no_end_of_line() -> None:
    raw = b'data: {"choices":[{"delta":{"content":"One\xe2\x80\xa8two"}}]}\r\n\r\n'
    assert read(raw, STOP, DONE)[0] == [Words("One\u2028two"), Finished("stop")]


@pytest.mark.parametrize(
    ("arguments", "note"),
    [
        ("", ""),
        ("null", ""),
        ("{}", ""),
        ('{"day": }', "arguments are not valid JSON"),
        ("[1]", "arguments are not a JSON object"),
    ],
)
def test_arguments_without_an_object_are_empty(arguments: str, note: str) -> None:
    call = {"index": 0, "id": "c", "function": {"name": "find", "arguments": arguments}}
    thoughts, _ = read(chunk(delta={"tool_calls": [call]}), STOP, DONE)
    assert thoughts[0] == ToolCall("c", "find", {}, note)


def test_an_end_without_done_is_complete_when_the_reason_was_given() -> None:
    assert read(chunk("Yes."), STOP) == ([Words("Yes."), Finished("stop")], None)


def test_done_without_a_reason_is_a_truncation() -> None:
    thoughts, failure = read(chunk("Yes."), DONE)
    assert thoughts == [Words("Yes.")]
    assert isinstance(failure, TransientVendorError)


def test_nothing_counts_after_the_end() -> None:
    assert read(STOP, DONE, chunk("More."), DONE) == ([Finished("stop")], None)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(status, PermanentVendorError) for status in (400, 401, 402, 403, 404, 413, 422, 424)]
    + [(status, TransientVendorError) for status in (None, 408, 409, 429, 498, 500, 502, 503)],
)
def test_the_table_of_statuses(status: int | None, kind: type[VendorError]) -> None:
    error = vendor_error("groq", "said so", status=status, request_id="r", retry_after=2.0)
    assert type(error) is kind
    assert (error.status, error.request_id, error.retry_after) == (status, "r", 2.0)
