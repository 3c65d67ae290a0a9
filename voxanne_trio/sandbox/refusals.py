"""How Deepgram refuses a request: a status, `dg-error`, and a JSON body in the form used there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from .wire import Exchange


@attrs.frozen
class Refusal(Exception):
    """A request that is not served, and the answer it gets."""

    status: int
    code: str
    message: str

    def body(self, request_id: str) -> dict[str, Any]:
        return {"err_code": self.code, "err_msg": self.message, "request_id": request_id}


def bad_parameter(message: str) -> Refusal:
    return Refusal(400, "INVALID_QUERY_PARAMETER", message)


def undecodable(message: str) -> Refusal:
    return bad_parameter(f"Failed to deserialize query parameters: {message}")


def no_such_model() -> Refusal:
    text = "No such model/version combination found."
    return Refusal(400, "Bad Request", f"Bad Request: {text}")


def not_authorised() -> Refusal:
    return Refusal(401, "INVALID_AUTH", "Invalid credentials.")


def too_many() -> Refusal:
    return Refusal(429, "TOO_MANY_REQUESTS", "Too many requests. Please try again later")


def unavailable() -> Refusal:
    return Refusal(503, "Service Unavailable", "Please try again later")


def of_status(status: int) -> Refusal:
    """A refusal with that status, as the service words it."""
    known = {401: not_authorised, 429: too_many, 503: unavailable}
    if status in known:
        return known[status]()
    code, message = _OTHERS.get(status, ("INTERNAL_SERVER_ERROR", "Internal server error."))
    return Refusal(status, code, message)


_OTHERS: Final[Mapping[int, tuple[str, str]]] = {
    402: ("ASR_PAYMENT_REQUIRED", "Project does not have enough credits for an ASR request."),
    403: ("INSUFFICIENT_PERMISSIONS", "User does not have sufficient permissions."),
    413: ("PAYLOAD_TOO_LARGE", "Input text exceeds maximum character limit of 2000."),
}


async def refuse(exchange: Exchange, refusal: Refusal, request_id: str) -> None:
    """Answer with a refusal."""
    headers = [("dg-request-id", request_id), ("dg-error", refusal.message)]
    await exchange.respond(refusal.status, refusal.body(request_id), headers)
