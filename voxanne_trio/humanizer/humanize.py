"""A whole text at once: everything that is done to a reply on a call, for what is at hand already.

Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .manner import PLAIN, Manner, Step
from .sentence import Sentence
from .sentences import SentenceStream

MOST_PASSES: Final = 4
"""Until nothing changes. Ordinary text is settled by the first; odd marks may make a new sentence
end, which has to be seen."""


def humanize_text(
    text: str, *, name: str | None = None, seed: int = 0, note: Callable[[Step], None] | None = None
) -> str:
    """The text as it is to be spoken, its sentences joined by spaces; it again is itself.

    `name` is the caller's: it is set off by commas where the text says it to the caller. Which
    sentence gets a filler, if any, follows from the `seed`. Empty if nothing could be said. `note`
    is told each step.
    """
    manner = Manner(name=name, seed=seed, first_words=None)
    for _ in range(MOST_PASSES):
        before, text = text, spoken(sentences_of(text, manner, note))
        if before == text:
            break
    return text


def recited(text: str) -> tuple[Sentence, ...]:
    """The sentences of a script, with nothing added to them."""
    return sentences_of(text, PLAIN)


def sentences_of(
    text: str, manner: Manner, note: Callable[[Step], None] | None = None
) -> tuple[Sentence, ...]:
    """The sentences of a whole text."""
    stream = SentenceStream(manner, note=note)
    return (*stream.feed(text), *stream.flush())


def spoken(sentences: tuple[Sentence, ...]) -> str:
    """What is said of all of them."""
    return " ".join(sentence.spoken for sentence in sentences)
