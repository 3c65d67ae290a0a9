"""HTTP requests take turns: whole ones only, and a few at a time.

A request costs the loop a millisecond or two; where many come at once, each step of the loop would
be as long as all of them together, and every call on the line would hear it. So the application
gets a request when its body is there, which costs nobody a turn however long it takes, and when
fewer than `AT_ONCE` others are waiting for an answer; who comes first is answered first. An answer
that has begun takes no turn, and may last; nor does one that only waits for something, once the
application has said so. Refuses to know what is asked.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

import trio

AT_ONCE: Final = 8
BODY_BYTES: Final = 65_536
BODY_SECONDS: Final = 10.0

_TURN: Final = "voxanne.turn"
"""Where the application finds its turn among the extensions of its scope."""


def only_waits(scope: Any) -> None:
    """The request of that scope costs nobody a turn from here on: a database may be slow."""
    if (is_over := (scope.get("extensions") or {}).get(_TURN)) is not None:
        is_over()


class InTurn:
    """An ASGI application that answers so many HTTP requests at once, and all else at once."""

    def __init__(
        self, app: Any, *, body_bytes: int = BODY_BYTES, body_seconds: float = BODY_SECONDS
    ) -> None:
        self._app = app
        self._body_bytes = body_bytes
        self._body_seconds = body_seconds
        self._turns = trio.CapacityLimiter(AT_ONCE)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if not _is_target(scope.get("path", "/")):
            await _turn_away(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            with trio.fail_after(self._body_seconds):
                body = await self._body(scope, receive)
        except trio.TooSlowError:
            await _refuse(send, 408)
            return
        if body is None:
            await _refuse(send, 413)
            return
        turn = _Turn(self._turns)
        await self._turns.acquire_on_behalf_of(turn)
        extensions = {**(scope.get("extensions") or {}), _TURN: turn.is_over}
        scope = {**scope, "extensions": extensions}
        try:
            await self._app(scope, _after(body, receive), turn.over_with(send))
        finally:
            turn.is_over()

    async def _body(self, scope: Any, receive: Any) -> list[Any] | None:
        """The messages that a request consists of; None for one that is too long."""
        length = dict(scope["headers"]).get(b"content-length", b"")
        if length.isdigit() and int(length) > self._body_bytes:
            return None
        messages, size = [], 0
        while True:
            message = await receive()
            messages.append(message)
            size += len(message.get("body") or b"")
            if size > self._body_bytes:
                return None
            if not message.get("more_body"):
                return messages


class _Turn:
    """One request's."""

    def __init__(self, turns: trio.CapacityLimiter) -> None:
        self._turns: trio.CapacityLimiter | None = turns

    def over_with(self, send: Any) -> Any:
        """`send`, which ends the turn as the answer begins."""

        async def send_and_end(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.is_over()
            await send(message)

        return send_and_end

    def is_over(self) -> None:
        """Another's turn comes. A second time does nothing."""
        if self._turns is not None:
            self._turns.release_on_behalf_of(self)
            self._turns = None


def _after(messages: list[Any], receive: Any) -> Any:
    async def receive_again() -> Any:
        if messages:
            await trio.lowlevel.checkpoint()
            return messages.pop(0)
        return await receive()

    return receive_again


def _is_target(path: str) -> bool:
    """Whether Quart can read it: a path, or a whole URL, which a proxy may send."""
    try:
        return path.startswith("/") or bool(urlsplit(path).path)
    except ValueError:
        return False


async def _turn_away(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await _refuse(send, 400)
        return
    await receive()  # websocket.connect
    await send({"type": "websocket.close", "code": 1008, "reason": ""})


async def _refuse(send: Any, status: int) -> None:
    headers = [(b"content-length", b"0"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
