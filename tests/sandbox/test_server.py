"""The composed sandbox: routes, calls placed over HTTP, scripts, faults; once on a real port."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import attrs
import httpx
import pytest
import trio
from trio.testing import MockClock

from tests.sandbox.answering import CONNECT, HANGUP, LOUD, ORIGIN, SID, TOKEN, Answering, Line
from voxanne_trio.clinic import load_clinic
from voxanne_trio.sandbox.account import Account
from voxanne_trio.sandbox.client import Dial
from voxanne_trio.sandbox.groq import Groq
from voxanne_trio.sandbox.memory import Network, http_transport
from voxanne_trio.sandbox.profiles import Profile
from voxanne_trio.sandbox.receptionist import Receptionist
from voxanne_trio.sandbox.server import Sandbox, serve
from voxanne_trio.sandbox.stream import Link
from voxanne_trio.sandbox.twilio import Twilio
from voxanne_trio.sandbox.wire import Exchange, serve_stream


@attrs.define
class Heard:
    """A recogniser's scripts, and a Deepgram that only says who it is."""

    profile: Profile
    scripts: dict[str, Sequence[str]] = attrs.field(factory=dict)
    forgotten: list[str] = attrs.field(factory=list)

    def register(self, tag: str, utterances: Sequence[str]) -> None:
        self.scripts[tag] = utterances

    def forget(self, tag: str) -> None:
        self.forgotten.append(tag)

    async def handle(self, exchange: Exchange) -> None:
        if exchange.request.path == "/v1/bug":
            raise RuntimeError("bug")
        await exchange.respond(200, {"deepgram": exchange.request.path})

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        task_status.started()
        await trio.sleep_forever()


async def speak(text: str) -> bytes:
    await trio.lowlevel.checkpoint()
    return b"\x20" * 2_400 * len(text.split())


def make(dial: Dial) -> tuple[Sandbox, Heard]:
    rng = random.Random(3)
    profile = Profile.named("target", rng)
    answer = Receptionist(load_clinic()).answer
    account = Account(
        sid=SID, auth_token=TOKEN, dial=dial, rng=rng, wall=lambda: 0.0,
        link=Link(delay_ms=8, jitter_ms=0),
    )  # fmt: skip
    deepgram = Heard(profile)
    sandbox = Sandbox(
        profile=profile,
        groq=Groq(profile, answer, rng=rng, wall=lambda: 0.0),
        twilio=Twilio(account),
        deepgram=deepgram,
        scripts=deepgram,
        speak=speak,
    )
    return sandbox, deepgram


@asynccontextmanager
async def running(server: Answering) -> AsyncIterator[tuple[httpx.AsyncClient, Sandbox, Heard]]:
    server.documents = {"/twiml": CONNECT, "/twiml/after": HANGUP} | server.documents
    async with trio.open_nursery() as nursery:
        network = Network(nursery)
        sandbox, deepgram = make(network.dial)
        await nursery.start(sandbox.run)
        network.listen("sandbox", sandbox.handler)
        network.listen("voice.example.com", lambda stream: serve_stream(stream, server.handle))
        transport = http_transport(network.dial)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://sandbox", timeout=600
        ) as client:
            yield client, sandbox, deepgram
        nursery.cancel_scope.cancel()


async def greet(line: Line) -> None:
    await line.receive_until("start")
    await line.play(LOUD * 50)
    await line.drain()


SCRIPT = ["listen", {"say": "Do you do BBL?"}, {"stay_silent": 1}, "hang_up"]


async def test_a_call_over_http_has_its_line_and_its_faults(autojump_clock: MockClock) -> None:
    async with running(Answering(greet)) as (client, sandbox, _):
        planned = [{"kind": "media_reset", "at": 2.0}, {"kind": "chat_429", "nth": 2}]
        told = await client.post("/sandbox/faults", json={"planned": planned})
        assert told.json()["planned"] == planned
        assert (await client.post("/sandbox/faults", json={"planned": [{"kind": "x"}]})).is_error
        ask = {"webhook": f"{ORIGIN}/twiml", "script": SCRIPT, "line": "car", "wait": True}
        (call,) = (await client.post("/sandbox/calls", json=ask)).json()["calls"]
        assert [error[:5] for error in call["stream_errors"]] == ["31903"]
        assert sandbox.placed[call["sid"]].call.microphone.pickup is not None
        (struck,) = (await client.get("/sandbox/state")).json()["struck"]
        assert struck["kind"] == "media_reset"
        assert (await client.post("/sandbox/calls", json={**ask, "line": "wet"})).is_error
        cleared = await client.post("/sandbox/faults", json={"clear": True, "arm": True})
        assert cleared.json()["planned"] == []


async def test_calls_are_placed_over_http(autojump_clock: MockClock) -> None:
    async with running(Answering(greet)) as (client, _, deepgram):
        ask = {"webhook": f"{ORIGIN}/twiml", "script": SCRIPT, "count": 3, "wait": True}
        calls = (await client.post("/sandbox/calls", json=ask)).json()["calls"]
        assert len({call["sid"] for call in calls}) == 3
        for call in calls:
            assert call["status"] == "completed"
            assert call["violations"] == call["missed"] == []
            assert [turn["said"] for turn in call["turns"]] == ["Do you do BBL?"]
            (stream,) = call["streams"]
            assert stream["until"] - stream["at"] > 3
            assert stream["ended"] == "stopped"
            assert [step["name"] for step in call["steps"]] == ["Connect"]
            assert [document["body"] for document in call["documents"]] == [CONNECT]
            assert [sound["by"] for sound in call["heard"]] == ["agent"]
            assert deepgram.scripts[call["sid"]] == ["Do you do BBL?"]
        assert sorted(deepgram.forgotten) == sorted(call["sid"] for call in calls)
        one = await client.get(f"/sandbox/calls/{calls[0]['sid']}?audio=1")
        channels = {name: base64.b64decode(data) for name, data in one.json()["audio"].items()}
        assert len(channels["caller"]) == len(channels["agent"])
        assert channels["agent"].count(0x10) == 8_000
        assert channels["caller"].count(0x20) == 4 * 2_400
        state = (await client.get("/sandbox/state")).json()
        assert (state["calls"], state["calls_in_progress"], state["bugs"]) == (3, 0, 0)


async def test_a_calls_journal_can_be_followed(autojump_clock: MockClock) -> None:
    async with running(Answering(greet)) as (client, _, _):
        ask = {"to_url": f"{ORIGIN}/twiml", "script": SCRIPT}
        placed = await client.post("/sandbox/calls", json=ask)
        assert placed.status_code == 202
        (sid,) = placed.json()["calls"]
        async with client.stream("GET", f"/sandbox/calls/{sid}/events") as events:
            kinds = [json.loads(line)["kind"] async for line in events.aiter_lines()]
        assert kinds[0] == "ringing"
        assert "completed" in kinds
        assert "start" in kinds
        assert "media" not in kinds


async def test_profiles_faults_and_scripts(autojump_clock: MockClock) -> None:
    async with running(Answering(greet)) as (client, sandbox, deepgram):

        async def post(what: str, **body: Any) -> tuple[int, dict[str, Any]]:
            answer = await client.post(f"/sandbox/{what}", json=body)
            return answer.status_code, answer.json()

        status, state = await post("faults", vendor="groq", kind="status", status=503)
        assert status == 200
        assert [fault["kind"] for fault in state["faults"]["groq"]] == ["status"]
        status, state = await post("faults", profile="fixed:1,2,3", clear=True)
        assert state["faults"]["groq"] == []
        assert state["profile"] == sandbox.groq.profile.name == "fixed:1,2,3"
        assert deepgram.profile is sandbox.profile
        assert (await post("scripts", tag="CA1", utterances=["Hi"]))[0] == 200
        assert deepgram.scripts["CA1"] == ["Hi"]
        for what, body in (
            ("faults", {"vendor": "groq", "kind": "flood"}),
            ("faults", {"vendor": "aws", "kind": "cut"}),
            ("faults", {"profile": "fast"}),
            ("calls", {}),
            ("calls", {"webhook": "http://x", "count": 0}),
            ("calls", {"webhook": "http://x", "script": ["sing"]}),
            ("scripts", {}),
            ("nothing", {}),
        ):
            assert (await post(what, **body))[0] == 400, (what, body)
        assert (await client.get("/sandbox/calls/CAx")).status_code == 400
        assert (await client.post("/sandbox/calls", content=b"[")).status_code == 400


async def test_vendors_are_found_by_their_paths(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(Answering(greet)) as (client, sandbox, _):
        models = await client.get("/openai/v1/models", headers={"authorization": "Bearer k"})
        assert models.status_code == 200
        assert (await client.get("/v1/listen")).json() == {"deepgram": "/v1/listen"}
        assert (await client.get("/v2/listen")).json() == {"deepgram": "/v2/listen"}
        account = await client.get(f"/2010-04-01/Accounts/{SID}.json", auth=(SID, TOKEN))
        assert account.json()["status"] == "active"
        assert (await client.get("/else")).status_code == 404
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/v1/bug")
        assert sandbox.bugs == 1
        assert (await client.get("/sandbox/state")).status_code == 200
    assert "RuntimeError: bug" in caplog.text


@pytest.mark.sockets
async def test_on_a_real_port() -> None:
    async def dial(host: str, port: int) -> trio.abc.Stream:
        return await trio.open_tcp_stream(host, port)

    server = Answering(greet)
    async with trio.open_nursery() as nursery:
        with trio.fail_after(20):
            listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
            origin = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
            document = CONNECT.replace("wss://voice.example.com", origin.replace("http", "ws"))
            server.documents = {"/twiml": document, "/twiml/after": HANGUP}
            handler = partial(serve_stream, handler=server.handle)
            nursery.start_soon(trio.serve_listeners, handler, listeners)
            sandbox, _ = make(dial)
            port = await nursery.start(serve, sandbox, 0)
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
                script = [{"stay_silent": 0.3}, {"say": "Hi"}, "hang_up"]
                ask = {"webhook": f"{origin}/twiml", "script": script, "wait": True}
                (call,) = (await client.post("/sandbox/calls", json=ask)).json()["calls"]
            assert call["status"] == "completed"
            assert call["violations"] == []
            assert call["greeted_at"] is not None
        nursery.cancel_scope.cancel()
