"""Delay profiles: the published figures come out of the draws, and a seed repeats them."""

from __future__ import annotations

import random

import pytest

from voxanne_trio.sandbox.profiles import Profile

FIGURES = {
    "target": ((260, 600), (110, 145), (90, 180)),
    "typical": ((260, 1500), (225, 450), (120, 280)),
    "bad": ((400, 3000), (600, 3000), (300, 1500)),
}


@pytest.mark.parametrize("name", FIGURES)
def test_median_and_95th_percentile_are_the_designs(name: str) -> None:
    profile = Profile.named(name, random.Random(3))
    for draw, (median, p95) in zip(
        (profile.end_of_turn, profile.first_token, profile.first_byte), FIGURES[name], strict=True
    ):
        drawn = sorted(draw() * 1000 for _ in range(20_000))
        assert drawn[10_000] == pytest.approx(median, rel=0.05)
        assert drawn[19_000] == pytest.approx(p95, rel=0.08)


def test_fixed_is_always_the_same() -> None:
    profile = Profile.named("fixed:260,110,90", random.Random(0))
    drawn = {(profile.end_of_turn(), profile.first_token(), profile.first_byte()) for _ in "abc"}
    assert drawn == {(0.26, 0.11, 0.09)}
    assert Profile.named("fixed:0,0,0", random.Random(0)).first_byte() == 0


def test_a_seed_repeats_and_errors_come_at_their_rate() -> None:
    one, two = (Profile.named("bad", random.Random(9)) for _ in "ab")
    assert [one.first_token() for _ in range(5)] == [two.first_token() for _ in range(5)]
    assert sum(one.fails() for _ in range(20_000)) / 20_000 == pytest.approx(0.01, rel=0.3)
    assert not any(Profile.named("target", random.Random(1)).fails() for _ in range(100))


@pytest.mark.parametrize("name", ["", "fast", "fixed:1,2", "fixed:a,b,c", "fixed:-1,2,3"])
def test_an_unknown_profile_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="profile"):
        Profile.named(name, random.Random(0))
