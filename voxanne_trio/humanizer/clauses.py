"""Where a clause ends, and how what follows it goes on alone. Pure.

Theory of operation. A cut comes before a joining word (or a pause) when what stands before it is a
whole sentence, and what follows can be one: it has a subject and a verb of its own, or can be given
one in the same words ("because" becomes "That's because", "which takes" becomes "That takes", "and
bring" after "you can" becomes "And you can bring"). A subordinate clause is never left alone, a
condition never loses what depends on it. What cannot be cut so stays long: wrong is worse.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from . import clause_words as words

SUBJECT_WORDS: Final = 6
"""How far behind a joining word the verb may be."""

RELATIVE_WORDS: Final = 10
"""How far a clause with "which" is followed, in case the main one goes on behind it."""

LISTED: Final = 4
"""The rank of a cut between two items of a list."""

RESUMED: Final = 3
"""The rank of a cut after which the subject is said again."""

_TOKEN: Final = re.compile(r"[^\s,;:]*[^\W_](?:\S*[^\s,;:.!?])?|-(?= )")
_TRIMMED: Final = "\"'*_().!?"
_CONTRACTED: Final = re.compile(
    r"\w+(?:'(?:m|re|ll|ve|d)|n't)$|(?:it|he|she|that|there|here|what|who|how)'s$"
)
_HELPED: Final = re.compile(r"(?:i|you|we|he|she|they|it)'(?:ll|d)$")
_JOINING: Final = frozenset("and but so or because although though which -".split())  # noqa: SIM905


class Token(NamedTuple):
    """A word: where it is, its lower case, whether a comma follows, whether it has a capital."""

    start: int
    end: int
    low: str
    comma: bool
    capital: bool


class Cut(NamedTuple):
    """A place to cut: before a token. A lower rank is a better place.

    The next part begins with `opener` in place of its first `drop` words, where that is not empty;
    it is `extra` words longer for it.
    """

    token: int
    rank: int
    opener: str = ""
    drop: int = 0
    extra: int = 0


def tokens_of(text: str) -> list[Token]:
    """The words of a text; a spaced dash is one."""
    return [
        Token(
            match.start(),
            match.end(),
            word.lower().strip(_TRIMMED) if (word := match.group()) != "AM" else word,
            text[match.end() : match.end() + 1] == ",",
            word[0].isupper(),
        )
        for match in _TOKEN.finditer(text)
    ]


def is_verb(low: str) -> bool:
    """Whether a word can be a finite verb, or holds one."""
    return low in words.VERBS or ("'" in low and _CONTRACTED.match(low) is not None)


def clause_begins(tokens: Sequence[Token], at: int) -> bool:
    """Whether a subject and its verb stand there, within `SUBJECT_WORDS`."""
    window = tokens[at : at + SUBJECT_WORDS]
    while window and window[0].low in words.ADVERBS:
        window = window[1:]
    if len(window) < 2:
        return False
    first, low = window[0], window[0].low
    if "'" in low and not low.endswith("n't") and _CONTRACTED.match(low):
        return True
    if first.comma:
        return False
    if low in words.SURE_SUBJECTS:
        return True
    if low in words.SUBJECTS:
        follower = next((token.low for token in window[1:] if token.low not in words.ADVERBS), "")
        if is_verb(follower):
            return True
    if window[1].low in words.THIRD | words.BEING and not is_verb(low):
        return low not in words.NO_NOUNS  # "recovery takes"
    return (low in words.DETERMINERS or first.capital) and _verb_follows_noun(window)


def _verb_follows_noun(window: Sequence[Token]) -> bool:
    for number, token in enumerate(window[1:]):
        before = window[number]
        if before.comma or token.low in words.SUBORDINATORS or token.low in {"and", "or", "to"}:
            return False
        is_plural = before.low.endswith("s") or before.low == "people"
        if token.low in words.BASE and not is_plural:
            continue  # "the visit", "the call"
        if not number and not (before.capital and token.low not in words.THIRD):
            continue  # "the costs", "our plans"
        if is_verb(token.low):
            return True
    return False


def asks(tokens: Sequence[Token], at: int) -> bool:
    """Whether a question begins there: "would you", "does the"."""
    return (
        tokens[at].low in words.AUXILIARIES
        and at + 1 < len(tokens)
        and tokens[at + 1].low in words.SUBJECTS | words.DETERMINERS
    )


class Part:
    """A sentence from one cut on: what is known of it as its words are taken in, left to right."""

    def __init__(
        self, tokens: Sequence[Token], start: int = 0, *, subject: str = "", opener: str = ""
    ) -> None:
        self._tokens = tokens
        self._start = self._at = start
        self.subject = subject or self._subject()
        """The pronoun and helper it begins with ("you can", "we'll"), "please" for an order."""
        self._goes_on = opener == "That's because"
        self._main = -1 if tokens[start].low in words.LEADING and not opener else start
        self._subordinate = self._list = -1
        self._verbs = 0
        self._paired = False

    def _subject(self) -> str:
        at = self._start
        at += self._tokens[at].low in {"and", "but", "so", "or"}
        low = [token.low for token in self._tokens[at : at + 2]]
        if low and _HELPED.match(low[0]):
            return low[0]
        if len(low) == 2 and low[0] in words.SUBJECTS and low[1] in words.MODALS:
            return " ".join(low)
        return "please" if low and (low[0] == "please" or low[0] in words.BASE) else ""

    def goes_to(self, at: int) -> None:
        """Take in the words before that token."""
        for index in range(self._at, at):
            token = self._tokens[index]
            if is_verb(token.low):
                self._verbs += 1
                self._list = -1
            if index > self._start and self._subordinates(index):
                self._subordinate = index
            if token.low in words.PAIRED:
                self._paired = True
            if token.low == "-":
                self._list = index
            if self._main < 0 and token.comma and index + 1 < len(self._tokens):
                after = self._tokens[index + 1].low
                is_order = after in words.BASE or after == "please"
                if is_order or clause_begins(self._tokens, index + 1):
                    self._main = index + 1
        self._at = at

    def _subordinates(self, at: int) -> bool:
        low = self._tokens[at].low
        if low in words.PREPOSITIONS:
            return clause_begins(self._tokens, at + 1)
        return low in words.SUBORDINATORS

    @property
    def is_whole(self) -> bool:
        """Whether what has been taken in is a sentence."""
        return self._verbs > 0 and 0 <= self._main < self._at and not self._paired

    @property
    def is_list(self) -> bool:
        """Whether what was taken in last is a list behind a dash, of things without verbs."""
        return self._list >= 0 and not self._paired

    @property
    def is_dependent(self) -> bool:
        """Whether it ends with a subordinate clause that what follows may belong to."""
        return self._goes_on or self._subordinate > self._main


def cut_before(
    tokens: Sequence[Token], at: int, part: Part, *, is_question: bool = False
) -> Cut | None:
    """The cut before that token, if there may be one. To be asked from left to right."""
    token, comma = tokens[at], tokens[at - 1].comma
    if at + 1 >= len(tokens) or not (comma or token.low in _JOINING):
        return None
    part.goes_to(at)
    if part.is_list and comma:
        return Cut(at, LISTED)
    if token.low not in _JOINING or not part.is_whole:
        return None
    if token.low == "-":
        begins = clause_begins(tokens, at + 1) or tokens[at + 1].low in words.BASE
        return Cut(at, 0, drop=1) if begins else None
    if token.low in words.SUBORDINATORS:
        return None if is_question or part.is_dependent else _subordinate(tokens, at)
    if token.low == "so" and tokens[at + 1].low == "that":
        return None
    if clause_begins(tokens, at + 1) or (is_question and asks(tokens, at + 1)):
        if part.is_dependent and not _stands_apart(tokens, at):
            return None
        return Cut(at, 0 if comma else 1)
    return _resumed(tokens, at, part)


def _stands_apart(tokens: Sequence[Token], at: int) -> bool:
    """Behind a condition only a clause with a helper of its own is surely the main one's fellow."""
    if not tokens[at - 1].comma or tokens[at].low == "or":
        return False
    following = [token.low for token in tokens[at + 1 : at + 3]]
    is_helped = _HELPED.match(following[0]) is not None or following[-1] in words.MODALS
    return tokens[at].low in {"but", "so"} or is_helped


def _subordinate(tokens: Sequence[Token], at: int) -> Cut | None:
    low, before, after = tokens[at].low, tokens[at - 1], tokens[at + 1].low
    if low == "which":
        return _which(tokens, at) if before.comma else None
    if low not in {"because", "although", "though"} or not clause_begins(tokens, at + 1):
        return None
    if before.low in words.NOT_BECAUSE or after == "of":
        return None
    if low == "because":
        return Cut(at, 2, "That's because", drop=1, extra=1)
    return Cut(at, 2, "But", drop=1)


def _which(tokens: Sequence[Token], at: int) -> Cut | None:
    for index in range(at + 1, min(at + RELATIVE_WORDS, len(tokens) - 1)):
        if tokens[index].comma and is_verb(tokens[index + 1].low):
            return None  # the main clause goes on behind it
    verb = tokens[at + 1].low
    if verb == "is":
        return Cut(at, 2, "That's", drop=2, extra=-1)
    if verb in {"are", "were"} or verb in words.BASE:
        return Cut(at, 2, "Those", drop=1)
    if verb in words.THIRD or verb in words.MODALS or verb in {"was", "does", "has"}:
        return Cut(at, 2, "That", drop=1)
    return None


def _resumed(tokens: Sequence[Token], at: int, part: Part) -> Cut | None:
    """ "You can call us and book a time": the subject is said again."""
    joining, subject = tokens[at].low, part.subject
    if not subject or part.is_dependent or joining == "so" or at + 2 >= len(tokens):
        return None
    verb, follower = tokens[at + 1], tokens[at + 2].low
    is_object = follower in words.DETERMINERS or follower in words.AFTER_VERB
    if verb.low not in words.BASE or verb.comma or not is_object:
        return None
    if subject == "please":
        return Cut(at, RESUMED)
    helper = subject.replace("i'", "I'") if subject[0] != "i" else "I" + subject[1:]
    return Cut(at, RESUMED, f"{joining.capitalize()} {helper}", drop=1, extra=len(helper.split()))
