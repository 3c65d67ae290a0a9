"""One reply: a nursery whose cancel scope is the barge-in.

Two stages joined by a channel of sentences: `Thought` asks the model and cuts what it writes into
sentences as it comes; `Utterance` has them synthesised and hands the audio to playback. The reply's
boundary turns whatever goes wrong in it into `ReplyFailed`: an apology instead of a lost call.
Cancelling the scope ends model stream, synthesis and both stages together; playback is silenced by
whoever cancels, in the same synchronous step.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import attrs
import trio

from .errors import TransientVendorError, VendorError
from .events import ReplyFailed, ReplyProduced
from .humanizer import Sentence, SentenceStream
from .observe.narration import Narrator
from .observe.timeline import Moment, Timeline
from .speaking import Speaker
from .telephony.playback import Playback
from .telephony.speech import Speech
from .thinking import Finished, Message, Thinker, ThinkingRequest, ToolCall, Words
from .utterance import Utterance

SENTENCES: Final = 64
"""Sentences that may wait for synthesis: more than the longest completion has. The model's stream
is read to its end at once, so that its connection is free while we still speak."""

STALL_SECONDS: Final = 0.15
"""After this long without a token, a whole sentence is let go though nothing follows it yet."""

ToolSchema = Mapping[str, Any]

TOOL_ROUNDS: Final = 3
"""How often in one reply the model may call tools before it must speak."""


@attrs.frozen(kw_only=True)
class Ways:
    """What a reply is made with; the same for every reply of a call. Milliseconds."""

    thinker: Thinker
    models: Sequence[str]
    speakers: Sequence[Speaker]
    playback: Playback
    first_token_ms: int
    first_byte_ms: int
    low_water_ms: int
    pause_ms: int


@attrs.define(eq=False, kw_only=True)
class Reply:
    """One reply, from the caller's words (or a text of ours) to audio handed to playback."""

    number: int
    speech: Speech
    ways: Ways
    log: Narrator
    tell: Callable[[ReplyProduced | ReplyFailed], None]
    timeline: Timeline = attrs.field(factory=Timeline)
    scope: trio.CancelScope = attrs.field(factory=trio.CancelScope)

    def stamp(self, moment: Moment) -> bool:
        return self.timeline.stamp(moment, trio.current_time())

    async def answer(
        self,
        messages: Callable[[], list[Message]],
        tools: Sequence[ToolSchema],
        use_tool: Callable[[ToolCall], Awaitable[None]],
    ) -> None:
        """Ask the model and say what it answers. Never raises but `Cancelled`."""
        thought = Thought(self, messages, tools, use_tool)
        await self._produce(thought.think)

    async def recite(self, text: str) -> None:
        """Say a text of ours through the voice. Never raises but `Cancelled`."""

        async def write(sentences: trio.MemorySendChannel[Sentence]) -> None:
            stream = SentenceStream()
            with sentences:
                for sentence in stream.feed(text) + stream.flush():
                    await sentences.send(sentence)

        await self._produce(write)

    async def _produce(
        self, write: Callable[[trio.MemorySendChannel[Sentence]], Awaitable[None]]
    ) -> None:
        failures: list[str] = []

        async def write_what_there_is(sentences: trio.MemorySendChannel[Sentence]) -> None:
            try:  # a model that breaks off must not cut what it has said already
                await write(sentences)
            except* VendorError as group:
                failures.extend(map(str, _leaves(group)))

        try:
            with self.scope:
                async with trio.open_nursery() as nursery:
                    send, receive = trio.open_memory_channel[Sentence](SENTENCES)
                    nursery.start_soon(write_what_there_is, send)
                    nursery.start_soon(Utterance(self).speak, receive)
        except* VendorError as group:
            failures.extend(map(str, _leaves(group)))
        except* Exception as group:
            self.log.exception("Reply failed by a fault of ours", exc_info=group)
            failures.append("internal error")
        if self.scope.cancel_called:
            return
        playback, number = self.ways.playback, self.number
        if failures:
            self.speech.break_off(playback.sent_of(self.speech))
        playback.finished(self.speech)
        self.tell(ReplyFailed(number, "; ".join(failures)) if failures else ReplyProduced(number))


class Thought:
    """The thinking stage of one reply: model after model until one has begun to speak."""

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
        self._stream = SentenceStream()
        self._token_at = float("inf")
        self._said_something = False

    async def think(self, sentences: trio.MemorySendChannel[Sentence]) -> None:
        """Feed sentences as the model writes them; the channel is closed at the end.

        Raises a `VendorError` when no model answered, or the one that did broke off.
        """
        with sentences:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._settle_stalls, sentences)
                for _ in range(TOOL_ROUNDS):
                    calls = await self._ask_in_turn(sentences)
                    for call in calls:
                        await self._use_tool(call)
                    if not calls:
                        break
                nursery.cancel_scope.cancel()
            for sentence in self._stream.flush():
                await sentences.send(sentence)

    async def _ask_in_turn(self, sentences: trio.MemorySendChannel[Sentence]) -> list[ToolCall]:
        failures: list[VendorError] = []
        for model in self._reply.ways.models:
            try:
                return await self._ask(model, sentences)
            except VendorError as error:
                if self._said_something:
                    raise  # the caller has heard its beginning: no other model can go on from it
                failures.append(error)
                self._reply.log.warning("LLM %s: %s", model, error)
        raise failures[-1]

    async def _ask(self, model: str, sentences: trio.MemorySendChannel[Sentence]) -> list[ToolCall]:
        reply, calls = self._reply, list[ToolCall]()
        limit_ms = reply.ways.first_token_ms
        reply.stamp("llm_requested")
        request = ThinkingRequest(model, tuple(self._messages()), tuple(self._tools))
        deadline = trio.current_time() + limit_ms / 1000
        with trio.CancelScope(deadline=deadline) as patience:
            async with reply.ways.thinker.think(request) as thoughts:
                async for thought in thoughts:
                    match thought:
                        case Words(text):
                            patience.deadline = float("inf")
                            await self._feed(text, sentences)
                        case ToolCall():
                            patience.deadline = float("inf")
                            calls.append(thought)
                        case Finished(reason) if reason == "length":
                            reply.log.warning("LLM %s stopped at its token limit", model)
        if patience.cancelled_caught:
            raise TransientVendorError("groq", f"{model}: no content within {limit_ms} ms")
        if not (calls or self._said_something):
            raise TransientVendorError("groq", f"{model} had nothing to say")
        return calls

    async def _feed(self, text: str, sentences: trio.MemorySendChannel[Sentence]) -> None:
        self._said_something = True
        self._token_at = trio.current_time()
        if self._reply.stamp("llm_first"):
            self._reply.log.latency("LLM first token %d ms", "llm", self._reply.timeline)
        for sentence in self._stream.feed(text):
            await sentences.send(sentence)

    async def _settle_stalls(self, sentences: trio.MemorySendChannel[Sentence]) -> None:
        while True:
            await trio.sleep(STALL_SECONDS)
            if trio.current_time() >= self._token_at + STALL_SECONDS:
                self._token_at = float("inf")
                for sentence in self._stream.settle():
                    await sentences.send(sentence)


def _leaves(group: BaseExceptionGroup[VendorError]) -> list[BaseException]:
    return [
        leaf
        for error in group.exceptions
        for leaf in (_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    ]
