"""The thinking stage of one reply: what a model writes, cut into sentences as it comes.

Which model is asked, and when another one, is `thinking.race`. Here is what outlasts a model that
breaks off: the sentences that have gone out. They are being spoken, so the next model is given them
to go on from, and what it says again all the same is left out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import trio

from ..errors import TransientVendorError, VendorError
from ..humanizer import Sentence
from ..thinking import (
    Finished,
    Message,
    Race,
    ThinkingRequest,
    Thrift,
    ToolCall,
    Unrepeated,
    Way,
    Words,
    to_go_on,
)
from ..thinking import Thought as Piece
from .reply import Reply

SETTLE_SECONDS: Final = 0.15
"""After this long without a token, a whole sentence is let go though nothing follows it yet."""

TOOL_ROUNDS: Final = 3
"""How often in one reply the model may call tools before it must speak."""

LEGS: Final = 3
"""How many models in a row may break off in one answer."""

ToolSchema = Mapping[str, Any]
Messages = Callable[[bool], list[Message]]
"""What a request says; with True in few tokens."""


class Thought:
    """Asks until one way to think has answered to its end."""

    def __init__(
        self,
        reply: Reply,
        messages: Messages,
        tools: Sequence[ToolSchema],
        use_tool: Callable[[ToolCall], Awaitable[None]],
    ) -> None:
        self._reply = reply
        self._messages = messages
        self._tools = tools
        self._use_tool = use_tool
        self._stream = reply.sentences()
        self._token_at = float("inf")
        self._said: list[str] = []  # of this answer, as written: it will be heard
        self._calls: list[ToolCall] = []
        self._unrepeated: Unrepeated | None = None
        self._sentences: trio.MemorySendChannel[Sentence]

    async def think(self, sentences: trio.MemorySendChannel[Sentence]) -> None:
        """Feed sentences as the model writes them; the channel is closed at the end.

        Raises a `VendorError` when no way to think is left that could answer, or go on.
        """
        self._sentences = sentences
        with sentences:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._settle)
                for tools in (*[self._tools] * TOOL_ROUNDS, ()):
                    await self._answer(tools)
                    for call in self._calls:
                        await self._reply.committed.wait()  # a mere supposition does nothing
                        await self._use_tool(call)
                    if not self._calls:
                        break
                nursery.cancel_scope.cancel()

    async def _answer(self, tools: Sequence[ToolSchema]) -> None:
        """One answer, by as many models as it takes."""
        self._stream, self._said = self._reply.sentences(), []
        failed: list[Way] = []
        for leg in range(1, LEGS + 1):
            if (failure := await self._leg(tools, failed)) is None:
                return
            if leg == LEGS:
                raise failure

    async def _leg(self, tools: Sequence[ToolSchema], failed: list[Way]) -> VendorError | None:
        """As far as one model gets; why it got no further. Those that fail are added to `failed`.

        Raises the last error when none has begun.
        """
        self._calls = []
        self._unrepeated = Unrepeated(self._said) if self._said else None
        race = self._race(tools, failed)
        self._reply.stamp("llm_requested")
        try:
            await race.run()
        finally:
            failed += race.failed
        if race.broke is not None:
            await self._send(self._stream.settle())  # a sentence that is whole can be said
            self._begin_again()
            return race.broke
        if self._unrepeated is not None:
            await self._send(self._stream.feed(self._unrepeated.flush()))
        await self._send(self._stream.flush())
        if self._calls or self._said:
            return None
        assert race.winner is not None
        failed.append(race.winner)
        return TransientVendorError(race.winner.health.vendor, "had nothing to say")

    def _race(self, tools: Sequence[ToolSchema], failed: Sequence[Way]) -> Race:
        ways, log = self._reply.ways, self._reply.log
        return Race(
            ways=ways.thinking.in_order(trio.current_time(), failed),
            request_for=lambda way: self._request(way, tools),
            take=self._take,
            note=lambda way, error: log.warning("LLM %s: %s", way, error),
            first_token_seconds=ways.first_token_ms / 1000,
            stall_seconds=ways.model_stall_ms / 1000,
        )

    def _request(self, way: Way, tools: Sequence[ToolSchema]) -> ThinkingRequest:
        messages = self._messages(way.thrift() >= Thrift.SHORT_PROMPTS)
        if self._said:
            messages = to_go_on(messages, " ".join(self._said))
        return ThinkingRequest(way.model, tuple(messages), tuple(tools))

    def _begin_again(self) -> None:
        """What is left of a sentence was never heard: another model writes it anew."""
        self._token_at = float("inf")
        if self._said:
            self._stream.abandon()
        else:
            self._stream = self._reply.sentences()

    async def _take(self, thought: Piece) -> None:
        match thought:
            case Words(text):
                await self._feed(text)
            case ToolCall():
                self._calls.append(thought)
            case Finished(reason) if reason == "length":
                self._reply.log.warning("LLM stopped at its token limit")

    async def _feed(self, text: str) -> None:
        self._token_at = trio.current_time()
        is_first = bool(text.strip()) and self._reply.stamp("llm_first")
        if self._unrepeated is not None:
            text = self._unrepeated.feed(text)
        await self._send(self._stream.feed(text))
        if is_first:  # told only now: it takes longer than what has been done
            self._reply.log.latency("LLM first token %d ms", "llm", self._reply.timeline)

    async def _send(self, ready: Sequence[Sentence]) -> None:
        for sentence in ready:
            self._said.append(sentence.written.strip())
            await self._sentences.send(sentence)

    async def _settle(self) -> None:
        while True:
            await trio.sleep(SETTLE_SECONDS)
            if trio.current_time() >= self._token_at + SETTLE_SECONDS:
                self._token_at = float("inf")
                await self._send(self._stream.settle())
