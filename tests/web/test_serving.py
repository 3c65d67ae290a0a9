"""The server's life: ports, banner, vendors at the start, and stopping step by step."""

import signal
from collections.abc import Awaitable
from typing import Any

import attrs
import pytest
import trio

from voxanne_trio.errors import ConfigurationError, PermanentVendorError, TransientVendorError
from voxanne_trio.telephony.media_stream import MediaSocket
from voxanne_trio.web.serving import banner, listen, serve, with_public_url

from .live import BOUND, Caller, live_server
from .support import SETTINGS, FakeServices, echo


def test_what_the_banner_tells() -> None:
    lines = banner(SETTINGS, "Bone & Joint", 8123)
    text = "\n".join(lines)
    for fact in (
        "Voxanne 0.",
        "flux",
        "openai/gpt-oss-20b",
        "aura-2-thalia-en",
        "Bone & Joint",
        "8123",
        "POST https://voice.example.com/twiml",
    ):
        assert fact in text
    assert "dg" not in text.split()


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:81"),
        ("::1", "http://[::1]:81"),
        ("0.0.0.0", "http://127.0.0.1:81"),
    ],
)
def test_a_local_server_is_its_own_public_url(host: str, url: str) -> None:
    settings = attrs.evolve(SETTINGS, public_url="", host=host)
    assert with_public_url(settings, 81).public_url == url
    assert with_public_url(SETTINGS, 81) is SETTINGS


@pytest.mark.sockets
def test_a_port_in_use_is_one_clear_line() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"^Port {port} on 127.0.0.1 is in use"):
            listen("127.0.0.1", port)
    with pytest.raises(ConfigurationError, match="cannot listen"):
        listen("192.0.2.1", 0)


def serving(services: FakeServices) -> Awaitable[int]:
    return serve(SETTINGS, lambda _: services, answer=echo, signals=())


@pytest.mark.sockets
async def test_a_refused_key_ends_it() -> None:
    refused = PermanentVendorError("groq", "invalid api key", status=401)
    services = FakeServices(vendors={"groq": refused})
    with trio.fail_after(BOUND), pytest.raises(ConfigurationError) as problem:
        await serving(services)
    assert str(problem.value) == "groq: invalid api key, status 401"
    assert not services.running


@pytest.mark.sockets
async def test_settings_that_cannot_be_used_end_it() -> None:
    def compose(settings: object) -> FakeServices:
        raise ConfigurationError("VOXANNE_CLINIC: nowhere.toml cannot be read")

    with trio.fail_after(BOUND), pytest.raises(ConfigurationError) as problem:
        await serve(SETTINGS, compose, signals=())
    assert str(problem.value) == "Cannot start: VOXANNE_CLINIC: nowhere.toml cannot be read"


@pytest.mark.sockets
async def test_an_unreachable_vendor_does_not() -> None:
    services = FakeServices(vendors={"groq": TransientVendorError("groq", "cannot be reached")})
    async with live_server(services=services) as live:
        assert await live.get("/readyz") == 200


@pytest.mark.sockets
async def test_failing_services_end_it_with_code_1() -> None:
    with trio.fail_after(BOUND):
        assert await serving(FakeServices(fail_after=0.05)) == 1


@pytest.mark.sockets
async def test_a_signal_drains() -> None:
    """The first signal refuses new calls and lets the live one go on; the server ends with it."""
    async with live_server(signals=(signal.SIGUSR1,)) as live:
        async with Caller.ring(live) as caller:
            signal.raise_signal(signal.SIGUSR1)
            await live.draining()
            await caller.say("still here")
            assert await caller.hear() == "still here"
            async with await live.connect() as late:
                await late.send_all(live.upgrade(live.media_path(another_replica=True)))
                assert b" 503 " in bytes(await late.receive_some())
        with trio.fail_after(BOUND):
            assert await live.ended() == 0
        with pytest.raises(OSError):
            await live.connect()


@pytest.mark.sockets
async def test_a_call_that_stays_is_cut_politely() -> None:
    async def deaf(socket: MediaSocket, services: Any, call_sid: str) -> None:
        await trio.sleep_forever()

    async with live_server(deaf, signals=(signal.SIGUSR1,)) as live, Caller.ring(live) as caller:
        signal.raise_signal(signal.SIGUSR1)
        await live.draining()
        signal.raise_signal(signal.SIGUSR1)
        assert await caller.until_closed() == 1001
        with trio.fail_after(BOUND):
            assert await live.ended() == 0
