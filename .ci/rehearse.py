"""Rehearse the Containerfile without a container engine.

Its steps are carried out in a temporary directory, with a clean virtual environment in place of the
image's Python: COPY copies (only what `.containerignore` lets through), RUN runs, CMD is started
with ENV and made-up keys, and HEALTHCHECK has to succeed against it. What only an engine can do
(FROM, USER, EXPOSE) is left to the linter. Exits with 1, and says why, when something is wrong.
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
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
NOWHERE: Final = "http://127.0.0.1:9"
"""Nobody listens there: the server has to start with vendors that cannot be reached."""

START_SECONDS: Final = 30
STOP_SECONDS: Final = 15
SANDBOX_ONLY: Final = ("pocketsphinx", "espeakng_loader", "numpy")


def instructions(text: str) -> list[tuple[str, str]]:
    """The instructions in order: name, and argument with its continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [
        (name.upper(), " ".join(argument.split()))
        for name, _, argument in (line.strip().partition(" ") for line in joined.splitlines())
        if name
    ]


def let_through(text: str) -> set[str]:
    """What a `.containerignore` of exceptions to `*` lets through."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and line[0] != "#"]
    assert lines[0] == "*", "the first rule keeps everything out"
    return {line[1:] for line in lines if line.startswith("!")}


class Rehearsal:
    """One build and one run."""

    def __init__(self, folder: Path) -> None:
        self.inside = folder / "image"
        self.python = folder / "python"
        self.workdir = ""
        self.environ = {
            "PATH": f"{self.python / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(folder),
        }
        # How packages are had from here: an engine's build would have its own settings.
        kept = re.compile(r"PIP_|(HTTPS?|NO)_PROXY$|SSL_CERT_|REQUESTS_CA_", re.IGNORECASE)
        self.environ |= {name: value for name, value in os.environ.items() if kept.match(name)}

    def build(self, steps: list[tuple[str, str]]) -> None:
        """Carry out all that makes the image."""
        self.inside.mkdir()
        subprocess.run([sys.executable, "-m", "venv", self.python], check=True)
        for name, argument in steps:
            if name == "ENV":
                self._set(argument)
            elif name == "WORKDIR":
                self.workdir = argument
            elif name == "COPY":
                self._copy(argument)
            elif name == "RUN":
                print("RUN", argument, flush=True)
                subprocess.run(["/bin/sh", "-ec", argument], **self._place(), check=True)

    def run(self, command: list[str], health_check: list[str]) -> None:
        """Start the image's command, check its health, and stop it."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = str(probe.getsockname()[1])
        self.environ |= {
            "VOXANNE_HOST": "127.0.0.1",
            "VOXANNE_PORT": port,
            "VOXANNE_PUBLIC_URL": "https://voice.example.com",
            "DEEPGRAM_API_KEY": "made-up",
            "DEEPGRAM_BASE_URL": NOWHERE,
            "GROQ_API_KEY": "made-up",
            "GROQ_BASE_URL": NOWHERE,
            "TWILIO_ACCOUNT_SID": "AC" + 32 * "0",
            "TWILIO_AUTH_TOKEN": "made-up",
        }
        server = subprocess.Popen(command, **self._place(), stdout=subprocess.PIPE, text=True)
        try:
            self._wait_until_healthy(server, health_check)
            server.send_signal(signal.SIGTERM)
            said, _ = server.communicate(timeout=STOP_SECONDS)
        finally:
            server.kill()
        assert server.returncode == 0, f"stopped with code {server.returncode}"
        assert "takes calls" in said, f"nothing of the log on standard output: {said!r}"
        assert not (self._folder() / "logs").exists(), "a log file was written"

    def _wait_until_healthy(self, server: subprocess.Popen[str], health_check: list[str]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while server.poll() is None and time.monotonic() < deadline:
            check = subprocess.run(health_check, **self._place(), stderr=subprocess.DEVNULL)
            if check.returncode == 0:
                return
            time.sleep(0.5)
        raise AssertionError("the health check never succeeded")

    def check_packages(self) -> None:
        """The server's libraries are there, the stand-ins' are not."""
        code = f"import importlib.util as u; print([n for n in {SANDBOX_ONLY} if u.find_spec(n)])"
        done = subprocess.run(
            [self.python / "bin" / "python", "-c", code], **self._place(), **_text(), check=True
        )
        assert done.stdout.strip() == "[]", f"in the image, though only for the sandbox: {done.stdout}"

    def _set(self, argument: str) -> None:
        for pair in shlex.split(argument):
            name, _, value = pair.partition("=")
            self.environ[name] = value.replace(self.workdir or "/voxanne", str(self._folder()))

    def _copy(self, argument: str) -> None:
        *sources, target = argument.split()
        allowed = let_through((ROOT / ".containerignore").read_text("utf-8"))
        for source in sources:
            assert source in allowed, f".containerignore keeps {source} out"
            place = self._folder() / target
            place.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, dirs_exist_ok=True)
            else:
                shutil.copy(ROOT / source, place)

    def _folder(self) -> Path:
        folder = self.inside / self.workdir.lstrip("/")
        folder.mkdir(parents=True, exist_ok=True)
        return folder
