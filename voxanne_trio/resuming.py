"""A call that goes on with a new stream: what its record says of where we were.

Knows how a record becomes a history, an acquaintance and an opening. Looking it up is the one wait,
and it is short: a caller who was cut off is listening to silence.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

import attrs
import trio

from .events import CallResumed, CallStarted, Sensitive
from .humanizer import Acquaintance, recited
from .observe.logs import CallLog
from .records import CallRecord, Records, TurnRecord
from .thinking import History, ToolCall

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


async def look_up(started: CallStarted, records: Records, now: float) -> Past | None:
    """What is known of the call that a stream goes on with; None for a call's first stream.

    Takes `LOOK_UP_SECONDS` at most; `now` is wall-clock seconds. Never raises but `Cancelled`.
    Where nothing can be read there may be turns all the same: the next are numbered by the clock,
    behind all that there can be, since one with a number that is taken would replace it.
    """
    if not started.parameters.get(PARAMETER):
        return None
    record = None
    try:
        with trio.move_on_after(LOOK_UP_SECONDS):
            record = await records.find(started.call_sid)
    except Exception:  # noqa: BLE001 - whatever a database may raise, the caller hears us
        CallLog(started.call_sid).exception("The call's record cannot be read")
    if record is None:
        CallLog(started.call_sid).warning("A call goes on of which nothing is known")
        return Past(next_turn=int(now) % (1 << _CLOCK_BITS))
    return past_of(record, now)


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
            return " ".join(sentences[index:])
    return sentences[-1] if sentences else ""


def resumption(past: Past, prompts: Collection[str]) -> CallResumed:
    """The event that opens the call again; `prompts` are those of the idle ladder."""
    rung = 0
    for turn in reversed(past.turns):
        if turn.caller is not None or turn.agent not in prompts:
            break
        rung += 1
    return CallResumed(past.asked, seconds=past.seconds, rung=rung)
