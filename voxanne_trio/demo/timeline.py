"""`timeline.svg`: the call as a picture. Two lanes of voice with the words, the gaps between
them, the barge-in; below, where each turn's time went.

Pure: evidence in, a document out. Refuses to judge: what is over its budget is only marked.
"""

from __future__ import annotations

from typing import Final

import attrs

from .evidence import Evidence, Said
from .figures import JUDGED_AT_P95, LATENCIES, budgets_ms, medians_ms, p95s_ms
from .judging import gave_way_ms
from .recording import loudness
from .stages import draw_stages, stages_height, stages_right
from .svg import Drawing, text_width, wrapped

SCALE: Final = 30.0
"""Pixels a second."""

LEFT: Final = 104.0
RIGHT: Final = 150.0
INK: Final = "#1f2937"
FAINT: Final = "#9aa3af"
GRID: Final = "#eef0f3"
CALLER: Final = "#4f46e5"
AGENT: Final = "#0d9488"
GAP: Final = "#f59e0b"
ALARM: Final = "#dc2626"

_TOP: Final = 92.0
_LANE: Final = 64.0
_BETWEEN: Final = 48.0
_SIZE: Final = 12.0
_LEADING: Final = 16.0
_STEP: Final = 0.04
_NARROWEST: Final = 96.0


@attrs.frozen
class _Words:
    """Words and where they go: lines, the first `heard` characters of which were heard; `down` is
    how many lines lower than the others they are, to be beside nothing."""

    x: float
    lines: tuple[str, ...]
    heard: int
    cut: bool = False
    down: int = 0

    @property
    def right(self) -> float:
        return self.x + max((text_width(line, _SIZE) for line in self.lines), default=0)


@attrs.frozen
class _Layout:
    caller_words: tuple[_Words, ...]
    agent_words: tuple[_Words, ...]
    caller_lane: float
    agent_lane: float
    words_below: float
    stages: float
    width: float
    height: float


def draw(evidence: Evidence, subtitle: str) -> str:
    """The whole picture."""
    layout = _layout(evidence)
    drawing = Drawing(layout.width, layout.height)
    _draw_head(drawing, evidence, subtitle)
    _draw_seconds(drawing, evidence, layout)
    _draw_gaps(drawing, evidence, layout)
    _draw_voice(drawing, evidence.caller_audio, layout.caller_lane, CALLER, "Caller")
    _draw_voice(drawing, evidence.agent_audio, layout.agent_lane, AGENT, "Voxanne")
    for said in evidence.said:
        if said.interrupting:
            _draw_barge_in(drawing, said, layout)
    for words in layout.caller_words:
        height = _LEADING * (words.down + len(words.lines))
        _draw_words(drawing, words, layout.caller_lane - 12 - height, CALLER)
    for words in layout.agent_words:
        _draw_words(drawing, words, layout.words_below + _LEADING * words.down, AGENT)
    turns = [turn for turn in evidence.turns if turn.timeline_ms.get("voiced_until") is not None]
    draw_stages(drawing, turns, LEFT, layout.stages)
    return drawing.render("A call, as the phone network heard it")


def x_of(seconds: float) -> float:
    """Where a moment is."""
    return LEFT + seconds * SCALE


# Where things go


def _layout(evidence: Evidence) -> _Layout:
    width = x_of(evidence.seconds) + RIGHT
    caller = _caller_words(evidence, width)
    agent = _agent_words(evidence, width)
    caller_lane = _TOP + 26 + _LEADING * _most_lines(caller)
    agent_lane = caller_lane + _LANE + _BETWEEN
    words_below = agent_lane + _LANE + 14
    stages = words_below + _LEADING * _most_lines(agent) + 44
    turns = sum("voiced_until" in turn.timeline_ms for turn in evidence.turns)
    return _Layout(
        caller_words=caller,
        agent_words=agent,
        caller_lane=caller_lane,
        agent_lane=agent_lane,
        words_below=words_below,
        stages=stages,
        width=max(width, stages_right(LEFT)),
        height=stages + stages_height(turns) + 20,
    )


def _most_lines(words: tuple[_Words, ...]) -> int:
    return max((each.down + len(each.lines) for each in words), default=0)


def _caller_words(evidence: Evidence, width: float) -> tuple[_Words, ...]:
    understood = {
        said.began: turn.caller or ""
        for turn in evidence.turns
        if (said := evidence.said_in(turn)) is not None
    }
    starts = [x_of(said.began) for said in evidence.said]
    words: list[_Words] = []
    for said, x, space in zip(evidence.said, starts, _spaces(starts, width), strict=True):
        heard_as = understood.get(said.began, "")
        lines = wrapped(said.text, space, _SIZE)
        if heard_as and _plain(heard_as) != _plain(said.text):
            lines += wrapped(f"understood: {heard_as}", space, _SIZE)
        words.append(_beside(words, _Words(x, tuple(lines), len(said.text))))
    return tuple(words)


def _agent_words(evidence: Evidence, width: float) -> tuple[_Words, ...]:
    audible = [
        (at, turn)
        for turn in evidence.turns
        if (at := evidence.at(turn, "first_audible")) is not None
    ]
    starts = [x_of(at) for at, _ in audible]
    words: list[_Words] = []
    for (_, turn), x, space in zip(audible, starts, _spaces(starts, width), strict=True):
        heard = len(turn.heard) if turn.interrupted else len(turn.agent)
        lines = wrapped(turn.agent, space, _SIZE)
        if not turn.heard:
            lines = [*lines[:1], "..."]
        words.append(_beside(words, _Words(x, tuple(lines), heard, turn.interrupted)))
    return tuple(words)


def _beside(words: list[_Words], new: _Words) -> _Words:
    """The new words, lower where those before them reach that far."""
    before = words[-1] if words else None
    if before is None or before.right + 8 < new.x:
        return new
    return attrs.evolve(new, down=before.down + len(before.lines))


def _spaces(starts: list[float], width: float) -> list[float]:
    """How wide the words that start there may be: to where the next begin."""
    ends = [*starts[1:], width - 16][: len(starts)]
    return [max(end - x - 14, _NARROWEST) for x, end in zip(starts, ends, strict=True)]


def _plain(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())


# Drawn


def _draw_head(drawing: Drawing, evidence: Evidence, subtitle: str) -> None:
    drawing.text(24, 38, "One phone call with Voxanne", size=20, weight=600)
    drawing.text(24, 60, subtitle, size=12, fill="#6b7280")
    medians, p95s, budgets = medians_ms(evidence.turns), p95s_ms(evidence.turns), budgets_ms()
    x = drawing.width - 24
    for name in reversed(LATENCIES):
        at_p95 = name in JUDGED_AT_P95
        figure = p95s[name] if at_p95 else medians[name]
        over = figure is not None and name in budgets and figure > budgets[name]
        shown = "-" if figure is None else f"{figure} ms"
        label = f"{name} P95" if at_p95 else f"{name} median"
        width = max(text_width(label, 11), text_width(shown, 17)) + 22
        drawing.text(x, 36, shown, size=17, weight=600, anchor="end", fill=ALARM if over else INK)
        drawing.text(x, 54, label, size=11, anchor="end", fill=FAINT)
        x -= width


def _draw_seconds(drawing: Drawing, evidence: Evidence, layout: _Layout) -> None:
    bottom = layout.agent_lane + _LANE
    for second in range(0, int(evidence.seconds) + 1, 5):
        x = x_of(second)
        drawing.line(x, _TOP, x, bottom + 6, GRID)
        label = f"{second // 60}:{second % 60:02d}"
        drawing.text(x, _TOP - 6, label, size=10.5, fill=FAINT, anchor="middle")


def _draw_voice(drawing: Drawing, audio: bytes, top: float, colour: str, name: str) -> None:
    middle = top + _LANE / 2
    drawing.text(LEFT - 20, middle + 5, name, size=14, weight=600, fill=colour, anchor="end")
    levels = loudness(audio, _STEP)
    drawing.line(LEFT, middle, x_of(len(levels) * _STEP), middle, "#d8dce2")
    upper: list[tuple[float, float]] = []
    for index, level in enumerate([*levels, 0.0]):
        if level > 0.02:
            upper.append((x_of((index + 0.5) * _STEP), level * _LANE / 2))
        elif upper:
            above = [(x, middle - height) for x, height in upper]
            below = [(x, middle + height) for x, height in reversed(upper)]
            ends = [(upper[0][0] - 1, middle), (upper[-1][0] + 1, middle)]
            drawing.shape([ends[0], *above, ends[1], *below], colour)
            upper = []


def _draw_gaps(drawing: Drawing, evidence: Evidence, layout: _Layout) -> None:
    """Between the caller's last voice and the answer: what the caller felt."""
    y = layout.agent_lane - 14
    for said in evidence.said:
        if said.answered is None or not said.gap_ms:
            continue
        start, end = x_of(said.until), x_of(said.answered)
        top, bottom = layout.caller_lane + 6, layout.agent_lane + _LANE - 6
        drawing.rect(start, top, end - start, bottom - top, GAP, opacity=0.16)
        drawing.rect(start, y - 2, end - start, 4, GAP, radius=2, title="gap at the phone")
        drawing.text(end + 5, y + 4, f"{said.gap_ms} ms", size=11, weight=600, fill="#b45309")


def _draw_barge_in(drawing: Drawing, said: Said, layout: _Layout) -> None:
    """From the caller's voice to the agent's silence."""
    top, bottom = layout.caller_lane - 4, layout.agent_lane + _LANE + 4
    start = x_of(said.began)
    drawing.line(start, top, start, bottom, ALARM, width=1.2, dashes="3 3")
    if said.silent is None or (took := gave_way_ms(said)) is None:
        return
    end = x_of(max(said.silent, said.began))
    drawing.rect(start, layout.agent_lane, end - start, _LANE, ALARM, opacity=0.13)
    drawing.line(end, layout.agent_lane - 4, end, bottom, ALARM, width=1.2)
    label = f"barge-in: silent after {took} ms"
    y = layout.caller_lane + _LANE + 14
    drawing.text(start - 6, y, label, size=11, weight=600, fill=ALARM, anchor="end")


def _draw_words(drawing: Drawing, words: _Words, top: float, colour: str) -> None:
    """The lines; what was not heard is struck out, in the midst of a line too."""
    y, left = top + _SIZE, words.heard
    drawing.line(words.x - 5, top + 1, words.x - 5, top + _LEADING * len(words.lines), colour)
    for line in words.lines:
        heard, unheard = line[: max(left, 0)], line[max(left, 0) :]
        if heard:
            drawing.text(words.x, y, heard, size=_SIZE)
        if unheard.strip():
            x = words.x + text_width(heard, _SIZE)
            drawing.text(x, y, unheard, size=_SIZE, fill="#b6bcc6", struck=words.cut)
        left -= len(line) + 1
        y += _LEADING
