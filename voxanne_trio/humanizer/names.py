"""The caller's name out of the caller's own words. Pure.

Transcripts may be all lower case and without marks, so a name is known by what introduces it and
by not being an ordinary word. In doubt there is none: a wrong name is worse than no name.
"""

# ruff: noqa: RUF001 - both apostrophes are met

from __future__ import annotations

import re
from typing import Final

from .name_words import GIVEN, NOT_NAMES, ORDINARY

_WORD: Final = r"[^\W\d_]+(?:['’-][^\W\d_]+)*"
_TITLE: Final = r"(?:dr|doctor|mr|mister|mrs|missus|ms|miss|professor|prof)\b\.?"
_NAME: Final = rf"(?:(?P<title>{_TITLE}) )?(?P<name>{_WORD}(?: {_WORD}){{0,2}})"
_WHO: Final = r"(?:this is|it's|it is|i'm|i am|you're speaking (?:to|with))"
_FORMS: Final = tuple(
    (re.compile(form, re.IGNORECASE), is_sure)
    for form, is_sure in (
        (rf"\bmy (?:first |full )?name(?:'s| is)(?: is)?,? {_NAME}", True),
        (rf"(?:^|[.,!?] )(?:the )?name(?:'s| is) {_NAME}", True),
        (rf"\b{_WHO} {_NAME} (?:calling|speaking|here|again|on the line)\b", True),
        (rf"(?:^|[.,!?] |\b(?:hi|hello|hey|yes|yeah)\b,? ){_NAME} (?:here|speaking)\b(?=[.,!?]|$)",
         True),
        (rf"(?:^|[.,!?] |\b(?:hi|hello|hey|yes|yeah)\b,? ){_NAME} here\b", False),
        (rf"\b(?:{_WHO}|(?:just|please|can|everyone) calls? me) {_NAME}", False),
    )
)  # fmt: skip
_BARE: Final = re.compile(
    rf"^(?:(?:yes|yeah|sure|okay|ok|oh|um|uh|well|hi|it's|that's|it is),? )*{_NAME}[.,!?]*$",
    re.IGNORECASE,
)
_TITLES: Final = {
    "dr": "Dr.", "doctor": "Dr.", "mr": "Mr.", "mister": "Mr.", "mrs": "Mrs.", "missus": "Mrs.",
    "ms": "Ms.", "miss": "Ms.", "professor": "Professor", "prof": "Professor",
}  # fmt: skip
_ENDINGS: Final = ("ing", "ed", "ly")
LONGEST: Final = 20
"""Letters in one word of a name."""


def caller_name(text: str, *, asked: bool = False) -> str | None:
    """The name by which the caller introduces themselves, in ordinary capitals; None without one.

    With `asked`, when the name had just been asked for, a bare "Sarah" or "Sarah Lopez" counts.
    """
    text = " ".join(text.replace("’", "'").split())
    is_cased = not text.islower() and not text.isupper()
    for form, is_sure in _FORMS:
        for match in form.finditer(text):
            if name := _name(match, is_cased=is_cased, is_sure=is_sure):
                return name
    bare = _BARE.match(text) if asked else None
    return _name(bare, is_cased=is_cased, is_sure=True) if bare is not None else None


def _name(match: re.Match[str], *, is_cased: bool, is_sure: bool) -> str | None:
    title = _TITLES.get((match["title"] or "").lower().rstrip("."), "")
    found: list[str] = []
    for word in match["name"].split(" "):
        likely = is_sure or bool(title) or bool(found)
        if not _is_name(word, is_cased=is_cased, likely=likely):
            break
        found.append(_cased(word))
    if not found:
        return None
    return " ".join([title, *found] if title else found)


def _is_name(word: str, *, is_cased: bool, likely: bool) -> bool:
    low = word.lower()
    if low in ORDINARY or low in NOT_NAMES or len(word) > LONGEST or len(word) < 2:
        return False
    if low.endswith("'s") or "'" in low[2:]:  # somebody else's; or "we're"
        return False
    if low in GIVEN:
        return not is_cased or word[0].isupper() or likely
    if is_cased and word[0].isupper():
        return True
    return likely and not is_cased and not low.endswith(_ENDINGS)


def _cased(word: str) -> str:
    if not (word.islower() or word.isupper()):
        return word
    parts = [part[:1].upper() + part[1:].lower() for part in re.split(r"(?<=[-'])", word)]
    return re.sub(r"^Mc([a-z])", lambda match: "Mc" + match[1].upper(), "".join(parts))
