"""What a caller asks of the conversation itself: to wait, to hear it again, slower, to go on. Pure.

Each is answered without the model, so each must be all that is asked: "say that again" is ours to
answer, "say the price of the second one again" is the model's.
"""

from __future__ import annotations

import re
from typing import Final

from .words import any_of, listed, said

_BEFORE: Final = any_of(
    listed(
        "oh, okay, ok, um, uh, er, hmm, yeah, yes, yep, well, so, but, and, hey, hi, hello, sorry, "
        "i'm sorry, i am sorry, please, just, actually, no, alright, all right, right, ah, "
        "thanks, thank you, excuse me, can you, could you, would you, will you, can you please, "
        "could you please, would you please, would you mind, do you mind, i need you to, "
        "i'd like you to, if you could, you can, like, maybe, real quick, my bad, wait, hold on"
    )
)
_AFTER: Final = any_of(
    listed(
        "please, thanks, thank you, for me, okay, ok, real quick, sorry, i'm sorry, if you can, "
        "if you could, if you don't mind, if that's okay, now, um, uh, will you, would you, "
        "could you, can you, ma'am, sir, miss, thank you so much, then, one more time, again, "
        "if possible, for a second, a bit, a little, a little bit"
    )
)


def _only(core: str, before: str = _BEFORE, after: str = _AFTER) -> re.Pattern[str]:
    """The core and nothing else, but for the words politeness and hesitation put around it."""
    return re.compile(rf"(?:(?:{before}) )*?(?:{core})(?: (?:{after}))*")


_TIME: Final = (
    "(?:(?:just |for |only |like |about )*(?:an?|one|two|five|a couple(?: of)?|a few) "
    "(?:quick |little |more )*(?:seconds?|secs?|moments?|minutes?|mins?|bit))"
)
_FETCH: Final = (
    "(?:get|grab|find|check|pull up|look up|look for|look at|see|go get|ask|write|open|turn|"
    "pull|put|move|finish|take|read|call)"
)
_THING: Final = r"(?:[\w']+ ?){1,6}"
_WAIT: Final = (
    rf"(?:wait|hold|hold on|hang on|hold up|wait up|hang tight|stay on the line|bear with me|"
    rf"hold the line|hold please|hold it|hold that thought|stand by)(?: (?:there|right there|"
    rf"for me|please|a|up))?(?: {_TIME})?|"
    rf"stop(?: (?:stop|it|that|there|right there|talking|please|now|for a second))*|"
    rf"pause(?: (?:there|it|that|please))?|be quiet|shut up|quiet|enough|that's enough|{_TIME}|"
    rf"(?:give me|gimme|i need|i just need|let me have|can i have|could i have|can i get) {_TIME}|"
    r"i'll be right back|be right back|i'll be back|don't hang up|don't go(?: anywhere)?|"
    r"let me (?:just )?(?:think|see|check|look|see here|think for a second|think about that)|"
    rf"let me (?:just )?(?:go )?{_FETCH} (?:my|the|a|an|that|it|this|him|her) ?{_THING}|"
    rf"let me (?:just )?(?:go )?{_FETCH} (?:it|that|him|her)|"
    rf"(?:i'm|i am) (?:just )?(?:looking for|getting|grabbing|finding|pulling up|checking|"
    rf"looking at|driving|walking|pulling over)(?: {_THING})?|"
    rf"i (?:just )?(?:need|have|got) to (?:go )?{_FETCH} (?:my|the|a|something) ?{_THING}|"
    r"(?:there's )?(?:someone|somebody)(?:'s| is)? at (?:the|my) door|"
    r"(?:my|the) (?:kids?|baby|son|daughter|dog|husband|wife|other line|phone)(?:'s| is| are) "
    r"(?:crying|barking|calling|here|ringing|talking to me)"
)
_WAIT_STEP: Final = re.compile(
    rf"(?:(?>{_BEFORE}|{_AFTER}) )*?(?:{_WAIT})(?: (?:{_AFTER}))*+(?: |$)"
)
_ANSWERED_ELSEWHERE: Final = re.compile(
    r"\b(?:if you|what|how|when|whether|which|appointment on|about it|do you|is there|are you)\b"
)

_IT: Final = "(?:that|it|this|yourself|the (?:last )?(?:part|thing|question|sentence)|what you(?: just)? said)"
_AGAIN: Final = "(?:again|one more time|once more|over|over again|a second time|back to me|back)"
_SLOWLY: Final = (
    "(?:(?:a )?(?:little |bit |little bit |lot )?(?:more )?(?:slowly|slower)|"
    "(?:but )?(?:a )?(?:little |bit |little bit )?(?:slow|slowed down)|not so fast)"
)
_REPEAT: Final = (
    rf"(?:(?:say|saying|said|tell me|read|go over|run|ask) (?:{_IT} )?(?:by me )?{_AGAIN}|"
    rf"repeat(?:ing)?(?: {_IT})?(?: {_AGAIN})?|say {_IT}|"
    r"pardon(?: me)?|i beg your pardon|beg your pardon|come again|sorry|i'm sorry|excuse me|"
    r"huh|what|what's that|what is that|what was that|what did you say|what'd you say|"
    r"what did you just say|what are you saying|what was that again|say what|say again|"
    r"how's that|you said what|what was the (?:last (?:part|thing|bit)|question)|"
    r"(?:i )?(?:didn't|did not|couldn't|could not|can't|can not|don't) (?:quite |really )?"
    r"(?:catch|hear|get|understand|make out|make that out)(?: (?:that|you|it|what you said|"
    r"the last part|a word|the question|any of that|all of that|that last part|the last thing))?|"
    r"(?:i )?missed (?:that|it|what you said|the last part)|"
    r"you(?:'re| are)? (?:broke|breaking|cut|cutting|were cutting|were breaking) (?:up|out|off)|"
    r"you broke up|one more time|once more|again)"
    rf"(?: {_SLOWLY})?(?: {_AGAIN})?"
)
_REPEAT_PAIR: Final = re.compile(
    rf"(?:(?:(?:{_BEFORE}) )*?(?:{_REPEAT})(?: (?:{_AFTER}))*+(?: |$))+"
)
_SLOWER: Final = re.compile(
    r"\b(?:slower|slow(?:ing)? (?:it |this |that )?down|more slowly|(?:too|so|very|really) "
    r"(?:fast|quick|quickly) (?:for me)?$|not so fast|speak slowly|talk slowly|"
    r"(?:talking|speaking|going|talk|speak|go|read|reading) (?:way )?(?:too|so|very|really|kind of) "
    r"(?:fast|quick|quickly)|too fast|(?:say|repeat) (?:that|it) slowly)\b"
)
_NOT_OUR_SPEECH: Final = re.compile(
    r"\b(?:heal|healing|recovery|recover|heart|breathing|metabolism|work|works|delivery|drip|"
    r"results|season|traffic|internet|i'm|i am|he|she|they|the price|appointment|schedule)\b"
)
_GO_ON: Final = (
    r"(?:go on|go ahead|continue|keep going|keep talking|carry on|proceed|go on with it|"
    r"you can (?:go on|go ahead|continue|keep going)|what were you saying|"
    r"(?:as )?you were saying|what were you going to say|where were we|"
    r"(?:i'm )?(?:still )?listening|i'm here|finish(?: what you were saying)?|"
    r"(?:go ahead|go on|continue) (?:and finish|with what you were saying|from there)|"
    r"i(?: didn't mean to| interrupted) (?:interrupt you|interrupt|cut you off|you)|"
    r"don't mind me|never mind go ahead|that wasn't (?:for|to) you|"
    r"i was(?:n't)? talking to (?:you|someone else|somebody else|my \w+))"
)
_GO_ON_PAIR: Final = re.compile(
    rf"(?:(?:(?:{_BEFORE}|no no|i'm done) )*?(?:{_GO_ON})(?: (?:{_AFTER}))*+(?: |$))+"
)
_MOST_WORDS: Final = 18


def _all(pattern: re.Pattern[str], text: str) -> bool:
    heard = said(text)
    return heard.count(" ") < _MOST_WORDS and pattern.fullmatch(heard) is not None


_WAIT_ONLY: Final = re.compile(rf"(?:{_WAIT_STEP.pattern})+")


def asks_to_wait(text: str) -> bool:
    """Whether the turn only asks us to wait or to stop: "hold on", "let me get my calendar"."""
    return _all(_WAIT_ONLY, text) and not _ANSWERED_ELSEWHERE.search(said(text))


def asks_to_repeat(text: str) -> bool:
    """Whether it only asks to hear what we said again: "sorry?", "can you repeat that please"."""
    return _all(_REPEAT_PAIR, text)


def asks_for_slower(text: str) -> bool:
    """Whether it asks us to speak more slowly, alone or beside asking to hear it again."""
    heard = said(text)
    return (
        heard.count(" ") < _MOST_WORDS
        and _SLOWER.search(heard) is not None
        and _NOT_OUR_SPEECH.search(heard) is None
    )


def asks_to_go_on(text: str) -> bool:
    """Whether it only asks us to go on with what we were saying."""
    return _all(_GO_ON_PAIR, text)
