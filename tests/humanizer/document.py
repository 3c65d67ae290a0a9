"""Writes `docs/humanizer.md` from the tests' tables: `python -m tests.humanizer.document`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
DOCUMENT: Final = HERE.parents[1] / "docs" / "humanizer.md"

_INTRODUCTION: Final = """\
# How Voxanne says things

A language model writes for the eye; a caller only hears. Between the two stands the humanizer: it
turns each sentence, as it streams in, into what a person would say on the phone, and remembers
which written words each spoken one stands for, so that after an interruption the model is told what
was really heard.

Try it: `voxanne humanize --explain "Yes, **we** do! It is $8,000-$12,000; recovery takes 2 weeks."`

What may come out: letters, spaces, `. , ? ! '`, `...`, a dash between spaces, a hyphen inside a
word. A digit or symbol that would be left for the voice to guess is a fault.

This page is generated from the tables the tests run on. Where a bar parts two spoken forms, either
is right.
"""
_SECTIONS: Final = (
    ("pairs/conventions.tsv", "Numbers, dates, signs and short forms", "", "written", "spoken"),
    ("manner/markdown.tsv", "Markdown", "Marks go, what they mean stays.", "written", "spoken"),
    (
        "manner/contractions.tsv",
        "Contractions",
        "By grammar: not at the end of a clause, not where something is left out behind the verb.",
        "written",
        "spoken",
    ),
    (
        "manner/clauses.tsv",
        "Long sentences",
        "More than twelve words (a number, phone, date or address is one) are broken where a clause"
        " ends. A subordinate clause never stands alone, and a sentence without such a place stays"
        " long.",
        "written",
        "spoken",
    ),
    (
        "manner/address.tsv",
        "The caller's name",
        "Set off by commas where the model says it to the caller (here: Sarah), at most once in a"
        " reply and in one reply of four; nobody adds it.",
        "written",
        "spoken",
    ),
    ("manner/punctuation.tsv", "Marks and capitals", "", "written", "spoken"),
    (
        "manner/names.tsv",
        "Names in the caller's words",
        "In doubt there is none.",
        "the caller says",
        "name",
    ),
    (
        "manner/sanitise.tsv",
        "The caller's words, before the model reads them",
        "A filter for the obvious. What keeps an attack from mattering is that the caller's words"
        " stand only in user messages, and that tools check their own arguments.",
        "the caller says",
        "the model reads",
    ),
)
_FILLERS: Final = """
## Fillers

Now and then a sentence begins with "Well," "So," "Um," or "You know,": at most one in a reply,
never in its first sentence, never where there is a number or the matter is grave, and never in a
script such as the greeting. Which sentence gets one follows from a seed, its place and its words.
"""


def document() -> str:
    """The whole page."""
    return "\n".join([_INTRODUCTION, *_tables()]) + _FILLERS


def _tables() -> Iterator[str]:
    for path, title, text, left, right in _SECTIONS:
        yield f"## {title}\n"
        if text:
            yield f"{text}\n"
        yield f"| {left} | {right} |\n|---|---|"
        for row in (HERE / path).read_text("utf-8").splitlines():
            cells = (_cell(cell) for cell in row.split("\t"))
            yield f"| {' | '.join(cells)} |"
        yield ""


def _cell(text: str) -> str:
    return text.replace("|", " \\| ").replace("*", "\\*").replace("<", "\\<").replace("`", "\\`")


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
