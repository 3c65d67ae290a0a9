"""What is said in a call: its turns and replies, and what history and record keep of them.

At most one reply is in play. Starting and cancelling one are synchronous; what a cancelled reply
leaves behind is what the caller had heard of it by then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import attrs
import trio

from .audio import FRAME_MS
from .clinic import Clinic
from .errors import VoxanneError
from .events import ReplyFailed, ReplyProduced, Sensitive
from .humanizer import PLAIN, Acquaintance, Manner, recited, spoken
from .observe.narration import Narrator
from .observe.quality import quality_of
from .observe.timeline import Timeline
from .records import Records, TurnRecord
from .reply import Reply, Ways, produce_answer, produce_recital
from .speaking.phrases import Phrases
from .telephony.speech import Speech
from .thinking import History, Message, ToolBox, ToolCall, messages_for
from .turns import Phrase


@attrs.frozen(kw_only=True)
class Script:
    """What a call is answered from."""

    clinic: Clinic
    lines: Mapping[Phrase, str]
    phrases: Phrases
    tools: ToolBox
    history_tokens: int
    clinic_time: Callable[[], str]


@attrs.define
class Turn:
    """The caller's words, None for a turn of ours alone, and when what was done about them."""

    caller: Sensitive | None = None
    timeline: Timeline = attrs.field(factory=Timeline)


@attrs.define(eq=False, kw_only=True)
class Conversation:
    """The turns of one call so far. `tell` gets `ReplyProduced` and `ReplyFailed`."""

    call_sid: str
    script: Script
    ways: Ways
    records: Records
    nursery: trio.Nursery
    log: Narrator
    tell: Callable[[ReplyProduced | ReplyFailed], None]
    started_at: float
    history: History = attrs.field(factory=History)
    acquaintance: Acquaintance = attrs.field(factory=Acquaintance)
    reply: Reply | None = None
    turn: Turn | None = None
    """The turn that no record holds yet."""
    goes_on: Turn | None = None
    """A turn whose words were taken back: they come again, with more, unless the call ends."""
    last_heard: str = ""
    """What was heard of the last reply that has ended."""

    def answer(
        self, number: int, text: Sensitive, *, voiced_until: float | None, farewell: bool
    ) -> None:
        """Start the reply to these words."""
        if self.turn is not None and self.turn.caller is not None:
            self._record(self.turn, None, "", interrupted=True)  # nothing of its answer was heard
        self.turn, self.goes_on = Turn(text), None
        if voiced_until is not None:
            self.turn.timeline.stamp("voiced_until", voiced_until)
        self.turn.timeline.stamp("decided", trio.current_time())
        self.log.latency("STT %d ms", "stt", self.turn.timeline)
        self.log.words("Final: %s", text)
        self.acquaintance.listen(text.reveal(), asked="your name" in self.last_heard.lower())
        self.history.add_caller(text)
        reply = self._new_reply(number, self._manner(number))
        self.nursery.start_soon(
            partial(
                produce_answer,
                reply,
                messages=partial(self._messages, farewell=farewell),
                tools=self.script.tools.schemas(),
                use_tool=self._use_tool,
            ),
            name=f"reply {number} {self.call_sid}",
        )

    def say(self, number: int, phrase: Phrase) -> None:
        """Say a phrase: from the cache at once, else through the voice."""
        reply, text = self._new_reply(number), self.script.lines[phrase]
        sentences = recited(text)
        if (audio := self.script.phrases.get(spoken(sentences))) is None:
            name = f"reply {number} {self.call_sid}"
            self.nursery.start_soon(produce_recital, reply, text, name=name)
            return
        self.log.words("Voxanne: %s", spoken(sentences))
        reply.speech.begin(sentences)
        reply.speech.add(audio)
        reply.speech.end_passage()
        self.ways.playback.finished(reply.speech)

    def audible(self) -> None:
        """The first frame of the reply in play is on the wire."""
        assert self.reply is not None
        now, timeline = trio.current_time(), self.reply.timeline
        timeline.stamp("first_frame", now)
        quiet = self.reply.speech.first_voiced or 0
        timeline.stamp("first_audible", now + quiet * FRAME_MS / 1000)
        self.log.latency("Answer after %d ms", "total", timeline)

    def cancel(self, *, forget_turn: bool) -> None:
        """The barge-in, one synchronous act: producing and playing end, what was heard stays.

        With `forget_turn` the caller's words are taken back: they come again, with more.
        """
        if self.reply is None:
            return
        self.reply.scope.cancel()
        heard = self.ways.playback.stop().written
        if forget_turn:
            self.history.drop_last_caller()
            self.goes_on, self.reply, self.turn = self.turn, None, None
            self.log.info("The turn goes on")
        else:
            if "first_frame" in self.reply.timeline.moments:
                self.log.words("Interrupted, heard: %s", heard)
            self._end(heard, interrupted=True)

    def played_out(self) -> None:
        """The reply in play has been heard to its end."""
        assert self.reply is not None
        self.log.info("Playback finished")
        self._end(self.reply.speech.written, interrupted=False)

    def settle(self) -> None:
        """The call is over: whatever was in play was cut off. A second time changes nothing."""
        if self.reply is not None:
            self.reply.scope.cancel()
            self._end(self.ways.playback.heard().written, interrupted=True)
        for turn in filter(None, (self.goes_on, self.turn)):
            self._record(turn, None, "", interrupted=True)
        self.goes_on = None

    def _manner(self, number: int) -> Manner:
        known = self.acquaintance
        return Manner(known.name, may_address=known.may_address, seed=number)

    def _new_reply(self, number: int, manner: Manner = PLAIN) -> Reply:
        self.turn = self.turn or Turn()
        self.reply = Reply(
            number=number,
            speech=Speech(number, self.ways.playback.pace),
            ways=self.ways,
            log=self.log,
            tell=self.tell,
            timeline=self.turn.timeline,
            manner=manner,
        )
        self.ways.playback.play(self.reply.speech)
        return self.reply

    def _end(self, heard: str, *, interrupted: bool) -> None:
        reply, turn = self.reply, self.turn
        assert reply is not None
        self.reply, self.last_heard = None, heard
        self.history.add_agent(heard)
        if turn is not None and turn.caller is not None:
            self.acquaintance.said(heard)
        if turn is not None and "first_frame" in turn.timeline.moments:
            # Otherwise nothing came of it: what is said in its place has the turn.
            self._record(turn, reply.speech, heard, interrupted=interrupted)

    def _record(self, turn: Turn, speech: Speech | None, heard: str, *, interrupted: bool) -> None:
        self.turn = None
        quality = quality_of(speech.sentences if speech is not None else ())
        self.log.debug("Quality: %s", quality)
        turn.timeline.stamp("ended", trio.current_time())
        record = TurnRecord(
            caller=turn.caller,
            agent=speech.written if speech is not None else "",
            spoken=speech.spoken if speech is not None else "",
            quality=quality.figures(),
            heard=heard,
            interrupted=interrupted,
            latency_ms=turn.timeline.latencies_ms(),
            timeline=turn.timeline.since(self.started_at),
        )
        self.records.turn_ended(self.call_sid, record)

    def _messages(self, *, farewell: bool) -> list[Message]:
        return messages_for(
            self.script.clinic,
            self.history,
            now_text=self.script.clinic_time(),
            farewell=farewell,
            caller=self.acquaintance.name,
            may_address=self.acquaintance.may_address,
            budget_tokens=self.script.history_tokens,
        )

    async def _use_tool(self, call: ToolCall) -> None:
        """Run a tool beside the reply: a barge-in ends the wait for its result, not the tool."""
        self.history.add_tool_call(call)
        done = trio.Event()
        self.nursery.start_soon(self._run_tool, call, done, name=f"tool {call.name}")
        await done.wait()

    async def _run_tool(self, call: ToolCall, done: trio.Event) -> None:
        try:
            result = await self.script.tools.tool_for(call).run(call.arguments)
        except VoxanneError as error:
            result = str(error)
        except Exception:
            self.log.exception("Tool %s failed by a fault of its own", call.name)
            result = "the tool failed"
        self.history.finish_tool(call.id, result)
        done.set()
