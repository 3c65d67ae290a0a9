"""What the recognisers of the sandbox give: words with times, and the form they are written in.

Knows the shape of a recogniser (`Recogniser`, one `Session` a stream) and how Deepgram writes: a
capital first letter, a final period or question mark once nothing more will come. Refuses to know
how words are found and when they are told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

import attrs
import trio


@attrs.frozen
class Word:
    """One word as it is written inside a sentence; times in seconds of the stream's audio."""

    text: str
    start: float
    end: float
    confidence: float


class Session(Protocol):
    """One stream's recognition. Everything here is synchronous and never waits.

    An utterance goes from `begin` to `end`. `settle` says that the speaker has paused; when
    `settled` is true the words will not change unless `begin` says that he goes on.
    """

    changed: Callable[[], None]
    """Called when words have come or settled; whoever listens sets it."""

    @property
    def settle_after(self) -> float:
        """Seconds of pause at which `settle` is worth its computing."""
        ...

    @property
    def shortest_end(self) -> float:
        """No pause shorter than this ends an utterance, however short the delay."""
        ...

    @property
    def words(self) -> Sequence[Word]:
        """The utterance so far."""
        ...

    @property
    def settled(self) -> bool: ...

    def begin(self, at: float, voice_at: float, audio: bytes) -> None:
        """Voice begins, or goes on after a pause: where in the stream `audio` and voice begin."""
        ...

    def feed(self, audio: bytes) -> None:
        """The audio that follows."""
        ...

    def settle(self, pause: float) -> None:
        """Voice has paused for so many seconds; said again when the pause has become long."""
        ...

    def conclude(self) -> None:
        """The pause is taken for the end: what is still to be said about the words comes now."""
        ...

    def end(self) -> None:
        """The utterance is over; its words are gone."""
        ...

    def may_end(self, pause: float) -> bool:
        """Whether such a pause may be the end of what the speaker wanted to say."""
        ...


class NoSession(Exception):
    """As many streams are being recognised as may be."""


class Recogniser(Protocol):
    """Where sessions come from."""

    @property
    def name(self) -> str:
        """As reports name it: `pocketsphinx` or `scripted`."""
        ...

    async def run(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Keep alive what sessions need; started when they can be had."""
        ...

    def session(self, tags: Sequence[str]) -> AbstractAsyncContextManager[Session]:
        """A session for a stream with these tags. Raises `NoSession`."""
        ...


_ASKING: Final = frozenset(
    {"what", "what's", "when", "when's", "where", "where's", "who", "who's", "which", "why", "how"}
    | {"do", "does", "did", "is", "are", "am", "can", "could", "will", "would", "should", "may"}
)
_OPENERS: Final = frozenset(
    {"hi", "hello", "hey", "okay", "ok", "and", "so", "but", "actually", "wait", "sorry", "yes"}
    | {"no", "oh", "well", "alright", "great"}
)
_FINAL: Final = ".?!"


def written(words: Sequence[Word], *, complete: bool) -> list[str]:
    """The words as Deepgram writes them; `complete` closes the sentence."""
    texts = [word.text for word in words]
    if not texts:
        return []
    texts[0] = texts[0][0].upper() + texts[0][1:]
    if complete and texts[-1][-1] not in _FINAL:
        texts[-1] = texts[-1].rstrip(",;:") + ("?" if _asks(texts) else ".")
    return texts


def _asks(texts: Sequence[str]) -> bool:
    plain = [text.lower().strip(",.") for text in texts]
    start = next((at for at, text in enumerate(plain) if text not in _OPENERS), 0)
    return plain[start] in _ASKING


_UNFINISHED: Final = frozenset(
    {"a", "about", "actually", "an", "and", "at", "but", "for", "from", "hello", "hey", "hi", "how"}
    | {"i", "i'd", "i'm", "in", "is", "my", "of", "on", "or", "so", "the", "to", "uh", "um", "wait"}
    | {"well", "with", "your"}
)
"""Words after which a speaker goes on: a greeting, a hesitation, half a phrase."""


def unfinished(words: Sequence[Word]) -> bool:
    """Whether the last word says that there is more to come."""
    return bool(words) and bare(words[-1].text) in _UNFINISHED


def bare(text: str) -> str:
    """A word in the form without punctuation and capitals."""
    return text.lower().strip(".,;:?!")


def transcript(texts: Sequence[str]) -> str:
    """Written words as one line."""
    return " ".join(texts)


def confidence(words: Sequence[Word]) -> float:
    """How sure the whole is."""
    return round(sum(word.confidence for word in words) / len(words), 4) if words else 0.0
