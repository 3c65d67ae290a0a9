"""Replies made by hand, for the tests of the checks."""

from __future__ import annotations

from typing import Any

from voxanne_trio.humanizer import Sentence
from voxanne_trio.naturalness import Reply
from voxanne_trio.naturalness.exchange import as_written


def reply(spoken: str, written: str | None = None, **more: Any) -> Reply:
    """A reply that was written so, or otherwise."""
    written = spoken if written is None else written
    sentences: tuple[Sentence, ...] = as_written(spoken)
    return Reply(written=written, sentences=sentences, **more)
