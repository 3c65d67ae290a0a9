"""How Deepgram refuses a request: a status, `dg-error`, and a JSON body in the form used there."""

from __future__ import annotations

from typing import Any

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


async def refuse(exchange: Exchange, refusal: Refusal, request_id: str) -> None:
    """Answer with a refusal."""
    headers = [("dg-request-id", request_id), ("dg-error", refusal.message)]
    await exchange.respond(refusal.status, refusal.body(request_id), headers)
