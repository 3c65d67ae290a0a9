"""What a caller says to show that they listen: noises, assent, in any number and mixture. Pure.

Over a statement of ours they take nothing from us; over our greeting, neither does the caller's.
"""

from __future__ import annotations

import re
from typing import Final

from .words import any_of, listed, said

_LISTENING: Final = listed(
    # Noises, as Deepgram and others write them; and hesitation, which is no more than one.
    "mm, mmm, mhm, mhmm, mm-hm, mm-hmm, mm hm, mm hmm, mmhm, mmhmm, hm, hmm, hmmm, uh-huh, uh huh, "
    "unh-huh, unh huh, ah, aha, ah ha, oh, ooh, wow, um, umm, uh, uhh, er, erm, "
    # Assent.
    "okay, ok, kay, okey dokey, alright, all right, right, yeah, yea, yeh, ya, yah, yep, yup, yes, "
    "sure, sure thing, of course, for sure, definitely, absolutely, exactly, totally, correct, "
    "true, indeed, no problem, no worries, fair enough, could be, that could be, i agree, "
    "i agree with that, i'd agree, you're right, i bet, i'm sure, "
    # Praise.
    "great, good, very good, nice, very nice, perfect, awesome, excellent, wonderful, cool, fine, "
    "lovely, fantastic, amazing, interesting, sounds good, sounds great, sounds fair, "
    "that sounds good, that sounds great, that works, that's fine, that's good, that's great, "
    "that's right, that's true, that's fair, that's nice, that's perfect, that's cool, "
    "that's awesome, that's correct, that is correct, that's for sure, "
    # Following what we say.
    "gotcha, got you, got it, i got it, i see, i know, i understand, understood, i hear you, "
    "makes sense, that makes sense, it makes sense, good to know, that's good to know, "
    "i didn't know that, really, oh my, oh my gosh, oh my god, oh gosh"
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


def takes_nothing(heard: str, *, greeting: bool) -> bool:
    """Whether the words as said are listening, or a greeting, or may yet turn out to be."""
    phrases, begun = _GREETS if greeting else _LISTENS
    listening = phrases.match(heard)
    rest = heard[listening.end() :] if listening else heard
    return not rest or rest in begun
