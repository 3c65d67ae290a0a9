"""One demo from start to end: the stand-ins and the server as children, the call from here.

This process is Twilio and the caller; so the vendors' stand-in can be killed in mid-call and the
telephone network lives on. What happens is told to a `Watcher` as it happens; what is left is the
evidence. Refuses to know files, tables and verdicts.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol

import attrs
import trio

from ..sandbox.account import Numbers
from ..sandbox.caller import Caller, phrases, utterances
from ..sandbox.client import NoAnswer, fetch
from ..sandbox.mulaw import SILENCE
from ..sandbox.phone import PhoneCall
from ..sandbox.twilio import Twilio
from ..sandbox.voice import RealVoices
from .children import ChildFailed
from .evidence import Evidence, gather
from .stage import Plan, Stage

CALL_SECONDS: Final = 110.0
"""A call that has not ended by then is ended from here."""

LOOK_SECONDS: Final = 0.1
ASK_SECONDS: Final = 0.4
_GREETING_SECONDS: Final = 4.0


class Watcher(Protocol):
    """Who is told what happens, as it happens."""

    def progress(self, what: str) -> None:
        """A stage of the demo itself."""
        ...

    def call_began(self, call: PhoneCall) -> None: ...

    def server_said(self, line: str) -> None:
        """A line of the server's log."""
        ...

    def caller_said(self, text: str, at: float, *, interrupting: bool) -> None: ...

    def turn_recorded(self, turn: Mapping[str, Any]) -> None:
        """The server's record has one turn more."""
        ...


@attrs.frozen(kw_only=True)
class Performance:
    """What has been shown; `stand_ins` is what the sandbox says of itself."""

    evidence: Evidence
    recogniser: str
    record: Mapping[str, Any]
    stand_ins: Mapping[str, Any]
    began_at: float
    """Wall-clock seconds."""


async def perform(plan: Plan, watcher: Watcher) -> Performance:
    """Show it all, to the end. Raises `ChildFailed` when a child does not start.

    However this ends, by Ctrl-C too, no child is left.
    """
    try:
        async with trio.open_nursery() as nursery:
            stage = Stage(plan, watcher.server_said, nursery)
            watcher.progress("starting the stand-ins and the server")
            audio = await _speech(plan)
            await stage.start_server(await stage.start_sandbox())
            await _greeting_is_ready(trio.Path(plan.directory / "phrases"))
            performance = await _hold_call(plan, stage, audio, watcher)
            nursery.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        for kind in (ChildFailed, KeyboardInterrupt):
            if (wanted := group.subgroup(kind)) is not None:
                raise _first(wanted) from None
        raise
    return performance


def _first(group: BaseException) -> BaseException:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group


async def _speech(plan: Plan) -> dict[str, bytes]:
    """What the caller will say, spoken beforehand; or as much silence."""
    voice, audio = RealVoices().caller(), dict[str, bytes]()
    await trio.lowlevel.checkpoint()
    for text in phrases(plan.script):
        spoken = await voice.speak(text)
        audio[text] = SILENCE * len(spoken) if plan.silent else spoken
    return audio


async def _greeting_is_ready(phrases: trio.Path) -> None:
    """The server speaks its phrases once, at first start, the greeting first: wait for that."""
    with trio.move_on_after(_GREETING_SECONDS):
        while not await _holds_any(phrases):  # noqa: ASYNC110 - another process's files
            await trio.sleep(LOOK_SECONDS)


async def _holds_any(phrases: trio.Path) -> bool:
    return await phrases.is_dir() and any(await phrases.glob("*.mulaw"))


async def _hold_call(
    plan: Plan, stage: Stage, audio: Mapping[str, bytes], watcher: Watcher
) -> Performance:
    async def speak(text: str) -> bytes:
        await trio.lowlevel.checkpoint()
        return audio[text]

    twilio = Twilio(stage.account)
    origin = stage.webhook.removesuffix("/twiml")
    call = twilio.new_call(
        Numbers(webhook=stage.webhook, status_callback=f"{origin}/twilio/status")
    )
    caller = Caller(plan.script, speak)
    await caller.prepare()
    if plan.scripted:
        await _register(stage.sandbox_url, call.sid, utterances(plan.script))
    url = f"{origin}/calls/{call.sid}"
    began_at = time.time()
    watcher.call_began(call)
    with trio.move_on_after(CALL_SECONDS):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_follow_caller, call, caller, watcher)
            nursery.start_soon(_follow_record, url, watcher)
            await twilio.place(call, caller)
            nursery.cancel_scope.cancel()
    record = await _final_record(url)
    evidence = gather(call, caller, record, stage.accidents())
    stand_ins = await _get(f"{stage.sandbox_url}/sandbox/state") or {}
    return Performance(
        evidence=evidence,
        recogniser=stage.recogniser,
        record=record or {},
        stand_ins=stand_ins,
        began_at=began_at,
    )


async def _follow_caller(call: PhoneCall, caller: Caller, watcher: Watcher) -> None:
    """Tell what the caller says when it is said."""
    told = 0
    while True:
        for turn in caller.report.turns[told:]:
            told += 1
            at = turn.began_at - call.playout.origin
            watcher.caller_said(turn.said, at, interrupting=turn.interrupting)
        await trio.sleep(LOOK_SECONDS)


async def _follow_record(url: str, watcher: Watcher) -> None:
    """Tell each turn when the server has it in its record."""
    told = 0
    while True:
        await trio.sleep(ASK_SECONDS)
        record = await _get(url)
        for turn in (record or {}).get("turns", [])[told:]:
            told += 1
            watcher.turn_recorded(turn)


async def _final_record(url: str) -> Mapping[str, Any] | None:
    """The record once it says how the call ended; what there is after two seconds otherwise."""
    record: Mapping[str, Any] | None = None
    with trio.move_on_after(2):
        while True:
            record = await _get(url) or record
            if record is not None and record.get("outcome") is not None:
                break
            await trio.sleep(LOOK_SECONDS)
    return record


async def _get(url: str) -> dict[str, Any] | None:
    """A JSON object from one of the children; None when there is none."""
    await trio.lowlevel.checkpoint()
    try:
        with trio.fail_after(2):
            response = await fetch(trio.open_tcp_stream, "GET", url)
        said = json.loads(response.body) if response.status == 200 else None
    except (NoAnswer, ValueError, trio.TooSlowError):
        return None
    return said if isinstance(said, dict) else None


async def _register(sandbox_url: str, call_sid: str, texts: Sequence[str]) -> None:
    body = json.dumps({"tag": call_sid, "utterances": list(texts)}).encode()
    post = partial(fetch, trio.open_tcp_stream, "POST", body=body)
    await post(f"{sandbox_url}/sandbox/scripts", headers=[("Content-Type", "application/json")])
