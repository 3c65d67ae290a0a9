"""A run as JUnit XML: a suite per script, a case per check. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from .runner import Outcome

_FORBIDDEN: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, escaped or not."""


def junit(outcomes: Sequence[Outcome]) -> str:
    """The document, as text."""
    root = Element("testsuites", {"name": "naturalness", **_counts(outcomes)})
    for outcome in outcomes:
        name = _clean(outcome.scenario.name)
        suite = SubElement(root, "testsuite", {"name": name, **_counts([outcome])})
        for check, verdict in outcome.verdicts.items():
            case = SubElement(suite, "testcase", {"classname": name, "name": check, "time": "0"})
            if verdict.passed is None:
                SubElement(case, "skipped", {"message": _clean(verdict.reason)})
            elif not verdict.passed:
                failure = SubElement(case, "failure", {"message": _clean(verdict.reason)})
                failure.text = _clean("\n".join(_talk(outcome)))
    indent(root)
    return "<?xml version='1.0' encoding='utf-8'?>\n" + tostring(root, encoding="unicode") + "\n"


def _counts(outcomes: Sequence[Outcome]) -> dict[str, str]:
    tests = sum(len(outcome.verdicts) for outcome in outcomes)
    applied = sum(outcome.applied for outcome in outcomes)
    failed = applied - sum(outcome.passed for outcome in outcomes)
    counts = {"tests": tests, "failures": failed, "skipped": tests - applied, "errors": 0}
    return {name: str(count) for name, count in counts.items()}


def _talk(outcome: Outcome) -> list[str]:
    return [
        line
        for turn, reply in zip(outcome.scenario.turns, outcome.replies, strict=True)
        for line in (f"Patient: {turn.shown}", f"Voxanne: {reply.spoken}")
    ]


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
