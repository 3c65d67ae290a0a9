"""What is said in a call: its turns and replies, and what history and record keep of them.

At most one reply is in play; a speculative one is produced behind a shut gate until it is
committed. Starting and cancelling one are synchronous; what a cancelled reply leaves behind is what
the caller had heard of it by then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import partial
from typing import Final

import attrs
import trio

from .audio import FRAME_MS
from .clinic import Clinic
from .events import CallResumed, ReplyFailed, ReplyProduced, Sensitive
from .humanizer import PLAIN, Acquaintance, Manner, recited, spoken
from .observe.narration import Narrator
from .observe.quality import quality_of
from .observe.timeline import Timeline
from .records import Records, TurnRecord
from .reply import Reply, Ways, produce_answer, produce_recital, use_tool
from .resuming import Past, acquaintance_of, history_of, last_answer, resumption, where_we_were
from .speaking.phrases import Phrases
from .telephony.speech import Speech
from .thinking import History, Message, ToolBox, messages_for
from .turns import Phrase, Saying

SLOWER: Final = 0.85
"""The voice's speed, for a caller who asked for it slower."""

SHORT_SHARE: Final = 4
"""The part of the history's budget that is left where the model's quota is nearly used up."""

OFFER: Final = "How can I help you?"
"""Opens a resumed call of which nothing is known."""

_PROMPTS: Final = (Phrase.STILL_THERE, Phrase.STILL_THERE_AGAIN)

_LATELY_CHARACTERS: Final = 300
"""Of our own words: what an echo of us may still bring."""


@attrs.frozen(kw_only=True)
class Script:
    """What a call is answered from."""

    clinic: Clinic
    lines: Mapping[Phrase, str]
    phrases: Phrases
    fillers: Sequence[str]
    """What is said while an answer takes its time."""
    tools: ToolBox
    history_tokens: int
    clinic_time: Callable[[], str]


@attrs.define
class Turn:
    """The caller's words, None for a turn of ours alone, and when what was done about them."""

    caller: Sensitive | None = None
    timeline: Timeline = attrs.field(factory=Timeline)
    known_before: Acquaintance | None = None
    """What was known of the caller before these words: they may be taken back."""


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
    turns: int = 0
    """How many the record holds."""
    goes_on: Turn | None = None
    """A turn whose words were taken back: they come again, with more, unless the call ends."""
    voiced_until: float | None = None
    """When the caller's last voiced frame reached us, for the turn that will be decided next."""
    last_heard: str = ""
    """What was heard of the last reply that has ended."""
    to_repeat: str = ""
    """What was last heard that is worth saying again: an answer, or the greeting."""
    unsaid: str = ""
    """What an interruption left unsaid of it."""
    speed: float = 1.0
    """Of the voice; less than 1 is slower."""
    _filler: str = ""
    """The one that was said last."""
    _next_filler: int = 0
    left_off: str = ""
    """Of a call that goes on: what follows "we were cut off"."""
    _lately: str = ""
    """The end of what the voice said before the reply in play."""

    def take_up(self, past: Past) -> CallResumed:
        """Go on with a call whose stream was lost; the event says how it is opened again."""
        lines = self.script.lines
        greeting = lines[Phrase.GREETING]
        asides = {line for line in lines.values() if line != greeting}
        self.history = history_of(past.turns)
        self.acquaintance = acquaintance_of(past.turns)
        self.turns = past.next_turn
        if not past.asked:
            self.left_off = where_we_were(past.turns, asides.__contains__) or OFFER
        self.to_repeat = last_answer(past.turns, asides.__contains__)
        return resumption(past, [lines[prompt] for prompt in _PROMPTS])

    def answer(self, number: int, text: Sensitive, *, farewell: bool, speculative: bool) -> None:
        """Start the reply to these words. A speculative one is heard after `commit`."""
        self._take(text)
        if not speculative:
            self._decided()
        reply = self._new_reply(number, self._manner(number), gate_open=not speculative)
        self.nursery.start_soon(
            partial(
                produce_answer,
                reply,
                messages=partial(self._messages, farewell=farewell),
                tools=self.script.tools.schemas(),
                use_tool=partial(
                    use_tool,
                    reply,
                    tools=self.script.tools,
                    history=self.history,
                    nursery=self.nursery,
                ),
            ),
            name=f"reply {number} {self.call_sid}",
        )

    def commit(self) -> None:
        """The speculative reply was right: let it be heard, and do what it wanted to do."""
        assert self.reply is not None
        self._decided()
        self.reply.committed.set()
        self.ways.playback.open_gate()

    def repeat(self, number: int, text: Sensitive, *, slower: bool) -> None:
        """Answer these words with what was last heard; from now on more slowly if `slower`."""
        if slower:
            self.speed = SLOWER
        self._recite(number, text, self.to_repeat)

    def go_on(self, number: int, text: Sensitive) -> None:
        """Answer these words with what an interruption had left unsaid."""
        self._recite(number, text, self.unsaid)

    def say(self, number: int, phrase: Phrase, after: Sensitive) -> None:
        """Say a phrase, after these words if any: from the cache at once, else by the voice."""
        if after:
            self._take(after)
            self._decided()
        reply, text = self._new_reply(number), self.script.lines[phrase]
        reply.is_aside = phrase is not Phrase.GREETING
        rest = self.left_off if phrase is Phrase.CUT_OFF else ""
        sentences = recited(text)
        if (audio := self.script.phrases.get(spoken(sentences))) is None:
            rest = f"{text} {rest}".strip()
        else:
            self.log.words("Voxanne: %s", spoken(sentences))
            reply.speech.begin(sentences)
            reply.speech.add(audio)
            reply.speech.end_passage()
            reply.is_timed = False
        if rest:
            name = f"reply {number} {self.call_sid}"
            self.nursery.start_soon(produce_recital, reply, rest, name=name)
            return
        self.ways.playback.finished(reply.speech)
        self.tell(ReplyProduced(number))

    def fill(self) -> None:
        """Say that it takes a moment, if the reply in play has nothing to play: not in the words of
        the time before, and only from the cache."""
        texts, first = self.script.fillers, self._next_filler
        for text in (*texts[first:], *texts[:first]):
            audio = self.script.phrases.get(spoken(recited(text)))
            if audio is None or text == self._filler:
                continue
            if self.ways.playback.interject(audio):
                self.log.words("Voxanne: %s", text)
                self._filler, self._next_filler = text, (texts.index(text) + 1) % len(texts)
                self._lately = f"{self._lately} {text}"[-_LATELY_CHARACTERS:]
            return

    def audible(self, *, aside: bool = False) -> None:
        """The first frame of the reply in play is on the wire, or that of an aside in it."""
        assert self.reply is not None
        now, timeline = trio.current_time(), self.reply.timeline
        if not aside and not timeline.stamp("first_frame", now):
            return  # after a gap in it
        quiet = self.reply.speech.first_voiced or 0
        timeline.stamp("first_audible", now + quiet * FRAME_MS / 1000)
        if not aside:
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
            self._take_back()
        else:
            if "first_frame" in self.reply.timeline.moments:
                self.log.words("Interrupted, heard: %s", heard)
            self._end(heard, interrupted=True)

    def played_out(self) -> None:
        """The reply in play has been heard to its end, as far as can be known."""
        assert self.reply is not None
        self.log.info("Playback finished")
        heard = self.ways.playback.ended_with
        self._end(heard.written, interrupted=not heard.complete)

    def saying(self) -> Saying:
        """What the caller is hearing from us now."""
        if (reply := self.reply) is None:
            return Saying(lately=self._lately)
        playback, speech = self.ways.playback, reply.speech
        sentences, index = speech.sentences, speech.sentence_at(playback.position)
        begun = " ".join(sentence.spoken for sentence in sentences[: index + 1])
        return Saying(
            lately=f"{self._lately} {begun}"[-_LATELY_CHARACTERS:],
            sentence=sentences[index].written if index >= 0 else "",
            is_last=speech.finished and index == len(sentences) - 1,
            unplayed_ms=playback.unplayed_ms,
        )

    @property
    def tool_asked(self) -> bool:
        """Whether a tool was asked for the reply in play."""
        return self.reply is not None and self.reply.has_asked_tools

    @property
    def tool_runs(self) -> bool:
        """Whether a tool is being waited for in it."""
        return self.reply is not None and self.reply.tools_running > 0

    def settle(self) -> None:
        """The call is over: whatever was in play was cut off. A second time changes nothing."""
        if self.reply is not None:
            self.reply.scope.cancel()
            self._end(self.ways.playback.heard().written, interrupted=True)
        before, turn = self.goes_on, self.turn
        if before is not None and turn is not None and turn.caller is not None:
            before.caller, turn = turn.caller, None  # the same turn, with what came to it since
        for left in filter(None, (before, turn)):
            self._record(left, None, "", interrupted=True)
        self.goes_on = None

    def _take(self, text: Sensitive) -> None:
        """A turn of the caller's begins to be answered."""
        if self.turn is not None and self.turn.caller is not None:
            self._record(self.turn, None, "", interrupted=True)  # nothing of its answer was heard
        self.turn = Turn(text, known_before=copy(self.acquaintance))
        self.acquaintance.listen(text.reveal(), asked="your name" in self.last_heard.lower())
        self.history.add_caller(text)

    def _decided(self) -> None:
        """The caller's turn is over, as of now: what was begun for it counts from here."""
        assert self.turn is not None
        timeline, text = self.turn.timeline, self.turn.caller
        voiced_until, self.voiced_until = self.voiced_until, None
        if voiced_until is not None:
            timeline.stamp("voiced_until", voiced_until)
        timeline.stamp("decided", trio.current_time())
        self.log.latency("STT %d ms", "stt", timeline)
        self.log.words("Final: %s", text or "")
        self.goes_on = None
        if text:
            self.records.turn_began(self.call_sid, text)

    def _recite(self, number: int, text: Sensitive, what: str) -> None:
        self._take(text)
        self._decided()
        name = f"reply {number} {self.call_sid}"
        self.nursery.start_soon(produce_recital, self._new_reply(number), what, name=name)

    def _take_back(self) -> None:
        """The turn had not ended: its words will come again, with more."""
        turn = self.turn
        assert turn is not None
        self.history.drop_last_caller()
        if turn.known_before is not None:
            self.acquaintance = turn.known_before
        if "decided" in turn.timeline.moments:
            self.goes_on = turn
            self.log.info("The turn goes on")
        self.reply = self.turn = None

    def _manner(self, number: int) -> Manner:
        known = self.acquaintance
        return Manner(known.name, may_address=known.may_address, seed=number)

    def _new_reply(self, number: int, manner: Manner = PLAIN, *, gate_open: bool = True) -> Reply:
        self.turn = self.turn or Turn()
        self.reply = Reply(
            number=number,
            speech=Speech(number, self.ways.playback.pace, gate_open=gate_open),
            ways=self.ways,
            log=self.log,
            tell=self.tell,
            timeline=self.turn.timeline,
            manner=manner,
            speed=self.speed,
        )
        if gate_open:
            self.reply.committed.set()
        self.ways.playback.play(self.reply.speech)
        return self.reply

    def _end(self, heard: str, *, interrupted: bool) -> None:
        reply, turn = self.reply, self.turn
        assert reply is not None
        speech = reply.speech
        self.reply = None
        self.last_heard = heard
        if heard and not reply.is_aside:
            self.to_repeat = heard
            rest = speech.written.removeprefix(heard).strip() if interrupted else ""
            self.unsaid = rest if any(map(str.isalnum, rest)) else ""
        begun = speech.sentences[: speech.sentence_at(self.ways.playback.position) + 1]
        lately = " ".join(
            sentence.spoken for sentence in (begun if interrupted else speech.sentences)
        )
        self._lately = f"{self._lately} {lately}"[-_LATELY_CHARACTERS:]
        self.history.add_agent(heard, interrupted=interrupted)
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
            number=self.turns,
            caller=turn.caller,
            agent=speech.written if speech is not None else "",
            spoken=speech.spoken if speech is not None else "",
            quality=quality.figures(),
            heard=heard,
            interrupted=interrupted,
            latency_ms=turn.timeline.latencies_ms(),
            timeline=turn.timeline.since(self.started_at),
        )
        self.turns += 1
        self.records.turn_ended(self.call_sid, record)

    def _messages(self, in_short: bool, *, farewell: bool) -> list[Message]:
        budget = self.script.history_tokens
        return messages_for(
            self.script.clinic,
            self.history,
            now_text=self.script.clinic_time(),
            farewell=farewell,
            caller=self.acquaintance.name,
            may_address=self.acquaintance.may_address,
            budget_tokens=budget // SHORT_SHARE if in_short else budget,
        )
