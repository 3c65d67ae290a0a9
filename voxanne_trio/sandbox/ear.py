"""What the caller meant, from what a recogniser heard: keywords that forgive mistakes.

Pure and deterministic. Spelled letters are joined ("b b l", "bee bee el" are "bbl"), and a name of
several letters is also found when a recogniser has bent it a little ("rhino plasty", "but lift").
Refuses to know what to answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final

_LETTER_NAMES: Final = {"bee": "b", "be": "b", "bea": "b", "el": "l", "ell": "l", "elle": "l"}
_WORD: Final = re.compile(r"[a-z0-9']+")
_LIKENESS: Final = 0.84
_LONG_ENOUGH: Final = 6
"""Shorter names have to be heard exactly: too many words are like them."""

_NAME: Final = re.compile(
    r"\b(?:my name is|my name's|name is|this is|i am|i'm|it's|it is|call me)\s+([a-z]{2,12})\b"
)
_BARE_NAME: Final = re.compile(r"^(?:it's |it is |this is |i'm |i am |um |uh )*([a-z]{2,12})$")
_NOT_NAMES: Final = frozenset(
    {
        "a",
        "about",
        "afraid",
        "all",
        "also",
        "an",
        "and",
        "angry",
        "at",
        "back",
        "bleeding",
        "bye",
        "calling",
        "done",
        "fine",
        "for",
        "from",
        "going",
        "good",
        "goodbye",
        "great",
        "having",
        "hello",
        "here",
        "hey",
        "hi",
        "how",
        "hurting",
        "in",
        "interested",
        "it",
        "just",
        "late",
        "looking",
        "maybe",
        "more",
        "much",
        "my",
        "nervous",
        "new",
        "no",
        "not",
        "ok",
        "okay",
        "on",
        "only",
        "pregnant",
        "really",
        "ridiculous",
        "right",
        "running",
        "scared",
        "sick",
        "so",
        "sorry",
        "still",
        "stuck",
        "sure",
        "terrible",
        "thank",
        "thanks",
        "that",
        "the",
        "there",
        "thinking",
        "this",
        "to",
        "too",
        "trying",
        "upset",
        "very",
        "well",
        "what",
        "when",
        "where",
        "who",
        "why",
        "wondering",
        "worried",
        "yeah",
        "yes",
        "your",
    }
)


@lru_cache(maxsize=4_096)
def heard(text: str) -> str:
    """The text in lower case, only words, spelled letters joined."""
    words = _WORD.findall(text.lower().replace("\u2019", "'").replace(".", " "))
    out: list[str] = []
    run: list[str] = []
    for index, word in enumerate([*words, ""]):
        letter = _letter(words, index) if word else ""
        if letter:
            run.append(letter)
            continue
        if run:
            # A letter by itself is a word ("a", "i"); two and more are spelled.
            out.append("".join(run) if len(run) > 1 else words[index - 1])
            run = []
        if word:
            out.append(word)
    return " ".join(out)


def _letter(words: list[str], index: int) -> str:
    """The letter a word spells, where a neighbour is spelled too; otherwise nothing."""
    word = words[index]
    spelled = word if len(word) == 1 else _LETTER_NAMES.get(word, "")
    if word == "bb":
        spelled = "bb"
    if not spelled or word in {"a", "i"}:
        return ""
    near = words[max(0, index - 1) : index] + words[index + 1 : index + 2]
    return spelled if any(_may_spell(other) for other in near) else ""


def _may_spell(word: str) -> bool:
    return word == "bb" or word in _LETTER_NAMES or (len(word) == 1 and word not in {"a", "i"})


def mentions(text: str, names: Iterable[str]) -> bool:
    """Whether one of the names is in the text (both as `heard` gives them), or nearly so."""
    return any(_mentions(text, name) for name in names)


@lru_cache(maxsize=4_096)
def _mentions(text: str, name: str) -> bool:
    if re.search(rf"\b{re.escape(name)}\b", text):
        return True
    joined = name.replace(" ", "")
    if len(joined) < _LONG_ENOUGH:
        return False
    words = text.split()
    size = len(name.split())
    for width in range(max(1, size - 1), size + 2):
        for start in range(len(words) - width + 1):
            if _alike("".join(words[start : start + width]), joined):
                return True
    return False


def _alike(one: str, other: str) -> bool:
    if one[0] != other[0] or abs(len(one) - len(other)) > 3:
        return False
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.quick_ratio() >= _LIKENESS and matcher.ratio() >= _LIKENESS


def name_in(text: str, *, asked: bool) -> str:
    """The name the caller gave, capitalised; `asked` when we have just asked for it."""
    found = _NAME.search(text) or (_BARE_NAME.match(text) if asked else None)
    if found is None or found[1] in _NOT_NAMES:
        return ""
    return found[1].capitalize()
