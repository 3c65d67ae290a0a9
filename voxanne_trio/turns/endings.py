"""Whether what a caller has said so far looks unfinished. Pure.

Knows the words after which English goes on ("and", "at the", "my name is"), and what is dictated.
A wrong yes costs the caller a second of waiting, a wrong no cuts them off; so where a recogniser's
full stop and the words disagree, the words are believed, and only a question mark is stronger.

Most of it is two tables by the last word. `_ENDS_AFTER` has those that go on, but not after these:
"in" does, "come in" does not. `_GOES_ON_AFTER` has those that end, but not after these: "that"
does, "I think that" does not.
"""

# ruff: noqa: SIM905 - word lists read best as text

from __future__ import annotations

import re
from typing import Final

from .dictation import dictation_goes_on
from .words import FILLERS, any_of, listed, not_after, one_of, words

_OPEN_MARK: Final = re.compile(r"(?:[,:;–—-]|\.{2,}|…)[\s\"')]*$")  # noqa: RUF001
_HESITATION: Final = FILLERS - {"mm", "mmm"}  # they say "I hear you" alone
_LOOKED_AT: Final = 24
"""Words from the end: what stands before them decides nothing."""

_OPENS: Final = frozenset(
    (
        "and or but nor because 'cause cuz although unless whether if as "
        "the an my your our their every very fairly extremely into onto versus including "
        "gonna wanna gotta lemme "
        "i'm i've i'd i'll it's that's there's he's she's we're we've we'll we'd they're they've "
        "they'll you're you've you'll you'd he'll she'll let's who's where's what's how's here's "
        "mr mrs ms dr dot underscore double triple"
    ).split()
)
"""Nothing ends with these, not even a question."""

_WHOLE_VERBS: Final = (
    "come coming came check checked checking walk walking get getting got sign signed fill filled "
    "call called calling stop stopped drop dropped log logged be been go going went it me them him "
    "her you us"
)
_ENDS_AFTER: Final[dict[str, frozenset[str]]] = {
    last: frozenset(before.split())
    for last, before in {
        "in": _WHOLE_VERBS,
        "by": "come coming came stop stopped stopping drop dropped go going went swing passed pass",
        "on": "hold hang go going goes went carry come keep move moving later early put turn "
        "turned it them him her so now from rub try head",
        "of": "know made think thinking thought heard hear aware kind sort speaking taken full rid",
        "for": "what",
        "to": "used",
        "from": "",
        "with": "",
        "at": "",
        "about": "",
        "between": "in",
        "so": "think hope guess suppose believe say said or that even told if not do doing says is",
        "since": "ever long",
        "i": "and than so",
        "we": "than isn't aren't don't didn't can't won't shouldn't shall",
        "he": "than isn't doesn't didn't can't won't wasn't",
        "she": "than isn't doesn't didn't can't won't wasn't",
        "they": "than aren't don't didn't can't won't weren't doesn't",
        "is": "it that he she there one so who",
        "was": "it that he she there one so who",
        "are": "they we you there those these",
        "were": "they we you there those these",
        "a": "vitamin hepatitis part plan type grade option room building suite",
        "like": "i you we they he she you'd",
        **dict.fromkeys(("than", "until", "without", "during"), ""),
    }.items()
}
_STAMMERED: Final = frozenset("i it he she we they that this it's is was do to of in for".split())
_WH: Final = "what when where who how why which"
_AUXILIARIES: Final = "do does did can could would will should have has"
_GOES_ON_AFTER: Final[dict[str, frozenset[str]]] = {
    last: frozenset(before.split())
    for last, before in {
        "that": "think thought said told me hoping mentioned so is fact afraid worried sure except "
        "given seems heard website online",
        "doctor": "with see saw by from for to is was and",
        **dict.fromkeys(
            ("when", "where", "what", "how", "who"),
            "and or but for about is was on of by with that's until time wondering",
        ),
        "why": "and or but about is wondering",
        "you": f"if when because while since {_AUXILIARIES} are",
        "it": "if when because but while since that and is was does did can could would will has",
        "there": "is are if because",
        "this": "is",
        **dict.fromkeys(_AUXILIARIES.split(), f"{_WH} much many long often soon"),
        "just": "i i'm was and it's but",
        "really": "i he she it they we i'm was it's that's a don't",
        "also": "i and",
        "be": "to will would i'll it'll i'd it'd",
        "mean": "i",
        "wonder": "i",
        "wondering": "was i'm just",
        "calling": "i'm was am just",
        "thinking": "was i'm",
        "know": "you",
        "though": "even",
        "code": "area",
        "sign": "at",
        **dict.fromkeys(
            ("gmail", "yahoo", "hotmail", "outlook", "icloud", "aol", "comcast", "verizon"), "at"
        ),
    }.items()
}

_OPENERS: Final = r"(?:(?:so|and|but|okay|ok|um|uh|well|yeah|yes|oh|or|like|also) )*+"
_ASKS_BACK: Final = re.compile(
    rf"(?:^|\b(?:know|sure|see|say|tell|remember|ask|idea|and|so|but|okay|um|uh|yeah|that's|is|or|"
    rf"wondering|care|matter) )(?:{_WH.replace(' ', '|')})\b|\bone (?:i|we|you|he|she)\b"
)
"""A question, asked or told: what follows may end in what it asks about."""

_STRANDED: Final = re.compile(
    r"\b(?:it|that|this|you|i|we|they|he|she|there|here|one|talk|speak|go|come|start|ask|look|pay|in|"
    r"it's|that's|wait|deal|book|live|help|work|sign|apply|send|call|like|\w+ing|\w+ed|is|are|was)"
    r" (?:for|to|about|with|at|from|in|on|like|of)$"
)
_NOT_STRANDED: Final = re.compile(
    r"\b(?:going|want|wanted|need|needed|like|trying|supposed|used|have|planning|looking) to$|"
    r"\bhow (?:much|many|long)\b"
)
_WILLING: Final = re.compile(
    r"\b(?:(?:don't|didn't|doesn't|wouldn't|told not|prefer not|rather not|can't) (?:\w+ ){0,2}|"
    r"if (?:i|you|we) \w+ |(?:i'd|would) (?:love|be happy|be glad) |"
    r"(?:want|need) (?:me|us|you) )to$|^(?:is|are) (?:\w+ ){1,3}in$"
)
_TOLD: Final = re.compile(
    rf"\b(?:know|sure|tell|tell me|see|remember|ask|idea|wondering|care|matter|about|that's) "
    rf"(?:{_WH.replace(' ', '|')}) .*\b(?:is|are|was|were|like)$"
)
_BE_ASKED: Final = re.compile(
    rf"\b(?:{_WH.replace(' ', '|')}|much|many|long|far|old|bad|time|day|soon|about|often)"
    r" (?:is|are|was|were) (?:it|that|this|there|they|he|she|you|we)$"
)
_ALSO: Final = re.compile(r"\b(?:so|neither|nor) (?:do|am|can|did|would|have|will|was) i$")
_QUESTION_BEGUN: Final = re.compile(
    rf"{_OPENERS}(?:(?:{_WH.replace(' ', '|')}) (?:much |many |long |often |soon )?)?"
    r"(?:(?:do|does|did|can|could|will|would|should)(?:n't)? (?:the|my|your)"
    r" [\w']+|(?:do|does|did|can|could|will|would|should) (?:doctor|dr) [\w']+)$"
)
_BE_BEGUN: Final = re.compile(
    rf"{_OPENERS}(?:is|are|was|were) (?:the|my|your|this|that|these|those|doctor|dr)(?: [\w']+)?$"
)
_WHOLE_WANT: Final = not_after(
    "all, what, everything, thing, one, ever, that, do, did, would, should, will"
)
_STARTED: Final = re.compile(
    one_of(
        rf"{_OPENERS}(?:hi |hello )?(?:i|we) (?:just |really |also |actually )*"
        r"(?:was|was just|am just|would like|had a)$",
        r".*\blet me (?:see|think)$",
        r"(?:(?:hi|hello|so|and|but|um|well|okay) )*(?:i|we) (?:have|had|got)$",
        rf".*{_WHOLE_WANT}\b(?:i|we) (?:just |really |also )?(?:need|want|wanted)$",
    )
)
_MAY_HAVE_STARTED: Final = frozenset(
    "was just like a see think have had got need want wanted".split()
)
_ONLY_OPENERS: Final = re.compile(
    "(?:(?:"
    + any_of(
        listed(
            "so, well, like, you know, i mean, let's see, let me see, let me think, okay so, see, "
            "yeah so, yes so, yeah well, okay well, actually, basically, anyway, anyways, "
            "honestly, um, uh, er, hmm, hm, mm, oh so, hi so, hi um, hi uh, yeah um, okay um, "
            "oh well"
        )
    )
    + ")(?: |$))+"
)


def looks_unfinished(text: str) -> bool:
    """Whether the caller will likely go on. Hesitation alone is unfinished, no words at all not."""
    heard = words(text)[-_LOOKED_AT:]
    if not heard:
        return False
    if heard[-1] in _HESITATION or _OPEN_MARK.search(text[-8:]):
        return True
    joined = " ".join(heard)
    if _ONLY_OPENERS.fullmatch(joined):
        return True
    asked = "?" in text[-3:]
    return dictation_goes_on(text, joined, heard, asked=asked) or _open(joined, heard, asked=asked)


def _open(joined: str, heard: list[str], *, asked: bool) -> bool:
    last, before = heard[-1], heard[-2] if len(heard) > 1 else ""
    if last in _OPENS:
        return True
    if last == before and last in _STAMMERED:
        return True
    if last == "a":
        return before not in _ENDS_AFTER["a"] and len(before) != 1
    if asked:
        return False
    if last in _ENDS_AFTER:
        return before not in _ENDS_AFTER[last] and not _asked_in_full(joined)
    if before in _GOES_ON_AFTER.get(last, ()):
        return not _asked_in_full(joined)
    if last in _MAY_HAVE_STARTED and _STARTED.match(joined):
        return True
    return _QUESTION_BEGUN.match(joined) is not None or _BE_BEGUN.match(joined) is not None


def _asked_in_full(joined: str) -> bool:
    """Whether the last word ends a question, asked or told: "who do I talk to", "where it is"."""
    if any(whole.search(joined) for whole in (_WILLING, _BE_ASKED, _ALSO, _TOLD)):
        return True
    if not _ASKS_BACK.search(joined):
        return False
    return _STRANDED.search(joined) is not None and not _NOT_STRANDED.search(joined)
