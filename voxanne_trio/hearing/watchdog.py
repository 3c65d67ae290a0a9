"""Tells a recogniser that has gone mute from a caller who has nothing to say.

A socket can be dead and look open: what we write is taken, by a buffer or by a service that listens
to nobody, and nothing comes back. Silence proves nothing, since a recogniser may say nothing about
it; so what counts is the caller's voice, as the local detector judges it. Flux reports on every
quarter of a second of audio and nova-3 once a second: voice of `hearing_mute_ms` without a message
is a socket lost. While a turn is open the recogniser owes its end too, and silence counts as well.

It may be that the voice is a television, which this recogniser passes over. So patience doubles
with each socket that was mute, until one has answered for a while; and only when several in a row
were mute from their first moment is the recogniser called deaf.

Pure and synchronous. One for each call, over all of its sockets.
"""

from __future__ import annotations

from typing import Final

DEAF_SOCKETS: Final = 3
"""So many in a row that never answered: with their growing patience, some nine seconds of voice."""

_OPEN_TURN: Final = 2
"""Audio of any kind in an open turn may be so many times as long as voice."""

_MOST: Final = 16
"""Patience grows up to so many times its usual length."""

_STEADY_MS: Final = 30_000
"""So much voice answered on one socket, and patience is as usual again."""


class Watchdog:
    """Counts what was sent and not answered, in milliseconds of audio."""

    def __init__(self, mute_ms: float) -> None:
        self._usual_ms = self._patience_ms = mute_ms
        self._mute_sockets = 0
        self._voice_ms = 0.0
        self._open_turn_ms = 0.0
        self._answered_ms = 0.0

    @property
    def is_deaf(self) -> bool:
        """Whether no socket has answered for so long that no other will."""
        return self._mute_sockets >= DEAF_SOCKETS

    def opened(self) -> None:
        """Another socket."""
        self._voice_ms = self._open_turn_ms = self._answered_ms = 0.0

    def sent(self, audio_ms: float, voice_ms: float, *, turn_is_open: bool) -> str:
        """So much audio, of which so much is voice. Says what is wrong when the socket is mute."""
        self._voice_ms += voice_ms
        self._open_turn_ms = self._open_turn_ms + audio_ms if turn_is_open else 0.0
        if self._voice_ms >= self._patience_ms:
            return self._mute(f"no message in {self._voice_ms:.0f} ms of voice")
        if self._open_turn_ms >= _OPEN_TURN * self._patience_ms:
            return self._mute(f"no message in {self._open_turn_ms:.0f} ms of an open turn")
        return ""

    def answered(self) -> None:
        """A message came that was understood."""
        self._mute_sockets = 0
        self._answered_ms += self._voice_ms
        self._voice_ms = self._open_turn_ms = 0.0
        if self._answered_ms >= _STEADY_MS:
            self._patience_ms = self._usual_ms

    def _mute(self, what: str) -> str:
        self._mute_sockets += 1
        self._patience_ms = min(2 * self._patience_ms, _MOST * self._usual_ms)
        return what
