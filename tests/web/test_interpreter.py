"""The interpreter as a server has it."""

import gc
import sys
import weakref
from collections.abc import Iterator

import pytest

from voxanne_trio.web import interpreter


class Knot:
    """Refers to itself: only the collector can free it."""

    def __init__(self) -> None:
        self.myself = self


@pytest.fixture
def restored() -> Iterator[None]:
    """The interpreter is left as it was."""
    before, interval = gc.get_threshold(), sys.getswitchinterval()
    yield
    gc.set_threshold(*before)
    sys.setswitchinterval(interval)
    gc.unfreeze()


@pytest.mark.usefixtures("restored")
def test_what_stays_is_frozen_and_what_calls_leave_behind_is_still_freed() -> None:
    interpreter.settle()
    assert gc.get_freeze_count() > 10_000
    assert sys.getswitchinterval() == pytest.approx(interpreter.SWITCH_SECONDS)
    assert gc.get_threshold()[0] == interpreter.YOUNG
    left_behind = weakref.ref(Knot())
    gc.collect()
    assert left_behind() is None
