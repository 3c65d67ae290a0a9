"""Law 4: history never holds a sentence the caller did not reach; it is within one word of the
play-out truth in 95 of 100 barge-ins, otherwise less, never more; and the model is told just that,
with the mark of an interruption where it was cut off.

The truth is read off the phone's recording, word by word. "Never more" is judged call by call; how
often it was within a word is counted in `exact` and `interruptions`, for whoever adds up calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any, Final

import attrs

from ...events import ReplyAudible
from ...humanizer import Sentence
from ...records import TurnRecord
from ...telephony.speech import Speech
from ...thinking.history import INTERRUPTED
from ...turns import State
from ..numbered import Played, Vocabulary, played
from ..observed import REPLIES, Breach, Evidence, Observation, Returned, Told

PARTED_WORDS: Final = 3
"""What a phone that went without a word may be thought to have heard yet."""


@attrs.define
class _Reply:
    """A reply that was in play: from when to when, and what it gave to the voice."""

    speech: Speech
    began: float
    ended: float = float("inf")
    audible: bool = False
    barged_in: bool = False
    cut_off: str | None = None
    """What it was to say, as it was cut off: the voice may be given more before it is over."""

    def is_of(self, turn: TurnRecord) -> bool:
        """Whether a turn's record may be of this reply."""
        return turn.spoken in {self.cut_off, self.speech.spoken}


@attrs.define(eq=False)
class HeardText:
    """The law, watching one call."""

    interruptions: int = 0
    exact: int = 0
    """Interruptions whose heard text is within a word of the truth."""
    _replies: dict[int, _Reply] = attrs.field(factory=dict)
    _before: list[_Reply] = attrs.field(factory=list)
    """Of streams that have ended: the next one's are numbered anew."""

    def see(self, observed: Observation) -> Iterator[Breach]:
        """Which replies there were."""
        if isinstance(observed, Told):
            for reply in self._replies.values():
                over = observed.state is State.ENDED or observed.does("Cancel", *REPLIES)
                if over and reply.ended > observed.at:
                    reply.ended, reply.cut_off = observed.at, reply.speech.spoken
                    reply.barged_in = observed.does("Cancel")
            if observed.speech is not None and observed.reply not in self._replies:
                self._replies[observed.reply] = _Reply(observed.speech, observed.at)
            event = observed.event
            if isinstance(event, ReplyAudible) and event.reply in self._replies:
                self._replies[event.reply].audible |= not event.aside
        elif isinstance(observed, Returned):
            self._before += self._replies.values()
            self._replies.clear()
        yield from ()

    def conclude(self, evidence: Evidence) -> Iterator[Breach]:
        """Each recorded turn against the recording, and the requests against the record."""
        record = evidence.record
        if record is None:
            return
        replies = [*self._before, *self._replies.values()]
        waiting = [reply for reply in replies if reply.audible]
        words = played(evidence.agent.audio)
        for turn in record.turns:
            reply = next((reply for reply in waiting if reply.is_of(turn)), None)
            if reply is None or not turn.spoken:
                continue
            waiting = waiting[waiting.index(reply) + 1 :]
            yield from self._judge(turn, reply, _heard_of(reply, words, evidence), evidence)
        said = [_told(turn) for turn in record.turns if turn.heard.strip()]
        yield from _requests(evidence, said, [reply.speech for reply in replies])

    def _judge(
        self, turn: TurnRecord, reply: _Reply, heard: list[Played], evidence: Evidence
    ) -> Iterator[Breach]:
        begun, finished = _reached(turn.spoken.split(), heard, evidence.vocabulary)
        least, most = claimed(turn.heard, reply.speech.sentences)
        doubt = PARTED_WORDS if evidence.is_parted(reply.ended) else 0
        if least > begun + doubt:
            yield Breach(
                f"{least} words are called heard, {begun} had begun (of {turn.spoken[:60]!r})"
            )
        if reply.barged_in and not evidence.is_parted(reply.ended):
            self.interruptions += 1
            self.exact += most >= finished - 1 and least <= begun


def _heard_of(reply: _Reply, words: Sequence[Played], evidence: Evidence) -> list[Played]:
    """The words that the phone played while this reply was in play (until its `clear` came)."""
    time, late = evidence.agent.time, 2 * evidence.delay_seconds + 0.1
    return [
        word
        for word in words
        if reply.began <= time(word.start) <= reply.ended + late
        and evidence.vocabulary.words[word.number].text in reply.speech.spoken
    ]


def _reached(
    spoken: Sequence[str], heard: Sequence[Played], vocabulary: Vocabulary
) -> tuple[int, int]:
    """How many words of a text had begun and had been finished; taken up again counts once."""
    begun = finished = 0
    for word in heard:
        meant = vocabulary.words[word.number]
        at = next(
            (
                index
                for index in (begun, *range(begun - 1, -1, -1))
                if index < len(spoken) and spoken[index] == meant.text
            ),
            None,
        )
        if at is None:
            continue
        begun = max(begun, at + 1)
        if word.cells >= meant.cells:
            finished = max(finished, at + 1)
    return begun, finished


def claimed(heard: str, sentences: Sequence[Sentence]) -> tuple[int, int]:
    """How many spoken words the written text that was heard stands for: at least, at most."""
    rest, before = heard.strip(), 0
    for sentence in sentences:
        written = sentence.written.strip()
        if rest.startswith(written):
            rest = rest[len(written) :].lstrip()
            before += len(sentence.spoken.split())
            continue
        if not rest:
            break
        stands_for = [
            len(sentence.spoken[:said].split())
            for said in range(len(sentence.spoken) + 1)
            if sentence.written_until(said).strip() == rest
        ]
        return before + min(stands_for, default=0), before + max(stands_for, default=0)
    return before, before


def _divided(
    request: Sequence[Mapping[str, Any]],
) -> tuple[Sequence[Mapping[str, Any]], str]:
    """The messages up to the caller's last words, and what was said of an answer to them."""
    last = max((n for n, m in enumerate(request) if m["role"] in {"user", "tool"}), default=-1)
    after = (m for m in request[last + 1 :] if m["role"] == "assistant" and m["content"])
    return request[: last + 1], " ".join(str(m["content"]) for m in after)


def _told(turn: TurnRecord) -> str:
    """What the model must be told that we said in a turn."""
    return f"{turn.heard.strip()} {INTERRUPTED}" if turn.interrupted else turn.heard.strip()


def _requests(
    evidence: Evidence, said: Sequence[str], speeches: Sequence[Speech]
) -> Iterator[Breach]:
    """What the model was told we had said is what was heard: some turns in a row, in full. After
    the caller's last words may stand the beginning of the answer itself, as it is being spoken."""
    told = {
        joined for start in range(len(said)) for joined in accumulate(said[start:], "{} {}".format)
    }
    for number, request in enumerate(evidence.asked):
        messages, begun = _divided(request)
        spoken = [speech.written for speech in speeches]
        if begun and not any(text.startswith(begun) or begun.startswith(text) for text in spoken):
            yield Breach(f"request {number} goes on from {begun[-60:]!r}, which nobody said")
        ours = [str(m["content"]) for m in messages if m["role"] == "assistant" and m["content"]]
        if ours and " ".join(ours) not in told:
            yield Breach(
                f"request {number} tells the model of {ours[-1][-60:]!r}, which was not heard so"
            )
