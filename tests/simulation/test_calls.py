"""Whole calls held to every law: a batch with faults, a sweep, old seeds, and plans that shrink.

Short calls on all cores, so that it fits a test run; `voxanne simulate` runs as many as one likes.
"""

from __future__ import annotations

import os
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, given, note, settings

from tests.simulation import regressions
from tests.simulation.mutations import MUTATIONS, PACKAGE, ROOT
from voxanne_trio.sandbox.faults import Fault
from voxanne_trio.simulation import coverage
from voxanne_trio.simulation.batch import CHASED_AT_ONCE, Job, as_object, chased, outcomes
from voxanne_trio.simulation.faults import NAMES, OF_THE_MODEL, STATES
from voxanne_trio.simulation.plan import CallPlan, Options, Plan
from voxanne_trio.simulation.run import run
from voxanne_trio.simulation.schedules import Schedule
from voxanne_trio.simulation.scripts import HESITANT, INTERRUPTIONS, QUESTIONS
from voxanne_trio.simulation.sweep import sweep

CALLS, BLOCK = 200, 40
SECONDS = 15.0
SEED = 1_000

PLANS_GENERATED = int(os.environ.get("SIMULATED_PLANS", "6"))
"""Examples that Hypothesis makes; a night may want some hundred."""


@pytest.mark.wall_seconds(140)
@pytest.mark.parametrize("block", range(CALLS // BLOCK))
def test_a_batch_of_short_calls_with_faults(block: int) -> None:
    job = Job(options=Options(faults=NAMES, seconds=SECONDS))
    first = SEED + block * BLOCK
    found = outcomes(job, range(first, first + BLOCK))
    whole = as_object(job, first, found, 1.0)
    assert whole["failures"] == []
    assert whole["turns"] > BLOCK / 3
    assert len(whole["coverage"]) > BLOCK / 2


@pytest.mark.wall_seconds(60)
def test_a_cell_that_nothing_has_met_is_chased() -> None:
    job = Job(options=Options(faults=("media_refused",), seconds=5.0), nightly=True)
    (unmet,) = as_object(job, SEED, [], 1.0)["coverage_missing"]
    more = chased(job, [], SEED, processes=1)
    whole = as_object(job, SEED, [], 1.0, more)
    assert whole["chased"] == whole["calls"] == len(more) == CHASED_AT_ONCE
    assert whole["coverage"][unmet]
    assert whole["coverage_missing"] == []
    assert chased(job, [outcome for _, outcome in more], SEED, processes=1) == []


@pytest.mark.wall_seconds(120)
@pytest.mark.parametrize(("action", "stride"), [("barge-in", 173), ("hang-up", 293), ("tcp", 307)])
def test_a_strided_sweep(action: str, stride: int) -> None:
    whole = sweep(action, stride=stride)
    assert whole["points"] > 8
    assert whole["failures"] == []


@pytest.mark.wall_seconds(60)
@pytest.mark.parametrize(("seed", "options", "what"), regressions.SEEDS)
def test_a_seed_that_found_something(seed: int, options: Options, what: str) -> None:
    outcome = run(Plan.drawn(seed, options))
    assert outcome.ok, (what, outcome.violations)


# The model fails for good, in one way after another: the caller hears of it in time.

PATIENT = (
    *("listen", {"say": QUESTIONS[0]}, {"listen": 1_500}, {"say": QUESTIONS[1]}),
    *({"cough": None, "after_ms": 700}, {"listen": 3_000}),
    *({"say": "Okay, thank you, goodbye."}, {"await_hang_up": 12}),
)


@pytest.mark.wall_seconds(60)
@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="chat_no_answer", times=None),
        Fault(kind="chat_503", times=None),
        Fault(kind="chat_mute", after=12, times=None),
        Fault(kind="chat_stall", seconds=9.0, times=None),
        Fault(kind="groq_refused", times=None),
    ],
    ids=lambda fault: fault.kind,
)
def test_whatever_the_model_does_the_caller_hears_something(fault: Fault) -> None:
    assert fault.kind in OF_THE_MODEL
    call = CallPlan(script=PATIENT, leaves_after=60.0)
    outcome = run(Plan(calls=(call,), entropy=3, delay_ms=120.0, jitter_ms=40.0, faults=(fault,)))
    assert outcome.violations == ()


NEVER_SILENT = (
    *("listen", {"say": QUESTIONS[0]}, {"listen": 6_000}, {"say": QUESTIONS[1]}),
    *({"listen": 6_000}, {"say": QUESTIONS[2]}, {"listen": 6_000}, {"say": QUESTIONS[3]}),
    {"stay_silent": 20},
)


@pytest.mark.wall_seconds(60)
@pytest.mark.parametrize("stt", ["flux", "nova"])
@pytest.mark.parametrize(
    "kind", ["listen_mute", "listen_half_open", "listen_wrong_fields", "listen_503", "listen_401"]
)
def test_whatever_the_recogniser_does_the_caller_is_answered(kind: str, stt: str) -> None:
    call = CallPlan(script=NEVER_SILENT, leaves_after=80.0)
    fault = Fault(kind=kind, times=None)
    plan = Plan(calls=(call,), entropy=3, stt=stt, delay_ms=120.0, jitter_ms=40.0, faults=(fault,))
    outcome = run(plan, keep_trace=True)
    assert outcome.violations == ()
    assert any("trouble" in line for line in outcome.last_lines if "Say" in line)  # to a person


@pytest.mark.wall_seconds(30)
def test_what_was_dropped_in_a_lost_stream_is_counted_in_the_call() -> None:
    script = ({"stay_silent": 12}, {"say": QUESTIONS[1]}, "listen", {"say": QUESTIONS[2]}, "listen")
    call = CallPlan(script=(*script, "hang_up"), leaves_after=60.0)
    faults = (Fault(kind="deepgram_slow_connect", times=2), Fault(kind="media_half_frame"))
    plan = Plan(calls=(call,), entropy=3, faults=faults, strikes_in=("", "processing"))
    outcome = run(plan, keep_trace=True)
    assert outcome.violations == ()
    assert any("CallResumed" in line for line in outcome.last_lines)


@pytest.mark.wall_seconds(30)
@pytest.mark.parametrize("state", ["listening", "processing", "speaking"])
def test_a_server_that_stops_hands_its_call_to_the_other_one(state: str) -> None:
    script = ("listen", {"say": QUESTIONS[1]}, {"listen": 3_000}, {"say": QUESTIONS[2]}, "listen")
    call = CallPlan(script=(*script, "hang_up"), leaves_after=60.0)
    stops = (Fault(kind="sigterm", times=2),)
    plan = Plan(calls=(call,), entropy=3, replicas=2, faults=stops, strikes_in=(state,))
    outcome = run(plan, keep_trace=True)
    assert outcome.violations == ()
    assert outcome.turns == 2
    assert sum('"CallResumed"' in line for line in outcome.last_lines) == 1


# Mutations: the whole of it is `python -m tests.simulation.mutations`.


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mutation_still_applies(mutation: Any) -> None:
    for patch in mutation.patches:
        text = (ROOT / PACKAGE / patch.file).read_text("utf-8")
        assert patch.applied(text) != text


# Coverage


def test_every_fault_has_its_reachable_states() -> None:
    for name in NAMES:
        assert coverage.reachable(name) <= set(coverage.COLUMNS)
    met = {coverage.cell("chat_503", "listening"): 3}
    assert coverage.missing(met, ["chat_503"]) == ["chat_503 x processing", "chat_503 x speaking"]
    lines = coverage.table(met)
    assert lines[1].split() == ["chat_503", ".", "3", "0", "0", ".", "."]


def test_the_failure_table_is_met_row_by_row() -> None:
    rows = coverage.failure_rows(
        {"chat_503 x holding": 2, "chat_429 x holding": 1, "dtmf x idle": 1}
    )
    assert rows[coverage.MODEL] == {"holding": 3}
    unmet = coverage.missing_rows(rows, ["chat_503", "webhook_slow"])
    assert unmet == [
        *(f"{coverage.MODEL} x {state}" for state in ("listening", "processing", "speaking")),
        *(f"{coverage.WEBHOOK} x {state}" for state in ("idle", "ended")),
    ]
    assert coverage.table_of_rows(rows)[3].split() == [
        "model",
        "fails",
        ".",
        "0",
        "0",
        "0",
        "3",
        ".",
    ]


# Plans made by Hypothesis, which makes them small again where they fail.

MILLISECONDS = st.integers(50, 4_000)
STEPS = st.one_of(
    st.just("listen"),
    st.builds(lambda text: {"say": text}, st.sampled_from((*QUESTIONS, *HESITANT))),
    st.builds(
        lambda text, after: {"interrupt": text, "after_ms": after},
        st.sampled_from(INTERRUPTIONS),
        MILLISECONDS,
    ),
    st.builds(lambda after: {"cough": None, "after_ms": after}, MILLISECONDS),
    st.builds(lambda after: {"backchannel": "mm-hm", "after_ms": after}, MILLISECONDS),
    st.builds(lambda ms: {"stay_silent": ms / 1000}, st.integers(0, 3_000)),
    st.builds(lambda digit: {"press": digit}, st.sampled_from("019#")),
)
FAULTS = st.builds(
    Fault,
    kind=st.sampled_from(NAMES),
    times=st.sampled_from((1, 2)),
    after=st.sampled_from((0, 1, 5, 30)),
    at=st.sampled_from((None, 0.5, 2.0)),
)
PLANS = st.builds(
    Plan,
    entropy=st.integers(0, 9),
    schedule=st.builds(
        Schedule, st.sampled_from(("order", "uniform", "priority")), st.integers(0, 99)
    ),
    calls=st.tuples(
        st.builds(
            CallPlan,
            script=st.lists(STEPS, max_size=3).map(lambda steps: (*steps, "hang_up")),
            leaves_after=st.just(25.0),
        )
    ),
    stt=st.sampled_from(("flux", "nova")),
    delay_ms=st.sampled_from((20.0, 120.0)),
    jitter_ms=st.sampled_from((0.0, 40.0)),
    faults=st.lists(FAULTS, max_size=2).map(tuple),
    strikes_from=st.sampled_from(STATES),
)


@pytest.mark.wall_seconds(180)
@settings(
    max_examples=PLANS_GENERATED,
    deadline=None,
    database=None,
    derandomize=PLANS_GENERATED < 10,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
)
@given(plan=PLANS)
def test_any_plan_keeps_the_laws(plan: Plan) -> None:
    outcome = run(plan)
    note("\n".join(map(str, outcome.violations)))
    assert outcome.ok
