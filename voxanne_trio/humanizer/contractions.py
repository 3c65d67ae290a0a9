"""Contractions by grammar: "I am" is "I'm", but "Yes, I am." stays. Pure, one rule.

A full verb is reduced only where another word follows it in the same clause and no gap does: a
clause that asks ("how much it is per unit") or compares keeps its "is". "Have" contracts as a
helper alone ("we have noted"), never as a possession ("we have parking").
"""

# ruff: noqa: SIM905 - word lists read best as text

from __future__ import annotations

import re
from typing import Final

from .edits import Edit

_PARTICIPLES: Final = frozenset(
    (
        "been had got gotten done gone seen made taken given come become found sent set put met "
        "heard spoken written known told left kept held already just never always recently "
        "scheduled booked noted received confirmed updated moved added helped worked called "
        "emailed texted checked reserved saved cancelled canceled rescheduled finished started "
        "opened closed changed treated performed looked tried asked answered decided arranged"
    ).split()
)
_STARTED: Final = frozenset("go start look see check find get take do set book talk begin".split())
_PERSONS: Final = frozenset("i you he she we they".split())
_SUBJECTS: Final = {
    "am": frozenset({"i"}),
    "are": frozenset("you we they".split()),
    "is": frozenset("he she it that there here what where who how".split()),
    "has": frozenset("he she it that there".split()),
    "have": frozenset("i you we they".split()),
    "had": _PERSONS,
    "would": _PERSONS,
    "will": _PERSONS | {"it", "that", "there"},
    "us": frozenset({"let"}),
    "not": frozenset(
        "do does did has have had is are was were would could should will can".split()
    ),
}
"""Each word that is reduced, and what it may be joined to."""

_ENDINGS: Final = {
    "am": "'m", "are": "'re", "is": "'s", "has": "'s", "have": "'ve", "had": "'d", "would": "'d",
    "will": "'ll", "us": "'s", "not": "n't",
}  # fmt: skip
_PAIR: Final = re.compile(
    r"\b([A-Za-z]+)(?= (am|are|is|has|have|had|would|will|us|not)\b)|\bcannot\b(?! only)",
    re.IGNORECASE,
)
_FOLLOWER: Final = re.compile(r" ['\"]?([A-Za-z0-9$]+)")
_NEVER_BEFORE: Final = frozenset("and or but nor too".split())
_ASKED: Final = re.compile(
    r"\b(?:what|where|who|which|how|whatever|wherever|whoever)"
    r"(?: (?:much|many|far|old|long|soon|big|tall|late|early|well) of)?(?: \w+)? $",
    re.IGNORECASE,
)
_NO_GAP: Final = re.compile(r" (?:\w+ing|\w{2,}ed|an?|the|your|our|my)\b")
_COMPARED: Final = re.compile(r"\b(?:as|than) $", re.IGNORECASE)
_AS_IT_IS: Final = re.compile(r" (?:now|today|then|there|here|currently|usually)\b")
_LOOK_BACK: Final = 40


def contractions(text: str) -> list[Edit]:
    """Full forms that a person would contract when speaking."""
    edits: list[Edit] = []
    last = 0
    for match in _PAIR.finditer(text):
        if match[1] is None:
            edits.append(Edit(match.end() - 3, match.end(), "'t", "contraction"))
            continue
        subject, verb = match[1].lower(), match[2].lower()
        if subject not in _SUBJECTS[verb] or match.start() < last:
            continue
        if (edit := _contracted(text, match, subject, verb)) is not None:
            edits.append(edit)
            last = edit.end
    return edits


def _contracted(text: str, match: re.Match[str], subject: str, verb: str) -> Edit | None:
    follower = _FOLLOWER.match(text, match.end(2))
    next_word = follower[1].lower() if follower is not None else ""
    start, end = match.end(1), match.end(2)
    if verb == "not":
        if next_word == "only":
            return None
        if subject == "will":
            return Edit(match.start() + 1, end, "on't", "contraction")
        ending = "'t" if subject == "can" else "n't"
        return Edit(start, end, ending, "contraction")
    if not next_word or next_word in _NEVER_BEFORE or not _fits(text, match, verb, next_word):
        return None
    return Edit(start, end, _ENDINGS[verb], "contraction")


def _fits(text: str, match: re.Match[str], verb: str, next_word: str) -> bool:
    """Whether the verb is a helper there, or an "is" with no gap behind it."""
    if verb == "have":
        return next_word in _PARTICIPLES
    if verb == "has":
        return next_word in {"been", "already", "just", "got", "never"}
    if verb == "had":
        return next_word == "better"
    if verb in {"would", "will"}:
        return next_word != "not"
    before = text[max(0, match.start() - _LOOK_BACK) : match.start()]
    if verb == "us":
        return next_word in _STARTED and (not before or before.rstrip()[-1:] in ".!?,")
    if next_word in {"it", "he", "she"}:
        return False  # "what is it?"
    if _ASKED.search(before):
        return _NO_GAP.match(text, match.end(2)) is not None
    return not (_COMPARED.search(before) and _AS_IT_IS.match(text, match.end(2)))
