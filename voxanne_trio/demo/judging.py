"""Whether a conversation really happened, judged from the caller's side of the wire.

Pure: evidence in, reasons out; no reason, no failure. Latencies over their budgets are not a
reason. What the server recorded counts only where it must agree with what the caller heard.
"""

from __future__ import annotations

from typing import Final

from .evidence import Evidence, Said

ANSWERED_AT_LEAST: Final = 5
SILENT_WITHIN_MS: Final = 300
_STILL_SPEAKING: Final = 0.6
"""Somebody who was heard so lately is interrupted, even when this is between two words."""


def reasons(evidence: Evidence) -> list[str]:
    """Why this was no conversation; empty when it was one."""
    found = list(evidence.accidents)
    if evidence.greeted is None:
        found.append("the caller heard no greeting")
    if not evidence.caller_voice:
        found.append("the caller's line carried no voice")
    found += _unanswered(evidence)
    for said in evidence.said:
        if said.interrupting:
            found += _not_cut_off(evidence, said)
    found += _not_recorded(evidence)
    found += evidence.missed
    if evidence.ended_by != "twiml" or evidence.outcome != "farewell":
        found.append(f"the agent did not hang up after the goodbye: {_ending(evidence)}")
    found += [f"against the protocol: {violation}" for violation in evidence.violations]
    found += [f"the media stream failed: {error}" for error in evidence.stream_errors]
    return list(dict.fromkeys(found))


def _unanswered(evidence: Evidence) -> list[str]:
    unanswered = [said for said in evidence.said if not said.was_answered]
    answered = len(evidence.said) - len(unanswered)
    found = [f'no answer was heard to "{said.text}"' for said in unanswered]
    if len(evidence.said) < evidence.planned:
        found.append(
            f"the call ended when {len(evidence.said)} of {evidence.planned} things had been said"
        )
    wanted = min(ANSWERED_AT_LEAST, evidence.planned)
    if answered < wanted:
        found.append(f"{answered} turns were answered, not {wanted}")
    return found


def _not_recorded(evidence: Evidence) -> list[str]:
    """The server must know of every answer; where it heard no words there was no question."""
    with_words = sum(1 for turn in evidence.turns if (turn.caller or "").strip() and turn.heard)
    wanted = min(ANSWERED_AT_LEAST, evidence.planned)
    if with_words >= wanted:
        return []
    return [f"the server recorded {with_words} turns with words, not {wanted}"]


def _not_cut_off(evidence: Evidence, said: Said) -> list[str]:
    """What is wrong with an interruption; the agent must have been speaking, and then not."""
    what = f'"{said.text}" interrupted nobody'
    if not _speaks(evidence, said.began - _STILL_SPEAKING, said.began + 0.1):
        return [f"{what}: the agent was silent"]
    if said.cleared is None or said.silent is None:
        return [f"{what}: no clear was sent"]
    found = []
    event = speech_event(evidence, said)
    if event is None:
        found.append(f"{what}: no recorded turn was cut off")
    elif (said.silent - event) * 1000 > SILENT_WITHIN_MS:
        late_ms = round((said.silent - event) * 1000)
        found.append(f"the agent fell silent {late_ms} ms after the caller's speech was noticed")
    if _speaks(evidence, max(said.cleared, said.silent) + 0.02, said.until):
        found.append("the agent went on speaking after it was cut off")
    return found


def speech_event(evidence: Evidence, said: Said) -> float | None:
    """When the server gave way to this interruption: at the recogniser's speech event."""
    cut = [evidence.at(turn, "ended") for turn in evidence.turns if turn.interrupted]
    after = [at for at in cut if at is not None and said.began - 0.1 <= at <= said.until + 2]
    return min(after, default=None)


def gave_way_ms(said: Said) -> int | None:
    """From the caller's onset to the agent's silence; None when the agent did not give way."""
    if said.silent is None or said.cleared is None:
        return None
    return max(0, round((said.silent - said.began) * 1000))


def _speaks(evidence: Evidence, start: float, end: float) -> bool:
    return any(first < end and last > start for first, last in evidence.agent_voice)


def _ending(evidence: Evidence) -> str:
    who = {"": "nobody", "caller": "the caller", "twiml": "the server"}
    return (
        f"{who.get(evidence.ended_by, evidence.ended_by)} hung up, "
        f"the server's record says {evidence.outcome or 'nothing'}"
    )
