"""The collector as a server has it."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from voxanne_trio.web import garbage


class Knot:
    """Refers to itself: only the collector can free it."""

    def __init__(self) -> None:
        self.myself = self


@pytest.fixture
def collector() -> Iterator[None]:
    """The collector is left as it was."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.mark.usefixtures("collector")
def test_what_stays_is_frozen_and_what_calls_leave_behind_is_still_freed() -> None:
    garbage.settle()
    assert gc.get_freeze_count() > 10_000
    assert gc.get_threshold()[0] == garbage.YOUNG
    left_behind = weakref.ref(Knot())
    gc.collect()
    assert left_behind() is None
