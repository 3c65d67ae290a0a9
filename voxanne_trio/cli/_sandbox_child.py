"""The sandbox as a child process of `voxanne serve --sandbox`.

It says on its first line of output, as one JSON object, where it is (`url`) and which variables
point a server at it (`env`).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

import trio

from ..errors import ConfigurationError

COMMAND: Final = (sys.executable, "-m", "voxanne_trio.cli", "sandbox", "--port", "0")
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 5.0
LINE_BYTES: Final = 65_536


async def run_sandbox(
    *,
    on_death: Callable[[], None],
    command: Sequence[str] = COMMAND,
    task_status: trio.TaskStatus[dict[str, str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Run it until cancelled; `started()` gives the variables. `on_death` is called when it dies
    by itself. Raises `ConfigurationError` when it does not start."""
    process = await trio.lowlevel.open_process(
        list(command),
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for us: it lives until the last call has ended
    )
    assert process.stdout is not None
    try:
        with trio.fail_after(START_SECONDS):
            line = await _first_line(process.stdout)
        task_status.started(_variables(line))
        while await process.stdout.receive_some():
            pass  # what else it says on standard output
        sys.stderr.write("The sandbox has ended by itself\n")
        on_death()
    except trio.TooSlowError:
        raise ConfigurationError("The sandbox does not start") from None
    finally:
        with trio.CancelScope(shield=True):
            await _stop(process)


def _variables(line: bytes) -> dict[str, str]:
    try:
        said: Any = json.loads(line)
        return {str(name): str(value) for name, value in said["env"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigurationError("The sandbox cannot be started; what it said is above") from None


async def _first_line(output: trio.abc.ReceiveStream) -> bytes:
    said = b""
    while b"\n" not in said and len(said) < LINE_BYTES:
        more = await output.receive_some()
        if not more:
            break
        said += more
    return said.partition(b"\n")[0]


async def _stop(process: trio.Process) -> None:
    process.terminate()
    with trio.move_on_after(STOP_SECONDS):
        await process.wait()
        return
    process.kill()
    with trio.move_on_after(STOP_SECONDS):
        await process.wait()
