"""A drawing in SVG, element by element: just what the timeline needs, text always escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

import attrs

FONT: Final = "'Inter','Segoe UI','Helvetica Neue',Arial,'DejaVu Sans',sans-serif"

_NARROW: Final = frozenset("iljtfrI.,:;'|!()[] \"")
_WIDE: Final = frozenset("mwMW@%&")


@attrs.define
class Drawing:
    """A canvas of so many pixels."""

    width: float
    height: float
    _parts: list[str] = attrs.field(factory=list)

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str,
        *,
        radius: float = 0,
        opacity: float = 1,
        title: str = "",
    ) -> None:
        attributes = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}"'
        style = f' rx="{radius:g}"' if radius else ""
        style += f' fill-opacity="{opacity:g}"' if opacity < 1 else ""
        inner = f"<title>{escape(title)}</title>" if title else ""
        self._parts.append(f'<rect {attributes}{style} fill="{fill}">{inner}</rect>')

    def line(
        self, x1: float, y1: float, x2: float, y2: float, stroke: str, *,
        width: float = 1, dashes: str = "",
    ) -> None:  # fmt: skip
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self._parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
            f'stroke="{stroke}" stroke-width="{width:g}"{dashed}/>'
        )

    def shape(self, points: Sequence[tuple[float, float]], fill: str) -> None:
        """A filled polygon."""
        listed = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._parts.append(f'<polygon points="{listed}" fill="{fill}"/>')

    def text(
        self, x: float, y: float, words: str, *, size: float = 12, fill: str = "#1f2937",
        weight: int = 400, anchor: str = "start", struck: bool = False,
    ) -> None:  # fmt: skip
        style = f' font-weight="{weight}"' if weight != 400 else ""
        style += f' text-anchor="{anchor}"' if anchor != "start" else ""
        style += ' text-decoration="line-through"' if struck else ""
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{fill}"{style}>'
            f"{escape(words)}</text>"
        )

    def render(self, title: str) -> str:
        """The whole document."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width:.0f}" '
            f'height="{self.height:.0f}" viewBox="0 0 {self.width:.0f} {self.height:.0f}" '
            f'font-family="{FONT}" role="img">\n<title>{escape(title)}</title>\n'
            f'<rect width="100%" height="100%" fill="#ffffff"/>\n'
        )
        return head + "\n".join(self._parts) + "\n</svg>\n"


def text_width(words: str, size: float) -> float:
    """About how wide words are; rather too wide, since the font is not known."""
    return sum(_character_width(character) for character in words) * size


def _character_width(character: str) -> float:
    if character in _NARROW:
        return 0.36
    if character in _WIDE:
        return 0.92
    return 0.7 if character.isupper() else 0.6


def wrapped(words: str, width: float, size: float) -> list[str]:
    """Words in lines of at most that width; a longer word has a line of its own."""
    lines: list[str] = []
    for word in words.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
