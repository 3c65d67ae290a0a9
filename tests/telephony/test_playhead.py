"""The playhead: what is claimed to have been heard, by the clock, by marks and by a `clear`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio
import trio.testing

from tests.telephony.test_playback import line
from voxanne_trio.events import PlayedOut
from voxanne_trio.telephony.playhead import Playhead

Step = Callable[[Playhead], object]


def begun(at: float) -> Step:
    return lambda playhead: playhead.begin(at)


def sent(*messages: tuple[float, int]) -> Step:
    """So much of the speech at those times: in seconds, and up to which frame."""
    return lambda playhead: [playhead.send_until(frame, at) for at, frame in messages]


def marked(*positions: int) -> Step:
    return lambda playhead: [playhead.mark(position) for position in positions]


def returned(at: float, name: str, *, proves: bool = True) -> Step:
    def step(playhead: Playhead) -> None:
        assert playhead.mark_returned(name, at) is proves

    return step


def cleared(at: float) -> Step:
    return lambda playhead: playhead.clear(at)


def fence_returned(at: float, name: str) -> Step:
    def step(playhead: Playhead) -> None:
        assert playhead.fence_returned(name, at)

    return step


def rewound(at: float, frame: int) -> Step:
    return lambda playhead: playhead.rewind_to(frame, at)


def after(steps: tuple[Step, ...]) -> Playhead:
    """A speech begins at 0.0, when the phone has been silent for a second, and then these."""
    playhead = Playhead(drained_at=-1.0)
    playhead.begin(0.0)
    for step in steps:
        step(playhead)
    return playhead


WHOLE = sent((0.0, 100))  # two seconds, in hand at once

CLAIMS: dict[str, tuple[tuple[Step, ...], float, int]] = {
    "nothing was sent": ((), 5.0, 0),
    "the clock alone: 60 ms are taken off": ((WHOLE,), 0.5, 22),
    "never more than was sent": ((sent((0.0, 15)),), 5.0, 15),
    "30 frames past a mark that does not return": ((WHOLE, marked(20, 40)), 1.9, 50),
    "and past the next, when it has": (
        (WHOLE, marked(20, 40), returned(0.5, "1:20")),
        1.9,
        70,
    ),
    "the first mark to return is where the clock goes on": (
        (WHOLE, marked(10, 20), returned(0.3, "1:10")),
        0.38,
        14,
    ),
    "a mark that is later by less than 200 ms moves nothing back": (
        (WHOLE, marked(10, 20), returned(0.3, "1:10"), returned(0.65, "1:20")),
        0.65,
        27,
    ),
    "a mark that is later still: the phone stood still": (
        (WHOLE, marked(10, 20), returned(0.3, "1:10"), returned(0.75, "1:20")),
        0.75,
        20,
    ),
    "a mark that is sooner than the clock thought moves it on": (
        (WHOLE, marked(10, 20), returned(0.3, "1:10"), returned(0.42, "1:20")),
        0.42,
        20,
    ),
    "a mark that overtook another proves it too": (
        (WHOLE, marked(10, 40), returned(0.9, "1:40"), returned(0.9, "1:10")),
        1.5,
        70,
    ),
    "what the phone waited for starts the clock anew, unproven": (
        (sent((0.0, 10)), marked(10), returned(0.25, "1:10"), sent((1.0, 30))),
        1.1,
        12,
    ),
    "and no less is claimed for that": ((sent((0.0, 10), (1.0, 30)),), 1.02, 10),
    "what came in time does not": (
        (sent((0.0, 10), (0.1, 30)), marked(10), returned(0.25, "1:10")),
        0.35,
        15,
    ),
    "a mark that a `clear` flushed proves nothing": (
        (WHOLE, marked(90), cleared(0.1), rewound(0.1, 0), returned(0.12, "1:90", proves=False)),
        0.12,
        3,  # as far as the `clear` let it come
    ),
    "a mark of the speech before proves nothing": (
        (sent((0.0, 10)), begun(0.3), sent((0.3, 100)), returned(0.4, "1:10", proves=False)),
        0.4,
        2,
    ),
    "a mark past what was sent is not ours": (
        (sent((0.0, 10)), returned(0.12, "1:11", proves=False)),
        0.12,
        3,
    ),
    "what no mark of ours is called": (
        (
            WHOLE,
            *(returned(0.1, name, proves=False) for name in ("", "probe", "1:", "1:-5", "1:5:5")),
        ),
        0.1,
        2,
    ),
    "what is rewound stays heard": (
        (WHOLE, cleared(1.0), rewound(1.0, 25), sent((3.0, 100))),
        3.2,
        48,
    ),
    "and is not less by another `clear`": (
        (WHOLE, cleared(1.0), rewound(1.0, 25), sent((1.1, 100)), cleared(1.2)),
        1.2,
        48,
    ),
    "what is rewound owes no marks": (
        (WHOLE, marked(10), cleared(0.1), rewound(0.1, 0), sent((0.2, 100))),
        1.5,
        62,
    ),
    "of another speech nothing was heard": (
        (WHOLE, cleared(1.0), begun(3.0), sent((3.0, 100))),
        3.2,
        7,
    ),
}


@pytest.mark.parametrize("case", CLAIMS)
def test_so_much_has_been_heard(case: str) -> None:
    steps, at, expected = CLAIMS[case]
    assert after(steps).heard_until(at) == expected


ON_TIME = (marked(10), returned(0.31, "1:10"))  # 110 ms there and back

STOPS: dict[str, tuple[tuple[Step, ...], int]] = {
    "nothing proven: some of the 60 ms that were taken off": ((WHOLE,), 72 + 1),
    "proven: the round trip less 20 ms": ((WHOLE, *ON_TIME), 69 + 4),
    "what the phone has waited for is not proven": (
        (sent((0.0, 10)), *ON_TIME, sent((1.0, 100))),
        32 + 1,
    ),
    "and its way is timed from where it began": (
        (sent((0.0, 10), (1.0, 100)), marked(20), returned(1.31, "1:20")),
        29 + 4,
    ),
    "a fence was faster": (
        (
            *(WHOLE, *ON_TIME, cleared(0.4), fence_returned(0.45, "fence:2")),
            *(begun(0.5), sent((0.5, 100)), marked(10), returned(0.81, "3:10")),
        ),
        44 + 1,
    ),
    "a fence was slower": (
        (
            *(WHOLE, *ON_TIME, cleared(0.4), fence_returned(0.6, "fence:2")),
            *(begun(0.6), sent((0.6, 100)), marked(10), returned(0.91, "3:10")),
        ),
        39 + 4,
    ),
    "never more than was sent": ((sent((0.0, 70)), *ON_TIME), 70),
}


@pytest.mark.parametrize("case", STOPS)
def test_a_clear_stops_the_phone_there(case: str) -> None:
    """At 1.5: the phone plays on until it arrives."""
    steps, expected = STOPS[case]
    playhead = after(steps)
    playhead.clear(1.5)
    assert playhead.heard_until(1.5) == playhead.furthest == expected


def test_audio_is_played_behind_what_is_in_hand() -> None:
    playhead = after(())
    assert [playhead.send_until(5, 0.0), playhead.send_until(10, 0.02)] == [0.0, 0.1]
    assert playhead.drained_at == 0.2
    assert playhead.send_until(15, 1.0) == 1.0
    playhead.clear(1.02)
    assert playhead.drained_at == 1.02


# Over a phone


async def test_marks_of_a_cleared_epoch_prove_nothing(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with line(delay=0.200) as call:
        call.say(10)
        await trio.sleep(1)
        call.playback.stop()
        call.say(10, reply=2)
        await trio.sleep(0.25)  # the marks flushed by the clear come back meanwhile
        assert len(call.playback.heard().written.split()) <= 1


async def test_a_phone_that_is_gone_has_heard_little_more_than_its_marks_say(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Where no mark returns the clock alone would claim everything."""
    async with line() as call:
        returned, gone = call.phone.mark_returned, trio.current_time() + 1.0

        def goes(name: str) -> None:
            if trio.current_time() < gone:
                returned(name)

        call.phone.mark_returned = goes
        call.say(20)  # 8 s
        await trio.sleep(4.0)
        heard = call.playback.heard().written
        assert "word01" in heard
        assert "word04" not in heard
        await trio.sleep(8.0)
        assert call.told[-1][1] == PlayedOut(1, proven=False)
        assert call.playback.ended_with.written == heard
        assert not call.playback.ended_with.complete


def test_a_mark_without_a_name_is_no_fence() -> None:
    assert not Playhead().fence_returned("", 100.0)
