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
from .assent import is_backchannel, takes_nothing
from .dictation import still_dictating
from .echoes import is_echo, is_word_of
from .endings import looks_unfinished
from .person import asks_for_a_person, takes_the_offer
from .requests import asks_for_slower, asks_to_go_on, asks_to_repeat, asks_to_wait
from .stopping import calls_for_a_person, is_stop
from .words import not_after, said, same_words, word_count

__all__ = [
    "Expecting",
    "asks_for_a_person",
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
    "is_thanks",
    "looks_unfinished",
    "same_words",
    "still_dictating",
    "takes_the_offer",
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
_THANKS_BEGUN: Final = re.compile(r" (?:thank|so|very|for|you)$")
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


def is_thanks(text: str) -> bool:
    """Whether it is thanks and no more, or may yet turn out to be: "okay, thank you so"."""
    heard = f" {said(text)}"
    begun = _THANKS_BEGUN.sub("", heard)
    return not begun or any(_THANKS.fullmatch(thanks) for thanks in (heard, begun))


def interrupts(text: str, *, words_needed: int, ours: str = "", greeting: bool = False) -> bool:
    """Whether these words, perhaps the first of more, take the floor while we speak.

    A phrase to stop does, and so do `words_needed` words, unless they are listening, or may yet
    turn out to be ("that makes"), or an echo of `ours`: here one word of ours is one too. Over our
    greeting, the caller's own is expected and takes nothing.
    """
    heard = said(text)
    if not is_stop(text):
        count = word_count(text)
        if not count or (count < words_needed and not calls_for_a_person(heard)):
            return False
        if takes_nothing(heard, greeting=greeting):
            return False
    return not is_echo(text, ours) and not is_word_of(ours, text)
