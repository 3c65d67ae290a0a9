"""The interpreter, told what a server is like: for `voxanne serve`.

What is alive when calls are first admitted stays alive: modules, settings, clients, all the objects
that a full collection would go through each time, in a pause that every call hears. So they are
frozen out of it, once. And young collections come less often: nearly all that calls leave behind is
freed by its count, in no need of a search.

Calls are one thread, records another. A thread that wants the interpreter has it after
`SWITCH_SECONDS`: a reply must not wait for the whole of a database's statement.
"""

from __future__ import annotations

import gc
import sys
from typing import Final

YOUNG: Final = 10_000
"""Objects made and not freed before a young collection: some milliseconds' work. Python's own
value, 700, is for programs that are smaller and end sooner."""

YOUNG_PER_MIDDLE: Final = 10
MIDDLE_PER_FULL: Final = 10

SWITCH_SECONDS: Final = 0.000_5
"""A tenth of Python's own value."""


def settle() -> None:
    """Call once, when all that stays has been made; blocks for a full collection."""
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, YOUNG_PER_MIDDLE, MIDDLE_PER_FULL)
