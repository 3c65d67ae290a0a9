"""The product's server as a process to be measured: `voxanne serve` but for who talks to it.

Everything that serves calls is the product's own; added are the loop's sampler and the report.
"""

from __future__ import annotations

import os
from functools import partial
from typing import Any, Final

import trio

from voxanne_trio.observe.logs import set_up_logs
from voxanne_trio.records import CallRecord
from voxanne_trio.settings import Settings
from voxanne_trio.web import interpreter
from voxanne_trio.web.composition import Composition
from voxanne_trio.web.serving import serve

from .child import LoopLag, answer_orders, clock, say

PHRASES_SECONDS: Final = 30.0


class Recorder:
    """The composition, and the records of calls that have ended since they were last asked for."""

    def __init__(self, settings: Settings) -> None:
        self.composition = Composition(settings)
        self._ended: list[CallRecord] = []
        self._calls: dict[str, CallRecord] = {}
        records: Any = self.composition.records
        started, ended = records.call_started, records.call_ended

        def call_started(call: CallRecord) -> None:
            self._calls[call.call_sid] = call
            started(call)

        def call_ended(call_sid: str, **how: Any) -> None:
            ended(call_sid, **how)
            if (call := self._calls.pop(call_sid, None)) is not None:  # else Twilio knew better
                self._ended.append(call)

        records.call_started, records.call_ended = call_started, call_ended

    def report(self) -> dict[str, Any]:
        """Leases, sockets and kept connections now, and the calls that have ended."""
        ended, self._ended = self._ended, []
        pool: Any = self.composition._sockets
        http: Any = self.composition.outside.http_transport
        return {
            "live": len(self._calls),
            "speak_sockets": pool.open,
            "connections": len(http._pool.connections),
            "leases": sum(socket.is_lent for socket in pool._sockets),
            "records": {call.call_sid: call.counts for call in ended},
            "own_ms": [own for call in ended for turn in call.turns if (own := _own(turn))],
        }

    async def phrases_ready(self) -> None:
        """Wait until no phrase needs a voice."""
        script = self.composition.services.script
        with trio.fail_after(PHRASES_SECONDS):
            while script.phrases.missing(script.lines.values()):  # noqa: ASYNC110 - they tell nobody
                await trio.sleep(0.05)


def _own(turn: Any) -> int | None:
    """The server's own account of a turn: its total less what it waited for the vendors."""
    parts = [turn.latency_ms.get(name) for name in ("total", "llm", "tts")]
    return None if None in parts else parts[0] - parts[1] - parts[2]


async def run(settings: Settings) -> None:
    """Serve until the parent hangs up."""
    recorders: list[Recorder] = []
    urls: list[str] = []

    def compose(settings: Settings) -> Composition:
        recorders.append(Recorder(settings))
        return recorders[0].composition

    lag = LoopLag()
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(serve, settings, compose, announce=urls.append, signals=()))
        await recorders[0].phrases_ready()
        interpreter.settle()
        nursery.start_soon(lag.run)
        say({"webhook": f"{urls[0]}/twiml"})
        await answer_orders(recorders[0].report, lag)
        nursery.cancel_scope.cancel()


def main() -> None:
    """Read the settings and log as the product does: to a file and a terminal, here the void."""
    settings = Settings.load(os.environ, None)
    with open(os.devnull, "w", encoding="utf-8") as terminal:
        set_up_logs(level="info", format="console", file=settings.log_file, terminal=terminal)
        trio.run(run, settings, clock=clock())


if __name__ == "__main__":
    main()
