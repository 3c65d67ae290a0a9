"""How fast and how right the normaliser is, next to what others do, in one run.

    python -m benchmarks.humanizer

Sentences are those of the tests' tables. The baseline is what agents commonly do: a few regular
expressions that replace figures by cardinal words. Pipecat's voice formatting takes part where it
is installed; it is no dependency. Times are the best of several rounds, in microseconds; on a
busy machine the ratios say more than the times.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from voxanne_trio.humanizer.normalise import normalise
from voxanne_trio.humanizer.numbers import cardinal, digits, ordinal

Speaker: TypeAlias = Callable[[str], str]

_PAIRS: Final = Path(__file__).parent.parent / "tests" / "humanizer" / "pairs"
_ROUNDS: Final = 7
_CALLS: Final = 5
_QUIET: Final = (
    "Absolutely, Sarah, I would be happy to help you with that today.",
    "What day works best for you next week, morning or afternoon?",
    "No problem at all, take your time.",
)

_MONEY: Final = re.compile(r"\$([0-9][0-9,]*)(?:\.([0-9]{2}))?")
_PERCENT: Final = re.compile(r"([0-9.]+)\s?%")
_ORDINAL: Final = re.compile(r"\b([0-9]+)(?:st|nd|rd|th)\b")
_DECIMAL: Final = re.compile(r"\b([0-9]+)\.([0-9]+)\b")
_NUMBER: Final = re.compile(r"\b[0-9][0-9,]*\b")


def baseline(text: str) -> str:
    """Figures to words by plain regular expressions, one after the other."""
    text = _MONEY.sub(_money, text)
    text = _PERCENT.sub(r"\1 percent", text)
    text = _ORDINAL.sub(lambda m: ordinal(int(m.group(1))), text)
    text = _DECIMAL.sub(lambda m: f"{cardinal(int(m.group(1)))} point {digits(m.group(2))}", text)
    text = _NUMBER.sub(lambda m: cardinal(int(m.group().replace(",", ""))), text)
    return text.replace("&", "and").replace("@", "at").replace("**", "")


def _money(match: re.Match[str]) -> str:
    said = f"{cardinal(int(match.group(1).replace(',', '')))} dollars"
    return f"{said} and {cardinal(int(match.group(2)))} cents" if match.group(2) else said


def pipecat() -> Speaker | None:
    """Pipecat's voice formatting as a plain function; None where it is not installed."""
    try:
        from pipecat.utils.text.transforms import (  # type: ignore[import-not-found, unused-ignore]
            VoiceFormatter,
        )
    except ImportError:
        return None
    formatter = VoiceFormatter()
    loop = asyncio.new_event_loop()

    def speak(text: str) -> str:
        return str(loop.run_until_complete(formatter(text, "sentence")))

    return speak


def tables() -> dict[str, list[tuple[str, list[str]]]]:
    """The tests' tables by name: written, and what may be said."""
    return {
        path.stem: [
            (written, spoken.split("|"))
            for written, spoken in (row.split("\t") for row in path.read_text("utf-8").splitlines())
        ]
        for path in sorted(_PAIRS.glob("*.tsv"))
    }


def microseconds(speak: Speaker, text: str) -> float:
    """The best time of one call."""
    best = float("inf")
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        for _ in range(_CALLS):
            speak(text)
        best = min(best, time.perf_counter() - began)
    return best / _CALLS * 1e6


def _summary(name: str, speak: Speaker, rows: Sequence[tuple[str, list[str]]]) -> str:
    times = sorted(microseconds(speak, written) for written, _ in rows)
    right = sum(speak(written) in spoken for written, spoken in rows)
    return (
        f"{name:<12}{times[len(times) // 2]:>8.1f}{times[int(len(times) * 0.99)]:>8.1f}"
        f"{times[-1]:>8.1f}{right:>8}/{len(rows)} {100 * right / len(rows):.1f} %"
    )


def main() -> None:
    """Print a table: speed and share of sentences said right, for each way."""
    ways: dict[str, Speaker] = {"voxanne": normalise, "baseline": baseline}
    if other := pipecat():
        ways["pipecat"] = other
    found = tables()
    groups = {
        "whole sentences": [r for name, rows in found.items() if "heldout" in name for r in rows],
        "all pairs": [row for rows in found.values() for row in rows],
        "nothing to do": [(text, [text]) for text in _QUIET],
    }
    for group, rows in groups.items():
        print(f"\n{group}: median, 99 %, worst (us), said right")
        for name, speak in ways.items():
            print(_summary(name, speak, rows))
    whole = [written for written, _ in groups["whole sentences"]]
    ours, theirs = (sum(microseconds(way, text) for text in whole) for way in (normalise, baseline))
    print(f"\nnormalise / baseline: {ours / theirs:.1f}")


if __name__ == "__main__":
    main()
