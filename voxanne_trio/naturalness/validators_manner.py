"""The checks that need a conversation: names, fillers, openers.

Pure. What a person would notice only over several turns: a name said too often or never, an "um" in
every sentence, each answer begun with the same words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from .exchange import Reply, Verdict, single

MOST_FILLED: Final = 1 / 3
"""Of a conversation's sentences; more is a habit."""

ENOUGH_SENTENCES: Final = 16
"""Of a conversation without one filler: fewer prove nothing."""


def direct_address(replies: Sequence[Reply]) -> Verdict:
    """A caller whose name is known hears it, set off by commas, and not in every answer."""
    known = [reply for reply in replies if reply.name and not reply.brief]
    if not known:
        why = "no name known" if not any(reply.name for reply in replies) else "only brief answers"
        return Verdict(None, why)
    named = [len(_uses(reply)) for reply in replies]
    for reply in known:
        for before, after in _uses(reply):
            if not _is_set_off(before, after):
                return Verdict(False, f"no comma around {reply.name}: '{before}{after}'")
    if max(named) > 1:
        return Verdict(False, f"{max(named)} times in one answer")
    if any(one and other for one, other in pairwise(named)) and len(known) > 2:
        return Verdict(False, "the name in one answer after the other")
    if not any(named):
        return Verdict(False, f"{known[0].name} is never said")
    return Verdict(True, f"addressed as {known[0].name}")


def _uses(reply: Reply) -> list[tuple[str, str]]:
    """What stands before and after the name, wherever it is said to the caller."""
    if not reply.name:
        return []
    spoken = reply.spoken
    return [
        (spoken[max(0, match.start() - 14) : match.start()], spoken[match.start() :][:24])
        for match in re.finditer(rf"\b{re.escape(reply.name)}\b(?!['\u2019]s)", spoken)
    ]


_BEFORE: Final = re.compile(r"(?:^|[.,?!] |\b(?:Ms|Mr|Mrs|Dr|Doctor|Miss|Mister)\.? )[\"*]*$")
_AFTER: Final = re.compile(r"[\w'\u2019-]+(?: [A-Z][\w'\u2019-]+)?[\"*]*(?:[.,?!]|$)")


def _is_set_off(before: str, after: str) -> bool:
    return _BEFORE.search(before) is not None and _AFTER.match(after) is not None


_FILLER: Final = re.compile(
    r"(?:^|(?<=[.?!,] ))(?:well|so|um+|uh+|hmm+|oh|okay so|you know|let me see|let's see|i mean"
    r"|actually|honestly|alright|all right|right|now|okay|ok)(?:,|\.\.\.| -)",
    re.IGNORECASE,
)


def filler_frequency(replies: Sequence[Reply]) -> Verdict:
    """Now and then a "well", at most one an answer and never a habit."""
    sentences = [s for reply in replies for s in single(reply.sentences)]
    counts = [len(_FILLER.findall(reply.spoken)) for reply in replies]
    used, total = sum(counts), len(sentences)
    said = f"{used} in {total} sentences"
    if max(counts, default=0) > 1:
        return Verdict(False, f"{max(counts)} fillers in one answer")
    if used > 1 and used / total > MOST_FILLED:
        return Verdict(False, said)
    if not used:
        if total < ENOUGH_SENTENCES:
            return Verdict(None, f"none in {total} sentences, too few to tell")
        return Verdict(False, said)
    return Verdict(True, said)


_OPENER: Final = re.compile(r"[\"'*_]*([A-Za-z'\u2019]+(?: [A-Za-z'\u2019]+){0,2}?)(?=[,.!?:]|$)")
_START: Final = re.compile(r"[\"'*_]*((?:[\w'\u2019$]+ ?){1,3})")


def openers(replies: Sequence[Reply]) -> Verdict:
    """No two answers in the last few begin alike."""
    firsts = [_opener(reply) for reply in replies if not reply.brief]
    if len(firsts) < 2:
        return Verdict(None, "fewer than two answers")
    for number, first in enumerate(firsts):
        if first and first in firsts[max(0, number - 3) : number]:
            return Verdict(False, f"begins with {first!r} again")
    return Verdict(True, "no answer begins like another")


def _opener(reply: Reply) -> str:
    spoken = reply.spoken.lstrip()
    match = _OPENER.match(spoken) or _START.match(spoken)
    words = match.group(1).lower().replace("\u2019", "'").split() if match else []
    return " ".join(words[:3])
