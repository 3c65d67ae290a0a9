"""What each rule does to a text, one step after the other, for people. Pure."""

from __future__ import annotations

from .humanize import humanize_text
from .manner import Step


def explain(text: str, *, name: str | None = None, seed: int = 0) -> list[Step]:
    """The steps from the text to what `humanize_text` gives, sentence by sentence.

    Within a sentence each step begins with what the one before it left.
    """
    found: list[Step] = []
    humanize_text(text, name=name, seed=seed, note=found.append)
    return found
