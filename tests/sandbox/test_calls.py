"""The generator of calls: every family gives a script that can be followed, replayed and timed."""

from __future__ import annotations

import json
import random

import pytest

from voxanne_trio.sandbox.caller import (
    AwaitHangUp,
    Backchannel,
    HangUp,
    Interrupt,
    Say,
    Sound,
    StaySilent,
    Step,
    TalkOver,
    read_script,
    utterances,
)
from voxanne_trio.sandbox.calls import FAMILIES, draw
from voxanne_trio.sandbox.line import CLEAN, Line
from voxanne_trio.sandbox.voice import word_ends

SEEDS = range(40)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_gives_scripts_of_its_kind(family: str) -> None:
    scenarios = [draw(random.Random(seed), family) for seed in SEEDS]
    assert scenarios == [draw(random.Random(seed), family) for seed in SEEDS]
    assert len({scenario.script for scenario in scenarios}) > 5
    for scenario in scenarios:
        assert scenario.family == family
        replay = json.loads(json.dumps(scenario.as_json()))
        assert tuple(read_script(replay["script"])) == scenario.script
        assert Line.from_json(replay["line"]) == scenario.line
        assert any(isinstance(step, HangUp | AwaitHangUp) for step in scenario.script)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_callers_share_of_a_call_is_short(family: str) -> None:
    for seed in SEEDS:
        script = draw(random.Random(seed), family).script
        spoken = sum(word_ends(text)[-1] for text in utterances(script) if text)
        silent = sum(step.seconds for step in script if isinstance(step, StaySilent))
        assert spoken + silent < 16


def test_each_behaviour_has_a_family() -> None:
    rng = random.Random(3)
    drawn = [draw(rng) for _ in range(600)]
    assert {scenario.family for scenario in drawn} == FAMILIES.keys()
    kinds: set[type[Step]] = {type(step) for scenario in drawn for step in scenario.script}
    assert {Say, Interrupt, TalkOver, Backchannel, Sound, StaySilent} <= kinds
    lines = [scenario.line for scenario in drawn]
    assert 0.4 < sum(line is CLEAN for line in lines) / len(lines) < 0.6
    assert any(line.echo_down_db is not None for line in lines)
    assert any(line.television_db is not None for line in lines)
    assert {draw(rng, lines=False).line for _ in range(20)} == {CLEAN}


def test_a_family_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="no family 'sing'"):
        draw(random.Random(1), "sing")
