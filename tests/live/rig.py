"""Stand-ins, servers and a proxy on loopback, each server and the stand-ins in their own process.

Rules of tests built on it: calls are placed and looked at over HTTP, as anybody could; a server is
killed, stopped or asked to end by its process; what a caller heard is judged by Twilio's stand-in,
what was kept by the servers' own call data. Real time, so everything that waits is bounded.
"""

from __future__ import annotations

import json
import math
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs
import httpx
import trio

from voxanne_trio.demo.children import Child, clean_environment, run_child
from voxanne_trio.demo.stage import Ready
from voxanne_trio.sandbox import proxy
from voxanne_trio.sandbox.handset import Sound, silences

ROOT: Final = Path(__file__).resolve().parents[2]
CLINIC: Final = Path(__file__).with_name("clinic.toml")
CALL_SECONDS: Final = 90.0
"""No call here is longer."""

POLL_SECONDS: Final = 0.5
RECORD_SECONDS: Final = 10.0


@attrs.define(eq=False)
class Server:
    """One of the servers, as its process."""

    child: Child
    port: int

    def kill(self) -> None:
        """As the system does when memory is short: no last word."""
        self.child.process.kill()

    def ask_to_stop(self) -> None:
        self.child.process.send_signal(signal.SIGTERM)


@attrs.define(eq=False)
class Rig:
    """All of it, running."""

    client: httpx.AsyncClient
    directory: Path
    sandbox_url: str
    proxy: proxy.Proxy
    public_url: str
    environ: dict[str, str] = attrs.field(factory=dict)
    """Of a server that is to use the stand-ins."""
    servers: list[Server] = attrs.field(factory=list)

    async def place(self, script: Sequence[Any], count: int, **more: Any) -> list[str]:
        """So many calls with that script, spread over two seconds; their sids."""
        ask = {"webhook": f"{self.public_url}/twiml", "script": list(script), "count": count}
        answer = await self.post("calls", {**ask, "stagger_ms": 2_000 / count, **more})
        return [str(sid) for sid in answer["calls"]]

    async def fail(self, *faults: dict[str, Any]) -> None:
        """Plan what goes wrong at the vendors, in seconds from the next call's ringing on."""
        await self.post("faults", {"clear": True, "planned": faults})

    async def post(self, what: str, body: Mapping[str, Any]) -> dict[str, Any]:
        answer = await self.client.post(f"{self.sandbox_url}/sandbox/{what}", json=body)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    async def note(self, calls: Sequence[Call]) -> None:
        """Write down all that is known of the calls, for whoever asks why a test failed."""
        known = [
            {"call": call.found, "record": await self.record(call.found["sid"])} for call in calls
        ]
        (self.directory / "calls.json").write_text(json.dumps(known, indent=1), "utf-8")

    async def call(self, sid: str) -> Call:
        answer = await self.client.get(f"{self.sandbox_url}/sandbox/calls/{sid}")
        return Call(answer.raise_for_status().json())

    async def machine_late(self) -> float:
        """By how many seconds the stand-ins themselves were late at worst: the machine's doing."""
        state = (await self.client.get(f"{self.sandbox_url}/sandbox/state")).json()
        return float(state["latest_ms"]) / 1000

    async def until(self, sids: Sequence[str], holds: Callable[[Call], bool]) -> None:
        """Wait until that has held for each of the calls."""
        waiting = list(sids)
        with trio.fail_after(CALL_SECONDS):
            while True:
                waiting = [sid for sid in waiting if not holds(await self.call(sid))]
                if not waiting:
                    return
                await trio.sleep(POLL_SECONDS)

    async def ended(self, sids: Sequence[str]) -> list[Call]:
        """The calls, once they are over and their callers have reported."""
        await self.until(sids, lambda call: bool(call.found["is_reported"]))
        return [await self.call(sid) for sid in sids]

    async def record(self, sid: str) -> dict[str, Any]:
        """A call's record, once it says how the call ended, from whichever server is still there.
        The last that there is where it does not say so in time."""
        found: dict[str, Any] = {}
        with trio.move_on_after(RECORD_SECONDS):
            while True:
                for url in self.urls():
                    answer = await self.client.get(f"{url}/calls/{sid}")
                    found = answer.json() if answer.is_success else found
                if found.get("outcome"):
                    break
                await trio.sleep(POLL_SECONDS)
        return found

    async def until_draining(self, server: Server) -> None:
        """Wait until it says that it takes no new call."""
        with trio.fail_after(RECORD_SECONDS):
            while True:
                answer = await self.client.get(f"http://127.0.0.1:{server.port}/readyz")
                if answer.status_code == 503:
                    return
                await trio.sleep(POLL_SECONDS / 10)

    def urls(self) -> list[str]:
        """Where servers can be asked, those that are still there."""
        running = [server for server in self.servers if not server.child.ended.is_set()]
        return [f"http://127.0.0.1:{server.port}" for server in running] or [self.public_url]


@attrs.frozen
class Call:
    """A call as Twilio's stand-in and its caller saw it."""

    found: dict[str, Any]

    @property
    def heard(self) -> list[Sound]:
        return [Sound(**sound) for sound in self.found["heard"]]

    def answer_to(self, turn: Mapping[str, Any]) -> float | None:
        """When something was heard after that turn, and before the caller's next: the agent's
        voice, or what Twilio or a person says once the agent has passed the call on."""
        said = turn["voiced_until"]
        following = [t["began_at"] for t in self.found["turns"] if t["began_at"] > turn["began_at"]]
        others = [sound.at for sound in self.heard if sound.by != "agent" and sound.until > said]
        heard = [at for at in (turn["answered_at"], *others) if at is not None]
        at = max(said, min(heard, default=math.inf))
        return at if at < min(following, default=math.inf) else None

    def longest_silence(self, since: float, until: float) -> float:
        """In seconds."""
        start, end = next(iter(silences(self.heard, since, until)), (0.0, 0.0))
        return end - start


@asynccontextmanager
async def live(directory: Path, *, servers: int = 1, **settings: str) -> AsyncIterator[Rig]:
    """Start everything, and end it with the body. `settings` are the servers'."""
    environ = clean_environment(os.environ, ROOT)
    async with (
        httpx.AsyncClient(timeout=20, limits=httpx.Limits(max_connections=40)) as client,
        trio.open_nursery() as nursery,
    ):
        start = partial(_start, nursery, directory)
        options = ["--scripted", "--tones", "--clinic", str(CLINIC), "--port", "0", "--json"]
        _, said = await start("sandbox", ["sandbox", *options], environ, "env")
        ports = [_free_port() for _ in range(servers)]
        before = proxy.Proxy([("127.0.0.1", port) for port in ports])
        port: int = await nursery.start(proxy.serve, before, 0)
        rig = Rig(client, directory, said["url"], before, f"http://127.0.0.1:{port}")
        environ |= said["env"] | _settings(directory, rig.public_url) | settings
        rig.environ = environ
        for number, port in enumerate(ports):
            own = {"VOXANNE_PORT": str(port), "VOXANNE_LOG_FILE": f"server-{number}-log.txt"}
            command = ["serve", "--json"]
            child, _ = await start(f"server-{number}", command, environ | own, "webhook")
            rig.servers.append(Server(child, port))
        yield rig
        nursery.cancel_scope.cancel()


async def _start(
    nursery: trio.Nursery,
    directory: Path,
    name: str,
    command: Sequence[str],
    environ: Mapping[str, str],
    key: str,
) -> tuple[Child, dict[str, Any]]:
    ready = Ready(key)
    child: Child = await nursery.start(run_child, name, command, environ, directory, ready.look)
    return child, await ready.wait(child)


def _settings(directory: Path, public_url: str) -> dict[str, str]:
    return {
        "VOXANNE_HOST": "127.0.0.1",
        "VOXANNE_PUBLIC_URL": public_url,
        "VOXANNE_CLINIC": str(CLINIC),
        "VOXANNE_CACHE_DIR": "phrases",
        "VOXANNE_DATABASE_URL": f"sqlite:///{directory}/calls.db",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
