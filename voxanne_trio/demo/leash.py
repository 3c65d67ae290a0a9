"""A child's side of the demo: one of our commands, which ends with whoever started it.

`python -m voxanne_trio.demo.leash COMMAND…` runs the command, and ends it when standard input
does: the parent holds the other end of that pipe, so this comes about however the parent dies,
also by `kill -9`. It works where there is no parent-death signal, and costs one sleeping thread.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import Final

POLITE_SECONDS: Final = 3.0


def main() -> None:
    """Run the command in this process, on the leash."""
    threading.Thread(target=_hold, name="leash", daemon=True).start()
    from ..cli import main as command

    sys.exit(command(sys.argv[1:]))


def _hold() -> None:
    """Wait for the end of standard input; then ask this process to end, then end its group."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(POLITE_SECONDS)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    main()
