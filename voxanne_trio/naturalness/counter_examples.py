"""Robotic replies, and whether the checks notice: a check that passes everything proves nothing.

Each example names the check that has to catch it. They are data, in `counter_examples.yaml`.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import attrs

from .exchange import Reply, as_written
from .validators import VALIDATORS


@attrs.frozen
class CounterExample:
    """Replies that one check must fail."""

    name: str
    validator: str
    replies: tuple[Reply, ...]


def shipped_examples() -> list[CounterExample]:
    """All that come with the package."""
    import yaml

    text = (files(__package__) / "counter_examples.yaml").read_text(encoding="utf-8")
    return [
        CounterExample(
            row["name"],
            row["validator"],
            tuple(_reply(reply, row.get("patient", "")) for reply in row["replies"]),
        )
        for row in yaml.safe_load(text)
    ]


def caught(example: CounterExample) -> bool:
    """Whether the check that the example names fails it."""
    return VALIDATORS[example.validator](example.replies).passed is False


def _reply(row: dict[str, Any], patient: str) -> Reply:
    spoken = row["say"]
    return Reply(
        written=row.get("written", spoken),
        sentences=as_written(spoken),
        name=patient,
        expect=tuple(row.get("expect", ())),
        never=tuple(row.get("never", ())),
    )
