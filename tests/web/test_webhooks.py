"""Webhooks and health through Quart's test client, in virtual time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any
from xml.etree import ElementTree as ET

import attrs
import pytest
from trio.testing import MockClock

from voxanne_trio import __version__
from voxanne_trio.errors import PermanentVendorError, TransientVendorError
from voxanne_trio.events import Sensitive
from voxanne_trio.records import CallRecord, TurnRecord
from voxanne_trio.settings import Settings
from voxanne_trio.telephony import twiml
from voxanne_trio.web.application import VoxanneApp, create_app

from .support import CALL, NOW, PUBLIC, SETTINGS, FakeServices, echo, post


@asynccontextmanager
async def running(
    services: FakeServices | None = None, settings: Settings = SETTINGS
) -> AsyncIterator[VoxanneApp]:
    """The application between startup and shutdown."""
    chosen, numbers = services or FakeServices(), count()
    app = create_app(
        settings,
        lambda _: chosen,
        answer=echo,
        wall_clock=lambda: NOW,
        entropy=lambda length: next(numbers).to_bytes(length, "big"),
    )
    async with app.test_app():
        yield app


async def test_who_we_are(autojump_clock: MockClock) -> None:
    async with running() as app:
        await app.desk.probed.wait()
        answer = await app.test_client().get("/")
        assert await answer.get_json() == {
            "service": "voxanne",
            "status": "ready",
            "version": __version__,
        }


async def test_services_live_as_long_as_the_server(autojump_clock: MockClock) -> None:
    services = FakeServices()
    async with running(services):
        assert services.running
    assert not services.running


async def test_readiness(autojump_clock: MockClock) -> None:
    services = FakeServices()
    app = create_app(SETTINGS, lambda _: services, answer=echo)
    client = app.test_client()
    assert (await client.get("/healthz")).status_code == 200
    starting = await client.get("/readyz")
    assert (starting.status_code, (await starting.get_json())["status"]) == (503, "starting")
    async with app.test_app():
        await app.desk.probed.wait()
        assert (await client.get("/readyz")).status_code == 200
        app.desk.draining = True
        draining = await client.get("/readyz")
        assert (draining.status_code, (await draining.get_json())["status"]) == (503, "draining")
        assert (await client.get("/healthz")).status_code == 200


async def test_a_failing_vendor_is_named_until_it_is_back(autojump_clock: MockClock) -> None:
    services = FakeServices(vendors={"groq": TransientVendorError("groq", "cannot be reached")})
    async with running(services) as app:
        await app.desk.probed.wait()
        answer = await app.test_client().get("/readyz")
        assert answer.status_code == 200
        assert (await answer.get_json())["failing_vendors"] == {"groq": "groq: cannot be reached"}
        services.vendors = {"groq": None}
        autojump_clock.jump(30)
        while services.probes < 2:
            await app.test_client().get("/healthz")
        answer = await app.test_client().get("/readyz")
        assert (await answer.get_json())["failing_vendors"] == {}
        assert not app.desk.refused_vendors()


async def test_records_that_cannot_be_written_are_named(autojump_clock: MockClock) -> None:
    services = FakeServices()
    async with running(services) as app:
        await app.desk.probed.wait()
        for failure in (None, "for 3 s: connection refused; 2 waiting, 0 lost"):
            services.records.failure = failure
            answer = await app.test_client().get("/readyz")
            assert answer.status_code == 200
            assert (await answer.get_json())["failing_records"] == failure


async def test_refused_keys_are_told_apart(autojump_clock: MockClock) -> None:
    refused = PermanentVendorError("deepgram", "wrong key", status=401)
    async with running(FakeServices(vendors={"deepgram": refused, "groq": None})) as app:
        await app.desk.probed.wait()
        assert app.desk.refused_vendors() == ["deepgram: wrong key, status 401"]


async def test_an_incoming_call_gets_a_stream_of_its_own(autojump_clock: MockClock) -> None:
    async with running() as app:
        answer = await post(app.test_client(), "/twiml", CallSid=CALL, From="+15005550100")
        assert answer.status_code == 200
        assert answer.content_type == twiml.CONTENT_TYPE
        (connect,) = ET.fromstring(await answer.get_data(as_text=True))
        assert connect.get("action") == f"{PUBLIC}/twiml/after"
        (stream,) = connect
        assert stream.get("statusCallback") == f"{PUBLIC}/twilio/stream"
        path, _, ticket = (stream.get("url") or "").rpartition("/")
        assert path == "wss://voice.example.com/ws/media-stream"
        assert app.desk.tickets.take(ticket).call_sid == CALL


async def test_all_lines_busy_is_said_politely(autojump_clock: MockClock) -> None:
    settings = attrs.evolve(SETTINGS, max_calls=1)
    async with running(settings=settings) as app:
        with app.desk.calls.taking_one():
            answer = await post(app.test_client(), "/twiml", CallSid=CALL)
            assert "busy" in await answer.get_data(as_text=True)
        answer = await post(app.test_client(), "/twiml", CallSid=CALL)
        assert "<Connect" in await answer.get_data(as_text=True)


async def test_of_many_that_ring_at_once_no_more_are_connected_than_there_are_lines(
    autojump_clock: MockClock,
) -> None:
    async with running(settings=attrs.evolve(SETTINGS, max_calls=2)) as app:
        connected = []
        for n in range(4):
            answer = await post(app.test_client(), "/twiml", CallSid=f"{CALL[:-1]}{n}")
            connected.append("<Connect" in await answer.get_data(as_text=True))
        assert connected == [True, True, False, False]


async def test_a_draining_server_takes_no_call_and_still_says_what_becomes_of_one(
    autojump_clock: MockClock,
) -> None:
    async with running() as app:
        app.desk.draining = True
        assert (await post(app.test_client(), "/twiml", CallSid=CALL)).status_code == 503
        assert (await post(app.test_client(), "/twiml/after", CallSid=CALL)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        *("/twiml", "/twiml/after", "/twiml/after?stream=2&at=1", "/twiml/whisper?call=CA1"),
        *("/twilio/status", "/twilio/stream", "/twilio/recording"),
    ],
)
async def test_nobody_but_twilio(path: str, autojump_clock: MockClock) -> None:
    async with running() as app:
        client = app.test_client()
        for headers in ({}, {"X-Twilio-Signature": ""}, {"X-Twilio-Signature": "AAAA"}):
            answer = await client.post(path, form={"CallSid": CALL}, headers=headers)
            assert answer.status_code == 403
        assert (await post(client, path, "another token", CallSid=CALL)).status_code == 403
        flood = await client.post(path, data="&".join(f"a{n}=1" for n in range(300)))
        assert flood.status_code == 403
        assert (await client.post(path, data=b"x" * 70_000)).status_code == 413
        assert (await client.get(path)).status_code == 405


async def test_a_query_is_part_of_what_is_signed(autojump_clock: MockClock) -> None:
    async with running() as app:
        answer = await post(app.test_client(), "/twiml?clinic=a%20b&x", CallSid=CALL)
        assert answer.status_code == 200


async def test_a_webhook_without_a_call_is_refused(autojump_clock: MockClock) -> None:
    async with running() as app:
        assert (await post(app.test_client(), "/twiml")).status_code == 400
        assert (await post(app.test_client(), "/twiml", CallSid="x y")).status_code == 400


@pytest.mark.parametrize("event", ["stream-started", "stream-error", ""])
async def test_what_is_only_told_us(event: str, autojump_clock: MockClock) -> None:
    async with running() as app:
        client = app.test_client()
        streamed = await post(client, "/twilio/stream", CallSid=CALL, StreamEvent=event)
        ended = await post(client, "/twilio/status", CallSid=CALL, CallStatus="completed")
        assert (streamed.status_code, ended.status_code) == (204, 204)


def a_call() -> CallRecord:
    turn = TurnRecord(
        caller=Sensitive("Hello?"),
        agent="Hi.",
        heard="Hi.",
        interrupted=False,
        latency_ms={},
        timeline={},
    )
    return CallRecord(call_sid=CALL, stream_sid="MZ1", started_at=NOW, turns=[turn])


HERE: dict[str, Any] = {"scope_base": {"client": ("127.0.0.1", 9)}}
ELSEWHERE: dict[str, Any] = {"scope_base": {"client": ("203.0.113.9", 9)}}


@pytest.mark.parametrize(
    ("token", "where", "headers", "status"),
    [
        ("", HERE, {}, 200),
        ("", HERE, {"Host": "127.0.0.1:8000"}, 200),
        ("", HERE, {"Host": "voice.example.com"}, 403),
        ("", HERE, {"X-Forwarded-For": "203.0.113.9"}, 403),
        ("", HERE, {"Cf-Connecting-Ip": "203.0.113.9"}, 403),
        ("", ELSEWHERE, {}, 403),
        ("", ELSEWHERE, {"Authorization": "Bearer "}, 403),
        ("tok", ELSEWHERE, {"Authorization": "Bearer tok"}, 200),
        ("tok", ELSEWHERE, {"Authorization": "bearer tok", "Host": "voice.example.com"}, 200),
        ("tok", ELSEWHERE, {"Authorization": "Bearer tokk"}, 403),
        ("tok", ELSEWHERE, {"Authorization": "Basic tok"}, 403),
        ("tok", HERE, {"Authorization": "Bearer é"}, 403),
        ("tok", HERE, {}, 200),
    ],
)
async def test_call_data_is_for_the_operator(
    token: str,
    where: dict[str, Any],
    headers: dict[str, str],
    status: int,
    autojump_clock: MockClock,
) -> None:
    services = FakeServices()
    services.records.call_started(a_call())
    async with running(services, attrs.evolve(SETTINGS, operator_token=token)) as app:
        client = app.test_client()
        answer = await client.get(f"/calls/{CALL}", headers=headers, **where)
        assert answer.status_code == status
        if status == 200:
            assert (await answer.get_json())["turns"][0]["caller"] == "Hello?"
            missing = await client.get("/calls/CA9", headers=headers, **where)
            assert missing.status_code == 404
