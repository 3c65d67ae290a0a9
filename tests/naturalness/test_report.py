"""What is shown and written of a run."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from voxanne_trio.naturalness import judge
from voxanne_trio.naturalness.junit import junit
from voxanne_trio.naturalness.report import (
    as_object,
    compared,
    comparison_lines,
    scenario_lines,
    summary_lines,
)
from voxanne_trio.naturalness.runner import Outcome
from voxanne_trio.naturalness.scenario import Scenario, Turn

from .replies import reply


def outcome(name: str = "BBL Inquiry", spoken: str = "Absolutely, Sarah! It's open.") -> Outcome:
    replies = (reply(spoken, name="Sarah"),)
    scenario = Scenario(name=name, patient="Sarah", turns=(Turn(say="Do you do BBL?"),))
    return Outcome(scenario, replies, judge(replies))


def test_a_script_is_shown_with_its_talk_and_checks() -> None:
    lines = list(scenario_lines(outcome(), 1, 46))
    assert lines[:5] == [
        "Test 1/46: BBL Inquiry",
        "Patient (Sarah): Do you do BBL?",
        "Voxanne: Absolutely, Sarah! It's open.",
        "  ✓ PASS | Short Sentences: all at most 12 words",
        "  – N/A  | Numbers as Words: no number written",  # noqa: RUF001 - a dash
    ]
    failed = list(scenario_lines(outcome(spoken="It's 2."), 1, 46))
    assert "  ✗ FAIL | Numbers as Words: left in figures: 2." in failed


def test_the_summary_counts_only_what_applies() -> None:
    lines = list(summary_lines([outcome(), outcome("Other", "It's 2.")]))
    assert lines[0] == "Summary: 2 scenarios, 1 without a fault"
    assert "  Numbers as Words       0 of   1    0%" in lines
    assert "  Expectations           0 of   0   n/a" in lines
    assert lines[-1].startswith("FAIL: 9 of 14 checks passed, 64.3% (the bar is 90%)")


def test_the_object_has_the_promised_names() -> None:
    whole = json.loads(json.dumps(as_object([outcome()], humanizer=True, model="m")))
    assert whole["ok"] is True
    assert whole["rate"] == 1.0
    (scenario,) = whole["scenarios"]
    assert scenario["name"] == "BBL Inquiry"
    assert scenario["caller"] == "Do you do BBL?"
    assert scenario["agent"] == "Absolutely, Sarah! It's open."
    checks = scenario["validators"]
    assert checks["Direct Address"] == {"passed": True, "reason": "addressed as Sarah"}
    assert checks["Numbers as Words"] == {"passed": None, "reason": "no number written"}


def run_of(**spoken: str) -> dict[str, Any]:
    outcomes = [outcome(name, text) for name, text in spoken.items()]
    return as_object(outcomes, humanizer=True, model="m")


def test_two_runs_compared() -> None:
    before = run_of(a="Sure, Sarah. It's 2.", b="Sure, Sarah. It's open.", gone="Sarah.")
    after = run_of(a="Sure, Sarah. It's two.", b="It's 2, Sarah.", new="Sarah.")
    changes = compared(before, after)
    assert ("a", "Numbers as Words") in changes["newly_passing"]
    assert ("b", "Numbers as Words") in changes["newly_failing"]
    assert (changes["added"], changes["removed"]) == (["new"], ["gone"])
    lines = list(comparison_lines(changes))
    assert "  - b: Numbers as Words" in lines
    assert "  + a: Numbers as Words" in lines
    assert "  new script: new" in lines
    assert compared(after, after)["newly_failing"] == []


@pytest.mark.parametrize("saved", [{}, {"rate": 1, "scenarios": 3}, {"rate": "x", "scenarios": []}])
def test_only_saved_runs_are_compared(saved: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a saved run"):
        compared(saved, run_of(a="Sarah."))


def test_junit_is_well_formed_and_counts() -> None:
    hostile = outcome('<&\x00> "name"', "It's 2 \x07 & ]]> <b>.")
    root = ET.fromstring(junit([outcome(), hostile]).encode())
    suites = root.findall("testsuite")
    assert [suite.get("name") for suite in suites] == ["BBL Inquiry", '<&\ufffd> "name"']
    cases = root.findall(".//testcase")
    assert int(root.get("tests", "0")) == len(cases) == 22
    assert int(root.get("failures", "0")) == len(root.findall(".//failure")) > 0
    assert int(root.get("skipped", "0")) == len(root.findall(".//skipped")) > 0
    failure = suites[1].find("testcase/failure")
    assert failure is not None
    assert "Patient: Do you do BBL?" in (failure.text or "")
