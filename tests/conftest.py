"""What holds for every test: it ends, and on virtual time it starts no thread.

A test that stands still is interrupted after `WALL_SECONDS` and fails, telling where it stood; one
that no interrupt reaches ends the whole run later on, with the stack of every thread (pytest's own
timeout). Nothing asks how fast the machine is: a test takes far less than that, or hangs. Under an
autojump clock a thread's time counts as none, so that the clock runs away: there, starting one is
an error.
"""

from __future__ import annotations

import signal
from collections.abc import Generator
from typing import Final

import hypothesis
import pytest

hypothesis.settings.register_profile(
    "voxanne", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("voxanne")

WALL_SECONDS: Final = 60
"""For one test; a test that needs more is marked `wall_seconds(N)`."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What runs in real time is kept in one worker, so that it has a core of its own."""
    for item in items:
        if item.get_closest_marker("sockets") is not None:
            item.add_marker(pytest.mark.xdist_group("sockets"))


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Fail the test when it stands still: by an interrupt, which Trio brings to its main task."""
    marker = pyfuncitem.get_closest_marker("wall_seconds")
    seconds = marker.args[0] if marker else WALL_SECONDS
    rung: list[int] = []

    def interrupt(number: int, _: object) -> None:
        rung.append(number)
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.alarm(seconds)
    try:
        return (yield)
    except BaseException:
        if rung:
            pytest.fail(f"still running after {seconds} s")
        raise
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def no_threads_on_virtual_time(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refuse threads to a test that asked for pytest-trio's virtual clock."""
    if {"mock_clock", "autojump_clock"}.isdisjoint(request.fixturenames):
        return

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a thread was started on virtual time")

    monkeypatch.setattr("trio._threads.start_thread_soon", refuse)
