"""Twilio's REST API, as far as calls without a stream need it: give a live call other TwiML.

An update says what shall be, so it can be sent twice: it is tried again after an answer that was
none (no connection, a deadline, 5xx) and after 429, which says that nothing was done. A call that
is over, or that Twilio does not know any more, needs no update. Everything else is our mistake and
raised at once. Refuses to know what the documents say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import httpx
import trio

from ..errors import PermanentVendorError, TransientVendorError, VendorError, retry_after_of

TRIES: Final = 4
TRY_SECONDS: Final = 4.0
ALL_SECONDS: Final = 15.0
FIRST_PAUSE_SECONDS: Final = 0.25
LONGEST_PAUSE_SECONDS: Final = 2.0

MOST_TWIML: Final = 4_000
"""Characters that the API takes (error 32018)."""

NOT_IN_PROGRESS: Final = 21220
NOT_FOUND: Final = 404
TOO_MANY: Final = frozenset({429, 20429})


class TwilioRest:
    """The API of one account. `http_client` is shared with others and closed by its owner;
    `jitter` gives a number from 0 to 1."""

    def __init__(
        self,
        http_client: httpx.AsyncClient,
        *,
        account_sid: str,
        auth_token: str,
        base_url: str,
        jitter: Callable[[], float],
    ) -> None:
        self._client = http_client
        self._auth = httpx.BasicAuth(account_sid, auth_token)
        self._calls = f"{base_url}/2010-04-01/Accounts/{account_sid}/Calls"
        self._jitter = jitter

    async def update_call(self, call_sid: str, document: str) -> bool:
        """Have a live call execute this document now; False when there is no such call any more.

        Takes `ALL_SECONDS` at most. Raises `TransientVendorError` when every try has failed, and
        `PermanentVendorError` for a refusal. Cancelled half-way, the update may have been done.
        """
        if len(document) > MOST_TWIML:
            raise PermanentVendorError("twilio", f"TwiML of {len(document)} characters")
        failure: VendorError = TransientVendorError("twilio", "no answer in time")
        pause = FIRST_PAUSE_SECONDS
        with trio.move_on_after(ALL_SECONDS):
            for attempt in range(TRIES):
                if attempt:
                    await trio.sleep(max(pause * (0.5 + self._jitter()), failure.retry_after or 0))
                    pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                try:
                    return await self._update(call_sid, {"Twiml": document})
                except TransientVendorError as error:
                    failure = error
        raise failure

    async def _update(self, call_sid: str, form: dict[str, str]) -> bool:
        url = f"{self._calls}/{call_sid}.json"
        try:
            with trio.fail_after(TRY_SECONDS):
                response = await self._client.post(url, data=form, auth=self._auth)
        except (trio.TooSlowError, httpx.TimeoutException) as error:
            raise TransientVendorError("twilio", "no answer in time") from error
        except httpx.HTTPError as error:
            raise TransientVendorError("twilio", f"cannot be reached ({error})") from error
        if response.is_success:
            return True
        code, said = _said(response)
        if response.status_code == NOT_FOUND or code == NOT_IN_PROGRESS:
            return False
        raise _refusal(response, code, said)


def _said(response: httpx.Response) -> tuple[int | None, str]:
    """Twilio's own code and message, where the body has them."""
    try:
        body: Any = response.json()
    except ValueError:
        return None, "refused"
    if not isinstance(body, dict):
        return None, "refused"
    code = body.get("code")
    return (code if isinstance(code, int) else None), str(body.get("message") or "refused")


def _refusal(response: httpx.Response, code: int | None, said: str) -> VendorError:
    status = response.status_code
    again = status >= 500 or status in TOO_MANY or code in TOO_MANY or status == 408
    return (TransientVendorError if again else PermanentVendorError)(
        "twilio",
        f"{said} ({code})" if code else said,
        status=status,
        request_id=response.headers.get("twilio-request-id"),
        retry_after=retry_after_of(response.headers.get("retry-after", "")),
    )
