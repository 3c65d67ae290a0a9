"""The tables of what callers say: rows of texts and what they mean for the floor.

`words/*.tsv`: a text, a tab, and every reading that applies to it ("-": none); so each row is a
negative of all the others. `over_us/*.tsv`: one reading each, the verdict first. A table whose name
begins with `heldout_` was written after the rules it judges.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent


def rows(folder: str, name: str = "*") -> list[tuple[str, ...]]:
    """The rows of the folder's tables of that name, as their columns."""
    return [
        tuple(row.split("\t"))
        for path in sorted((HERE / folder).glob(f"{name}.tsv"))
        for row in path.read_text("utf-8").splitlines()
    ]
