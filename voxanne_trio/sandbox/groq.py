"""Groq's stand-in: chat completions as a stream of events, a model list, and Groq's ways to fail.

The wire is Groq's (`completions` has the shapes), the delays are the profile's, the words are
whatever `answer` returns. The profile's first-token delay runs from the request to the first
content, hidden reasoning included, as a caller would feel it. Refuses to know telephones.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import attrs
import trio

from . import completions
from .completions import Answer, Asked, Completion, Refused
from .faults import Fault, Faults
from .profiles import Profile
from .wire import Exchange

CHAT: Final = "/openai/v1/chat/completions"
LIST: Final = "/openai/v1/models"
FAULTS: Final = (
    "status",  # an error status, `status` says which (429 with retry-after)
    "slow",  # `seconds` more before anything
    "stall",  # `seconds` of nothing after the first sentence
    "cut",  # the connection breaks after `after` tokens
    "half_json",  # the connection breaks in the middle of an event, after `after` tokens
    "mute",  # nothing more after `after` tokens, and the connection stays open
    "truncate",  # the body ends well after `after` tokens, without finish_reason or [DONE]
    "error_event",  # an `error` event after `after` tokens
    "x_groq_error",  # finish_reason stop, but with x_groq.error
    "starve",  # all tokens go into reasoning: finish_reason length, no content
    "refuse",  # the connection is cut before any answer
)
_BREAKING: Final = frozenset({"cut", "half_json", "truncate", "error_event", "mute"})
TOKEN_SECONDS: Final = (0.001, 0.005)
_REASONING: Final = "The caller asks about the clinic, so answer briefly from the facts."
_ROLE_SHARE: Final = 0.35
"""The role chunk comes after this share of the first-token delay; reasoning fills the rest."""

Reply = Callable[[Sequence[Mapping[str, Any]], Sequence[str]], Answer]


@attrs.define
class Served:
    """One request that was answered, or not; times are the run's Trio clock."""

    at: float
    model: str
    first_token_seconds: float
    text: str = ""
    finished: bool = False


class Groq:
    """`answer(messages, tool_names)` decides what is said; `keys` (if given) who may ask."""

    def __init__(
        self,
        profile: Profile,
        answer: Reply,
        *,
        rng: random.Random,
        wall: Callable[[], float],
        keys: frozenset[str] | None = None,
        tokens_per_minute: int = 2_000_000,
        token_seconds: tuple[float, float] = TOKEN_SECONDS,
    ) -> None:
        self.profile = profile
        self.answer = answer
        self.faults = Faults(FAULTS)
        self.served: deque[Served] = deque(maxlen=1_000)  # the last ones, for reports
        self._rng = rng
        self._wall = wall
        self._keys = keys
        self._token_seconds = token_seconds
        self._limits = _Limits(tokens_per_minute)

    async def handle(self, exchange: Exchange) -> None:
        """Answer one HTTP request."""
        request = exchange.request
        try:
            self._authorise(request.headers.get("authorization", ""))
            if request.path == LIST and request.method == "GET":
                await self._respond(exchange, 200, _model_list(self._wall()))
            elif request.path == CHAT and request.method == "POST":
                await self._chat(exchange, completions.read_request(request.body))
            else:
                message = f"Unknown request URL: {request.method} {request.path}."
                raise Refused(404, message, "invalid_request_error", "unknown_url")
        except Refused as refused:
            await self._respond(exchange, refused.status, refused.body)

    def _authorise(self, authorization: str) -> None:
        key = authorization.removeprefix("Bearer ")
        known = key != "wrong" and (self._keys is None or key in self._keys)
        if not authorization.startswith("Bearer ") or not key or not known:
            raise Refused(401, "Invalid API Key", "invalid_request_error", "invalid_api_key")

    async def _respond(
        self, exchange: Exchange, status: int, body: Mapping[str, Any], retry_after: str = ""
    ) -> None:
        headers = self._headers(f"req_01{self._rng.getrandbits(120):024x}")
        if retry_after:
            headers.append(("retry-after", retry_after))
        await exchange.respond(status, body, headers)

    def _headers(self, request_id: str) -> list[tuple[str, str]]:
        return [
            ("cache-control", "no-cache"),
            ("x-request-id", request_id),
            *self._limits.headers(trio.current_time()),
            ("server", "cloudflare"),
        ]

    async def _chat(self, exchange: Exchange, asked: Asked) -> None:
        fault = self.faults.take()
        if fault is None and self.profile.fails():
            fault = Fault(kind="status", status=503)
        delay = self.profile.first_token()
        if fault is not None and fault.kind == "slow":
            delay += fault.seconds
        self.served.append(Served(trio.current_time(), asked.model, delay))
        if fault is not None and fault.kind == "refuse":
            await exchange.abort()
            return
        status = fault.status if fault is not None and fault.kind == "status" else 200
        over = self._limits.spend(trio.current_time(), asked.prompt_tokens)
        if over or status == 429:
            await self._too_much(exchange, asked, over)
        elif status != 200:
            await trio.sleep(delay * _ROLE_SHARE)
            await self._respond(exchange, status, _failure(status))
        else:
            completion = Completion(asked, self._rng, self._wall())
            talk = _Talk(self, exchange, asked, completion, self.served[-1], fault)
            await (talk.stream(delay) if asked.stream else talk.whole(delay))

    async def _too_much(self, exchange: Exchange, asked: Asked, seconds: float) -> None:
        wait = seconds or 6.0
        message = (
            f"Rate limit reached for model `{asked.model}` in organization `org_01sandbox` service"
            f" tier `on_demand` on tokens per minute (TPM): Limit {self._limits.per_minute},"
            f" Requested {asked.prompt_tokens}. Please try again in {wait:.3f}s."
        )
        body = completions.error_body(message, "tokens", "rate_limit_exceeded")
        await self._respond(exchange, 429, body, retry_after=str(max(1, round(wait))))

    def token_delay(self) -> float:
        """How long the next token takes, in seconds."""
        return self._rng.uniform(*self._token_seconds)

    def stream_headers(self, request_id: str) -> list[tuple[str, str]]:
        """The head of a stream of events."""
        return [("content-type", "text/event-stream"), *self._headers(request_id)]


class _Talk:
    """One answer on its way out."""

    def __init__(
        self,
        groq: Groq,
        exchange: Exchange,
        asked: Asked,
        completion: Completion,
        served: Served,
        fault: Fault | None,
    ) -> None:
        self._groq = groq
        self._exchange = exchange
        self._asked = asked
        self._completion = completion
        self._served = served
        self._fault = fault or Fault(kind="none")
        self._reasoning = completions.tokens(_REASONING)

    def _plan(self) -> tuple[Answer, str]:
        """What will be said within the token limit, and the finish reason."""
        answer = self._groq.answer(self._asked.messages, self._asked.tool_names)
        room = self._asked.max_tokens - len(self._reasoning)
        if self._fault.kind == "starve" or room <= 0:
            return Answer(), "length"
        words = completions.tokens(answer.text)
        if len(words) > room:
            return Answer("".join(words[:room])), "length"
        return answer, "tool_calls" if answer.tools else "stop"

    def _usage(self, answer: Answer) -> dict[str, Any]:
        said = len(completions.tokens(answer.text)) + 20 * len(answer.tools)
        thought = min(len(self._reasoning), self._asked.max_tokens)
        return self._completion.usage(said + thought, thought)

    async def whole(self, delay: float) -> None:
        answer, reason = self._plan()
        await trio.sleep(delay + 0.002 * len(answer.text) / 4)
        body = self._completion.whole(answer, reason, self._usage(answer))
        headers = self._groq.stream_headers(self._completion.request_id)[1:]
        await self._exchange.respond(200, body, headers)
        self._served.text, self._served.finished = answer.text, True

    async def stream(self, delay: float) -> None:
        answer, reason = self._plan()
        speak_at = trio.current_time() + delay
        await trio.sleep(delay * _ROLE_SHARE)
        headers = self._groq.stream_headers(self._completion.request_id)
        await self._exchange.start(200, headers)
        await self._exchange.send(self._completion.role())
        if self._asked.include_reasoning:
            await self._think_aloud(speak_at)
        await trio.sleep_until(speak_at)
        if not await self._say(answer):
            return
        if self._fault.kind == "x_groq_error":
            await self._exchange.send(self._completion.finish_with_error("over_capacity"))
        else:
            usage = self._usage(answer)
            last = self._completion.finish(reason, usage, include_usage=self._asked.include_usage)
            await self._exchange.send(last)
        await self._exchange.send(completions.DONE)
        await self._exchange.finish()
        self._served.finished = True

    async def _think_aloud(self, until: float) -> None:
        pause = max(0.0, until - trio.current_time()) / (len(self._reasoning) + 1)
        for token in self._reasoning:
            await trio.sleep(pause)
            await self._exchange.send(self._completion.reasoning(token))

    async def _say(self, answer: Answer) -> bool:
        """Say it token by token; False when a fault has ended the answer."""
        stalled = False
        for count, token in enumerate(completions.tokens(answer.text)):
            if count:
                await trio.sleep(self._groq.token_delay())
            if self._fault.kind in _BREAKING and count >= self._fault.after:
                return await self._break_off()
            if self._fault.kind == "stall" and not stalled and _ended(self._served.text, token):
                stalled = True
                await trio.sleep(self._fault.seconds)
            await self._exchange.send(self._completion.content(token))
            self._served.text += token
        if self._fault.kind in _BREAKING:
            return await self._break_off()
        if answer.tools:
            await self._exchange.send(self._completion.tool_calls(answer.tools))
        return True

    async def _break_off(self) -> bool:
        if self._fault.kind == "mute":
            await self._exchange.until_left()
        if self._fault.kind == "half_json":
            event = self._completion.content("…")
            await self._exchange.send(event[: len(event) // 2])
        if self._fault.kind in {"cut", "half_json"}:
            await self._exchange.abort()
            return False
        if self._fault.kind == "error_event":
            body = _failure(500)
            await self._exchange.send(completions.error_event(body) + completions.DONE)
        await self._exchange.finish()
        return False


def _ended(said: str, token: str) -> bool:
    """Whether a sentence is complete and the next one begins with this token."""
    return said.rstrip("*\"' ").endswith((".", "?", "!")) and token.startswith((" ", "\n"))


class _Limits:
    """Tokens of the last minute and requests of the day, as the headers tell them."""

    def __init__(self, per_minute: int, per_day: int = 500_000) -> None:
        self.per_minute = per_minute
        self._per_day = per_day
        self._requests = 0
        self._spent: deque[tuple[float, int]] = deque()  # emptied after a minute

    def spend(self, now: float, tokens: int) -> float:
        """Count a request. More than 0 when it is too much: seconds until there is room."""
        used = self._used(now)
        if used and used + tokens > self.per_minute:
            return self._spent[0][0] + 60 - now
        self._requests += 1
        self._spent.append((now, tokens))
        return 0.0

    def _used(self, now: float) -> int:
        while self._spent and self._spent[0][0] <= now - 60:
            self._spent.popleft()
        return sum(tokens for _, tokens in self._spent)

    def headers(self, now: float) -> list[tuple[str, str]]:
        used = self._used(now)
        return [
            ("x-ratelimit-limit-requests", str(self._per_day)),
            ("x-ratelimit-limit-tokens", str(self.per_minute)),
            ("x-ratelimit-remaining-requests", str(self._per_day - self._requests)),
            ("x-ratelimit-remaining-tokens", str(max(0, self.per_minute - used))),
            ("x-ratelimit-reset-requests", "172.8ms"),
            ("x-ratelimit-reset-tokens", f"{60_000 * used / self.per_minute:.2f}ms"),
        ]


def _failure(status: int) -> dict[str, Any]:
    kind, message, code = _FAILURES.get(status, _FAILURES[500])
    return completions.error_body(message, kind, code)


_FAILURES: Final[Mapping[int, tuple[str, str, str | None]]] = {
    400: (
        "invalid_request_error",
        "Failed to call a function. Please adjust your prompt.",
        "tool_use_failed",
    ),
    401: ("invalid_request_error", "Invalid API Key", "invalid_api_key"),
    404: (
        "invalid_request_error",
        "The model does not exist or you do not have access to it.",
        "model_not_found",
    ),
    413: ("tokens", "Request too large, please reduce your message size.", "rate_limit_exceeded"),
    498: (
        "server_error",
        "Flex tier capacity exceeded. Please try again later.",
        "capacity_exceeded",
    ),
    500: ("internal_server_error", "Internal Server Error", None),
    502: ("internal_server_error", "Bad Gateway", None),
    503: ("internal_server_error", "Service Unavailable", None),
}


def _model_list(now: float) -> dict[str, Any]:
    models = [
        {"id": name, "object": "model", "created": int(now), "owned_by": name.split("/")[0]}
        for name in completions.MODELS
    ]
    return {"object": "list", "data": models}
