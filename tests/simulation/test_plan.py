"""Plans: pure functions of a seed, and of what was left open."""

from __future__ import annotations

import random

import attrs
from trio.testing import MockClock

from voxanne_trio.sandbox.caller import read_script
from voxanne_trio.sandbox.line import Line
from voxanne_trio.simulation import coverage
from voxanne_trio.simulation.faults import NAMES
from voxanne_trio.simulation.numbered import NumberedMicrophone
from voxanne_trio.simulation.plan import CallPlan, Options, Plan
from voxanne_trio.simulation.run import Simulation
from voxanne_trio.simulation.scripts import clinic_call
from voxanne_trio.simulation.trace import Trace
from voxanne_trio.simulation.world import world

SEEDS = range(200)
FAULTY = Options(faults=NAMES)


def test_a_seed_gives_one_plan() -> None:
    random.seed(1)
    first = [Plan.drawn(seed, FAULTY) for seed in SEEDS]
    random.seed(2)
    assert first == [Plan.drawn(seed, FAULTY) for seed in SEEDS]
    assert len({plan.entropy for plan in first}) == len(SEEDS)


def test_every_script_can_be_followed() -> None:
    for seed in SEEDS:
        assert read_script(clinic_call(random.Random(seed)))


def test_plans_differ_in_everything() -> None:
    plans = [Plan.drawn(seed, FAULTY) for seed in SEEDS]
    assert {len(plan.calls) for plan in plans} == {1, 2, 3}
    assert {plan.stt for plan in plans} == {"flux", "nova"}
    assert {plan.schedule.kind for plan in plans} == {"uniform", "priority"}
    assert len({plan.profile for plan in plans}) == 4
    assert all(20 <= plan.delay_ms <= plan.delay_ms + plan.jitter_ms <= 200 for plan in plans)
    assert {len(plan.faults) for plan in plans} >= {1, 2, 3}
    said = {str(step) for plan in plans for call in plan.calls for step in call.script}
    assert all(any(word in step for step in said) for word in ("cough", "interrupt", "press", "~"))


def test_faults_change_nothing_else() -> None:
    for seed in SEEDS:
        without = Plan.drawn(seed)
        assert without.faults == ()
        faulty = Plan.drawn(seed, FAULTY)
        assert faulty.faults
        patience = without.patience
        unaimed = attrs.evolve(faulty, faults=(), strikes_in=(), otherwise=None, patience=patience)
        assert attrs.evolve(unaimed, replicas=1) == without


def test_neighbouring_seeds_aim_at_all_that_can_be_met() -> None:
    cells = sum(len(coverage.reachable(name)) for name in NAMES)
    plans = [Plan.drawn(seed, FAULTY) for seed in range(2 * cells)]
    aims = {(plan.faults[0].kind, plan.strikes_in[0]) for plan in plans if len(plan.calls) == 1}
    assert len(aims) > 0.9 * cells
    assert all(len(plan.strikes_in) == len(plan.faults) for plan in plans)


async def test_a_caller_rings_on_the_line_that_is_planned(autojump_clock: MockClock) -> None:
    """With what their phone picks up, and with words that their frames tell."""
    call = CallPlan(script=("hang_up",), line=Line(noise_db=-40.0))
    simulation = Simulation(Plan(calls=(call, CallPlan(script=("hang_up",)))), Trace())
    async with world() as here:
        for number, planned in enumerate(simulation.plan.calls):
            simulation._prepare(here, number, planned)
    noisy, clean = (placed.call.microphone for placed in simulation.placed)
    assert noisy.pickup is not None
    assert clean.pickup is None
    assert noisy.tells_words
    assert isinstance(noisy, NumberedMicrophone)


def test_options_are_kept() -> None:
    options = Options(profile="typical", stt="nova", schedule="order", schedule_seed=3)
    plan = Plan.drawn(7, options)
    assert (plan.profile, plan.stt) == ("typical", "nova")
    assert (plan.schedule.kind, plan.schedule.seed) == ("order", 3)
    assert plan.calls == Plan.drawn(7).calls
    assert options.arguments() == (
        "--faults none --profile typical --stt nova --schedule order --schedule-seed 3"
    )
    assert FAULTY.arguments() == "--faults all"
