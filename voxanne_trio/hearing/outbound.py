"""The one writer of a socket.

A cancelled send may leave half a frame behind, and the socket is then broken. So nobody sends but
the writer's task, which lives as long as the socket; everyone else posts. Audio is bounded and its
sender waits; control messages are posted without waiting and are never dropped while the socket
lives.
"""

from __future__ import annotations

from typing import Final

import trio
import trio_websocket

from ..errors import PermanentVendorError, TransientVendorError, VendorError

_AUDIO_SLOTS: Final = 2
_CONTROL_SLOTS: Final = 64
_SEND_SECONDS: Final = 4.0
"""A peer that takes no message for so long has stopped reading."""


class Outbound:
    """What is on its way to the recogniser: at most two batches of audio and 64 messages."""

    def __init__(self) -> None:
        self.between_messages = True
        """Whether the last message was written whole, so that another may follow."""
        self._slots = trio.Semaphore(_AUDIO_SLOTS, max_value=_AUDIO_SLOTS)
        self._posted, self._queue = trio.open_memory_channel[str | bytes](
            _AUDIO_SLOTS + _CONTROL_SLOTS
        )

    async def audio(self, batch: bytes) -> None:
        """Send a batch; waits for room. When cancelled, nothing was posted."""
        await self._slots.acquire()
        self._posted.send_nowait(batch)

    def control(self, message: str) -> bool:
        """Send a message after what was posted before it; False when the peer takes nothing."""
        try:
            self._posted.send_nowait(message)
        except trio.WouldBlock:
            return False
        return True

    async def run(self, socket: trio_websocket.WebSocketConnection) -> None:
        """Write until cancelled. Raises `VendorError` when the socket is gone or stuck."""
        try:
            async for message in self._queue:
                self.between_messages = False
                with trio.fail_after(_SEND_SECONDS):
                    await socket.send_message(message)
                self.between_messages = True
                if isinstance(message, bytes):
                    self._slots.release()
        except trio.TooSlowError as error:
            raise TransientVendorError("deepgram", "takes no more audio") from error
        except trio_websocket.ConnectionClosed as error:
            raise closed(error) from error


def closed(error: trio_websocket.ConnectionClosed) -> VendorError:
    """What a close of a listen socket means. No audio of ours will ever suit `DATA-0000`."""
    if (reason := error.reason) is None:
        return TransientVendorError("deepgram", "socket closed")
    said = f"socket closed: {reason.reason or reason.name}"
    if "DATA-0000" in said:
        return PermanentVendorError("deepgram", said, status=reason.code)
    return TransientVendorError("deepgram", said, status=reason.code)
