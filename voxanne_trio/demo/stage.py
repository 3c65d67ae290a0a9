"""The demo's stage: the vendors' stand-ins and the product's server, each in a process of its own.

Knows how both are started, what they say when they are ready, and the telephone account that this
process plays itself. Refuses to know calls.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import attrs
import trio

from ..sandbox.account import Account
from ..sandbox.caller import Step
from ..sandbox.stream import Link
from ..sandbox.voice import RealVoices
from .children import Child, ChildFailed, clean_environment, run_child

START_SECONDS: Final = 45.0


@attrs.frozen(kw_only=True)
class Plan:
    """What is to be shown."""

    script: tuple[Step, ...]
    profile: str
    stt: str
    scripted: bool
    silent: bool
    directory: Path
    package_root: Path


@attrs.define(eq=False)
class Ready:
    """Waits for the line of JSON with which a child says that it is ready."""

    key: str
    said: dict[str, Any] = attrs.field(factory=dict)
    event: trio.Event = attrs.field(factory=trio.Event)

    def look(self, line: str) -> bool:
        """Whether this line was it."""
        if self.event.is_set() or not line.startswith("{"):
            return False
        with suppress(ValueError):
            said = json.loads(line)
            if self.key in said:
                self.said = said
                self.event.set()
                return True
        return False

    async def wait(self, child: Child, lines: int = 3) -> dict[str, Any]:
        """What the child said. Raises `ChildFailed`."""
        with trio.move_on_after(START_SECONDS):
            async with trio.open_nursery() as nursery:
                for event in (self.event, child.ended):
                    nursery.start_soon(_cancel_after, event, nursery.cancel_scope)
        if not self.event.is_set():
            how = child.how_it_ended() or f"the {child.name} was not ready in {START_SECONDS:g} s"
            told = [line.strip(" |+-") for line in child.last_lines[-lines:]]
            log = f"see {child.log}"
            raise ChildFailed("\n  ".join([f"Cannot start: {how}", *filter(None, told), log]))
        return self.said


class Stage:
    """The children, for as long as the demo lasts."""

    def __init__(self, plan: Plan, tell: Callable[[str], None], nursery: trio.Nursery) -> None:
        self._plan = plan
        self._tell_server = tell
        self._nursery = nursery
        self._environ = clean_environment(os.environ, plan.package_root)
        self.children: list[Child] = []
        rng = random.SystemRandom()
        self.account = Account(
            sid=f"AC{os.urandom(16).hex()}",
            auth_token=os.urandom(16).hex(),
            dial=trio.open_tcp_stream,
            rng=rng,
            wall=time.time,
            link=Link(rng=rng),
            voice=RealVoices().agent("twilio").speak,
        )
        self.sandbox_url = ""
        self.recogniser = ""
        self.webhook = ""

    async def start_sandbox(self) -> Mapping[str, str]:
        """Start the vendors' stand-ins; the variables that point a server at them."""
        plan, ready = self._plan, Ready("env")
        options = ["--port", "0", "--profile", plan.profile]
        options += ["--scripted"] if plan.scripted else []
        child = await self._start("sandbox", options, self._environ, ready)
        said = await ready.wait(child)
        self.sandbox_url, self.recogniser = str(said["url"]), str(said["recogniser"])
        return {str(name): str(value) for name, value in said["env"].items()}

    async def start_server(self, vendors: Mapping[str, str]) -> None:
        """Start the product's server against the stand-ins, as anybody would start it."""
        ready = Ready("webhook")
        environ = {**self._environ, **vendors}
        environ |= {
            "TWILIO_ACCOUNT_SID": self.account.sid,
            "TWILIO_AUTH_TOKEN": self.account.auth_token,
            "VOXANNE_STT": self._plan.stt,
            "VOXANNE_LOG_FILE": "",
            "VOXANNE_CACHE_DIR": "phrases",
            "VOXANNE_DATABASE_URL": "sqlite:///calls.db",
        }
        environ.pop("VOXANNE_PUBLIC_URL", None)
        options = ["--host", "127.0.0.1", "--port", "0", "--json"]
        child = await self._start("server", options, environ, ready)
        self.webhook = str((await ready.wait(child))["webhook"])

    async def _start(
        self, name: str, options: Sequence[str], environ: Mapping[str, str], ready: Ready
    ) -> Child:
        tell = self._tell_server if name == "server" else _ignore

        def look(line: str) -> None:
            if not ready.look(line):
                tell(line)

        command = ["serve" if name == "server" else name, *options]
        where = self._plan.directory
        child: Child = await self._nursery.start(run_child, name, command, environ, where, look)
        self.children.append(child)
        return child

    def accidents(self) -> list[str]:
        """Children that ended although nobody asked them to."""
        return [how for child in self.children if (how := child.how_it_ended()) is not None]


async def _cancel_after(event: trio.Event, scope: trio.CancelScope) -> None:
    await event.wait()
    scope.cancel()


def _ignore(line: str) -> None:
    del line
