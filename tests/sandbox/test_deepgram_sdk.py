"""Deepgram's official client, unmodified, speaks with the stand-in over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import trio
from deepgram import AsyncDeepgramClient, DeepgramClientEnvironment
from deepgram.core.api_error import ApiError
from deepgram.errors import BadRequestError
from deepgram.types import ErrorResponseLegacyError
from trio.testing import MockClock

from voxanne_trio.sandbox.deepgram import Deepgram
from voxanne_trio.sandbox.faults import Fault
from voxanne_trio.sandbox.memory import Network, http_transport
from voxanne_trio.sandbox.voice import ToneVoices
from voxanne_trio.sandbox.wire import serve_stream

from .rig import limited, sample, stand_in

pytestmark = pytest.mark.filterwarnings("ignore:websockets:DeprecationWarning")

BASE = "http://api.deepgram.com"
MULAW = {"model": "aura-2-thalia-en", "encoding": "mulaw", "sample_rate": 8_000}


@asynccontextmanager
async def client_of(deepgram: Deepgram, key: str = "key") -> AsyncIterator[AsyncDeepgramClient]:
    async def serve(stream: trio.abc.Stream) -> None:
        await serve_stream(stream, deepgram.handle)

    async with trio.open_nursery() as nursery:
        network = Network(nursery)
        network.listen("api.deepgram.com", serve)
        environment = DeepgramClientEnvironment(
            base=BASE, production=BASE, agent=BASE, agent_rest=BASE
        )
        async with httpx.AsyncClient(transport=http_transport(network.dial), timeout=5) as http:
            yield AsyncDeepgramClient(
                api_key=key, environment=environment, max_retries=0, httpx_client=http
            )
        nursery.cancel_scope.cancel()


async def speech(
    client: AsyncDeepgramClient, text: str, **options: object
) -> tuple[bytes, httpx.Headers]:
    """What a text sounds like, and the answer's headers."""
    asked = {**MULAW, "container": "none", **options}
    audio = b""
    generate = client.speak.v1.audio.with_raw_response.generate
    async with generate(text=text, **asked) as answer:
        async for chunk in answer.data:
            audio += chunk
        return audio, httpx.Headers(answer.headers)


async def test_speech_comes_in_the_documented_form(autojump_clock: MockClock) -> None:
    async with client_of(stand_in()) as client:
        start = trio.current_time()
        audio, headers = await speech(client, "Friday at two thirty is open.")
        assert trio.current_time() - start > 0.090
    assert audio == ToneVoices().agent("aura-2-thalia-en").say("Friday at two thirty is open.")
    recorded = sample("speak_v1_http")[1]["msg"]["headers"]
    assert set(recorded) <= set(headers)
    assert headers["dg-char-count"] == "29"
    assert headers["content-type"] == recorded["content-type"]


async def test_a_wav_header_comes_unless_it_is_declined(autojump_clock: MockClock) -> None:
    async with client_of(stand_in()) as client:
        audio, _ = await speech(client, "Yes.", container="wav")
        bare, _ = await speech(client, "Yes.")
    assert audio[:4] == b"RIFF"
    assert audio[8:16] == b"WAVEfmt "
    assert audio.endswith(bare)
    assert len(audio) == len(bare) + 46


@pytest.mark.parametrize(
    ("options", "status", "sequence"),
    [
        ({"text": " "}, 400, "speak_http_400_empty"),
        ({"model": "gpt"}, 400, "speak_http_400_model"),
        ({"sample_rate": 44_100}, 400, "speak_http_400_format"),
        ({"text": "x" * 2_001}, 413, "speak_http_413"),
    ],
)
async def test_errors_are_those_of_the_service(
    autojump_clock: MockClock, options: dict[str, object], status: int, sequence: str
) -> None:
    async with client_of(stand_in()) as client:
        with pytest.raises(ApiError) as caught:
            await speech(client, **{"text": "Hello.", **options})  # type: ignore[arg-type]
    assert caught.value.status_code == status
    recorded = sample(sequence)[0]["msg"]
    assert _body(caught.value)["err_code"] == recorded["body"]["err_code"]
    assert isinstance(caught.value, BadRequestError) == (status == 400)


def _body(error: ApiError) -> dict[str, object]:
    """The error's body, which is what the SDK's model says."""
    body = error.body if isinstance(error.body, dict) else error.body.model_dump()
    ErrorResponseLegacyError.model_validate(body)
    return dict(body)


async def test_a_wrong_key_too_many_requests_and_an_outage(autojump_clock: MockClock) -> None:
    async with client_of(stand_in(), "wrong") as client:
        with pytest.raises(ApiError) as caught:
            await speech(client, "Hello.")
    assert caught.value.status_code == 401
    async with client_of(limited(speak_requests=0)) as client:
        with pytest.raises(ApiError) as caught:
            await speech(client, "Hello.")
    assert caught.value.status_code == 429
    deepgram = stand_in()
    deepgram.faults.add(Fault(kind="speak_status", status=503))
    async with client_of(deepgram) as client:
        with pytest.raises(ApiError) as caught:
            await speech(client, "Hello.")
        assert caught.value.status_code == 503
        assert (await speech(client, "Hello."))[0]


async def test_a_body_that_stalls_and_one_that_is_cut(autojump_clock: MockClock) -> None:
    deepgram = stand_in()
    deepgram.faults.add(Fault(kind="speak_stall", after=1_000))
    deepgram.faults.add(Fault(kind="speak_cut", after=1_000))
    text = "This is a sentence that is long enough to be interrupted."
    async with client_of(deepgram) as client:
        with pytest.raises(httpx.ReadTimeout):
            await speech(client, text)
        with pytest.raises(httpx.RemoteProtocolError):
            await speech(client, text)
        assert (await speech(client, text))[0]
    assert deepgram.open["speak_request"] == 0
