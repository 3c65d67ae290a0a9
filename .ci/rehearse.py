"""Rehearse the Containerfile without a container engine.

Its steps are carried out in a temporary directory, with a clean virtual environment in place of the
image's Python: COPY copies (only what `.containerignore` lets through), RUN runs, CMD is started
with ENV and made-up keys, and HEALTHCHECK has to succeed against it. What only an engine can do
(FROM, USER, EXPOSE) is left to the linter. What is wrong is said, and the exit code is 1.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]

NOWHERE: Final = "http://127.0.0.1:9"
"""Nobody listens there: the server has to start though its vendors cannot be reached."""

MADE_UP: Final = {
    "VOXANNE_HOST": "127.0.0.1",
    "VOXANNE_PUBLIC_URL": "https://voice.example.com",
    "DEEPGRAM_API_KEY": "made-up",
    "DEEPGRAM_BASE_URL": NOWHERE,
    "GROQ_API_KEY": "made-up",
    "GROQ_BASE_URL": NOWHERE,
    "TWILIO_ACCOUNT_SID": "AC" + 32 * "0",
    "TWILIO_AUTH_TOKEN": "made-up",
}
SANDBOX_ONLY: Final = ("pocketsphinx", "espeakng_loader", "numpy")
START_SECONDS: Final = 30
STOP_SECONDS: Final = 15

# How packages are had from here; an image's build has its engine's settings.
PASSED_ON: Final = re.compile(r"PIP_|(HTTPS?|NO)_PROXY$|SSL_CERT_|REQUESTS_CA_", re.IGNORECASE)

Steps = list[tuple[str, str]]


class Wrong(Exception):
    """The Containerfile does not do what it says."""


def instructions(text: str) -> Steps:
    """The instructions in order: name, and argument with its continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    parts = [line.strip().partition(" ") for line in joined.splitlines()]
    return [(name.upper(), " ".join(argument.split())) for name, _, argument in parts if name]


def let_through(text: str) -> set[str]:
    """What a `.containerignore` lets through, which keeps everything out but its exceptions."""
    rules = [line.strip() for line in text.splitlines() if line.strip() and line[0] != "#"]
    if rules[0] != "*":
        raise Wrong(".containerignore does not begin with *")
    return {rule[1:] for rule in rules if rule.startswith("!")}


def commands(steps: Steps) -> tuple[list[str], list[str]]:
    """The image's command and its health check, both in their exec form."""
    last = dict(steps)
    command: list[str] = json.loads(last["CMD"])
    health_check: list[str] = json.loads(last["HEALTHCHECK"].partition(" CMD ")[2])
    return command, health_check


class Image:
    """A directory that stands for the image, and the environment of its processes."""

    def __init__(self, place: Path, steps: Steps) -> None:
        self._steps = steps
        self._workdir = dict(steps)["WORKDIR"]
        self._folder = place / "image"
        self._folder.mkdir()
        subprocess.run([sys.executable, "-m", "venv", place / "python"], check=True)
        path = f"{place / 'python' / 'bin'}:/usr/local/bin:/usr/bin:/bin"
        passed_on = {name: value for name, value in os.environ.items() if PASSED_ON.match(name)}
        self._environ = {"PATH": path, "HOME": str(place), **passed_on}

    def build(self) -> None:
        """Carry out what makes the image, in order."""
        for name, argument in self._steps:
            if name == "ENV":
                for pair in shlex.split(argument):
                    variable, _, value = pair.partition("=")
                    self._environ[variable] = value.replace(self._workdir, str(self._folder))
            elif name == "COPY":
                self._copy(argument.split())
            elif name == "RUN":
                sys.stderr.write(f"RUN {argument}\n")
                if self.run(["/bin/sh", "-ec", argument]) != 0:
                    raise Wrong(f"RUN failed: {argument}")

    def run(self, command: Sequence[str], *, quietly: bool = False) -> int:
        """Run a command in the image; its exit code."""
        errors = subprocess.DEVNULL if quietly else None
        return subprocess.run(
            command, cwd=self._folder, env=self._environ, stderr=errors, check=False
        ).returncode

    def serve(self, command: list[str], health_check: list[str]) -> None:
        """Start the image's command, wait until it is healthy, and stop it."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = str(probe.getsockname()[1])
        self._environ |= MADE_UP | {"VOXANNE_PORT": port}
        with subprocess.Popen(
            command, cwd=self._folder, env=self._environ, stdout=subprocess.PIPE, text=True
        ) as server:
            try:
                self._wait_until_healthy(server, health_check)
                server.send_signal(signal.SIGTERM)
                said, _ = server.communicate(timeout=STOP_SECONDS)
            finally:
                server.kill()
        if server.returncode != 0:
            raise Wrong(f"the server stopped with code {server.returncode}")
        if "SIGTERM received" not in said:
            raise Wrong(f"the log is not on standard output, which has {said!r}")
        if (self._folder / "logs").exists():
            raise Wrong("the server wrote a log file")

    def _wait_until_healthy(self, server: subprocess.Popen[str], health_check: list[str]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while server.poll() is None and time.monotonic() < deadline:
            if self.run(health_check, quietly=True) == 0:
                return
            time.sleep(1)
        raise Wrong("the health check never succeeded")

    def _copy(self, argument: list[str]) -> None:
        *sources, target = argument
        allowed = let_through((ROOT / ".containerignore").read_text("utf-8"))
        (self._folder / target).mkdir(parents=True, exist_ok=True)
        for source in sources:
            if source not in allowed:
                raise Wrong(f".containerignore keeps {source} out")
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, self._folder / target, dirs_exist_ok=True)
            else:
                shutil.copy(ROOT / source, self._folder / target)


def rehearse(place: Path) -> None:
    """Build and run in this directory. Raises `Wrong`."""
    steps = instructions((ROOT / "Containerfile").read_text("utf-8"))
    image = Image(place, steps)
    image.build()
    absent = f"import importlib.util as u; assert not [n for n in {SANDBOX_ONLY} if u.find_spec(n)]"
    if image.run(["python", "-c", absent]) != 0:
        raise Wrong(f"one of {', '.join(SANDBOX_ONLY)} is in the image")
    image.serve(*commands(steps))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="voxanne-image-") as temporary:
        try:
            rehearse(Path(temporary))
        except Wrong as wrong:
            sys.exit(f"Containerfile: {wrong}")
    sys.stderr.write("Containerfile: builds, starts, is healthy, stops\n")
