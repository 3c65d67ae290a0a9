"""The cyclic garbage collector, told what a server is like: for `voxanne serve`.

What is alive when calls are first admitted stays alive: modules, settings, clients, all the objects
that a full collection would go through each time, in a pause that every call hears. So they are
frozen out of it, once. And young collections come less often: nearly all that calls leave behind is
freed by its count, in no need of a search.
"""

from __future__ import annotations

import gc
from typing import Final

YOUNG: Final = 10_000
"""Objects made and not freed before a young collection: some milliseconds' work. Python's own
value, 700, is for programs that are smaller and end sooner."""

YOUNG_PER_MIDDLE: Final = 10
MIDDLE_PER_FULL: Final = 10


def settle() -> None:
    """Call once, when all that stays has been made; blocks for a full collection."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, YOUNG_PER_MIDDLE, MIDDLE_PER_FULL)
