"""The second way to the same voice: one HTTP request per flush, through deepgram-sdk.

No flush limits and nothing to keep open, but few requests at once for a whole project, and a
connection that is lost with every barge-in. Knows how the SDK's failures map to ours, and the
check of the key. Refuses to know when it is used instead of the sockets.
"""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, Final

import httpx
import trio
from deepgram import AsyncDeepgramClient, DeepgramClientEnvironment
from deepgram.core.api_error import ApiError

from ..audio import RATE
from ..errors import TransientVendorError, VendorError
from ..upstream import end_from_within, refusal
from . import Flushed
from .beside import beside
from .inbox import Inbox
from .wire import MAX_TEXT, pieces

AT_ONCE: Final = 15
"""Requests a pay-as-you-go project may have in production at once."""

WAIT_SECONDS: Final = 0.3
"""For one of them to end, when all are in use: the caller hears nothing meanwhile, and another way
may be sooner."""

FLUSHES: Final = 64
"""Flushes that may wait for their request; each is at least a sentence of a reply."""

READ_SECONDS: Final = 10.0
"""Last resort on each wait for the body; the call's own deadlines are shorter."""

CLOSE_SECONDS: Final = 1.0


class HttpSpeaker:
    """A `Speaker` over HTTP. `http_client` is shared with others and closed by its owner; `limit`
    where several voices share one project."""

    def __init__(
        self,
        http_client: httpx.AsyncClient,
        *,
        api_key: str,
        base_url: str,
        voice: str,
        limit: trio.CapacityLimiter | None = None,
    ) -> None:
        self._voice = voice
        self._limit = limit or trio.CapacityLimiter(AT_ONCE)
        self._http_client = http_client
        self._api_key = api_key
        self._base_url = base_url.rstrip("/")
        environment = DeepgramClientEnvironment(
            base=self._base_url, production="", agent="", agent_rest=""
        )
        client = AsyncDeepgramClient(
            api_key=api_key,
            environment=environment,
            max_retries=0,
            httpx_client=http_client,
        )
        with warnings.catch_warnings():
            # The first use imports (250 ms) the SDK's own sockets too, and those old names.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._generate = client.speak.v1.audio.with_raw_response.generate

    async def probe(self) -> None:
        """Check that Deepgram answers and takes the key; raises our vendor errors."""
        with _mapped_errors():
            answer = await self._http_client.get(
                f"{self._base_url}/v1/auth/token",
                headers={"Authorization": f"Token {self._api_key}"},
            )
        if not answer.is_success and answer.status_code != 404:
            raise refusal("deepgram", answer.status_code, _raw(answer.headers), answer.content)

    @asynccontextmanager
    async def lease(self, speed: float = 1.0) -> AsyncIterator[HttpLease]:
        """See `Speaker.lease`. Leaving closes the connection of a request that is not done."""
        lease = HttpLease()
        async with beside(partial(self._serve, lease, speed)):
            try:
                yield lease
            finally:
                lease.inbox.close()

    async def _serve(self, lease: HttpLease, speed: float) -> None:
        async for text in lease.flushes:
            try:
                for piece in pieces(text, MAX_TEXT):
                    await self._say(piece, lease.inbox, speed)
            except VendorError as error:
                lease.fail(error)
                return
            lease.inbox.mark()

    async def _say(self, text: str, inbox: Inbox, speed: float) -> None:
        async with self._one_of_the_few():
            with _mapped_errors():
                async with self._generate(
                    text=text,
                    model=self._voice,
                    encoding="mulaw",
                    sample_rate=RATE,
                    speed=None if speed == 1.0 else speed,
                    container="none",  # otherwise the caller hears a WAV header
                    request_options={"timeout_in_seconds": round(READ_SECONDS)},
                ) as response:
                    audio = response.data
                    try:
                        async for chunk in audio:
                            await inbox.put(chunk)
                    finally:
                        with trio.CancelScope(shield=True) as closing:
                            closing.deadline = trio.current_time() + CLOSE_SECONDS
                            await end_from_within(audio)

    @asynccontextmanager
    async def _one_of_the_few(self) -> AsyncIterator[None]:
        with trio.move_on_after(WAIT_SECONDS) as patience:
            await self._limit.acquire()
        if patience.cancelled_caught:
            raise TransientVendorError("deepgram", "every HTTP request is in use")
        try:
            yield
        finally:
            self._limit.release()


class HttpLease:
    """A `Lease` over HTTP; see the protocol."""

    way = "http"

    def __init__(self) -> None:
        self.inbox = Inbox()
        self._written: list[str] = []
        self._flush_to, self.flushes = trio.open_memory_channel[str](FLUSHES)
        self._is_broken = False

    def write(self, text: str) -> None:
        self._written.append(text)

    def flush(self) -> None:
        text, self._written = " ".join(self._written), []
        if self._is_broken:
            return
        try:
            self._flush_to.send_nowait(text)
        except trio.WouldBlock:
            self.fail(TransientVendorError("deepgram", "too many flushes wait"))

    async def receive(self) -> bytes | Flushed:
        return await self.inbox.get()

    def fail(self, failure: VendorError) -> None:
        """No more will come over this lease."""
        self._is_broken = True
        self.inbox.fail(failure)


@contextmanager
def _mapped_errors() -> Iterator[None]:
    """The one table from the SDK's and httpx's errors to ours."""
    try:
        yield
    except ApiError as error:
        raise refusal(
            "deepgram", error.status_code or 0, _raw(error.headers or {}), _said(error.body)
        ) from error
    except httpx.TimeoutException as error:
        raise TransientVendorError("deepgram", "no answer in time") from error
    except httpx.ConnectError as error:
        raise TransientVendorError("deepgram", f"cannot be reached ({error})") from error
    except (httpx.HTTPError, httpx.StreamError) as error:
        raise TransientVendorError("deepgram", f"broke off ({error})") from error


def _raw(headers: Any) -> dict[bytes, bytes]:
    return {name.lower().encode(): value.encode() for name, value in headers.items()}


def _said(body: object) -> bytes:
    if isinstance(body, dict):
        body = body.get("err_msg") or body.get("message") or body
    return str(body).encode()
