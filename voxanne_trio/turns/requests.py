"""What a caller asks of the conversation itself: to wait, to hear it again, slower, to go on. Pure.

Each is answered without the model, so each must be all that is asked: "say that again" is ours to
answer, "say the price of the second one again" is the model's. So a turn is taken to pieces, and
every piece must be the request itself, a reason for it, or the politeness around it; and one of
them must name the request.
"""

from __future__ import annotations

import re
from typing import Final

from .words import any_of, listed, one_of, said

_MOST_WORDS: Final = 18
"""Longer turns ask for more than they begin with."""

_POLITE: Final = any_of(
    listed(
        "oh, okay, ok, um, uh, er, hmm, yeah, yes, yep, well, so, but, and, hey, hi, hello, sorry, "
        "i'm sorry, i'm so sorry, i am sorry, my apologies, sorry about that, please, just, no, "
        "no no, actually, alright, all right, right, ah, thanks, thank you, thank you so much, "
        "excuse me, my bad, oops, whoa, can you, could you, would you, will you, would you mind, "
        "do you mind, can you please, i need you to, i'd like you to, i want you to, if you could, "
        "if you can, if you would, if you don't mind, if that's okay, if possible, you can, "
        "you could, let's, can we, could we, could i have you, can i have you, can i get you to, "
        "like, maybe, quickly, real quick, really quick, real fast, for me, now, then, you know, "
        "i think, i guess, ma'am, sir, miss, gotcha, got it, great, sure, perfect, cool"
    )
)


def _made_of(pieces: str) -> re.Pattern[str]:
    """Such pieces, at least one of them, and politeness anywhere around them."""
    polite = rf"(?:(?:{_POLITE})(?: |$))*+"
    return re.compile(rf"{polite}(?:(?:{pieces})(?: |$){polite})+")


def _is(pattern: re.Pattern[str], heard: str) -> bool:
    return heard.count(" ") < _MOST_WORDS and pattern.fullmatch(heard) is not None


# To wait

_SOME: Final = "(?:an?|one|two|five|ten|a couple(?: of| more)?|a few(?: more)?|another)"
_TIME: Final = (
    rf"(?:(?:just |for |only |like |about |in )*(?:{_SOME} (?:quick |little |more |hot |brief )*"
    r"(?:seconds?|secs?|moments?|minutes?|mins?|bit)|(?:some|more|a little(?: more)?) time))"
)
_FETCH: Final = (
    "(?:get|grab|find|check|check on|check with|pull|pull up|pull out|look up|look for|look at|"
    "look in|look|see|go|go get|open|finish|read|fetch|dig out|reach|bring up|switch|log into|"
    "put on|ask|turn off|turn down|write down|step)"
)
_THINGS: Final = (
    "(?:pen|pencil|paper|piece of paper|card|calendar|phone|charger|door|number|information|"
    "wallet|purse|planner|schedule|glasses|computer|car|email|letter|bottle|dog|kids?|baby|tv|"
    "radio|room|quiet place|seat|notebook|bill|paperwork|date|window)"
)
_AT_HAND: Final = one_of(
    r"my (?!appointment|options|results)[\w']+"
    r"(?: (?!is\b|and\b|if\b|what\b|when\b|how\b)[\w']+){0,3}",
    rf"(?:the|a|an|some|that|this) (?:\w+ )?{_THINGS}"
    r"(?: (?:with|for|in|here|to) (?:me|it|my \w+|here|write(?: \w+)*))?",
    r"(?:it|that|this|him|her|outside|inside|over here|into the other room|something)"
    r"(?: (?:down|up|out|off|here|in front of me|to write(?: with| on)?))*",
)
_HOLD: Final = one_of(
    r"(?:wait|hold|hold on|hang on|hold up|wait up|hang tight|sit tight|stay on the line|pause|"
    r"stop|bear with me|stay with me|hold the line|hold the phone|hold that thought|stand by)"
    rf"(?: (?:there|right there|it|that))?(?: {_TIME})?",
    rf"{_TIME}(?: to (?:{_FETCH} (?:{_AT_HAND})|think))?",
    "stop (?:talking|speaking|reading)|be quiet|quiet|hush|shut up|enough|that's enough",
    rf"(?:give|gimme|spare)(?: me)? {_TIME}(?: to {_FETCH} (?:{_AT_HAND}))?",
    rf"(?:i|i'll) (?:just )?need {_TIME}",
    rf"(?:let me|can i|could i|may i) (?:just )?(?:have|get|take) {_TIME}",
    r"(?:i'll|i will)(?: just)? be (?:right )?back|be right back",
    "don't (?:hang up|go anywhere|go away|go)(?: on me)?",
    rf"(?:let me|lemme) (?:just )?(?:think|see|check|look)(?: (?:here|about that))?(?: {_TIME})?",
    rf"(?:let me|lemme) (?:just )?(?:go )?{_FETCH} (?:{_AT_HAND})(?: {_TIME})?",
    "(?:let me|lemme) (?:just )?write (?:that|this|it) down",
)
_REASONS: Final = one_of(
    r"(?:i (?:just )?(?:need|have|got|want|gotta)(?: to)?|i'm (?:just )?(?:gonna|going to)|i'll|"
    rf"i will|while i|so i can|i can't) (?:just )?(?:go )?{_FETCH} (?:{_AT_HAND})",
    r"(?:i'm|i am) (?:still |just )*(?:looking for|getting|grabbing|finding|pulling up|checking|"
    rf"pulling out|looking at|searching for|turning off) (?:{_AT_HAND})",
    r"(?:i'm|i am) (?:still |just )*(?:looking|driving|pulling over|walking|parking)",
    r"(?:there's |there is )?(?:someone|somebody)(?:'s| is)? at (?:the|my) door",
    r"(?:my|the) (?:kids?|baby|son|daughter|dog|dog's|baby's|husband|wife|boss|other line|phone)"
    r"(?:'s| is| are)? (?:crying|barking|calling|here|ringing|talking to me|just walked in)",
    "i (?:have|got|have got|'ve got) (?:another|someone on the other) (?:call|line)",
)
_WAITING: Final = _made_of(one_of(_HOLD, _REASONS))
_NAMES_WAITING: Final = re.compile(rf"(?:^|.* )(?:{_HOLD})(?: |$)")


def asks_to_wait(text: str) -> bool:
    """Whether the turn only asks us to wait or to stop: "hold on", "let me get my calendar".

    A reason may go with it ("there's someone at the door") but is none by itself.
    """
    heard = said(text)
    return _is(_WAITING, heard) and _NAMES_WAITING.match(heard) is not None


# To say it again, or slower

_PART: Final = "(?:(?:the|that) )?(?:last |whole )?(?:part|thing|question|sentence|bit)"
_WHAT: Final = (
    rf"(?:that|it|this|yourself|those|all that|all of that|everything|{_PART}(?: you said)?|"
    "what you(?: just)? said|what you were saying)"
)
_AGAIN: Final = (
    "(?:again|one more time|once more|once again|over again|over|a second time|back to me|back|"
    "by me|to me|another time|from the (?:top|beginning|start)|louder|clearer|more clearly)"
)
_SLOWLY: Final = (
    "(?:but )?(?:(?:a )?(?:little|bit|little bit|lot|tad) )?(?:more )?(?:slowly|slower|slow)"
    "(?: this time)?"
)
_NOT_HEARD: Final = (
    "(?:(?:can |could )?barely|didn't|did not|couldn't|could not|can't|cannot|don't)"
    "(?: (?:even|really|quite))*"
)
_HEAR: Final = "(?:catch|hear|get|understand|make out|follow)"
_REPEATED: Final = one_of(
    "(?:say|saying|tell me|read|go over|run|ask|asking|give me|go through|explain)"
    rf"(?: {_WHAT})?(?: {_AGAIN})+",
    rf"(?:say|tell me) {_WHAT}|(?:repeat|repeating)(?: {_WHAT})?(?: {_AGAIN})*",
    "(?:i )?(?:beg your )?pardon(?: me)?|come again|say (?:what|again)|you said what",
    rf"what was (?:that|{_PART})(?: {_PART})?(?: again)?|what's that again",
    "what(?:'d you| did you| are you)(?: just)? say(?:ing)?(?: again)?",
    rf"(?:i )?(?:still )?{_NOT_HEARD} {_HEAR}"
    rf"(?: (?:you|what you're saying|a word|any of (?:that|it)|a thing|{_WHAT}))?",
    rf"(?:i )?missed (?:that|it|what you said|{_PART})",
    "i lost you(?: there| for a (?:second|moment|minute))?",
    "(?:i think )?(?:you|it|the line|the call|your voice)(?:'re|'s| are| is| were| was|'ve)?"
    "(?: kind of| kinda)? (?:broke|breaking|cut|cutting|cuts?|went|going) (?:up|out|off)"
    "(?: (?:on me|there|a little|a bit|a little bit|for a second))*",
    "(?:the (?:line|connection|signal)|it)(?:'s| is) (?:so |really |very )?"
    "(?:bad|terrible|noisy|loud)(?: (?:in )?here)?",
    f"(?:one|once) more(?: time)?|again|what|huh|wait|hold on|hang on|{_SLOWLY}",
)
_TOO_FAST: Final = (
    "(?:way |a little |a bit |kind of |just )*(?:too|so|really|very) (?:fast|quick|quickly)"
)
_SLOW: Final = one_of(
    rf"(?:speak|talk|go|(?:say|repeat|read) (?:that|it|this)|do that) {_SLOWLY}",
    "slow (?:it |this |that )?(?:way )?down(?: a (?:little|bit|little bit|tad))?|slowing down",
    rf"{_SLOWLY}|not so fast|too fast",
    rf"(?:(?:you're|you are|you|that was|that's|it's|this is) )(?:(?:talking|speaking|going|talk|"
    rf"speak|go) )?{_TOO_FAST}",
    "you're (?:talking|speaking|going) (?:a little |a bit |kind of |pretty )*(?:fast|quick)",
)
_REASONS_FOR_SLOWER: Final = one_of(
    "sorry|for a second|i'm old|i(?:'m| am) (?:trying to |gonna )?writ(?:e|ing)"
    "(?: (?:this|it|that))?(?: down)?|i can't (?:keep up|follow|write that fast)",
    "my english(?: is| isn't)?(?: not)?(?: (?:that|very|so))? (?:good|great)",
    "english (?:is|isn't) (?:not )?my first language",
)
_SAYING_AGAIN: Final = _made_of(one_of(_REPEATED, _SLOW))
_SAYING_SLOWER: Final = _made_of(one_of(_SLOW, _REPEATED, _REASONS_FOR_SLOWER))
_NAMES_AGAIN: Final = re.compile(
    r"\b(?:again|repeat|repeating|pardon|say|saying|once more|one more|missed|catch|hear|get|said|"
    r"what (?:was|did|are)|what'd|understand|follow|make out|breaking|broke|cut|cutting|tell me|"
    r"went|lost you)\b"
)
_NAMES_SLOWER: Final = re.compile(rf"(?:^|.* )(?:{_SLOW})(?: |$)")
_PUZZLED: Final = re.compile(
    r"(?:(?:oh|um|uh|hmm|wait|i'm|i am|so|very|hello)(?: |$))*"
    r"(?:(?:sorry|excuse me|(?<!uh )huh|what|pardon|eh)(?: |$))+"
    r"(?:(?:again|please|what)(?: |$))?"
)


def asks_to_repeat(text: str) -> bool:
    """Whether it only asks to hear what we said again: "sorry?", "can you repeat that please"."""
    heard = said(text)
    if _PUZZLED.fullmatch(heard):
        return True
    return _NAMES_AGAIN.search(heard) is not None and _is(_SAYING_AGAIN, heard)


def asks_for_slower(text: str) -> bool:
    """Whether it asks us to speak more slowly, alone or beside asking to hear it again."""
    heard = said(text)
    return _is(_SAYING_SLOWER, heard) and _NAMES_SLOWER.match(heard) is not None


# To go on

_ONWARD: Final = one_of(
    "go on(?: with it)?|go (?:right )?ahead|continue|keep (?:on )?going|keep talking",
    "carry on|proceed",
    "(?:go ahead|go on|continue|carry on|keep going)(?: and)? "
    "(?:finish|with (?:that|it)|from there|(?:with )?what you were saying)",
    "(?:as )?you were saying(?: something)?|what were you (?:saying|going to say|gonna say)",
    "where were (?:we|you)|(?:i'm )?(?:still )?listening|don't mind me|not you|ignore (?:that|me)",
    "finish(?: what you were saying| your sentence)?|i'm (?:back|ready)",
    "(?:that|it) was(?:n't)? (?:for|to|at) (?:you|my \\w+|someone else)",
    r"i was(?:n't)? talking to (?:you|someone else|somebody else|my \w+)",
)
_EXCUSES: Final = one_of(
    "i(?:'m| am)? (?:didn't mean to )?(?:interrupt|interrupted|cut)(?: you)?(?: off)?",
    "(?:for|to|didn't mean to) (?:interrupt|interrupting|cut|cutting)(?: you)?(?: off)?",
    "i'm (?:still )?here|never mind|i'm done|wait|hold on",
)
_GOING_ON: Final = _made_of(one_of(_ONWARD, _EXCUSES))
_NAMES_GOING_ON: Final = re.compile(rf"(?:^|.* )(?:{_ONWARD})(?: |$)")


def asks_to_go_on(text: str) -> bool:
    """Whether it only asks us to go on with what we were saying."""
    heard = said(text)
    return _is(_GOING_ON, heard) and _NAMES_GOING_ON.match(heard) is not None
