"""The checks: each looks at the replies of one conversation and says passed, failed or n/a.

Pure. A check that has nothing to judge is n/a, never a pass. Most judge reply by reply
(`each_reply`): the conversation fails with its first faults, and passes when one reply did and none
failed. `VALIDATORS` is the table; its names are what reports print.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from .exchange import Reply, Verdict, single
from .facts import lost_names, lost_numbers, names_in, written_facts
from .forms import counted_words
from .validators_manner import direct_address, filler_frequency, openers

MOST_WORDS: Final = 12
FEWEST_SENTENCES, MOST_SENTENCES = 2, 4
SHOWN_FAULTS: Final = 2

Validator = Callable[[Sequence[Reply]], Verdict]


def each_reply(check: Callable[[Reply], Verdict]) -> Validator:
    """A check of single replies, as a check of a conversation."""

    def judge_all(replies: Sequence[Reply]) -> Verdict:
        verdicts = [check(reply) for reply in replies]
        faults = [
            f"turn {number}: {verdict.reason}" if len(replies) > 1 else verdict.reason
            for number, verdict in enumerate(verdicts, 1)
            if verdict.passed is False
        ]
        if faults:
            more = len(faults) - SHOWN_FAULTS
            shown = "; ".join(faults[:SHOWN_FAULTS])
            return Verdict(False, f"{shown}; and {more} more" if more > 0 else shown)
        return next((v for v in verdicts if v.passed), verdicts[0])

    return judge_all


def short_sentences(reply: Reply) -> Verdict:
    """At most 12 words a sentence, counted as written: a price or an address is one word."""
    for sentence in single(reply.sentences):
        if (words := counted_words(sentence.written)) > MOST_WORDS:
            return Verdict(False, f"{words} words in {sentence.spoken!r}")
    return Verdict(True, f"all at most {MOST_WORDS} words")


_FIGURE: Final = re.compile(r"\S*\d\S*")


def numbers_as_words(reply: Reply) -> Verdict:
    """No figure is left for the voice to read."""
    left = _FIGURE.findall(reply.spoken)
    if left:
        return Verdict(False, f"left in figures: {', '.join(left[:3])}")
    if not _FIGURE.search(reply.written):
        return Verdict(None, "no number written")
    return Verdict(True, "all numbers formatted as words")


_NOT_BEFORE_END: Final = r"(?=\s+[A-Za-z])"
"""At the end of a clause the full form stays: "Yes, I am."."""

_FULL_FORMS: Final = tuple(
    re.compile(rf"\b(?:{pattern}){_NOT_BEFORE_END}", re.IGNORECASE)
    for pattern in (
        r"I am|(?:you|we|they) are|(?:he|she|it|that|there|here|what|where|who) is",
        r"(?:I|you|we|they|he|she|it|that) will",
        r"(?:I|you|we|they) (?:would|had better)",
        r"(?:I|you|we|they) have(?= (?:been|got|had|made|sent|seen|already|just|never|\w{3,}ed)\b)",
        r"let us(?= \w+ (?:know|see|check|look|get|book|find)\b)",
        r"(?:do|does|did|is|are|was|were|has|have|had|would|could|should) not",
        r"(?:will|can) not|cannot",
    )
)
_ASKED: Final = re.compile(
    r"\b(?:what|where|who|how|whatever|wherever|whether|if|whoever) (?:it|that|there|he|she) is\b"
    r"|\b(?:what|where|who|how) (?:(?:you|we|they) are(?=[.,?!]|\s*$)|is it\b)",
    re.IGNORECASE,
)
_CONTRACTED: Final = re.compile(
    r"\b\w+(?:n['\u2019]t|['\u2019](?:m|re|ll|ve|d))\b"
    r"|\b(?:it|he|she|that|there|here|what|where|who|let|how)['\u2019]s\b",
    re.IGNORECASE,
)


def contractions(reply: Reply) -> Verdict:
    """Where people contract, so does the agent."""
    spoken = _ASKED.sub("", reply.spoken)
    full = [match.group() for form in _FULL_FORMS for match in form.finditer(spoken)]
    if full:
        return Verdict(False, f"not contracted: {', '.join(repr(each) for each in full[:3])}")
    if not _CONTRACTED.search(spoken):
        return Verdict(None, "nothing to contract")
    return Verdict(True, "contracted where people would")


_SPACING: Final = (
    (re.compile(r" [.,?!;:](?!\.)"), "space before a mark"),
    (re.compile(r"[.,?!;:](?=[A-Za-z])(?<!\w\.)|[a-z]{2,}\.(?=[A-Z])"), "no space after a mark"),
    (re.compile(r"\S\s{2,}\S"), "more than one space"),
    (re.compile(r"(?<!\.)\.\.(?!\.)|\.{4,}|[,;:]{2,}|[,;:][.?!]|[.?!],|[?!]{2,}"),
     "marks in a row"),
    (re.compile(r"\w[-\u2013\u2014](?= )|(?<= )[-\u2013\u2014]\w|\w[\u2013\u2014]\w"),
     "a dash without its spaces"),
    (re.compile(r"[.?!] [a-z](?!\.)"), "a sentence without its capital"),
)  # fmt: skip
_POINTED: Final = re.compile(
    r"\b(?:[A-Za-z]\.){1,3}[A-Za-z]\b\.?|\b\S+@\S+\b|\bhttps?:\S+|\.\.\.(?= )"
)
_ENDED: Final = re.compile(r"[.?!][\"'\u201d\u2019)*_]*$")


def punctuation_spacing(reply: Reply) -> Verdict:
    """Marks stand where a voice takes its pauses from."""
    text = _POINTED.sub("x", reply.spoken)
    for form, fault in _SPACING:
        if match := form.search(text):
            near = text[max(0, match.start() - 12) : match.end() + 12].strip()
            return Verdict(False, f"{fault}: {near!r}")
    for sentence in single(reply.sentences):
        if not _ENDED.search(sentence.spoken.rstrip()):
            return Verdict(False, f"no mark at the end of {sentence.spoken!r}")
    return Verdict(True, "every mark in its place")


def response_length(reply: Reply) -> Verdict:
    """Two to four sentences: an answer and a way on."""
    count = len(single(reply.sentences))
    if reply.brief and count <= MOST_SENTENCES:
        return Verdict(None, f"brief: {reply.brief}")
    said = f"{count} sentence{'s' if count != 1 else ''}"
    return Verdict(FEWEST_SENTENCES <= count <= MOST_SENTENCES, said)


_UNSPEAKABLE: Final = re.compile(r"[^A-Za-z\u00c0-\u024f .,?!'\-\u2013\u2014]+")
_STRAY_HYPHEN: Final = re.compile(r"(?<![A-Za-z ])-|-(?![A-Za-z ])")
_LEFT_SHORT: Final = re.compile(
    r"\b(?:Dr|Mr|Mrs|Ms|St|Ave|Blvd|Rd|Ste|Apt|approx|appt|vs|etc|e\.g|i\.e|dept|ext)\."
    r"|\b[ap]\.m\b|\b(?:mg|ml|mcg|lbs?|oz|hrs?|mins?|wks?)\b|\bw/o?\b|\bhttps?\b|\bwww\b",
)


def nothing_unspeakable(reply: Reply) -> Verdict:
    """Letters, spaces, plain marks: nothing that a voice has to guess."""
    left = _unspeakable_in(reply.spoken)
    if left:
        return Verdict(False, f"left: {' '.join(left[:6])}")
    if not _unspeakable_in(reply.written):
        return Verdict(None, "written speakable")
    return Verdict(True, "letters and plain marks only")


def _unspeakable_in(text: str) -> list[str]:
    plain = text.replace("\u2019", "'")
    forms = (_UNSPEAKABLE, _STRAY_HYPHEN, _LEFT_SHORT)
    return [match.group().strip() for form in forms for match in form.finditer(plain)]


def facts_unchanged(reply: Reply) -> Verdict:
    """Every number and name that was written is said, and no other number."""
    if not written_facts(reply.written) and not names_in(reply.written):
        return Verdict(None, "no number or name written")
    wrong = lost_numbers(reply.written, reply.spoken)
    wrong += [f"{name} is not said" for name in lost_names(reply.written, reply.spoken)]
    if wrong:
        return Verdict(False, "; ".join(wrong[:3]))
    return Verdict(True, "every number and name is said")


def expectations(reply: Reply) -> Verdict:
    """What the script itself expects of the answer, in any case."""
    said = reply.spoken.lower().replace("\u2019", "'")
    missing = [text for text in reply.expect if text.lower() not in said]
    wrong = [f"{text!r} is not said" for text in missing]
    wrong += [f"{text!r} is said" for text in reply.never if text.lower() in said]
    if wrong:
        return Verdict(False, "; ".join(wrong))
    if not (reply.expect or reply.never):
        return Verdict(None, "none given")
    return Verdict(True, "as the script expects")


VALIDATORS: Final[Mapping[str, Validator]] = {
    "Short Sentences": each_reply(short_sentences),
    "Numbers as Words": each_reply(numbers_as_words),
    "Contractions": each_reply(contractions),
    "Punctuation Spacing": each_reply(punctuation_spacing),
    "Response Length": each_reply(response_length),
    "Direct Address": direct_address,
    "Filler Frequency": filler_frequency,
    "Nothing Unspeakable": each_reply(nothing_unspeakable),
    "Varied Openers": openers,
    "Facts Unchanged": each_reply(facts_unchanged),
    "Expectations": each_reply(expectations),
}


def judge(replies: Sequence[Reply]) -> dict[str, Verdict]:
    """Every check on one conversation, by name."""
    return {name: validator(replies) for name, validator in VALIDATORS.items()}
