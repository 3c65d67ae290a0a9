"""Whether a caller asks for a person: "can I speak to someone", "operator", "a real person". Pure.

It is acted on without the model, so it must be all that is asked: "can I speak to Doctor Marsh
about my bill" is, "is there a person who speaks Spanish" and "I spoke to someone yesterday" are
not. Whom they ask for by title or by trade is a person as well. Here is also whether an offer of
ours to take a message is taken up.
"""

from __future__ import annotations

import re
from typing import Final

from .words import any_of, listed, one_of, said

_MOST_WORDS: Final = 22

_AROUND: Final = any_of(
    listed(
        "oh, okay, ok, um, uh, er, well, so, but, and, hey, hi, hello, no, no no, yes, yeah, "
        "please, just, actually, sorry, i'm sorry, look, listen, wait, stop, thanks, thank you, "
        "right now, now, today, instead, there, at the clinic, at the office, in the office, "
        "at the front desk, at the desk, in person, directly, if possible, if that's okay, "
        "if i could, if i can, is it possible, is there any way, i said, like, then, ma'am, sir, "
        "not you, not a robot, not a machine, not a computer, not a bot, not an ai, no robot, "
        "i don't want to talk to a robot, i don't want to talk to a machine, "
        "i don't want to talk to an ai, i don't want to talk to a computer"
    )
)
_A: Final = "(?:an?|the|your|my|some|any|one of the|one of your)"
_REAL: Final = "(?:(?:real|actual|live|human|different|other) )*"
_SOMEBODY: Final = one_of(
    "(?:someone|somebody|anyone|anybody)(?: (?:else|real|human|there|live|in charge))?",
    rf"{_A} {_REAL}(?:persons?|humans?|human being|being|people|representative|rep|agent|operator|"
    r"receptionist|staff member|manager|supervisor|nurse|doctor|surgeon|coordinator|"
    r"patient coordinator|team member|member of (?:the )?staff|associate|secretary|assistant)",
    r"(?:the |your )?(?:front desk|reception|staff|office staff|office|customer service|people)",
    rf"{_REAL}(?:people|humans)",
    r"(?:doctor|dr|miss|mister|mrs|mr|ms|nurse) \w+(?: \w+)?",
)
_ABOUT: Final = r"(?: (?:about|regarding|for|because|who|that|to) \w+(?: [\w']+){0,9})?"
_ASKS: Final = one_of(
    r"(?:can|could|may|might) i (?:please |just )*(?:speak|talk|be connected|be transferred)",
    r"(?:i'd|i would) (?:really |just )*(?:like|love|prefer|rather) (?:to )?(?:speak|talk)",
    r"i(?:'d)? (?:just |really )*(?:want|need|wanna|gotta|have|got)(?: to)? (?:speak|talk)",
    r"(?:i'm|i am|i was) (?:trying|hoping|looking) to (?:speak|talk)",
    r"(?:let me|lemme|i'll) (?:just )?(?:speak|talk)",
    r"(?:can|could|would|will) (?:you|we) (?:please |just )*(?:connect|transfer|pass|forward) me"
    r"(?: (?:over|through))?",
    r"(?:can|could|would|will) you (?:please |just )*(?:put|patch) me (?:through|on)",
    r"(?:connect|transfer|pass|forward|put|patch|switch) me(?: (?:over|through|on))?",
    r"(?:speak|talk)",
    r"how (?:do|can|could) i (?:speak|talk|get (?:through|a hold)|reach)",
    r"(?:is it possible|is there a way|are you able) (?:for me )?to (?:speak|talk)",
)
_GET: Final = one_of(
    r"(?:can|could|may) i (?:please |just )*(?:get|have|reach)",
    r"(?:i'd|i would) (?:really |just )*(?:like|prefer)|i (?:just |really )*(?:want|need)|"
    r"(?:get|give) me|(?:can|could|would) you (?:please |just )*(?:get|give) me",
)
_TRANSFER: Final = (
    r"(?:(?:can|could|would|will) you (?:please |just )*)?(?:transfer|connect) me"
    r"(?: (?:over|through))?(?: (?:to|with))?"
)
_PEOPLE: Final = (
    rf"(?:{_A} )?{_REAL}(?:representative|agent|operator|receptionist|humans?|real person|"
    r"live person|person|human being|front desk|customer service)"
)
_FOR_A_PERSON: Final = re.compile(
    rf"(?:(?:{_AROUND})(?: |$))*+(?:"
    rf"(?:{_ASKS}) (?:to|with) (?:{_SOMEBODY}){_ABOUT}"
    rf"|(?:{_ASKS}) (?:{_SOMEBODY})"
    rf"|(?:{_GET}) {_PEOPLE}(?: on the (?:phone|line))?(?: (?:about|regarding) .*)?"
    rf"|(?:{_TRANSFER})(?: {_SOMEBODY})?"
    rf"|(?:is there|are there) (?:{_SOMEBODY}|{_PEOPLE}) (?:there )?(?:that |who )?"
    rf"(?:i can|i could|to|available to) (?:speak|talk)(?: (?:to|with))?(?: me)?{_ABOUT}"
    rf"|{_PEOPLE}"
    rf")(?:(?: |$)(?:{_AROUND})(?=$| ))*+"
)
_MAY: Final = re.compile(
    r"\b(?:speak|talk|person|human|people|representative|rep|agent|operator|receptionist|"
    r"front desk|customer service|connect|transfer|pass|put|patch|forward|switch|reach|get)\b"
)
_NO_ONE: Final = re.compile(
    r"\b(?:to|with) (?:someone|somebody|anyone|anybody) (?:who|that) (?:has|had|was)\b"
)

_YES: Final = any_of(
    listed(
        "yes, yeah, yep, yup, yes please, please, sure, okay, ok, alright, all right, of course, "
        "i would, i'd like that, i'd like to, i would like that, i would like to, i will, i do, "
        "please do, that would be great, that'd be great, that's fine, that works, "
        "that would be good, go ahead, let's do that, sounds good, thank you, thanks, great, "
        "perfect, fine, absolutely, definitely, um, uh, oh, well, i guess, i suppose"
    )
)
_YES_ALONE: Final = re.compile(rf"(?:(?:{_YES})(?: |$))+")
_MESSAGE: Final = re.compile(
    r"\b(?:leave|take|record|send) (?:(?:you|them|him|her|the \w+) )?(?:an? |the |my )?"
    r"(?:quick |short )?(?:message|voicemail|voice mail)\b|^(?:an? )?(?:message|voicemail)$"
)
_NOT: Final = re.compile(r"\b(?:no|not|don't|rather not|never mind|nevermind)\b")


def asks_for_a_person(text: str) -> bool:
    """Whether the turn only asks to be put through to somebody, perhaps with a reason."""
    heard = said(text)
    if heard.count(" ") >= _MOST_WORDS or not _MAY.search(heard):
        return False
    return _FOR_A_PERSON.fullmatch(heard) is not None and not _NO_ONE.search(heard)


def takes_the_offer(text: str) -> bool:
    """Whether the answer to "would you like to leave a message?" is yes."""
    heard = said(text)
    if _NOT.search(heard):
        return False
    return _YES_ALONE.fullmatch(heard) is not None or _MESSAGE.search(heard) is not None
