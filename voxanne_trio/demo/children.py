"""The demo's child processes: started in a group of their own, logged, and surely ended.

A child is one of our commands on a leash (`leash.py`). What it prints goes to its log file, and
line by line to whoever listens. Refuses to know what the lines mean.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

import attrs
import trio

STOP_SECONDS: Final = 1.5
_OURS: Final = ("VOXANNE_", "DEEPGRAM_", "GROQ_", "TWILIO_")
_LONGEST_LINE: Final = 65_536


class ChildFailed(Exception):
    """A child ended before it was ready; the message has its last lines."""


@attrs.define(eq=False)
class Child:
    """A running child. `ended` is set when it has ended of itself."""

    name: str
    process: trio.Process
    log: Path
    last_lines: list[str] = attrs.field(factory=list)
    ended: trio.Event = attrs.field(factory=trio.Event)

    def how_it_ended(self) -> str | None:
        """In words, once it has ended before it was asked to."""
        code = self.process.returncode
        if not self.ended.is_set() or code is None:
            return None
        if code < 0:
            return f"the {self.name} was ended by {signal.Signals(-code).name}"
        return f"the {self.name} ended with code {code}"


async def run_child(
    name: str,
    command: Sequence[str],
    environ: Mapping[str, str],
    directory: Path,
    tell: Callable[[str], None],
    *,
    task_status: trio.TaskStatus[Child] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Run a command of ours until it ends or this is cancelled; then nothing of it is left.

    Its output goes to `NAME.log` in the directory, where it also works, so that no `.env` file
    of the user's counts. Each line is told.
    """
    process = await trio.lowlevel.open_process(
        [sys.executable, "-m", "voxanne_trio.demo.leash", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(environ),
        cwd=directory,
        start_new_session=True,
    )
    child = Child(name, process, directory / f"{name}.log")
    try:
        with child.log.open("wb", buffering=0) as log:
            task_status.started(child)
            await _read_lines(child, log, tell)
        await process.wait()
        child.ended.set()
    finally:
        with trio.move_on_after(4 * STOP_SECONDS, shield=True):
            await _stop(process)


async def _read_lines(child: Child, log: BinaryIO, tell: Callable[[str], None]) -> None:
    stream = child.process.stdout
    assert stream is not None
    rest = b""
    async for data in stream:
        log.write(data)
        *lines, rest = (rest + data).split(b"\n")
        rest = rest[-_LONGEST_LINE:]
        for line in lines:
            text = line.decode("utf-8", "replace").rstrip()
            child.last_lines = [*child.last_lines[-4:], text]
            tell(text)


async def _stop(process: trio.Process) -> None:
    """Ask politely, twice at most, then end the whole group: also what the child had started."""
    for _ in range(2):
        if process.returncode is None:
            process.terminate()  # the server's first is to drain, its second to hurry
            with trio.move_on_after(STOP_SECONDS):
                await process.wait()
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            await pipe.aclose()


def clean_environment(given: Mapping[str, str], package_root: Path) -> dict[str, str]:
    """The environment of a child: nobody's keys and settings, our package, unbuffered output."""
    kept = {name: value for name, value in given.items() if not name.startswith(_OURS)}
    paths = [str(package_root), *filter(None, [given.get("PYTHONPATH")])]
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}
