"""The lower half of the picture: where the time of each turn went, on a scale that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .evidence import Turn
from .figures import LATENCIES, budgets_ms
from .svg import Drawing, text_width

_ROW: Final = 30.0
_HEAD: Final = 58.0
_BARS: Final = 300.0
_BAR_WIDTH: Final = 620.0
_COLUMN: Final = 62.0
_FIGURES: Final = 64.0
_INK: Final = "#1f2937"
_FAINT: Final = "#9aa3af"
_OVER: Final = "#dc2626"

STAGES: Final = (
    ("voiced_until", "decided", "stt", "#818cf8", "end of turn"),
    ("decided", "llm_requested", "", "#cbd5e1", ""),
    ("llm_requested", "llm_first", "llm", "#c084fc", "model's first content"),
    ("llm_first", "tts_requested", "", "#cbd5e1", ""),
    ("tts_requested", "tts_first", "tts", "#2dd4bf", "voice's first audio"),
    ("tts_first", "first_audible", "", "#cbd5e1", "ours, and the silence a voice begins with"),
)
"""A turn's time from the caller's last voice to the first audible frame, one after the other."""


def stages_height(turns: int) -> float:
    """How much room so many turns take."""
    return _HEAD + 26 + _ROW * turns


def stages_right(left: float) -> float:
    """Where the panel ends, with its margin."""
    return left + _BARS + _BAR_WIDTH + _FIGURES + _COLUMN * len(LATENCIES) + 24


def draw_stages(drawing: Drawing, turns: Sequence[Turn], left: float, top: float) -> None:
    """The panel, from `top` down."""
    drawing.text(24, top, "Where the time went", size=15, weight=600)
    _draw_legend(drawing, left + _BARS, top)
    longest = max((turn.latency_ms.get("gap") or 0 for turn in turns), default=0)
    scale_ms = max(500, -(-longest // 250) * 250)
    y = top + _HEAD
    bottom = y + _ROW * len(turns)
    for tick in range(0, scale_ms + 1, 250):
        x = left + _BARS + tick / scale_ms * _BAR_WIDTH
        drawing.line(x, y - 12, x, bottom, "#eef0f3")
        drawing.text(x, y - 18, f"{tick} ms", size=10.5, fill=_FAINT, anchor="middle")
    _draw_columns(drawing, left, y - 18, None, {name: name for name in LATENCIES})
    for turn in turns:
        _draw_turn(drawing, turn, left, y, scale_ms)
        y += _ROW
    shown = {name: f"{budget}" for name, budget in budgets_ms().items()}
    drawing.text(left + _BARS + _BAR_WIDTH + 24, y + 14, "budget", size=11, fill=_FAINT)
    _draw_columns(drawing, left, y + 14, None, shown)


def _draw_legend(drawing: Drawing, x: float, y: float) -> None:
    for _, _, _, colour, label in STAGES:
        if label:
            drawing.rect(x, y - 9, 10, 10, colour, radius=2)
            drawing.text(x + 15, y, label, size=11, fill="#6b7280")
            x += 15 + text_width(label, 11) + 20


def _draw_turn(drawing: Drawing, turn: Turn, left: float, y: float, scale_ms: int) -> None:
    said = turn.caller or ""
    shown = said if text_width(said, 12) < _BARS + left - 44 else f"{said[:44].rstrip()}..."
    drawing.text(24, y + 14, shown, size=12)
    times = turn.timeline_ms
    began = at = times["voiced_until"]
    for _, end, name, colour, label in STAGES:
        until = max(at, times.get(end, at))
        if until > at:
            x = left + _BARS + (at - began) / scale_ms * _BAR_WIDTH
            width = (until - at) / scale_ms * _BAR_WIDTH
            title = f"{name or label or 'ours'}: {until - at} ms"
            drawing.rect(x, y + 2, width - 0.8, 16, colour, radius=2, title=title)
            if name and width > 34:
                figure = str(turn.latency_ms.get(name) or until - at)
                drawing.text(x + width / 2, y + 14, figure, size=10.5, fill=_INK, anchor="middle")
        at = until
    figures = {name: turn.latency_ms.get(name) for name in LATENCIES}
    texts = {name: "-" if value is None else str(value) for name, value in figures.items()}
    _draw_columns(drawing, left, y + 14, figures, texts)


def _draw_columns(
    drawing: Drawing,
    left: float,
    y: float,
    figures: dict[str, int | None] | None,
    texts: dict[str, str],
) -> None:
    budgets = budgets_ms()
    x = left + _BARS + _BAR_WIDTH + _FIGURES
    for name in LATENCIES:
        x += _COLUMN
        over = figures is not None and (figures.get(name) or 0) > budgets.get(name, 10**9)
        fill = _FAINT if figures is None else _OVER if over else _INK
        drawing.text(x, y, texts.get(name, ""), size=12, anchor="end", fill=fill)
