"""A vendor's breaker: when it opens, whom it lets through, and when it closes."""

from __future__ import annotations

import pytest

from voxanne_trio.errors import PermanentVendorError, TransientVendorError
from voxanne_trio.health import Breaker, Health

DOWN = TransientVendorError("groq", "down", status=503)


def opened(at: float = 10.0) -> Breaker:
    breaker = Breaker(vendor="groq")
    for _ in range(3):
        breaker.begin(at)
        breaker.failed(DOWN, at)
    return breaker


def test_it_opens_after_failures_in_a_row_and_not_before() -> None:
    breaker = Breaker(vendor="groq")
    for _ in range(2):
        breaker.failed(DOWN, 1.0)
    breaker.worked()
    for _ in range(2):
        breaker.failed(DOWN, 2.0)
    assert breaker.health(2.0) is Health.CLOSED
    breaker.failed(DOWN, 2.0)
    assert breaker.health(2.0) is Health.OPEN
    assert breaker.is_open(2.0)
    assert breaker.reason == "down"


def test_a_refused_key_opens_it_at_once() -> None:
    breaker = Breaker(vendor="groq")
    breaker.failed(PermanentVendorError("groq", "refused", status=401), 1.0)
    assert breaker.is_open(1.0)


def test_after_a_pause_one_call_is_let_through_and_closes_it() -> None:
    breaker = opened()
    assert breaker.health(11.9) is Health.OPEN
    assert breaker.health(12.0) is Health.DUE
    assert not breaker.is_open(12.0)
    breaker.begin(12.0)
    assert breaker.health(12.1) is Health.PROBING
    assert breaker.is_open(12.1)  # for everybody else
    breaker.worked()
    assert breaker.health(12.2) is Health.CLOSED


def test_the_pause_grows_with_each_probe_that_fails_up_to_the_longest() -> None:
    breaker, now, pauses = opened(), 10.0, []
    for _ in range(7):
        pauses.append(round(breaker.better_after - now, 3))
        now = breaker.better_after
        breaker.failed(DOWN, now, is_probe=breaker.begin(now))
    assert pauses == [2, 4, 8, 16, 32, 60, 60]
    breaker.begin(breaker.better_after)
    breaker.worked()
    assert opened().better_after == 12.0


def test_a_probe_that_nobody_waits_for_makes_way_for_the_next() -> None:
    breaker = opened()
    breaker.abandoned(is_probe=breaker.begin(12.0))
    assert breaker.health(12.1) is Health.DUE
    breaker.begin(12.1)
    assert breaker.health(17.0) is Health.PROBING
    assert breaker.health(17.2) is Health.DUE  # it never came back


def test_calls_that_were_under_way_when_it_opened_do_not_lengthen_the_pause() -> None:
    breaker = opened()
    for _ in range(5):
        breaker.failed(DOWN, 10.5)
    assert breaker.better_after == 12.0
    breaker.begin(12.0)
    breaker.failed(DOWN, 12.5)  # not the probe, which is still on its way
    breaker.abandoned()
    assert breaker.health(12.5) is Health.PROBING
    breaker.worked()  # one of them did work
    assert breaker.health(12.6) is Health.CLOSED


@pytest.mark.parametrize(("retry_after", "due"), [(None, 12.0), (1.0, 12.0), (30.0, 40.0)])
def test_a_vendor_that_says_when_is_not_asked_before(retry_after: float | None, due: float) -> None:
    breaker = Breaker(vendor="groq", failures=1)
    breaker.failed(TransientVendorError("groq", "full", retry_after=retry_after), 10.0)
    assert breaker.better_after == due
