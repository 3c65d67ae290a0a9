"""What happened in a run, as lines of text, and the digest of all of it.

A line is a virtual time, who says it, and the thing itself decoded: Twilio's journal entries, and
every event of the product with its commands and the floor after it. Equal code, seeds and options
give equal lines in any process. Wire bytes are not in it: masks, keys and ids follow the entropy
seed alone and mean nothing.
"""

from __future__ import annotations

import enum
import hashlib
import json
from typing import Any, Final

import attrs

from ..events import Sensitive
from ..sandbox.journal import Entry

MICROSECONDS: Final = 6
KEPT_LINES: Final = 200
"""The last lines of a run, for whoever looks at a failure."""


@attrs.define(eq=False)
class Trace:
    """The digest so far and the last lines; with `keep` all of them."""

    keep: bool = False
    lines: list[str] = attrs.field(factory=list)
    _hash: Any = attrs.field(factory=hashlib.sha256)

    def write(self, at: float, who: str, what: str) -> None:
        """One thing that happened."""
        line = f"{at:.{MICROSECONDS}f} {who} {what}"
        self._hash.update(line.encode() + b"\n")
        self.lines.append(line)
        if not self.keep and len(self.lines) > 2 * KEPT_LINES:
            del self.lines[:KEPT_LINES]

    @property
    def digest(self) -> str:
        """SHA-256 of all lines, in hexadecimal."""
        found: str = self._hash.hexdigest()
        return found


def of_entry(entry: Entry) -> str:
    """A journal's entry as a line says it."""
    return f"{entry.kind} {json.dumps(plain(entry.detail), sort_keys=True)}"


def of_value(value: Any) -> str:
    """An event, a command or a floor as a line says it."""
    return json.dumps(plain(value), sort_keys=True)


def plain(value: Any) -> Any:
    """A value of the product as JSON: words revealed, times to the microsecond."""
    match value:
        case Sensitive():
            return value.reveal()
        case enum.Enum():
            return value.value
        case float():
            return round(value, MICROSECONDS)
        case dict():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case _ if attrs.has(type(value)):
            fields = {a.name: plain(getattr(value, a.name)) for a in attrs.fields(type(value))}
            return {"is": type(value).__name__} | fields
        case _:
            return value


def combined(digests: list[str]) -> str:
    """The digest of several runs, in the order given."""
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
