"""What tells us to stop or to wait, over our own speech: "hold on", "excuse me", "no, wait". Pure.

The words mean it only where they are said to us: at the beginning of a clause, or where the words
around them leave no other reading. "I can't wait", "how long is the wait", "stop by", "a second
opinion" are none.
"""

from __future__ import annotations

import re
from typing import Final

from .words import any_of, clauses, listed, not_after, one_of, said

_MOMENT: Final = (
    "(?:second|sec|moment|minute|min)(?! (?:ago|late|later|left|longer|away|from|before|after|"
    "opinion|option|appointment|one|time|visit|session|treatment|chance|date|consultation|number))"
)
_SHORT: Final = rf"(?:an?|one|two|just an?|just one) (?:quick |little )?{_MOMENT}\b"
_OPENERS: Final = any_of(
    listed(
        "oh, okay, ok, um, uh, er, hmm, yeah, yes, yep, well, so, but, and, hey, sorry, i'm sorry, "
        "i am sorry, please, just, actually, no, alright, all right, right, what, hi, hello, ah, "
        "thanks, thank you, mhmm, uh huh, like, now, then, whoa, can you, could you, would you, "
        "will you, can you please, could you please, can you just, could you just, you can, "
        "you need to, i need you to"
    )
)
_STARTS: Final = one_of(
    r"wait(?! (?:time|times|list|lists|room|period|listed)\b)(?: |$)",
    r"stop(?:$| (?:stop|it|that|there|right|now|please|talking|speaking|reading|listing|saying|"
    r"interrupting|for a|a|one|i|i'm|you|you're|no|let|what|wait|hold|hang|sorry|okay|just)\b)",
    r"hold(?:$| (?:up|it|please|that thought|for a|one|a (?:second|sec|minute|moment))\b)",
    r"pause(?:$| (?:please|there|it|that|for)\b)",
    r"listen(?:$| (?:to me|listen|i|you|please|here)\b)",
    r"(?:that's )?enough$|quiet(?:$| please\b)|be quiet\b|shut up\b|(?:quick )?question$",
    r"(?:shush|hush|time out|timeout|whoa)(?: |$)",
    _SHORT,
)
_NO_NO: Final = (
    r"no no(?:$| (?:i|i'm|that|that's(?! (?:fine|okay|good|it|all)\b)|it's(?! (?:fine|okay)\b)|you|"
    r"not(?! at)|wait|stop|don't|let|listen|but|he|she|they|we|this|my|the|no|what)\b)"
)
_AT_START: Final = re.compile(rf"{_NO_NO}|(?:(?>{_OPENERS}) )*+{_STARTS}")
"""At the beginning of a clause."""

_KEPT: Final = not_after("a, to, the, any, my, i, i'll, can't, i can, we")
_TO_EXCUSE: Final = not_after("to")
_TO_WAIT: Final = not_after(
    "to, can't, cannot, i, i'll, the, a, long, not, you, we, no, should, could, would"
)
_FEW: Final = r"(?:a couple|a few|two|five|ten)(?: of| more)? (?:second|sec|moment|minute|min)s?\b"
_ANYWHERE: Final = re.compile(
    one_of(
        rf"{_KEPT}\b(?:hold|hang) on\b(?! to\b)",
        rf"{_TO_EXCUSE}\bexcuse me\b(?! (?:from|for)\b)",
        rf"\bwait wait\b|{_TO_WAIT}\bwait (?:what|no|i|sorry|let|hold|{_SHORT})\b",
        rf"\b(?:give me|gimme|let me have) (?:just )?(?:{_SHORT}|{_FEW})",
        rf"\bi (?:just )?need {_SHORT}"
        r"(?= please|$| to (?:find|get|grab|check|look|pull|write|think$))",
        r"\b(?:can|could|may|let) (?:i|me) (?:just )?(?:stop|interrupt) you\b",
        r"\blet me (?:just )?(?:talk|speak|finish)(?: please| for a second)?$",
        r"\blet me (?:just )?(?:say something|ask you)\b",
        r"\bsorry but\b|\b(?:sorry|hate|don't mean) to (?:interrupt|cut)\b",
        r"\b(?:stop|quit) (?:talking|interrupting)\b",
        r"\bno no no\b(?! (?:problem|go|please|that's fine))",
    )
)
_MAY: Final = re.compile(
    "wait|stop|hold|hang|sec|moment|min|excuse|sorry|no no|interrupt|listen|let me|pause|enough|"
    "quiet|hush|time ?out|whoa|shut|quit|question|cut"
)
"""Without any of these it is none, and most texts are done with."""

_CALLS_FOR_A_PERSON: Final = re.compile(
    r"(?:agent|operator|representative|receptionist|human|a person)(?: (?:please|agent|operator|"
    r"representative))*"
)


def is_stop(text: str) -> bool:
    """Whether they tell us to stop or wait: "hold on", "excuse me", "no, wait", "just a moment".

    Each is meant so only where it is said to us: at the beginning of a clause, or where the words
    around it leave no other reading ("I can't wait", "how long is the wait", "stop by").
    """
    heard = said(text)
    if not _MAY.search(heard):
        return False
    if _ANYWHERE.search(heard):
        return True
    return any(_AT_START.match(clause) for clause in (heard, *clauses(text)))


def calls_for_a_person(heard: str) -> bool:
    """Whether the words as said are nothing but the call for one: "operator", "agent please"."""
    return _CALLS_FOR_A_PERSON.fullmatch(heard) is not None
