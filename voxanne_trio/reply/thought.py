"""The thinking stage of one reply: what the model writes, cut into sentences as it comes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import trio

from ..errors import TransientVendorError, VendorError
from ..humanizer import Sentence
from ..thinking import Finished, Message, ThinkingRequest, ToolCall, Words
from .reply import Reply

STALL_SECONDS: Final = 0.15
"""After this long without a token, a whole sentence is let go though nothing follows it yet."""

TOOL_ROUNDS: Final = 3
"""How often in one reply the model may call tools before it must speak."""

ToolSchema = Mapping[str, Any]


class Thought:
    """Asks model after model until one has begun to speak."""

    def __init__(
        self,
        reply: Reply,
        messages: Callable[[], list[Message]],
        tools: Sequence[ToolSchema],
        use_tool: Callable[[ToolCall], Awaitable[None]],
    ) -> None:
        self._reply = reply
        self._messages = messages
        self._tools = tools
        self._use_tool = use_tool
        self._stream = reply.sentences()
        self._token_at = float("inf")
        self._said_something = False  # the model that is asked now
        self._patience = trio.CancelScope()

    async def think(self, sentences: trio.MemorySendChannel[Sentence]) -> None:
        """Feed sentences as the model writes them; the channel is closed at the end.

        Raises a `VendorError` when no model answered, or the one that did broke off.
        """
        with sentences:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._settle_stalls, sentences)
                for tools in (*[self._tools] * TOOL_ROUNDS, ()):
                    calls = await self._ask_in_turn(tools, sentences)
                    for call in calls:
                        await self._reply.committed.wait()  # a mere supposition does nothing
                        await self._use_tool(call)
                    if not calls:
                        break
                nursery.cancel_scope.cancel()

    async def _ask_in_turn(
        self, tools: Sequence[ToolSchema], sentences: trio.MemorySendChannel[Sentence]
    ) -> list[ToolCall]:
        failures: list[VendorError] = []
        for model in self._reply.ways.models:
            self._stream, self._said_something = self._reply.sentences(), False
            try:
                return await self._ask(model, tools, sentences)
            except VendorError as error:
                if self._said_something:
                    raise  # the caller has heard its beginning: no other model can go on from it
                failures.append(error)
                self._reply.log.warning("LLM %s: %s", model, error)
        raise failures[-1]

    async def _ask(
        self,
        model: str,
        tools: Sequence[ToolSchema],
        sentences: trio.MemorySendChannel[Sentence],
    ) -> list[ToolCall]:
        reply, calls = self._reply, list[ToolCall]()
        reply.stamp("llm_requested")
        request = ThinkingRequest(model, tuple(self._messages()), tuple(tools))
        with trio.CancelScope(deadline=self._next_deadline()) as self._patience:
            async with reply.ways.thinker.think(request) as thoughts:
                async for thought in thoughts:
                    match thought:
                        case Words(text):
                            await self._feed(text, sentences)
                        case ToolCall():
                            self._patience.deadline = float("inf")
                            calls.append(thought)
                        case Finished(reason) if reason == "length":
                            reply.log.warning("LLM %s stopped at its token limit", model)
        if self._patience.cancelled_caught:
            limit_ms = reply.ways.first_token_ms
            raise TransientVendorError("groq", f"{model}: no content within {limit_ms} ms")
        await self._send(self._stream.flush(), sentences)
        if not (calls or self._said_something):
            raise TransientVendorError("groq", f"{model} had nothing to say")
        return calls

    def _next_deadline(self) -> float:
        return trio.current_time() + self._reply.ways.first_token_ms / 1000

    async def _feed(self, text: str, sentences: trio.MemorySendChannel[Sentence]) -> None:
        self._token_at = trio.current_time()
        if text.strip() and self._reply.stamp("llm_first"):
            self._reply.log.latency("LLM first token %d ms", "llm", self._reply.timeline)
        if not self._said_something:
            self._patience.deadline = self._next_deadline()
        await self._send(self._stream.feed(text), sentences)

    async def _send(
        self, ready: Sequence[Sentence], sentences: trio.MemorySendChannel[Sentence]
    ) -> None:
        for sentence in ready:
            self._said_something = True
            self._patience.deadline = float("inf")  # waited for: no other model could go on
            await sentences.send(sentence)

    async def _settle_stalls(self, sentences: trio.MemorySendChannel[Sentence]) -> None:
        while True:
            await trio.sleep(STALL_SECONDS)
            if trio.current_time() >= self._token_at + STALL_SECONDS:
                self._token_at = float("inf")
                await self._send(self._stream.settle(), sentences)
