"""How sparingly to ask, by what a vendor's headers say."""

from __future__ import annotations

import pytest

from voxanne_trio.thinking.quota import Quota, Thrift, seconds


def told(kind: str, remaining: float, reset: str = "30s") -> dict[str, str]:
    return {
        f"x-ratelimit-limit-{kind}": "1000",
        f"x-ratelimit-remaining-{kind}": str(remaining),
        f"x-ratelimit-reset-{kind}": reset,
    }


@pytest.mark.parametrize(
    ("remaining", "thrift"),
    [
        (1000, Thrift.NONE),
        (250, Thrift.NONE),
        (249, Thrift.NO_SPECULATION),
        (119, Thrift.NO_HEDGING),
        (49, Thrift.SHORT_PROMPTS),
        (0, Thrift.SHORT_PROMPTS),
    ],
)
def test_what_is_given_up_as_it_gets_scarcer(remaining: float, thrift: Thrift) -> None:
    quota = Quota()
    quota.read(told("tokens", remaining), 10.0)
    assert quota.thrift(39.9) is thrift
    assert quota.thrift(40.0) is Thrift.NONE


def test_the_scarcer_of_tokens_and_requests_counts_until_another_answer_tells_more() -> None:
    quota = Quota()
    quota.read(told("tokens", 900) | told("requests", 100, "2m59.56s"), 0.0)
    assert quota.thrift(60.0) is Thrift.NO_HEDGING
    quota.read({}, 61.0)
    assert quota.thrift(61.0) is Thrift.NO_HEDGING
    quota.read(told("requests", 900), 62.0)
    assert quota.thrift(62.0) is Thrift.NONE


@pytest.mark.parametrize(("retry_after", "until"), [(6.0, 6.0), (None, 1.0)])
def test_a_refusal_is_the_end_of_it_for_as_long_as_it_says(
    retry_after: float | None, until: float
) -> None:
    quota = Quota()
    quota.refused(retry_after, 0.0)
    assert quota.thrift(until - 0.01) is Thrift.SHORT_PROMPTS
    assert quota.thrift(until) is Thrift.NONE


def test_headers_that_say_nothing_sensible_change_nothing() -> None:
    quota = Quota()
    quota.read(told("tokens", 0, "soon"), 0.0)
    quota.read({"x-ratelimit-limit-tokens": "many", "x-ratelimit-remaining-tokens": "0"}, 0.0)
    assert quota.thrift(0.0) is Thrift.NONE
    assert (seconds("2m59.56s"), seconds("304.08ms"), seconds("soon")) == (179.56, 0.30408, 0.0)
