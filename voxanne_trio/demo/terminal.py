"""Lines for a terminal: colours where they are wanted, and the width to keep to.

Only lines, one after the other: no cursor is moved, so that a file of the output reads the same.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from typing import Final, TextIO

import attrs

_CODES: Final = {
    "bold": "1",
    "faint": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "cyan": "36",
}


@attrs.define
class Terminal:
    """Where the lines go."""

    stream: TextIO
    colours: bool
    width: int = 100

    @classmethod
    def on(cls, stream: TextIO, environ: Mapping[str, str] = os.environ) -> Terminal:
        """A terminal on a stream: with colours only where somebody looks at it."""
        plain = "NO_COLOR" in environ or environ.get("TERM") == "dumb"
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
        width = shutil.get_terminal_size((100, 24)).columns if stream.isatty() else 100
        return cls(stream, stream.isatty() and not plain, max(60, min(width, 120)))

    def paint(self, text: str, *styles: str) -> str:
        """The text in these styles, or as it is."""
        if not self.colours or not styles or not text:
            return text
        codes = ";".join(_CODES[style] for style in styles)
        return f"\x1b[{codes}m{text}\x1b[0m"

    def line(self, text: str = "") -> None:
        """Write one line, now."""
        self.stream.write(text + "\n")
        self.stream.flush()
