from __future__ import annotations

import pytest

from voxanne_trio.hearing.clock import StreamClock


def test_a_clock_without_audio_knows_nothing() -> None:
    assert StreamClock().position_ms(1.0) is None


def test_positions_follow_the_audio_across_what_was_left_out() -> None:
    clock = StreamClock()
    clock.sent(5_000, 80)
    clock.sent(5_080, 80)
    clock.sent(9_000, 80)  # something was left out
    assert clock.sent_ms == 240
    assert clock.position_ms(0.0) == 5_000
    assert clock.position_ms(0.1) == 5_100
    assert clock.position_ms(0.16) == 5_160  # the end of what came before the joint
    assert clock.position_ms(0.2) == 9_040
    assert clock.position_ms(7.0) == 9_080  # later than anything sent: its end
    assert clock.position_ms(-1.0) == 5_000


def test_joints_are_bounded() -> None:
    clock = StreamClock()
    for index in range(1_000):
        clock.sent(index * 1_000, 80)
    assert len(clock._joints_ms) == 256
    assert clock.position_ms(79.99) == pytest.approx(999_070)
