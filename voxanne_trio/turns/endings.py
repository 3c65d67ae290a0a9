"""Whether what a caller has said so far looks unfinished. Pure.

Knows the words after which English goes on ("and", "at the", "my name is"), and what is dictated.
A wrong yes costs the caller a second of waiting, a wrong no cuts them off; so where a recogniser's
full stop and the words disagree, the words are believed, and only a question mark is stronger.
"""

# ruff: noqa: SIM905 - word lists read best as text

from __future__ import annotations

import re
from typing import Final

from .dictation import (
    AS_IN,
    PHONE_LENGTHS,
    is_whole_phone,
    spelling_goes_on,
    trailing_figures,
    trailing_letters,
)
from .words import FILLERS, any_of, listed, words

_OPEN_MARK: Final = re.compile(r"(?:[,:;–—-]|\.{2,}|…)[\s\"')]*$")

_ALWAYS_OPEN: Final = frozenset(
    (
        "and or but nor because 'cause cuz although unless whether than "
        "the an my your our their every into onto "
        "gonna wanna gotta gotta lemme "
        "i'm i've i'd i'll it's that's there's he's she's we're we've we'll we'd they're they've "
        "they'll you're you've you'll you'd he'll she'll let's who's where's what's how's here's "
        "mr mrs ms dr doctor"
    ).split()
)
_PREPOSITIONS: Final = frozenset("of to for from with at about in on by between".split())
_PHRASES: Final = any_of(
    listed(
        "so that, i think that, is if, as if, if, even though, since, until, while i, "
        "i was, i just, i really, i also, i want, i need, i would, i wanna, i wanted, i'd like, "
        "i would like, i was wondering, i'm wondering, i wonder, i'm calling, i was calling, "
        "i was thinking, i guess, i have, i had, i got, we need, we want, "
        "it's like, and like, but like, so like, feel like, something like, i was like, it was like, "
        "i mean, and you know, but you know, um you know, let's see, let me see, let me think, "
        "and when, for when, and how, or how, and what, and where, and who, and why, about how, "
        "is when, was when, is that, was that i, is how, is what, is where, is whether, "
        "dot, underscore, at sign, as in, double, triple, area code, extension, "
        "at gmail, at yahoo, at hotmail, at outlook, at icloud, at aol, at comcast, at verizon"
    )
)
_PHRASE_END: Final = re.compile(rf"(?:^|.* )(?:{_PHRASES})$")
_FINISHED_END: Final = re.compile(
    r"\b(?:i (?:think|hope|guess|believe|suppose|don't think) so|or so|is that so|and so on|"
    r"(?:all|everything|what|that|the one|whatever|something|anything|one|thing) "
    r"(?:i|we) (?:need|want|have|had|got|wanted)|"
    r"(?:check|come|coming|came|walk|get|sign|fill|filled|call|called|be|am|i'm|are|go|going|"
    r"stop|bring|squeeze|fit me|fit|put it|put me|drop|get me|log|logged|keep|hold|hang|later|come|"
    r"moving|goes|went|turn|turned|try|from now|early) (?:it |that |them |me |him |her |you )?"
    r"(?:in|on|by)|"
    r"(?:don't|didn't|doesn't|wouldn't|do not|not|if i|would love|i'd love|used|able|have|had|"
    r"supposed|want me|want us|need|happy|glad) (?:\w+ )?to|"
    r"(?:made|think|thinking|thought|heard|hear|speaking|aware|sort|kind) of|"
    r"as well|i see|thank you|you know what|vitamin \w|hepatitis \w|part \w|plan \w|type \w|"
    r"is that (?:it|all|so))$"
)
_NEEDS_WANT: Final = re.compile(r"^(?:\w+ ){0,3}?(?:i|we) (?:want|need|have|had|got|like)$")
_WH_FIRST: Final = re.compile(
    r"(?:^|\b(?:know|sure|see|say|tell|remember|and|so|but|okay|um|uh|yeah|or|ask|wondering) )"
    r"(?:what|who|where|which|whose|when)\b"
)
_STRANDED: Final = re.compile(
    r"\b(?:it|that|this|you|i|we|they|he|she|there|here|one|talk|speak|go|come|start|ask|look|"
    r"looking|going|coming|talking|worried|work|is|located|pay|wait|deal|book|live|help)"
    r" (?:for|to|about|with|at|from|in|on|like)$"
)
_COPULA: Final = re.compile(
    r"\b(?!i |it |that |this |he |she |they |we |you |there |what |who |yes |one )[\w']+ "
    r"(?:is|are|was|were)$|^(?:is|are|was|were)$"
)
_INVERTED: Final = re.compile(
    r"(?:^|\b(?:and|so|but|um|uh|okay|like|or|well|what|when|how|where|why|much) )"
    r"(?:can|could|would|will|do|does|did|have|has|should|may|is|are|was) "
    r"(?:i|you|we|he|she|they|it|there|that|the \w+|my \w+)$"
)
_INVERTED_WHOLE: Final = re.compile(
    r"\b(?:how|who|where) (?:are|is|was|were) \w+$|\b(?:so|neither|nor) (?:do|am|can|did|would|have) i$|"
    r"\bwhat (?:is|was|are) (?:it|that|they|there)$|\bthank you$|^(?:is|was) (?:it|that)$|"
    r"\bwhat time is it$|\b(?:much|many|long|far|old|bad) (?:is|was|are) (?:it|that|they|the \w+|my \w+)$|"
    r"\b(?:when|where|what|how) (?:is|was|are) (?:the|my|your) \w+$"
)
_ONLY_OPENERS: Final = re.compile(
    r"(?:(?:"
    + any_of(
        listed(
            "so, well, like, you know, i mean, let's see, let me see, let me think, okay so, "
            "yeah so, actually, basically, anyway, anyways, um, uh, er, hmm, hm, mm, yeah um, "
            "okay um, honestly, see, okay well, yes so, hi so, hi um, hello um"
        )
    )
    + ")(?: |$))+"
)
_SO_OPEN: Final = re.compile(r"(?:^|\b\w+ )so$")
_ARTICLE_A: Final = re.compile(r"(?:^|[\w']+ )a$")
_NUMBER_CUE: Final = re.compile(
    r"\b(?:number|numbers|phone|cell|mobile|reach me|call me|text me|area code)\b"
)
_UNKNOWN_LENGTH: Final = re.compile(
    r"\b(?:member|policy|group|subscriber|confirmation|reference|insurance|account)\b"
)
_OTHER_NUMBER: Final = re.compile(
    r"\b(?:year|born|zip|dollars|at|around|about|before|after|until|suite|apartment|room|extension|"
    r"last four|weigh|pounds|age|i'm)(?: \w+)?$"
)
_DIALLED_WORDS: Final = 3
_HUNDREDS: Final = re.compile(
    r"(?:(?:it's|it is|i live at|i'm at|my address is|the address is|address is|um|uh|yeah) )*"
    r"(?:eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|"
    r"[2-9]|two|three|four|five|six|seven|eight|nine) hundred(?: and)?(?: \w+)?"
)
_ADDRESS_CUE: Final = re.compile(r"\b(?:address(?: is|'s)?|i live (?:at|on)|live at|located at)\b")
_STREET_CUE: Final = re.compile(
    r"\b(?:street|st|avenue|ave|road|rd|drive|lane|boulevard|blvd|court|way|place|circle|broadway|"
    r"terrace|parkway|highway|email|e mail|dot)\b"
)
_DIRECTION: Final = re.compile(r"(?:\d+|hundred|\w+teen|\w+ty) (?:north|south|east|west)$")
_EMAIL_CUE: Final = re.compile(r"\be ?mail(?:'s| is| address is| address)\b")
_EMAIL_WHOLE: Final = re.compile(r"\bdot [a-z]{2,6}$|@\S+\.[a-z]{2,}")
_EMAIL_BEGUN: Final = re.compile(r"^(?:\w+ ){0,4}\w+ dot \w+$")
_SITE_END: Final = re.compile(r"\bdot (?:com|org|net|edu|gov|io|co|us|me|info|health|ca|uk)$")
_ACRONYMS: Final = frozenset(
    (
        "am pm ok bbl prp tca ipl mri er id dob tv us usa la ny ppo hmo iv iq co bmi hiv std obgyn "
        "ent cpr dui faq asap fyi rsvp pdo rf hsa fsa hipaa aarp aa bb cc"
    ).split()
)


def looks_unfinished(text: str) -> bool:
    """Whether the caller will likely go on. Hesitation alone is unfinished; nothing at all is not."""
    heard = words(text)
    if not heard:
        return False
    if heard[-1] in FILLERS or _OPEN_MARK.search(text):
        return True
    joined = " ".join(heard)
    if _ONLY_OPENERS.fullmatch(joined) or _dictated(text, joined, heard):
        return True
    return _open_end(joined, heard[-1], asked=text.rstrip().endswith("?"))


def _open_end(joined: str, last: str, asked: bool) -> bool:
    if last in _ALWAYS_OPEN or (
        last == "a" and _ARTICLE_A.search(joined) and not _FINISHED_END.search(joined)
    ):
        return True
    if asked or _FINISHED_END.search(joined):
        return False
    if last in _PREPOSITIONS:
        return not (_WH_FIRST.search(joined) and _STRANDED.search(joined))
    if last == "so":
        return True
    if last in {"is", "are", "was", "were"}:
        return _COPULA.search(joined) is not None and not _WH_FIRST.search(joined)
    if _INVERTED.search(joined):
        return not _INVERTED_WHOLE.search(joined)
    return _PHRASE_END.match(joined) is not None


def _dictated(text: str, joined: str, heard: list[str]) -> bool:
    letters = trailing_letters(heard)
    if len(letters) > 1 and "".join(letters) not in _ACRONYMS and spelling_goes_on(heard):
        return True
    if AS_IN.search(joined) and len(heard[-3]) == 1:
        return True
    return _number_goes_on(joined, heard) or _place_goes_on(text, joined)


def _number_goes_on(joined: str, heard: list[str]) -> bool:
    groups = trailing_figures(heard)
    if not groups:
        return False
    count = sum(map(len, groups))
    if _UNKNOWN_LENGTH.search(joined):
        return True
    if _NUMBER_CUE.search(joined):
        return not is_whole_phone(groups)
    before = " ".join(heard[: -len(groups)])
    dialled = len(groups) >= _DIALLED_WORDS or (len(groups) > 1 and len(groups[0]) == 3)
    return (
        dialled and count not in PHONE_LENGTHS and count < 10 and not _OTHER_NUMBER.search(before)
    )


def _place_goes_on(text: str, joined: str) -> bool:
    if _EMAIL_CUE.search(joined) or _EMAIL_BEGUN.match(joined):
        return not _SITE_END.search(joined) and not _EMAIL_WHOLE.search(text.casefold())
    if _HUNDREDS.fullmatch(joined) or _DIRECTION.search(joined):
        return True
    cue = _ADDRESS_CUE.search(joined)
    return cue is not None and not _STREET_CUE.search(joined)
