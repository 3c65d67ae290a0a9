"""The sandbox: every stand-in behind one port, and a way to place calls and to make things fail.

Composes; knows no vendor's wire. What is sent to `/sandbox/...` steers it: place calls on any
server and read what became of them, tell the recogniser what will be said, set delays and faults.
`handler` serves one connection (in memory too), `serve` a loopback port.
"""

from __future__ import annotations

import base64
import json
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol

import attrs
import trio

from . import rest
from .account import Speak
from .caller import Caller, CallerReport, read_script, utterances
from .deepgram import Deepgram
from .faults import Fault, Faults, Schedule
from .faults.opening import through
from .groq import Groq
from .journal import Journal
from .line import CLEAN, Line
from .party import Party
from .profiles import Profile
from .scripted import Scripted
from .twilio import Numbers, PhoneCall, Twilio
from .wire import Exchange, serve_stream

CALLS_AT_ONCE: Final = 500
_EVENTS_SECONDS: Final = 0.1
_OPTIONS: Final = frozenset({"to", "caller", "fallback", "status_callback"})

_log = logging.getLogger(__name__)


class SpeechVendor(Protocol):
    """What is asked of Deepgram's stand-in."""

    profile: Profile

    async def handle(self, exchange: Exchange) -> None: ...
    async def run(self, *, task_status: trio.TaskStatus[None]) -> None: ...


class Scripts(Protocol):
    """A recogniser that is told beforehand what will be said on a call."""

    def register(self, tag: str, utterances: Sequence[str]) -> None: ...
    def forget(self, tag: str) -> None: ...


@attrs.define
class Placed:
    """A call placed here, and what its caller reports."""

    call: PhoneCall
    caller: Caller
    report: CallerReport | None = None

    def result(self, *, audio: bool = False) -> dict[str, Any]:
        """The call as JSON; with `audio` its two channels, mu-law in base64."""
        call, journal = self.call, self.call.journal
        report = self.report if self.report is not None else self.caller.report
        restarts = [restart.gap for restart in call.playout.restarts if restart.gap is not None]
        found: dict[str, Any] = {
            "sid": call.sid,
            "status": call.status,
            "is_reported": self.report is not None,
            "began_at": call.playout.origin,
            "greeted_at": report.greeted_at,
            "greeted_until": report.greeted_until,
            "turns": [turn.as_json() for turn in report.turns],
            "asides": [aside.as_json() for aside in report.asides],
            "missed": report.missed,
            "violations": journal.violations,
            "clears": [entry.at for entry in journal.of("clear")],
            "gaps_ms": [round(gap * 1000, 1) for gap in restarts],
            "documents": [{"at": e.at, **e.detail} for e in journal.of("document")],
            "steps": [{"at": e.at, **e.detail} for e in journal.of("verb")],
            "streams": _streams(journal),
            "heard": [attrs.asdict(sound) for sound in call.heard()],
            "dialled": [entry.detail for entry in journal.of("dialled")],
            "recorded": [entry.detail for entry in journal.of("recorded")],
            "twilio_says": [entry.detail for entry in journal.of("twilio_says")],
            "hung_up_by": [entry.detail for entry in journal.of("hang_up")],
            "stream_errors": [entry.detail for entry in journal.of("stream_error")],
        }
        if audio:
            channels = zip(("caller", "agent"), call.recording(), strict=True)
            found["audio"] = {name: base64.b64encode(data).decode() for name, data in channels}
        return found


def _streams(journal: Journal) -> list[dict[str, Any]]:
    """From when to when each stream was open, and how it ended."""
    found: list[dict[str, Any]] = []
    for entry in journal.of("stream_opened", "stream_ended"):
        if entry.kind == "stream_opened":
            found.append({"at": entry.at, "until": None, "ended": None})
        elif found:
            found[-1] |= {"until": entry.at, "ended": entry.detail["kind"]}
    return found


class Refusal(Exception):
    """A request to `/sandbox/...` that cannot be served; the text is for whoever asked."""


class Sandbox:
    """All stand-ins; `run` holds the calls it places."""

    def __init__(
        self,
        *,
        profile: Profile,
        groq: Groq,
        twilio: Twilio,
        deepgram: SpeechVendor | None,
        scripts: Scripts | None,
        speak: Speak,
    ) -> None:
        self.profile = profile
        self.groq = groq
        self.twilio = twilio
        self.deepgram = deepgram
        self.scripts = scripts
        if isinstance(scripts, Scripted) and isinstance(deepgram, Deepgram):
            scripts.overheard = lambda tag: deepgram.overheard()
        self.schedule: Schedule = twilio.account.schedule
        self.placed: dict[str, Placed] = {}
        self.bugs = 0
        self._speak = speak
        self._nursery: trio.Nursery | None = None

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Hold the placed calls, and what recognition needs, until cancelled."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            if self.deepgram is not None:
                await nursery.start(self.deepgram.run)
            task_status.started()
            await trio.sleep_forever()

    async def handler(self, stream: trio.abc.Stream) -> None:
        """Serve one connection. A bug of ours is logged and ends this connection alone."""
        try:
            await serve_stream(stream, self.handle)
        except* Exception:  # noqa: BLE001 - the one boundary between a bug and all other calls
            self.bugs += 1
            _log.exception("the sandbox failed on a connection")

    async def handle(self, exchange: Exchange) -> None:
        """Answer one request as the vendor whose path it has."""
        path = exchange.request.path
        for prefix, handle in self._routes():
            if path.startswith(prefix):
                await through(self.schedule, exchange, handle, self._faults())
                return
        await exchange.respond(404, {"error": f"nobody here answers {path}"})

    def _routes(self) -> list[tuple[str, Callable[[Exchange], Awaitable[None]]]]:
        routes: list[tuple[str, Callable[[Exchange], Awaitable[None]]]] = [
            ("/openai/", self.groq.handle),
            (rest.PREFIX, self.twilio.handle),
            ("/sandbox/", self._control),
        ]
        if self.deepgram is not None:
            routes += [(prefix, self.deepgram.handle) for prefix in ("/v1/", "/v2/")]
        return routes

    # Calls.

    def new_call(
        self, numbers: Numbers, script: Sequence[Any], line: Line = CLEAN, seed: int = 0
    ) -> Placed:
        """A call that will follow a script on a line; a scripted recogniser is told its words.

        The seed is that of the caller's coughs and other sounds.
        """
        steps = read_script(script)
        call = self.twilio.new_call(numbers, line)
        placed = Placed(call, Caller(steps, self._speak, seed))
        if self.scripts is not None:
            call.microphone.tells_words = True
            self.scripts.register(placed.call.sid, utterances(steps))
        self.placed[placed.call.sid] = placed
        for sid in self.placed.keys() - self.twilio.calls.keys():
            del self.placed[sid]  # ended, and forgotten by Twilio too
        return placed

    async def place(self, placed: Placed, after: float = 0.0) -> None:
        """Run a call to its end."""
        await placed.caller.prepare()
        await trio.sleep(after)
        self.schedule.arm()
        await self.twilio.place(placed.call, placed.caller)
        placed.report = placed.caller.report
        if self.scripts is not None:
            self.scripts.forget(placed.call.sid)

    # What is asked over HTTP.

    async def _control(self, exchange: Exchange) -> None:
        request = exchange.request
        what = request.path.removeprefix("/sandbox/").strip("/").split("/")
        try:
            if request.method == "GET":
                await self._show(exchange, what)
            elif request.method == "POST":
                body = json.loads(request.body or b"{}")
                if not isinstance(body, dict):
                    raise Refusal("the body must be an object")
                await self._do(exchange, what, body)
            else:
                raise Refusal(f"{request.method} is not understood")
        except (Refusal, ValueError, TypeError, KeyError) as error:
            await exchange.respond(400, {"error": str(error)})

    async def _show(self, exchange: Exchange, what: list[str]) -> None:
        if what == ["state"]:
            await exchange.respond(200, self.state())
        elif what == ["calls"]:
            calls = [placed.result() for placed in self.placed.values()]
            await exchange.respond(200, {"calls": calls})
        elif what[0] == "calls" and len(what) == 2:
            audio = ("audio", "1") in exchange.request.query
            await exchange.respond(200, self._find(what[1]).result(audio=audio))
        elif what[0] == "calls" and what[2:] == ["events"]:
            await self._events(exchange, self._find(what[1]).call)
        else:
            raise Refusal(f"nothing at {exchange.request.path}")

    async def _do(self, exchange: Exchange, what: list[str], body: dict[str, Any]) -> None:
        if what == ["calls"]:
            await self._place(exchange, body)
        elif what == ["scripts"]:
            if self.scripts is None:
                raise Refusal("the recogniser hears real speech: it takes no scripts")
            self.scripts.register(str(body["tag"]), [str(text) for text in body["utterances"]])
            await exchange.respond(200, {"ok": True})
        elif what == ["faults"]:
            self._fault(body)
            await exchange.respond(200, self.state())
        else:
            raise Refusal(f"nothing at {exchange.request.path}")

    def _find(self, sid: str) -> Placed:
        placed = self.placed.get(sid)
        if placed is None:
            raise Refusal(f"no call {sid}")
        return placed

    async def _place(self, exchange: Exchange, body: Mapping[str, Any]) -> None:
        """`webhook` (or `to_url`), `script`, `line`, how many, how far apart, whether to wait; the
        number's `fallback` and `status_callback`; `parties`, who is reached by which number.
        """
        webhook = body.get("webhook") or body.get("to_url")
        count = int(body.get("count", 1))
        if not isinstance(webhook, str) or not 1 <= count <= CALLS_AT_ONCE:
            raise Refusal(f"needs `webhook`, and a `count` from 1 to {CALLS_AT_ONCE}")
        options = {name: str(body[name]) for name in _OPTIONS & body.keys()}
        parties = body.get("parties", {}).items()
        answering = {str(number): Party.from_json(party) for number, party in parties}
        numbers = Numbers(webhook=webhook, parties=answering, **options)
        script, line = body.get("script", ["listen"]), Line.from_json(body.get("line", "clean"))
        calls = [self.new_call(numbers, script, line, seed) for seed in range(count)]
        stagger = float(body.get("stagger_ms", 0)) / 1000
        sids = [placed.call.sid for placed in calls]
        if not body.get("wait"):
            assert self._nursery is not None
            for number, placed in enumerate(calls):
                self._nursery.start_soon(partial(self.place, placed, number * stagger))
            await exchange.respond(202, {"calls": sids})
            return
        async with trio.open_nursery() as nursery:
            for number, placed in enumerate(calls):
                nursery.start_soon(partial(self.place, placed, number * stagger))
        await exchange.respond(200, {"calls": [placed.result() for placed in calls]})

    async def _events(self, exchange: Exchange, call: PhoneCall) -> None:
        """The journal as it is written, one JSON object a line, until the call has ended."""
        await exchange.start(200, [("content-type", "application/x-ndjson")])
        told = 0
        while True:
            over = call.ended.is_set()
            entries, told = call.journal.entries[told:], len(call.journal.entries)
            lines = [json.dumps(attrs.asdict(entry)) for entry in entries if entry.kind != "media"]
            if lines:
                await exchange.send(("\n".join(lines) + "\n").encode())
            if over:
                break
            await trio.sleep(_EVENTS_SECONDS)
        await exchange.finish()

    def _fault(self, body: dict[str, Any]) -> None:
        """`{"profile": NAME}`, `{"clear": true}`, `{"vendor": …, "kind": …, …}` for its next
        request, or `{"planned": [{"kind": …, "at": …, …}]}` for the schedule, which is armed by
        the next call that is placed here, or by `{"arm": true}`.
        """
        if "profile" in body:
            self.use_profile(Profile.named(str(body["profile"]), self.profile.rng))
        if body.get("clear"):
            for faults in self._faults().values():
                faults.clear()
            self.schedule.clear()
        self.schedule.add(*(Fault.from_json(fault) for fault in body.get("planned", ())))
        if body.get("arm"):
            self.schedule.arm()
        if "vendor" in body:
            vendor = body.pop("vendor")
            if vendor not in self._faults():
                raise Refusal(f"no faults for {vendor!r}: use {', '.join(self._faults())}")
            self._faults()[vendor].add_from(body)

    def use_profile(self, profile: Profile) -> None:
        """From now on the vendors take these delays."""
        self.profile = self.groq.profile = profile
        if self.deepgram is not None:
            self.deepgram.profile = profile

    def _faults(self) -> dict[str, Faults]:
        vendors = {"groq": self.groq, "deepgram": self.deepgram, "twilio": self.twilio}
        found = {name: getattr(vendor, "faults", None) for name, vendor in vendors.items()}
        return {name: faults for name, faults in found.items() if isinstance(faults, Faults)}

    def state(self) -> dict[str, Any]:
        """Delays, faults to come, calls: for whoever looks.

        `late` and `late_ms` are how often and by how much in all the stand-ins themselves were
        slower than their profile, `latest_ms` the worst of it: not the product's.
        """
        calls = [placed.call for placed in self.placed.values()]
        return {
            "profile": self.profile.name,
            "planned": [fault.as_json() for fault in self.schedule.faults],
            "struck": [attrs.asdict(hit) for hit in self.schedule.hits],
            "faults": {name: faults.waiting() for name, faults in self._faults().items()},
            "calls": len(calls),
            "calls_in_progress": sum(call.in_progress for call in calls),
            "llm_requests": len(self.groq.served),
            "recogniser": "scripted" if self.scripts is not None else "pocketsphinx",
            "late": getattr(self.deepgram, "late", 0),
            "late_ms": getattr(self.deepgram, "late_ms", 0.0),
            "latest_ms": getattr(self.deepgram, "latest_ms", 0.0),
            "bugs": self.bugs,
        }


async def serve(
    sandbox: Sandbox,
    port: int,
    *,
    host: str = "127.0.0.1",
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve on a port (0: any) until cancelled; the task status is the port."""
    listeners = await trio.open_tcp_listeners(port, host=host)
    async with trio.open_nursery() as nursery:
        await nursery.start(sandbox.run)
        serving = partial(trio.serve_listeners, sandbox.handler, listeners)
        await nursery.start(serving)
        task_status.started(listeners[0].socket.getsockname()[1])
        await trio.sleep_forever()


def seeded(seed: int, name: str) -> random.Random:
    """A generator of its own for one part, so that more draws in one change no other."""
    return random.Random(f"{seed}-{name}")  # noqa: S311 - delays and names, no secrets
