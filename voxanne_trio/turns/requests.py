"""What a caller asks of the conversation itself: to wait, to hear it again, slower, to go on. Pure.

Each is answered without the model, so each must be all that is asked: "say that again" is ours to
answer, "say the price of the second one again" is the model's. So a turn is taken to pieces, and
every piece must be the request itself or politeness around it.
"""

from __future__ import annotations

import re
from typing import Final

from .words import any_of, listed, said

_MOST_WORDS: Final = 18
"""Longer turns ask for more than they begin with."""

_POLITE: Final = any_of(
    listed(
        "oh, okay, ok, um, uh, er, hmm, yeah, yes, yep, well, so, but, and, hey, hi, hello, sorry, "
        "i'm sorry, i'm so sorry, i am sorry, my apologies, sorry about that, please, just, actually, no, no no, "
        "alright, all right, right, ah, thanks, thank you, thank you so much, excuse me, my bad, "
        "can you, could you, would you, will you, would you mind, do you mind, can you please, "
        "i need you to, i'd like you to, i want you to, if you could, if you can, if you would, "
        "if you don't mind, if that's okay, if possible, whoa, you can, you could, like, maybe, quickly, "
        "real quick, really quick, for me, now, then, ma'am, sir, miss, you know, i think, "
        "gotcha, got it, great, sure, perfect, cool, real fast, i guess, oops, "
        "let's, can we, could we, could i have you, can i have you, can i get you to"
    )
)


def _made_of(pieces: str) -> re.Pattern[str]:
    """Nothing but such pieces and politeness, and at least one of them."""
    polite = rf"(?:(?:{_POLITE})(?: |$))*+"
    return re.compile(rf"{polite}(?:(?:{pieces})(?: |$){polite})+")


def _is(pattern: re.Pattern[str], text: str) -> bool:
    heard = said(text)
    return heard.count(" ") < _MOST_WORDS and pattern.fullmatch(heard) is not None


# To wait

_TIME: Final = (
    "(?:(?:just |for |only |like |about |in )*(?:an?|one|two|five|ten|a couple(?: of| more)?|"
    "a few(?: more)?|some|another) (?:quick |little |more |hot |brief )*"
    "(?:seconds?|secs?|moments?|minutes?|mins?|bit)|(?:some|more|a little(?: more)?) time)"
)
_FETCH: Final = (
    r"(?:get|grab|find|check|pull|pull up|look up|look for|look at|look in|see|go get|open|finish|"
    r"read|fetch|dig out|reach|bring up|switch|log into|put on|ask|check with|turn off|turn down|"
    r"pull out|write down|step|go|look|check on)"
)
_AT_HAND: Final = (
    r"(?:my (?!appointment|options|results)[\w']+(?: (?!is\b|and\b|if\b|what\b|when\b|how\b)[\w']+){0,3}|"
    r"(?:the|a|an|some|that|this) (?:\w+ )?(?:pen|pencil|paper|card|calendar|phone|charger|door|number|"
    r"information|wallet|purse|planner|schedule|glasses|computer|car|email|letter|bottle|dog|kids?|baby|"
    r"baby|tv|radio|room|quiet place|seat|notebook|bill|paperwork|date|window)"
    r"(?: (?:with|for|in|here|to) (?:me|it|my \w+|here|write(?: \w+)*))?|"
    r"(?:it|that|this|him|her|outside|inside|over here|into the other room|something(?: to write (?:with|on))?)"
    r"(?: (?:down|up|out|off|here|in front of me))*)"
)
_WAIT: Final = (
    rf"(?:wait|hold|hold on|hang on|hold up|wait up|hang tight|sit tight|stay on the line|"
    rf"bear with me|stay with me|hold the line|hold the phone|hold that thought|stand by|"
    rf"pause|stop)(?: (?:there|right there|it|that))?(?: {_TIME})?|{_TIME}|"
    r"stop (?:talking|speaking|reading)|be quiet|quiet|hush|shut up|enough|that's enough|"
    rf"(?:give|gimme|spare)(?: me)? {_TIME}|(?:i|i'll) (?:just )?need {_TIME}|"
    rf"(?:let me|can i|could i|may i) (?:just )?(?:have|get|take) {_TIME}|"
    r"(?:i'll|i will)(?: just)? be (?:right )?back|be right back|"
    r"(?:let me|lemme) (?:just )?write (?:that|this|it) down|don't (?:hang up|go anywhere|go away|go)(?: on me)?|"
    rf"(?:let me|lemme) (?:just )?(?:think|see|check|look)(?: (?:here|about that))?(?: {_TIME})?|"
    rf"(?:let me|lemme) (?:just )?(?:go )?{_FETCH} {_AT_HAND}(?: {_TIME})?"
)
_REASON: Final = (
    rf"(?:i (?:just )?(?:need|have|got|want|gotta)(?: to)?|i'm (?:just )?(?:gonna|going to)|i'll|"
    rf"i will|while i|so i can|i can't) (?:just )?(?:go )?{_FETCH} {_AT_HAND}|"
    rf"(?:i'm|i am) (?:still |just )*(?:looking for|getting|grabbing|finding|pulling up|checking|"
    rf"pulling out|looking at|searching for|turning off) {_AT_HAND}|"
    r"(?:i'm|i am) (?:still |just )*(?:looking|driving|pulling over|walking|parking)|"
    r"(?:there's |there is )?(?:someone|somebody)(?:'s| is)? at (?:the|my) door|"
    r"(?:my|the) (?:kids?|baby|son|daughter|dog|dog's|baby's|husband|wife|boss|other line|phone)"
    r"(?:'s| is| are)? (?:crying|barking|calling|here|ringing|talking to me|just walked in)|"
    r"i (?:have|got|have got|'ve got) (?:another|someone on the other) (?:call|line)"
)
_WAIT_ONLY: Final = _made_of(f"{_WAIT}|{_REASON}")
_NAMES_WAITING: Final = re.compile(rf"(?:^|.* )(?:{_WAIT})(?: |$)")


def asks_to_wait(text: str) -> bool:
    """Whether the turn only asks us to wait or to stop: "hold on", "let me get my calendar".

    A reason may go with it ("there's someone at the door") but is none by itself.
    """
    return _is(_WAIT_ONLY, text) and _NAMES_WAITING.match(said(text)) is not None


# To say it again, or slower

_WHAT: Final = (
    "(?:that|it|this|yourself|that (?:last )?(?:part|bit)|those|all that|all of that|everything|"
    "the (?:last |whole )?(?:part|thing|question|sentence|bit)|what you(?: just)? said|"
    "(?:the|that) last (?:thing|part|bit)(?: you said)?|what you were saying)"
)
_AGAIN: Final = (
    "(?:again|one more time|once more|once again|over again|over|a second time|back to me|back|by me|"
    "another time|from the (?:top|beginning|start))"
)
_SLOWLY: Final = (
    "(?:but )?(?:(?:a )?(?:little|bit|little bit|lot|tad) )?(?:more )?"
    "(?:slowly|slower|slow|clearly|clearer|louder|loudly)(?: this time)?"
)
_HEAR: Final = "(?:catch|hear|get|understand|make out|follow|quite catch|quite hear|quite get)"
_REPEATED: Final = (
    rf"(?:say|saying|tell me|read|go over|run|ask|asking|give me|go through|explain)"
    rf"(?: {_WHAT})?(?: {_AGAIN})+|(?:say|tell me) {_WHAT}|"
    rf"(?:repeat|repeating)(?: {_WHAT})?(?: (?:{_AGAIN}|to me))*|"
    r"(?:i )?(?:beg your )?pardon(?: me)?|come again|say (?:what|again)|you said what|"
    r"what was (?:that|(?:the|that) (?:last (?:part|thing|bit)|question))(?: again)?|what's that again|"
    r"what(?:'d you| did you| are you)(?: just)? say(?:ing)?(?: again)?|"
    rf"i (?:am |was )?(?:still )?(?:can barely|could barely|barely|didn't|did not|couldn't|could not|can't|cannot|don't|not) "
    rf"(?:even |really )?{_HEAR}(?: (?:you|it|what you(?: just)? said|what you're saying|a word|"
    rf"any of (?:that|it)|a thing|{_WHAT}))?|(?:didn't|couldn't) {_HEAR} (?:that|you)|"
    r"wait|hold on|hang on|i lost you(?: there| for a (?:second|moment|minute))?|"
    r"(?:i )?missed (?:that|it|what you said|that last part|the last part|the last bit)|"
    r"(?:i think )?you(?:'re| are| were|'ve)?(?: kind of| kinda)? (?:broke|breaking|cut|cutting|"
    r"cuts?|went|going)(?: kind of)? (?:up|out|off)(?: (?:on me|there|a little|a bit|a little bit|"
    rf"for a second))*|(?:one|once) more(?: time)?|what was that|again|{_SLOWLY}"
)
_SLOW: Final = (
    rf"(?:speak|talk|go|say (?:that|it|this)|repeat (?:that|it)|read (?:that|it)|do that) {_SLOWLY}|"
    rf"slow (?:it |this |that )?(?:way )?down(?: (?:a (?:little|bit|little bit|tad)))?|"
    rf"slow(?:er|ly)?|slowing down|{_SLOWLY}|not so fast|too fast|"
    r"(?:you're|you are|that was|that's|it's|this is|you) (?:talking|speaking|going|talk|speak|go)?"
    r"(?: )?(?:way |a little |a bit |kind of |just )*(?:too|so|really|very) (?:fast|quick|quickly)|"
    r"you're (?:talking|speaking|going) (?:fast|a little fast|kind of fast)"
)
_REPEAT: Final = _made_of(rf"{_REPEATED}|{_SLOW}")
_SAME_AGAIN: Final = re.compile(
    r"\b(?:again|repeat|repeating|pardon|say|what|once more|one more|missed|catch|hear|get|"
    r"understand|follow|make out|breaking|broke|cut|cutting|tell me|went|lost you)\b"
)
_PUZZLED: Final = re.compile(
    r"(?:(?:oh|um|uh|hmm|wait|i'm|i am|so|very|hello)(?: |$))*"
    r"(?:(?:sorry|excuse me|(?<!uh )huh|what|pardon|eh|hello what)(?: |$))+(?:(?:again|please|what)(?: |$))?"
)
_SLOWER: Final = re.compile(rf"(?:^|.* )(?:{_SLOW})(?: |$)")
_SLOWER_ONLY: Final = _made_of(
    rf"{_SLOW}|{_REPEATED}|sorry|for a second|i'm old|i'm writing"
    r"(?: this| it)?(?: down)?|i can't (?:keep up|follow|write that fast)|"
    r"i(?:'m| am) (?:trying to|gonna) write (?:this|it|that) down|my english(?: is)?(?: not)?"
    r"(?: (?:that|very|so))? (?:good|great)|english (?:is|isn't) (?:not )?my first language"
)


def asks_to_repeat(text: str) -> bool:
    """Whether it only asks to hear what we said again: "sorry?", "can you repeat that please"."""
    heard = said(text)
    if _PUZZLED.fullmatch(heard):
        return True
    return _SAME_AGAIN.search(heard) is not None and _is(_REPEAT, text)


def asks_for_slower(text: str) -> bool:
    """Whether it asks us to speak more slowly, alone or beside asking to hear it again."""
    return _SLOWER.match(said(text)) is not None and _is(_SLOWER_ONLY, text)


# To go on

_ONWARD: Final = _made_of(
    r"go on(?: with it)?|go ahead|go right ahead|continue|continuing|keep going|keep talking|"
    r"carry on|proceed|keep on going|go for it|(?:go ahead|go on|continue|carry on|keep going)"
    r"(?: and)? (?:finish|with (?:that|it|what you were saying)|what you were saying|from there)|"
    r"(?:as )?you were saying(?: something)?|what were you (?:saying|going to say|gonna say)|"
    r"where were (?:we|you)|(?:i'm )?(?:still )?listening|i'm (?:still )?here|"
    r"finish(?: what you were saying| your sentence)?|i(?: am|'m)? (?:didn't mean to )?"
    r"(?:interrupt|interrupted|cut)(?: you)?(?: off)?|didn't mean to (?:interrupt|cut you off)|"
    r"don't mind me|never mind|(?:that|it) was(?:n't)? (?:for|to|at) (?:you|my \w+|someone else)|"
    r"i was(?:n't)? talking to (?:you|someone else|somebody else|my \w+)|i'm (?:back|ready|done)|"
    r"i(?:'m| am) ready|not you|ignore (?:that|me)"
)
_NAMED_ONWARD: Final = re.compile(
    r"\b(?:go on|go ahead|right ahead|continue|going|keep talking|carry on|proceed|go for it|"
    r"saying|gonna say|were we|were you|finish|listening|don't mind me|talking to|not you|"
    r"ignore|i'm back|i'm ready|wasn't (?:for|to))\b"
)


def asks_to_go_on(text: str) -> bool:
    """Whether it only asks us to go on with what we were saying."""
    return _NAMED_ONWARD.search(said(text)) is not None and _is(_ONWARD, text)
