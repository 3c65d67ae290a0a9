"""How a reply is produced: a nursery whose cancel scope is the barge-in.

Two stages joined by a channel of sentences: `Thought` asks the model, `Utterance` has what it says
synthesised and hands the audio to playback. The reply's boundary turns whatever goes wrong in it
into `ReplyFailed`: an apology instead of a lost call. Cancelling the scope ends model stream,
synthesis and both stages together; playback is silenced by whoever cancels, in the same
synchronous step.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import trio

from ..errors import VendorError, leaves
from ..events import ReplyFailed, ReplyProduced
from ..humanizer import Sentence
from ..thinking import ToolCall
from .reply import Reply
from .thought import Messages, Thought, ToolSchema
from .utterance import Utterance

SENTENCES: Final = 64
"""Sentences that may wait for synthesis: more than the longest completion has. The model's stream
is read to its end at once, so that its connection is free while we still speak."""

Write = Callable[[trio.MemorySendChannel[Sentence]], Awaitable[None]]


async def produce_answer(
    reply: Reply,
    *,
    messages: Messages,
    tools: Sequence[ToolSchema],
    use_tool: Callable[[ToolCall], Awaitable[None]],
) -> None:
    """Ask the model and say what it answers. Never raises but `Cancelled`."""
    await _produce(reply, Thought(reply, messages, tools, use_tool).think)


async def produce_recital(reply: Reply, text: str) -> None:
    """Say a text of ours through the voice. Never raises but `Cancelled`."""

    async def write(sentences: trio.MemorySendChannel[Sentence]) -> None:
        stream = reply.sentences()
        with sentences:
            for sentence in stream.feed(text) + stream.flush():
                await sentences.send(sentence)

    await _produce(reply, write)


async def _produce(reply: Reply, write: Write) -> None:
    failures: list[str] = []

    async def write_what_there_is(sentences: trio.MemorySendChannel[Sentence]) -> None:
        try:  # a model that breaks off must not cut what it has said already
            await write(sentences)
        except* VendorError as group:
            failures.extend(map(str, leaves(group)))

    try:
        with reply.scope:
            async with trio.open_nursery() as nursery:
                send, receive = trio.open_memory_channel[Sentence](SENTENCES)
                nursery.start_soon(Utterance(reply).speak, receive)
                await write_what_there_is(send)
    except* VendorError as group:
        failures.extend(map(str, leaves(group)))
    except* Exception as group:
        reply.log.exception("Reply failed by a fault of ours", exc_info=group)
        failures.append("internal error")
    if reply.scope.cancel_called:
        return
    playback, number = reply.ways.playback, reply.number
    if failures:
        reply.speech.break_off(playback.sent_of(reply.speech))
    playback.finished(reply.speech)
    reply.tell(ReplyFailed(number, "; ".join(failures)) if failures else ReplyProduced(number))
