"""The model's side of a reply: one streamed chat completion through the groq SDK.

The SDK builds the request and raises the errors of an answer that never began; the body is read
plainly (`ChatStream`), without a model built per chunk. Knows how Groq's failures map to ours.
Refuses to know which model comes next, how long a caller can wait, or what is said: that is the
call's. No retries here: a live turn has no time for them.
"""

from __future__ import annotations

import logging
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, Self

import groq
import groq._base_client as groq_base
import httpx
import trio

from ..errors import TransientVendorError, VendorError, retry_after_of
from ..upstream import end_from_within
from .chat_stream import ChatStream, vendor_error
from .quota import Quota, Thrift
from .thoughts import ThinkingRequest, Thought, Words

TIMEOUT: Final = httpx.Timeout(connect=4.0, read=15.0, write=5.0, pool=2.0)
"""Last resort on each network wait, seconds; the call's own deadlines are shorter."""

LAST_BYTES_SECONDS: Final = 0.2
"""After `[DONE]`: for the end of the body, so that the connection can be used again."""

CLOSE_SECONDS: Final = 1.0

HURRIED_CHARACTERS: Final = 160
"""A first sentence is over by then, and speaking it takes seconds: what follows can be read in
larger pieces. Waiting for a token costs more than reading it."""

REST_SECONDS: Final = 0.025
WAITED_SECONDS: Final = 0.001
"""What a read takes that had to wait: then all has been read that was there."""

GROQ: Final = "groq"
_GROQ_PATH: Final = "/openai/v1"

logging.getLogger("groq").setLevel(logging.INFO)  # its debug lines hold the caller's words


class _Client(groq.AsyncGroq):
    """The SDK, which puts a request's address together once, not with each request (0.1 ms)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._addresses: dict[str, httpx.URL] = {}

    def _prepare_url(self, url: str) -> httpx.URL:  # the SDK has no public hook for paths
        if url not in self._addresses:
            self._addresses[url] = super()._prepare_url(self._path(url))
        return self._addresses[url]

    def _path(self, url: str) -> str:
        return url


class _Elsewhere(_Client):
    """For a server whose base URL has its own path: `https://api.openai.com/v1`."""

    def _path(self, url: str) -> str:
        return url.removeprefix(_GROQ_PATH)


class GroqThinker:
    """A `Thinker` on Groq, or on any other server with `/openai/v1/chat/completions`.

    `base_url` is the origin alone; for another `vendor` it is the whole base URL, to which
    `/chat/completions` is added. `http_client` is shared with others and closed by its owner.
    """

    def __init__(
        self,
        http_client: httpx.AsyncClient,
        *,
        api_key: str,
        base_url: str,
        max_completion_tokens: int,
        temperature: float,
        vendor: str = GROQ,
    ) -> None:
        self._vendor = vendor
        self._max_completion_tokens = max_completion_tokens
        self._temperature = temperature
        sdk = _Client if vendor == GROQ else _Elsewhere
        self._client = sdk(
            api_key=api_key,
            base_url=base_url,
            http_client=http_client,
            max_retries=0,
            timeout=TIMEOUT,
        )
        self._quotas: defaultdict[str, Quota] = defaultdict(Quota)  # limits are by model
        # Otherwise the first request asks for it in a worker thread.
        self._client._platform = groq_base.get_platform()

    def thrift(self, model: str) -> Thrift:
        """See `Thinker.thrift`."""
        return self._quotas[model].thrift(trio.current_time())

    def prewarm(self) -> None:
        """Import what the SDK imports on first use (50-120 ms): at start, not in a call."""
        _ = self._client.chat.completions.with_streaming_response.create
        _ = self._client.models.with_raw_response.list

    async def probe(self) -> None:
        """Check that the server answers and takes the key; raises our vendor errors.

        A server that has no list of models answers 404, which proves as much.
        """
        with self._mapped_errors():
            try:
                await self._client.models.with_raw_response.list()
            except groq.NotFoundError:
                return

    @asynccontextmanager
    async def think(self, request: ThinkingRequest) -> AsyncIterator[AsyncIterator[Thought]]:
        """See `Thinker.think`."""
        create = self._client.chat.completions.with_streaming_response.create
        try:
            with self._mapped_errors():
                opening = create(**self._parameters(request))
                response = await opening.__aenter__()
        except VendorError as error:
            if error.status == 429:
                self._quotas[request.model].refused(error.retry_after, trio.current_time())
            raise
        self._quotas[request.model].read(response.headers, trio.current_time())
        thoughts = _Thoughts(self, response.iter_bytes())
        try:
            yield thoughts
        finally:
            with trio.CancelScope(shield=True, deadline=trio.current_time() + CLOSE_SECONDS):
                await end_from_within(thoughts.body)
                await response.close()

    def _parameters(self, request: ThinkingRequest) -> dict[str, Any]:
        # What has a type the SDK walks, lists for 2 ms and more; this it takes as given.
        as_given: dict[str, Any] = {
            "messages": list(request.messages),
            "max_completion_tokens": self._max_completion_tokens,
            "temperature": self._temperature,
            "stream_options": {"include_usage": True},
        }
        if "gpt-oss" in request.model:  # always reasons; other models may refuse both
            as_given["reasoning_effort"] = "low"
            if self._vendor == GROQ:
                as_given["include_reasoning"] = False
        if request.tools:
            as_given |= {
                "tools": list(request.tools),
                "tool_choice": "auto",
                "parallel_tool_calls": False,
            }
        return {"model": request.model, "messages": [], "stream": True, "extra_body": as_given}

    @contextmanager
    def _mapped_errors(self) -> Iterator[None]:
        """The one table from the SDK's and httpx's errors to ours."""
        vendor = self._vendor
        try:
            yield
        except groq.APIStatusError as error:
            raise _from_status(vendor, error) from error
        except (groq.APITimeoutError, httpx.TimeoutException) as error:
            raise TransientVendorError(vendor, "no answer in time") from error
        except groq.APIConnectionError as error:
            reason = f"cannot be reached ({error.__cause__ or error})"
            raise TransientVendorError(vendor, reason) from error
        except (groq.APIError, httpx.HTTPError, httpx.StreamError) as error:
            raise TransientVendorError(vendor, f"broke off ({error})") from error


class _Thoughts:
    """The reply's iterator; a class, so that nothing is ever suspended inside a scope."""

    def __init__(self, thinker: GroqThinker, body: AsyncIterator[bytes]) -> None:
        self.body = body
        self._thinker = thinker
        self._stream = ChatStream(thinker._vendor)
        self._ready: deque[Thought] = deque()  # what one read of the body has brought
        self._characters = 0
        self._has_waited = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Thought:
        while not self._ready:
            if self._stream.failure:
                raise self._stream.failure
            if self._stream.finished:
                with trio.move_on_after(LAST_BYTES_SECONDS):
                    await self._read()
                raise StopAsyncIteration
            if self._has_waited and self._characters >= HURRIED_CHARACTERS:
                await trio.sleep(REST_SECONDS)
            began = trio.current_time()
            self._ready.extend(await self._read())
            self._has_waited = trio.current_time() - began >= WAITED_SECONDS
        thought = self._ready.popleft()
        if isinstance(thought, Words):
            self._characters += len(thought.text)
        return thought

    async def _read(self) -> list[Thought]:
        try:
            with self._thinker._mapped_errors():
                data = await anext(self.body, None)
        except VendorError:
            if not self._stream.is_complete:
                raise
            data = None
        return self._stream.end() if data is None else self._stream.receive(data)


def _from_status(vendor: str, error: groq.APIStatusError) -> VendorError:
    body = error.body if isinstance(error.body, dict) else {}
    said = body.get("error", body)
    said = said if isinstance(said, dict) else {}
    return vendor_error(
        vendor,
        str(said.get("message") or "refused"),
        status=error.status_code,
        code=str(said.get("code") or ""),
        request_id=error.response.headers.get("x-request-id"),
        retry_after=retry_after_of(error.response.headers.get("retry-after", "")),
    )
