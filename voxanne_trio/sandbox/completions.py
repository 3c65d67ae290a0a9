"""Groq's chat completions as data: requests read and checked, answers shaped as Groq shapes them.

Pure: bytes and values in, bytes and values out. The shapes are those of captured streams: the role
first, content token by token, tool calls whole in one delta, `usage` under `x_groq` and (asked for)
in a last chunk without choices. Refuses to know time, sockets, and what a good answer is.
"""

from __future__ import annotations

import json
import random
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

MODELS: Final = (
    "openai/gpt-oss-20b",
    "openai/gpt-oss-120b",
    "qwen/qwen3.6-27b",
    "qwen/qwen3.8-27b",
)
"""What can be asked; the llama models that older code names are retired and answer 404."""

_KNOWN: Final = frozenset(
    {
        "model",
        "messages",
        "stream",
        "stream_options",
        "temperature",
        "top_p",
        "max_completion_tokens",
        "max_tokens",
        "stop",
        "seed",
        "n",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "reasoning_effort",
        "include_reasoning",
        "reasoning_format",
        "response_format",
        "service_tier",
        "user",
        "metadata",
    }
)
_EFFORTS: Final = frozenset({"low", "medium", "high"})
_ROLES: Final = frozenset({"system", "developer", "user", "assistant", "tool"})
_TOKEN: Final = re.compile(r" ?[A-Za-z']{1,9}| ?\d{1,3}| ?[^\sA-Za-z\d]+|\s+")
_TOKENS_A_MESSAGE: Final = 4


class Refused(Exception):
    """A request that gets an error instead of an answer."""

    def __init__(self, status: int, message: str, kind: str, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = error_body(message, kind, code)


def error_body(message: str, kind: str, code: str | None = None) -> dict[str, Any]:
    """An error as Groq words it in a body or an `error` event."""
    error = {"message": message, "type": kind}
    return {"error": error if code is None else {**error, "code": code}}


@attrs.frozen
class ToolUse:
    """A tool the model calls; `arguments` is JSON text, as on the wire."""

    name: str
    arguments: str = "{}"


@attrs.frozen
class Answer:
    """What the model says: text, tool calls, or text before tool calls."""

    text: str = ""
    tools: tuple[ToolUse, ...] = ()


@attrs.frozen
class Asked:
    """A checked request."""

    model: str
    messages: tuple[Mapping[str, Any], ...]
    stream: bool = False
    include_usage: bool = False
    include_reasoning: bool = True
    max_tokens: int = 8_192
    tool_names: tuple[str, ...] = ()

    @property
    def prompt_tokens(self) -> int:
        """A plausible count: about four characters a token, and some for each message."""
        text = sum(len(str(message.get("content") or "")) for message in self.messages)
        return text // 4 + _TOKENS_A_MESSAGE * len(self.messages) + 60 * len(self.tool_names)


def read_request(body: bytes) -> Asked:
    """The request in a body. Raises `Refused` where Groq would not answer it."""
    try:
        data = json.loads(body)
    except ValueError as error:
        raise _bad("could not parse JSON body") from error
    if not isinstance(data, dict):
        raise _bad("request body must be an object")
    if unknown := sorted(set(data) - _KNOWN):
        raise _bad(f"property '{unknown[0]}' is unsupported")
    model = data.get("model")
    if not isinstance(model, str) or not model:
        raise _bad("property 'model' is missing")
    if model not in MODELS:
        message = f"The model `{model}` does not exist or you do not have access to it."
        raise Refused(404, message, "invalid_request_error", "model_not_found")
    _check_numbers(data)
    _check_reasoning(model, data)
    return Asked(
        model=model,
        messages=_messages(data.get("messages")),
        stream=bool(data.get("stream")),
        include_usage=bool((data.get("stream_options") or {}).get("include_usage")),
        include_reasoning=bool(data.get("include_reasoning", True)),
        max_tokens=data.get("max_completion_tokens") or data.get("max_tokens") or 8_192,
        tool_names=_tool_names(data),
    )


def _bad(message: str) -> Refused:
    return Refused(400, message, "invalid_request_error")


def _check_numbers(data: Mapping[str, Any]) -> None:
    bounds = {"temperature": (0, 2), "top_p": (0, 1), "n": (1, 1)}
    bounds |= {"max_completion_tokens": (1, 65_536), "max_tokens": (1, 65_536)}
    for name, (low, high) in bounds.items():
        value = data.get(name)
        if value is not None and (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not low <= value <= high
        ):
            raise _bad(f"'{name}' : must be a number from {low} to {high}")
    if data.get("stream_options") is not None and not data.get("stream"):
        raise _bad("'stream_options' : only allowed when stream is true")


def _check_reasoning(model: str, data: Mapping[str, Any]) -> None:
    effort = data.get("reasoning_effort")
    allowed = _EFFORTS if model.startswith("openai/gpt-oss") else {"none", "default"}
    if effort is not None and effort not in allowed:
        raise _bad(f"'reasoning_effort' : value must be one of {sorted(allowed)}")
    if data.get("reasoning_format") is None:
        return
    if model.startswith("openai/gpt-oss"):
        raise _bad("reasoning_format is not supported with this model")
    if "include_reasoning" in data:
        raise _bad("cannot specify both include_reasoning and reasoning_format")


def _messages(value: Any) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(value, list) or not value:
        raise _bad("'messages' : minimum number of items is 1")
    for index, message in enumerate(value):
        where = f"'messages.{index}'"
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            raise _bad(f"{where} : discriminator property 'role' has invalid value")
        role = message["role"]
        if extra := {"reasoning", "reasoning_content"} & set(message):
            raise _bad(
                f"{where} : for 'role:{role}' the following must be satisfied"
                f"[({where} : property '{min(extra)}' is unsupported)]"
            )
        if message.get("content") is None and not message.get("tool_calls"):
            raise _bad(f"{where} : for 'role:{role}' property 'content' is missing")
    return tuple(value)


def _tool_names(data: Mapping[str, Any]) -> tuple[str, ...]:
    tools = data.get("tools") or []
    try:
        names = tuple(tool["function"]["name"] for tool in tools)
    except (TypeError, KeyError) as error:
        raise _bad("'tools.0' : property 'function.name' is missing") from error
    choice = data.get("tool_choice", "auto")
    if isinstance(choice, dict):
        wanted = (choice.get("function") or {}).get("name")
        if wanted not in names:
            raise _bad("'tool_choice' : tool not in request.tools")
        return (str(wanted),)
    return () if choice == "none" else names


def tokens(text: str) -> list[str]:
    """The text in the pieces a model streams it in; joined they are the text."""
    return _TOKEN.findall(text)


class Completion:
    """One answer being given: its identity, its chunks, its usage."""

    def __init__(self, asked: Asked, rng: random.Random, created: float) -> None:
        self._rng = rng
        self.id = f"chatcmpl-{_uuid(rng)}"
        self.request_id = f"req_01{rng.getrandbits(120):024x}"
        self.model = asked.model
        self.created = int(created)
        self.fingerprint = f"fp_{rng.getrandbits(40):010x}"
        self.prompt_tokens = asked.prompt_tokens
        self.seed = rng.getrandbits(31)

    def _chunk(self, choices: Sequence[Mapping[str, Any]], **extra: Any) -> bytes:
        return event(
            {
                "id": self.id,
                "object": "chat.completion.chunk",
                "created": self.created,
                "model": self.model,
                "system_fingerprint": self.fingerprint,
                "choices": choices,
                **extra,
            }
        )

    def _delta(self, delta: Mapping[str, Any], reason: str | None = None, **extra: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        return self._chunk([choice], **extra)

    def role(self) -> bytes:
        """The first chunk: nothing is said yet."""
        first = {"role": "assistant", "content": ""}
        return self._delta(first, x_groq={"id": self.request_id, "seed": self.seed})

    def reasoning(self, token: str) -> bytes:
        """A piece of what the model thinks before it speaks."""
        return self._delta({"reasoning": token, "channel": "analysis"})

    def content(self, token: str) -> bytes:
        """A piece of what it says."""
        return self._delta({"content": token})

    def tool_calls(self, tools: Sequence[ToolUse]) -> bytes:
        """All calls, whole, in one delta."""
        return self._delta({"tool_calls": self.calls(tools)})

    def calls(self, tools: Sequence[ToolUse]) -> list[dict[str, Any]]:
        """Tool calls as Groq writes them."""
        return [
            {
                "index": index,
                "id": f"fc_{_uuid(self._rng)}",
                "type": "function",
                "function": {"name": tool.name, "arguments": tool.arguments},
            }
            for index, tool in enumerate(tools)
        ]

    def finish(self, reason: str, usage: Mapping[str, Any], *, include_usage: bool) -> bytes:
        """The last chunk of the choice, and with `include_usage` the one without choices."""
        groq = {"id": self.request_id, "usage": usage}
        if not include_usage:
            return self._delta({}, reason, x_groq=groq)
        return self._delta({}, reason, x_groq=groq, usage=usage) + self._chunk(
            [], usage=usage, service_tier="on_demand"
        )

    def finish_with_error(self, error: str) -> bytes:
        """The end of a stream that Groq broke off itself."""
        return self._delta({}, "stop", x_groq={"id": self.request_id, "error": error})

    def usage(self, completion_tokens: int, reasoning_tokens: int) -> dict[str, Any]:
        """The bill, with Groq's own times in seconds."""
        prompt_time = round(0.0005 + self.prompt_tokens * 0.00002, 6)
        completion_time = round(0.002 * completion_tokens, 6)
        cached = self.prompt_tokens // 256 * 256
        usage: dict[str, Any] = {
            "queue_time": round(self._rng.uniform(0.008, 0.03), 9),
            "prompt_tokens": self.prompt_tokens,
            "prompt_time": prompt_time,
            "completion_tokens": completion_tokens,
            "completion_time": completion_time,
            "total_tokens": self.prompt_tokens + completion_tokens,
            "total_time": round(prompt_time + completion_time, 6),
        }
        if cached:
            usage["prompt_tokens_details"] = {"cached_tokens": cached}
        return usage | {"completion_tokens_details": {"reasoning_tokens": reasoning_tokens}}

    def whole(self, answer: Answer, reason: str, usage: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a request that did not ask for a stream."""
        message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
        if answer.tools:
            calls = self.calls(answer.tools)
            message["tool_calls"] = [
                {key: call[key] for key in call if key != "index"} for call in calls
            ]
        return {
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": [
                {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
            ],
            "usage": usage,
            "system_fingerprint": self.fingerprint,
            "x_groq": {"id": self.request_id, "seed": self.seed},
            "service_tier": "on_demand",
        }


DONE: Final = b"data: [DONE]\n\n"


def event(data: Mapping[str, Any]) -> bytes:
    """One server-sent event."""
    return b"data: " + json.dumps(data, separators=(",", ":")).encode() + b"\n\n"


def error_event(body: Mapping[str, Any]) -> bytes:
    """An error after the 200 has gone out."""
    return b"event: error\n" + event(body)


def _uuid(rng: random.Random) -> uuid.UUID:
    return uuid.UUID(int=rng.getrandbits(128), version=4)
