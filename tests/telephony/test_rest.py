"""Twilio's REST: what is tried again, what counts as done, what is raised."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

import attrs
import httpx
import pytest
import trio
from trio.testing import MockClock

from voxanne_trio.errors import PermanentVendorError, TransientVendorError
from voxanne_trio.telephony.rest import ALL_SECONDS, TwilioRest

DOCUMENT = '<Response><Dial action="https://v.example/after?a=1&amp;b=2"/></Response>'


@attrs.define(eq=False)
class Api(httpx.AsyncBaseTransport):
    """Answers with these in order, the last for ever: a status and a body, an error, or silence."""

    answers: list[tuple[int, object] | Exception | None]
    asked: list[tuple[float, httpx.Request]] = attrs.field(factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.asked.append((trio.current_time(), request))
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if answer is None:
            await trio.sleep_forever()
        if isinstance(answer, Exception):
            raise answer
        assert answer is not None
        status, body = answer
        if isinstance(body, str):
            return httpx.Response(status, text=body, request=request)
        return httpx.Response(status, json=body, request=request)


@asynccontextmanager
async def rest(
    *answers: tuple[int, object] | Exception | None,
) -> AsyncIterator[tuple[TwilioRest, Api]]:
    api = Api(list(answers))
    async with httpx.AsyncClient(transport=api) as client:
        yield (
            TwilioRest(
                client,
                account_sid="AC1",
                auth_token="secret",
                base_url="https://api.twilio.test",
                jitter=lambda: 0.5,
            ),
            api,
        )


async def test_a_live_call_gets_the_document(autojump_clock: MockClock) -> None:
    async with rest((200, {"sid": "CA1"})) as (twilio, api):
        assert await twilio.update_call("CA1", DOCUMENT)
        ((_, request),) = api.asked
        assert str(request.url) == "https://api.twilio.test/2010-04-01/Accounts/AC1/Calls/CA1.json"
        assert parse_qs(request.content.decode()) == {"Twiml": [DOCUMENT]}
        given = request.headers["authorization"].removeprefix("Basic ")
        assert base64.b64decode(given) == b"AC1:secret"


@pytest.mark.parametrize(
    "failure",
    [
        (429, {"code": 20429, "message": "Too many"}),
        (400, {"code": 20429, "message": "Too many"}),
        (503, "<html>"),
        (500, ["no object"]),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("late"),
        None,
    ],
)
async def test_what_passes_is_tried_again(
    failure: tuple[int, object] | Exception | None, autojump_clock: MockClock
) -> None:
    async with rest(failure, failure, (200, {})) as (twilio, api):
        assert await twilio.update_call("CA1", DOCUMENT)
        assert len(api.asked) == 3
        if failure is not None:
            first, second, third = (at for at, _ in api.asked)
            assert [second - first, third - second] == pytest.approx([0.25, 0.5])


@pytest.mark.parametrize(
    "answer",
    [(404, {"code": 20404, "message": "gone"}), (400, {"code": 21220}), (404, "")],
)
async def test_a_call_that_is_over_needs_no_update(
    answer: tuple[int, object], autojump_clock: MockClock
) -> None:
    async with rest(answer) as (twilio, api):
        assert not await twilio.update_call("CA1", DOCUMENT)
        assert len(api.asked) == 1


async def test_a_refusal_is_not_tried_again(autojump_clock: MockClock) -> None:
    async with rest((401, {"code": 20003, "message": "Authenticate"})) as (twilio, api):
        with pytest.raises(PermanentVendorError, match=r"Authenticate \(20003\), status 401"):
            await twilio.update_call("CA1", DOCUMENT)
        with pytest.raises(PermanentVendorError, match="4001 characters"):
            await twilio.update_call("CA1", "x" * 4_001)
        assert len(api.asked) == 1


@pytest.mark.parametrize("failure", [None, (503, ""), httpx.ConnectError("refused")])
async def test_what_does_not_pass_is_raised_in_bounded_time(
    failure: tuple[int, object] | Exception | None, autojump_clock: MockClock
) -> None:
    async with rest(failure) as (twilio, api):
        before = trio.current_time()
        with pytest.raises(TransientVendorError):
            await twilio.update_call("CA1", DOCUMENT)
        assert trio.current_time() - before <= ALL_SECONDS
        assert len(api.asked) <= 4
