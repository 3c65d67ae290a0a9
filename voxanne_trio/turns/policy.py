"""What a caller's words mean for the floor, apart from what they ask. Pure.

Refuses to understand language: these are the few phrases on which turn-taking itself depends. Here
is what takes the floor from us and what does not; `requests` has what is asked of the conversation
itself, `endings` and `dictation` whether the caller has finished, `asking` what our own sentences
ask, `echoes` whether we hear ourselves. Everything runs on every partial transcript: microseconds.
"""

from __future__ import annotations

import re
from typing import Final

from .asking import Expecting, asks_something, expecting
from .dictation import still_dictating
from .echoes import is_echo, is_word_of
from .endings import looks_unfinished
from .requests import asks_for_slower, asks_to_go_on, asks_to_repeat, asks_to_wait
from .words import any_of, clauses, listed, not_after, said, same_words, word_count

__all__ = [
    "Expecting",
    "asks_for_slower",
    "asks_something",
    "asks_to_go_on",
    "asks_to_repeat",
    "asks_to_wait",
    "expecting",
    "interrupts",
    "is_backchannel",
    "is_echo",
    "is_farewell",
    "is_stop",
    "looks_unfinished",
    "same_words",
    "still_dictating",
    "word_count",
]

_DAY: Final = "(?:day|one|night|evening|afternoon|weekend|week|morning|holiday|time|trip|rest)"
_WHEN: Final = (
    r"(?: (?:then|later|soon|there|around|tomorrow|tonight|today|(?:next|this) \w+|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|morning|afternoon|evening|\d+|"
    r"in (?:a|two|three|\d+) \w+|in a few \w+|(?:on|at|the|on the|at the|for) [\w']+|am|pm|thirty|"
    r"fifteen|o'clock|noon))*"
)
_UNSPOKEN: Final = not_after("say, saying, said")
_TO_SEE: Final = not_after("to, can i, could i, will i, do i, did i, i")
_TO_CARE: Final = not_after("to, i, will, they, can")
_FAREWELL: Final = re.compile(
    rf"{_UNSPOKEN}\b(?:good ?bye|bye bye|bye)(?: now| then| for now)?(?: \w+)?$|"
    rf"{_TO_SEE}\bsee (?:you|ya|y'all){_WHEN}$|"
    r"(?<!to )\b(?:talk|speak) (?:to you )?(?:later|soon|then|tomorrow)$|\bcatch you later$|"
    r"\b(?:nice|good|great|lovely) (?:talking|speaking) (?:to|with) you$|"
    r"\bhave (?:a|an) (?:very |really )?(?:good|great|nice|lovely|wonderful|blessed|safe|amazing|"
    rf"beautiful|pleasant|fantastic|awesome) (?:rest of (?:your|the) )?{_DAY}(?: too)?$|"
    rf"\benjoy (?:the rest of )?your {_DAY}$|(?<!a )\bgood ?night$|"
    rf"{_TO_CARE}\btake care(?: now| of yourself)?$|"
    r"(?<!do )\bi(?:'ve)? (?:have to|gotta|got to|need to|better|should|must) "
    r"(?:go|run|get going)(?: now)?$"
)
_THANKS: Final = re.compile(
    r"(?: (?:thanks|thank you|thanks again|thank you again|so much|very much|okay|you too|again|"
    r"for (?:everything|your help|all your help)))+$"
)
_MORE: Final = re.compile(
    r"\b(?:before|how|what|when|where|why|can you|could you|do you|did you|do i|should i|"
    r"don't hang up|question)\b"
)
_FAREWELL_WORDS: Final = 24


def is_farewell(text: str) -> bool:
    """Whether the caller is taking leave, so that the answer to it ends the call.

    Thanks alone are none ("that's all, thank you"): something may follow them.
    """
    heard = _THANKS.sub("", said(text))
    if heard.count(" ") >= _FAREWELL_WORDS:
        return False
    return _FAREWELL.search(heard) is not None and _MORE.search(heard) is None


# Listening

_LISTENING: Final = listed(
    "mm, mmm, mhm, mhmm, mm-hm, mm-hmm, mm hm, mm hmm, uh-huh, unh-huh, mmhm, mmhmm, hm, hmm, hmmm, uh huh, unh huh, ah, aha, ah ha, "
    "oh, ooh, wow, um, umm, uh, uhh, er, erm, "
    "okay, ok, kay, okey dokey, alright, all right, right, yeah, yea, yeh, ya, yah, yep, yup, yes, "
    "sure, sure thing, of course, for sure, definitely, absolutely, exactly, totally, correct, true, "
    "great, good, very good, nice, perfect, awesome, excellent, wonderful, cool, fine, lovely, "
    "fantastic, amazing, interesting, gotcha, got you, got it, i got it, i see, oh i see, i know, "
    "i understand, understood, i hear you, makes sense, that makes sense, it makes sense, "
    "sounds good, that sounds good, sounds great, that sounds great, sounds fair, fair enough, "
    "that's fine, that's good, that's great, that's right, that's true, that's fair, that's nice, "
    "that's perfect, that's cool, that's awesome, that's correct, that works, that is correct, "
    "i see i see, no problem, no worries, really, oh really, indeed, very nice, good to know, i didn't know that, i agree, "
    "i agree with that, could be, that could be, that's for sure, that's good to know, i bet, i'm sure, you're right, "
    "oh my, oh my gosh, oh my god, oh gosh, yeah that's true, i'd agree"
)
_GREETINGS: Final = listed(
    "hello, hello there, hi, hi there, hey, hey there, hiya, howdy, good morning, good afternoon, "
    "good evening, morning, anyone there, anybody there, someone there, is anyone there, "
    "is anybody there, is someone there, are you there, you there, can you hear me"
)


def _nothing_but(phrases: list[str]) -> re.Pattern[str]:
    return re.compile(rf"(?:(?>{any_of(phrases)})(?: |$))*+")


def _begun(phrases: list[str]) -> frozenset[str]:
    """What may yet become one of the phrases as the recogniser goes on: "i", "that ma"."""
    return frozenset(phrase[:end] for phrase in phrases for end in range(1, len(phrase))) - {"no"}


_LISTENS: Final = (_nothing_but(_LISTENING), _begun(_LISTENING))
_GREETS: Final = (
    _nothing_but([*_LISTENING, *_GREETINGS]),
    _begun([*_LISTENING, *_GREETINGS]),
)


def is_backchannel(text: str) -> bool:
    """Whether it is nothing but listening: noises and assent, in any number and mixture.

    "yes" counts, as over a statement it says no more than "mm-hm"; "no" does not, nor "uh-uh", nor
    what moves the talk on: "yes please", "thank you". Hesitation alone ("um") is a noise.
    """
    heard = said(text)
    return bool(heard) and _LISTENS[0].fullmatch(heard) is not None


# Stopping

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
_STOP_AT_START: Final = re.compile(
    r"no no(?:$| (?=(?:i|i'm|i said|that|that's (?!fine|okay|good|it|all)|it's (?!fine|okay)|you|not "
    r"(?!at)|wait|stop|don't|let|listen|but|he|she|they|we|this|my|the|no|what)\b))|"
    rf"(?:(?>{_OPENERS}) )*+(?:"
    r"wait(?! (?:time|times|list|lists|room|period|listed)\b)(?: |$)|"
    r"stop(?:$| (?:stop|it|that|there|right|now|please|talking|speaking|reading|listing|saying|"
    r"interrupting|for a|a|one|i|i'm|you|you're|no|let|what|wait|hold|hang|sorry|okay|just)\b)|"
    rf"{_SHORT}|"
    r"hold(?:$| (?:up|it|please|that thought|for a|one|a (?:second|sec|minute|moment))\b)|"
    r"pause(?:$| (?:please|there|it|that|for)\b)|listen(?:$| (?:to me|listen|i|you|please|here)\b)|"
    r"(?:that's )?enough$|quiet(?:$| please\b)|(?:shush|hush|time out|timeout|whoa)(?: |$)|"
    r"be quiet\b|shut up\b|(?:quick )?question$)"
)
_KEPT: Final = not_after("a, to, the, any, my, i, i'll, can't, i can, we")
_TO_EXCUSE: Final = not_after("to")
_TO_WAIT: Final = not_after(
    "to, can't, cannot, i, i'll, the, a, long, not, you, we, no, should, could, would"
)
_STOP_ANYWHERE: Final = re.compile(
    rf"{_KEPT}\b(?:hold|hang) on\b(?! to\b)|"
    rf"{_TO_EXCUSE}\bexcuse me\b(?! (?:from|for)\b)|\bwait wait\b|"
    rf"{_TO_WAIT}"
    rf"\bwait (?:what|no|i|sorry|let|hold|{_SHORT})\b|"
    rf"\b(?:give me|gimme|let me have) (?:just )?(?:{_SHORT}|(?:a couple|a few|two|five|ten)(?: of| more)? "
    r"(?:second|sec|moment|minute|min)s?\b)|"
    rf"\bi (?:just )?need {_SHORT}(?= please|$| to (?:find|get|grab|check|look|pull|write|think$))|"
    r"\b(?:can|could|may|let) (?:i|me) (?:just )?(?:stop|interrupt) you\b|"
    r"\blet me (?:just )?(?:(?:talk|speak|finish)(?: please| for a second)?$|say something|ask you)\b|"
    r"\bsorry but\b|\b(?:sorry|hate|don't mean) to (?:interrupt|cut)\b|"
    r"\b(?:stop|quit) (?:talking|interrupting)\b|\bno no no\b(?! (?:problem|go|please|that's fine))"
)
_MAY_STOP: Final = re.compile(
    "wait|stop|hold|hang|sec|moment|min|excuse|sorry|no no|interrupt|listen|let me|pause|enough|"
    "quiet|hush|time ?out|whoa|shut|quit|question|cut"
)
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
    if not _MAY_STOP.search(heard):
        return False
    if _STOP_ANYWHERE.search(heard):
        return True
    return any(_STOP_AT_START.match(clause) for clause in (heard, *clauses(text)))


def interrupts(text: str, *, words_needed: int, ours: str = "", greeting: bool = False) -> bool:
    """Whether these words, perhaps the first of more, take the floor while we speak.

    A phrase to stop does, and so do `words_needed` words, unless they are listening, or may yet
    turn out to be ("that makes"), or an echo of `ours`: here one word of ours is one too. Over our
    greeting, the caller's own is expected and takes nothing.
    """
    heard = said(text)
    if not is_stop(text):
        count = word_count(text)
        if not count or (count < words_needed and not _CALLS_FOR_A_PERSON.fullmatch(heard)):
            return False
        if _listens(heard, greeting=greeting):
            return False
    return not is_echo(text, ours) and not is_word_of(ours, text)


def _listens(heard: str, *, greeting: bool) -> bool:
    """Whether it is listening, or may yet be."""
    phrases, begun = _GREETS if greeting else _LISTENS
    listening = phrases.match(heard)
    rest = heard[listening.end() :] if listening else heard
    return not rest or rest in begun
