"""Equal seeds give equal runs in any process; other schedules other orders; all is restored."""

from __future__ import annotations

import gc
import os
import random
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest
import trio
import trio._core._run as trio_run
import trio._threads as trio_threads

from voxanne_trio.simulation.determinism import Limits, Stuck, deterministic, virtual_run
from voxanne_trio.simulation.plan import Plan
from voxanne_trio.simulation.run import run
from voxanne_trio.simulation.schedules import Schedule

ROOT = Path(__file__).resolve().parents[2]
SEED = 9
"""A short call."""


def digest_elsewhere(hash_seed: str, *, before: str = "") -> str:
    """The digest of the seed in a process of its own."""
    code = (
        f"{before}\nfrom voxanne_trio.simulation.plan import Plan\n"
        f"from voxanne_trio.simulation.run import run\nprint(run(Plan.drawn({SEED})).digest)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    return done.stdout.strip()


def test_a_seed_gives_one_digest_in_every_process() -> None:
    here = run(Plan.drawn(SEED)).digest
    assert digest_elsewhere("0") == here
    assert digest_elsewhere("12345", before="import hypothesis") == here
    assert run(Plan.drawn(SEED)).digest == here  # and again in this one, other runs behind it


def orders(schedule: Schedule) -> tuple[str, ...]:
    """In which order four tasks do three things each at one moment."""
    done: list[str] = []

    async def work(name: str) -> None:
        for _ in range(3):
            await trio.lowlevel.checkpoint()
            done.append(name)

    async def body() -> None:
        async with trio.open_nursery() as nursery:
            for name in "abcd":
                nursery.start_soon(work, name)

    virtual_run(body, schedule=schedule)
    return tuple(done)


def test_schedules_differ_and_repeat() -> None:
    for kind in ("uniform", "priority"):
        seen = [orders(Schedule(kind, seed)) for seed in range(8)]
        assert seen == [orders(Schedule(kind, seed)) for seed in range(8)]
        assert len(set(seen)) > 4
    assert orders(Schedule("order", 1)) == orders(Schedule("order", 2)) == tuple("abcd" * 3)


def has_lost_a_race(schedule: Schedule, lead: int) -> bool:
    """Whether a task overtakes another that is `lead` checkpoints ahead."""
    finished: list[str] = []

    async def runs(name: str, checkpoints: int) -> None:
        for _ in range(checkpoints):
            await trio.lowlevel.checkpoint()
        finished.append(name)

    async def body() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(runs, "behind", 2 + lead)
            nursery.start_soon(runs, "ahead", 2)

    virtual_run(body, schedule=schedule)
    return finished[0] == "behind"


def test_strict_priorities_break_a_race_that_shuffling_cannot() -> None:
    seeds = range(40)
    assert not any(has_lost_a_race(Schedule("uniform", seed), 5) for seed in seeds)
    assert sum(has_lost_a_race(Schedule("priority", seed), 5) for seed in seeds) > 8


def test_an_unknown_schedule() -> None:
    with pytest.raises(ValueError, match="use order, uniform, priority"):
        Schedule("fair")


def pinned() -> tuple[object, ...]:
    return (
        *(trio_run._ALLOW_DETERMINISTIC_SCHEDULING, trio_run._r, os.urandom, gc.isenabled()),
        *(getattr(trio_threads, "start_thread_soon"), getattr(random, "_urandom")),  # noqa: B009
    )


def breaks_off() -> None:
    with deterministic(Schedule(), 1):
        assert not gc.isenabled()
        raise KeyError


def test_everything_is_put_back() -> None:
    random.seed(5)
    state = random.getstate()
    before = pinned()
    with pytest.raises(KeyError):
        breaks_off()
    assert before == pinned()
    assert random.getstate() == state


def test_entropy_follows_its_seed() -> None:
    def drawn(entropy: int) -> tuple[object, ...]:
        with deterministic(Schedule(), entropy):
            return uuid.uuid4(), os.urandom(4), random.random(), random.SystemRandom().random()

    assert drawn(1) == drawn(1)
    assert all(one != other for one, other in zip(drawn(1), drawn(2), strict=True))


def test_a_deadlock_is_told() -> None:
    with pytest.raises(Stuck, match="deadlock: not over after 60 virtual seconds"):
        virtual_run(trio.sleep_forever, limits=Limits(seconds=60))


def test_a_livelock_is_told() -> None:
    async def spins() -> None:
        while True:
            await trio.lowlevel.checkpoint()

    with pytest.raises(Stuck, match="livelock: 1000 steps"):
        virtual_run(spins, limits=Limits(steps=1_000))


def test_a_thread_is_refused() -> None:
    async def body() -> None:
        await trio.to_thread.run_sync(time.time)

    with pytest.raises(RuntimeError, match="a thread was started"):
        virtual_run(body)
