"""A call over several streams: what comes after one, and where we were when the next begins.

Knows how a record becomes a history, an acquaintance and an opening. Looking it up is the one wait,
and it is short: a caller who was cut off is listening to silence.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import dropwhile
from typing import Final

import attrs
import trio

from .events import CallResumed, CallStarted, Sensitive
from .humanizer import Acquaintance, recited
from .observe.logs import CallLog
from .records import CallRecord, Records, Then, TurnRecord
from .thinking import History, ToolCall
from .turns import Ending

LOOK_UP_SECONDS: Final = 1.2
"""More silence than a caller should hear; but to have forgotten them is worse, and a database that
ten calls ask at once, on a machine that has just taken them over, may need it. What this process
itself remembers comes before that."""

PARAMETER: Final = "resumes"
"""Of the stream's TwiML: set where the call had a stream before."""

NOTHING: Final = Sensitive("")

_CLOCK_BITS: Final = 30
"""Of the wall clock's seconds, as numbers of turns: a column has one bit more."""


@attrs.frozen(kw_only=True)
class Past:
    """What the streams before this one leave. Empty where the record could not be read."""

    turns: tuple[TurnRecord, ...] = ()
    asked: Sensitive = NOTHING
    """The caller's words that were being answered."""
    next_turn: int = 0
    """The number of the turn that comes next."""
    seconds: float = 0.0
    """How long ago the call began."""


def what_next(outcome: str, *, meant: Ending | None, heard: str) -> Then:
    """What the call does now that a stream has ended so. `meant` is how we were ending the call, if
    we were, and `heard` the last that was heard. A line that breaks keeps nobody from a person, and
    an end of which nobody heard a word is told by another voice: a goodbye, or an apology."""
    if meant is Ending.TRANSFER:
        return Then.TRANSFER
    endings = {ending.value: ending for ending in Ending}
    match endings.get(outcome):
        case None | Ending.HANDOVER:
            return Then.GO_ON
        case _ if heard:
            return Then.HANG_UP
        case Ending.FAREWELL | Ending.SILENCE:
            return Then.SAY_GOODBYE
        case _:
            return Then.TRANSFER


async def look_up(started: CallStarted, records: Records, now: float) -> Past | None:
    """What is known of the call that a stream goes on with; None for a call's first stream.

    Takes `LOOK_UP_SECONDS` at most; `now` is wall-clock seconds. Never raises but `Cancelled`.
    Where nothing can be read there may be turns all the same: the next are numbered by the clock,
    behind all that there can be, since one with a number that is taken would replace it.
    """
    if not started.parameters.get(PARAMETER):
        return None
    record = await find(started.call_sid, records, LOOK_UP_SECONDS)
    if record is None:
        CallLog(started.call_sid).warning("A call goes on of which nothing is known")
        return Past(next_turn=int(now) % (1 << _CLOCK_BITS))
    return past_of(record, now)


async def find(call_sid: str, records: Records, seconds: float) -> CallRecord | None:
    """The record of a call, in so many seconds at most: where it cannot be read, what this process
    remembers. Never raises but `Cancelled`."""
    try:
        with trio.move_on_after(seconds):
            return await records.find(call_sid)
    except Exception:  # noqa: BLE001 - whatever a database may raise, the caller is answered
        CallLog(call_sid).exception("The call's record cannot be read")
    return records.known(call_sid)


def past_of(record: CallRecord, now: float) -> Past:
    """What a record holds of the call, at `now` (seconds, wall clock).

    The caller's words to which no answer was heard are asked still: the stream was lost before.
    """
    turns, asked = record.turns, record.asked
    while turns and not asked and not turns[-1].heard.strip():
        turns, asked = turns[:-1], turns[-1].caller
    return Past(
        turns=tuple(turns),
        asked=asked or NOTHING,
        next_turn=max((turn.number + 1 for turn in record.turns), default=0),
        seconds=max(0.0, now - record.started_at),
    )


def history_of(turns: Collection[TurnRecord]) -> History:
    """The exchanges as the model is told them: what was said, and heard."""
    history = History()
    for turn in turns:
        if turn.caller is not None:
            history.add_caller(turn.caller)
        for number, tool in enumerate(turn.tools):
            call = ToolCall(f"turn_{turn.number}_{number}", tool.name, dict(tool.arguments))
            history.add_tool_call(call)
            if tool.result is not None:
                history.finish_tool(call.id, tool.result.reveal())
        history.add_agent(turn.heard, interrupted=turn.interrupted)
    return history


def acquaintance_of(turns: Collection[TurnRecord]) -> Acquaintance:
    """The caller, as far as these turns have made them known."""
    known, heard = Acquaintance(), ""
    for turn in turns:
        if turn.caller is not None:
            known.listen(turn.caller.reveal(), asked="your name" in heard.lower())
            known.said(turn.heard)
        heard = turn.heard or heard
    return known


def where_we_were(turns: Collection[TurnRecord], is_aside: Callable[[str], bool]) -> str:
    """What the caller must hear again: the sentence that was cut off and what followed it, else
    the last one. Asides ("are you still there?") do not count. Empty where nothing was heard."""
    said = [turn for turn in turns if turn.heard.strip() and not is_aside(turn.agent)]
    if not said:
        return ""
    sentences = [sentence.written.strip() for sentence in recited(said[-1].agent)]
    heard, begun = len("".join(said[-1].heard.split())), 0
    for index, sentence in enumerate(sentences):
        begun += len("".join(sentence.split()))
        if begun > heard:
            return " ".join(dropwhile(is_aside, sentences[index:]))
    return sentences[-1] if sentences else ""


def last_answer(turns: Collection[TurnRecord], is_aside: Callable[[str], bool]) -> str:
    """What was heard of the last turn that is worth saying again, without what opened it as we had
    been cut off. Empty where there is none."""
    for turn in reversed(tuple(turns)):
        heard = [sentence.written.strip() for sentence in recited(turn.heard)]
        if not is_aside(turn.agent) and (answer := " ".join(dropwhile(is_aside, heard))):
            return answer
    return ""


def resumption(past: Past, prompts: Collection[str]) -> CallResumed:
    """The event that opens the call again; `prompts` are those of the idle ladder."""
    rung = 0
    for turn in reversed(past.turns):
        if turn.caller is not None or turn.agent not in prompts:
            break
        rung += 1
    return CallResumed(past.asked, seconds=past.seconds, rung=rung)
