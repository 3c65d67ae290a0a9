"""Theory of a streamed chat completion, as a push parser: bytes in, thoughts out, no I/O.

The body is a series of server-sent events; each `data:` line is one JSON chunk, the last is
`[DONE]`. A chunk may have no choices (usage only); `delta.reasoning` is never spoken. Tool calls
are gathered by `index`, whether they come whole or in pieces, and given when the model has said
why it stopped. A body without that reason was cut off, however politely it was closed. An error
may come as an event after status 200 (`error`), or on a chunk (`x_groq.error`).

Lines end with LF or CRLF only: JSON may hold U+2028 and its like as they are, at which
`str.splitlines` (and so httpx's line iterator) would cut.
"""

from __future__ import annotations

import json
from typing import Any, Final

import attrs

from ..errors import PermanentVendorError, TransientVendorError, VendorError
from .thoughts import Finished, Thought, ToolCall, Words

_PERMANENT: Final = frozenset({400, 401, 402, 403, 404, 413, 415, 422, 424})


def vendor_error(
    vendor: str,
    reason: str,
    *,
    status: int | None = None,
    code: str = "",
    request_id: str | None = None,
    retry_after: float | None = None,
) -> VendorError:
    """The error for a refusal or failure with that HTTP status; no status means the network.

    `tool_use_failed` is a 400 by status, but the fault of one sample: another try may succeed.
    """
    permanent = status in _PERMANENT and code != "tool_use_failed"
    kind = PermanentVendorError if permanent else TransientVendorError
    said = f"{reason} ({code})" if code else reason
    return kind(vendor, said, status=status, request_id=request_id, retry_after=retry_after)


@attrs.define
class _Call:
    id: str = ""
    name: str = ""
    arguments: str = ""

    def complete(self) -> ToolCall:
        text = self.arguments.strip()
        if text in {"", "null"}:  # how models call a tool without parameters
            return ToolCall(self.id, self.name)
        try:
            arguments = json.loads(text)
        except ValueError:
            return ToolCall(self.id, self.name, {}, note="arguments are not valid JSON")
        if not isinstance(arguments, dict):
            return ToolCall(self.id, self.name, {}, note="arguments are not a JSON object")
        return ToolCall(self.id, self.name, arguments)


class ChatStream:
    """Feed it the body as it comes; ask `failure` once the thoughts so far are used up."""

    def __init__(self, vendor: str) -> None:
        self._vendor = vendor
        self._line = bytearray()  # one unfinished line; its bound is the vendor's chunk
        self._calls: dict[int, _Call] = {}
        self._usage: dict[str, Any] = {}
        self._reason = ""
        self._request_id: str | None = None
        self.finished = False
        """`Finished` has been given: what follows in the body means nothing."""
        self.failure: VendorError | None = None
        """Why no more thoughts will come, where that is not `finished`."""

    def receive(self, data: bytes) -> list[Thought]:
        """The thoughts that these bytes complete, in order."""
        thoughts: list[Thought] = []
        self._line += data
        if b"\n" not in data:
            return thoughts
        *lines, rest = self._line.split(b"\n")
        self._line = bytearray(rest)
        for line in lines:
            if not (self.finished or self.failure):
                self._read_line(line, thoughts)
        return thoughts

    def end(self) -> list[Thought]:
        """The body has ended, or the connection broke after the model gave its reason to stop."""
        thoughts: list[Thought] = []
        if not (self.finished or self.failure):
            self._read_line(bytes(self._line), thoughts)
            self._conclude(thoughts)
        return thoughts

    @property
    def is_complete(self) -> bool:
        """Whether the model has said why it stopped: a connection lost now loses nothing."""
        return bool(self._reason)

    def _read_line(self, line: bytes | bytearray, thoughts: list[Thought]) -> None:
        field, _, value = line.partition(b":")
        if field != b"data":
            return  # comments, `event:`, blank lines: the data alone tells what it is
        value = value.strip()
        if value == b"[DONE]":
            self._conclude(thoughts)
            return
        try:
            chunk = json.loads(value)
        except ValueError:
            self._fail(TransientVendorError(self._vendor, "a chunk is not JSON"))
            return
        if isinstance(chunk, dict):
            self._read_chunk(chunk, thoughts)

    def _read_chunk(self, chunk: dict[str, Any], thoughts: list[Thought]) -> None:
        own = _mapping(chunk.get("x_groq"))
        self._request_id = _text(own.get("id")) or self._request_id
        if problem := chunk.get("error") or own.get("error"):
            self._fail(self._event_error(problem))
            return
        self._usage = _mapping(chunk.get("usage")) or _mapping(own.get("usage")) or self._usage
        for choice in map(_mapping, _items(chunk.get("choices"))):
            delta = _mapping(choice.get("delta"))
            if text := _text(delta.get("content")):
                thoughts.append(Words(text))
            for piece in map(_mapping, _items(delta.get("tool_calls"))):
                self._gather(piece)
            self._reason = _text(choice.get("finish_reason")) or self._reason

    def _gather(self, piece: dict[str, Any]) -> None:
        index = piece.get("index")
        call = self._calls.setdefault(index if isinstance(index, int) else 0, _Call())
        function = _mapping(piece.get("function"))
        call.id = _text(piece.get("id")) or call.id
        call.name = _text(function.get("name")) or call.name
        call.arguments += _text(function.get("arguments"))

    def _event_error(self, problem: object) -> VendorError:
        if not isinstance(problem, dict):
            return vendor_error(self._vendor, str(problem), request_id=self._request_id)
        status = problem.get("status_code")
        return vendor_error(
            self._vendor,
            str(problem.get("message") or "error in mid-stream"),
            status=status if isinstance(status, int) else None,
            code=str(problem.get("code") or ""),
            request_id=self._request_id,
        )

    def _conclude(self, thoughts: list[Thought]) -> None:
        if self.failure:
            return
        if not self._reason:
            self._fail(TransientVendorError(self._vendor, "the reply was cut off"))
            return
        thoughts.extend(call.complete() for _, call in sorted(self._calls.items()))
        thoughts.append(
            Finished(
                self._reason,
                self._usage.get("prompt_tokens"),
                _mapping(self._usage.get("prompt_tokens_details")).get("cached_tokens"),
                self._usage.get("completion_tokens"),
            )
        )
        self.finished = True

    def _fail(self, failure: VendorError) -> None:
        self.failure = failure


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
