"""Caller scripts: the shipped ones are all right, wrong ones are refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from voxanne_trio.naturalness.scenario import (
    Scenario,
    ScenarioError,
    Turn,
    from_files,
    parse,
    shipped,
)
from voxanne_trio.sandbox.caller import read_script, utterances


def test_a_clinics_day_comes_first_and_forty_more_follow() -> None:
    names = [scenario.name for scenario in shipped()]
    assert names[:6] == [
        "BBL Inquiry",
        "Price and Recovery",
        "Booking an Appointment",
        "Rescheduling",
        "Worried After Surgery",
        "Opening Hours and Directions",
    ]
    assert len(names) >= 46


@pytest.mark.parametrize("scenario", shipped(), ids=lambda scenario: scenario.name)
def test_a_shipped_script_can_be_played_on_a_phone(scenario: Scenario) -> None:
    steps = read_script([step for turn in scenario.turns for step in turn.steps()])
    said = [turn.say for turn in scenario.turns if turn.say]
    assert utterances(steps) == said


def test_everything_a_script_may_hold() -> None:
    (scenario,) = parse(
        """
        - name: All of it
          patient: Ann
          turns:
            - Hello?
            - {say: Bye., brief: goodbye, expect: [goodbye], never: [um]}
            - {interrupt: Wait., after_ms: 900}
            - silence: 8
            - press: "0"
        """
    )
    assert scenario == Scenario(
        name="All of it",
        patient="Ann",
        turns=(
            Turn(say="Hello?"),
            Turn(say="Bye.", brief="goodbye", expect=("goodbye",), never=("um",)),
            Turn(say="Wait.", interrupts=True, after_ms=900),
            Turn(silence=8),
            Turn(press="0"),
        ),
    )
    assert [turn.shown for turn in scenario.turns[2:]] == [
        "Wait.", "(silent for 8 seconds)", "(presses 0)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "must be a list"),
        ("a: b", "must be a list"),
        ("- [", "flow"),
        ("- turns: [Hi]", "has no name"),
        ("- name: A", "no turns"),
        ("- {name: A, turns: []}", "no turns"),
        ("- {name: A, turns: [Hi], voice: loud}", "'voice' is not known"),
        ("- {name: A, turns: [Hi], patient: 3}", "patient must be a name"),
        ("- {name: A, turns: [3]}", "turn 1: must be what is said"),
        ("- {name: A, turns: [{brief: bye}]}", "must have one of say"),
        ("- {name: A, turns: [{say: Hi, press: '1'}]}", "must have one of say"),
        ("- {name: A, turns: [{say: 3}]}", "say must be a text"),
        ("- {name: A, turns: [{press: 0}]}", "press must be a text"),
        ("- {name: A, turns: [{silence: -1}]}", "silence must be more than 0"),
        ("- {name: A, turns: [{silence: true}]}", "silence must be more than 0"),
        ("- {name: A, turns: [{say: Hi, loud: 1}]}", "'loud' is not known"),
        ("- {name: A, turns: [{say: Hi, brief: 1}]}", "brief must be a text"),
        ("- {name: A, turns: [{say: Hi, expect: bye}]}", "expect must be a list"),
    ],
)
def test_what_is_wrong_is_told(text: str, wrong: str) -> None:
    with pytest.raises(ScenarioError, match=wrong) as told:
        parse(text, "calls.yaml")
    assert str(told.value).startswith("calls.yaml")
    assert "\n" not in str(told.value)


def test_files(tmp_path: Path) -> None:
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    one.write_text("- {name: A, turns: [Hi]}", "utf-8")
    other.write_text("- {name: B, turns: [Hi]}", "utf-8")
    assert [scenario.name for scenario in from_files([one, other])] == ["A", "B"]
    with pytest.raises(ScenarioError, match="two scripts"):
        from_files([one, one])
    with pytest.raises(ScenarioError, match="cannot be read"):
        from_files([tmp_path / "none.yaml"])
