"""What goes out on a socket, one message after another.

A cancelled send may leave half a frame behind, and the socket is then broken. So nobody waits in a
send but the session's writer, which lives as long as the socket; everyone else posts control
messages, which go out before the next audio. They are posted without waiting and are never dropped
while the socket lives. Audio has no queue here: what the peer does not take yet stays in the ring.
While the writer has nothing to do, audio may be written past it, as far as the kernel takes it at
once; what is left of a message is the writer's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Final

import trio
import trio_websocket

from ..errors import PermanentVendorError, TransientVendorError, VendorError
from ..line import flush_messages, send_audio, write_message

_CONTROL_MESSAGES: Final = 64
_SEND_SECONDS: Final = 1.5
"""A peer that takes no message for so long has stopped reading."""


class Outbound:
    """The way out of one socket. `posted` is called when there is something for the writer."""

    def __init__(self, posted: Callable[[], None]) -> None:
        self.between_messages = True
        """Whether the last message was written whole, so that another may follow."""
        self._posted = posted
        self._control: deque[str] = deque()

    def control(self, message: str) -> bool:
        """Send a message before the next audio; False when the peer takes nothing."""
        if len(self._control) >= _CONTROL_MESSAGES:
            return False
        self._control.append(message)
        self._posted()
        return True

    def is_free(self, socket: trio_websocket.WebSocketConnection) -> bool:
        """Whether `write_audio` may write."""
        return self.between_messages and not self._control and not socket.closed

    def write_audio(self, socket: trio_websocket.WebSocketConnection, batch: bytes) -> None:
        """Send a batch past the writer, which waits for something to do; only when it is free."""
        self.between_messages = write_message(socket, batch)
        if not self.between_messages:
            self._posted()

    async def send_control(self, socket: trio_websocket.WebSocketConnection) -> None:
        """Send what is left of a batch, and what was posted; for the writer. Raises as `send_audio`
        does."""
        if not self.between_messages:
            await self._send(flush_messages(socket, _SEND_SECONDS))
        while self._control:
            await self._send(_send_text(socket, self._control.popleft()))

    async def send_audio(self, socket: trio_websocket.WebSocketConnection, batch: bytes) -> None:
        """Send a batch; for the writer. Raises `VendorError` when the socket is gone or stuck."""
        await self._send(send_audio(socket, batch, _SEND_SECONDS))

    async def _send(self, message: Coroutine[Any, Any, None]) -> None:
        self.between_messages = False
        try:
            await message
        except trio.TooSlowError as error:
            raise TransientVendorError("deepgram", "takes no more audio") from error
        except trio_websocket.ConnectionClosed as error:
            raise closed(error) from error
        self.between_messages = True


async def _send_text(socket: trio_websocket.WebSocketConnection, message: str) -> None:
    with trio.fail_after(_SEND_SECONDS):
        await socket.send_message(message)


def closed(error: trio_websocket.ConnectionClosed) -> VendorError:
    """What a close of a listen socket means. No audio of ours will ever suit `DATA-0000`."""
    if (reason := error.reason) is None:
        return TransientVendorError("deepgram", "socket closed")
    said = f"socket closed: {reason.reason or reason.name}"
    if "DATA-0000" in said:
        return PermanentVendorError("deepgram", said, status=reason.code)
    return TransientVendorError("deepgram", said, status=reason.code)
