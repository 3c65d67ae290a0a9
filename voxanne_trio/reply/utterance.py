"""The speaking stage of one reply: sentences in, audio to playback.

When to flush is a trade: an early flush starts the voice early, each flush costs from a budget of
twenty a minute, and text synthesised in one piece sounds better. So the first sentence is flushed
at once; after that, what has been written is flushed when little audio is left to play and none is
on its way; and the rest at the end.

If a lease breaks, another says the rest. So it does if a lease stalls, which matters only once the
audio that would be kept has left: then the phone still has the lead in hand, which the next lease
may use up to answer. All leases together have `first_byte_ms` from the moment the caller hears
nothing, and then the reply is given up, in time for an apology.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice
from typing import Final

import trio

from ..audio import FRAME_MS, silence
from ..errors import TransientVendorError, VendorError, leaves
from ..humanizer import Sentence
from ..speaking import Flushed, Lease
from ..telephony.playback import MESSAGE_FRAMES, WAITING_MS
from .reply import Reply

LEASES: Final = 8
"""For one reply: a vendor that breaks off again and again is not asked for ever."""

FAIR_SECONDS: Final = 0.9
"""What synthesis has in any case, however long the caller has waited for the model."""

_NEVER: Final = float("inf")


class Utterance:
    """How one reply is spoken."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self._unsaid: list[Sentence] = []  # to be said again: the way before broke
        self._pending: list[Sentence] = []  # written to the lease, not flushed
        self._flushes = 0  # asked for, not yet answered
        self._asked_at = _NEVER  # when audio that is still owed was first asked for, of any lease
        self._began = False  # on this lease
        self._is_heard = False  # whether this lease has given anything
        self._all_written = False
        self._patience = trio.CancelScope()
        self._changed = trio.Event()

    async def speak(self, sentences: trio.MemoryReceiveChannel[Sentence]) -> None:
        """Say the sentences to their end, on one lease after another, in turn of each way.

        Raises the last one's `VendorError` when each way in turn has given nothing, or the caller
        has waited for too long.
        """
        ways, in_vain = self._reply.ways.speakers, 0
        with sentences:
            for speaker in islice(cycle(ways), LEASES):
                try:
                    async with speaker.lease(self._reply.speed) as lease:
                        await self._speak_on(lease, sentences)
                    return
                except* VendorError as group:
                    failure = group
                in_vain = 0 if self._is_heard else in_vain + 1
                if in_vain == len(ways) or trio.current_time() >= self._given_up_at():
                    break
                self._reply.log.warning("TTS: %s", leaves(failure)[0])
                playback, speech = self._reply.ways.playback, self._reply.speech
                again = speech.break_off(playback.sent_of(speech))
                self._unsaid = [*again, *self._pending, *self._unsaid]
                self._pending = []
            raise failure

    async def _speak_on(self, lease: Lease, sentences: trio.MemoryReceiveChannel[Sentence]) -> None:
        self._pending, self._flushes, self._began, self._all_written = [], 0, False, False
        self._is_heard = False
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._write, lease, sentences)
            nursery.start_soon(self._replenish, lease)
            await self._receive(lease)
            nursery.cancel_scope.cancel()

    async def _write(self, lease: Lease, sentences: trio.MemoryReceiveChannel[Sentence]) -> None:
        for sentence in self._unsaid:
            self._put(lease, sentence)
        if self._pending:
            self._flush(lease)
        self._tell(self._unsaid)
        self._unsaid = []
        async for sentence in sentences:
            self._put(lease, sentence)
            if not self._began:
                self._flush(lease)
            self._tell([sentence])  # only now: a first one is on its way to the voice
        self._all_written = True
        if self._pending:
            self._flush(lease)
        elif not self._flushes:
            self._patience.cancel()  # nothing is on its way any more

    def _put(self, lease: Lease, sentence: Sentence) -> None:
        reply = self._reply
        lease.write(sentence.spoken)
        self._pending.append(sentence)
        self._changed.set()
        reply.stamp("tts_requested")

    def _tell(self, sentences: Sequence[Sentence]) -> None:
        for sentence in sentences:
            self._reply.log.words("Voxanne: %s", sentence.spoken)

    def _flush(self, lease: Lease) -> None:
        self._reply.speech.begin(tuple(self._pending))
        self._pending = []
        self._began = True
        lease.flush()
        self._flushes += 1
        self._asked_at = min(self._asked_at, trio.current_time())
        if self._flushes == 1:
            self._patience.deadline = self._next_deadline()

    def _next_deadline(self) -> float:
        """Until when this lease may be waited for, as things are now, whatever is in hand."""
        if not self._flushes:
            return _NEVER
        if not self._is_heard:
            return self._given_up_at()
        return trio.current_time() + self._reply.ways.voice_stall_ms / 1000

    def _in_hand_seconds(self) -> float:
        """How long the caller will hear what would be kept without this lease."""
        speech, playback = self._reply.speech, self._reply.ways.playback
        sent = playback.sent_of(speech)
        return (speech.kept(sent) - sent - MESSAGE_FRAMES) * FRAME_MS / 1000

    def _given_up_at(self) -> float:
        """Until when any lease may be waited for: the caller hears nothing from their turn's end,
        and again from when the phone has played all that there is."""
        reply = self._reply
        waits_from = reply.timeline.moments.get("decided", self._asked_at)
        quiet_from = max(waits_from, reply.ways.playback.dry_at(reply.speech))
        return max(quiet_from + reply.ways.first_byte_ms / 1000, self._asked_at + FAIR_SECONDS)

    async def _replenish(self, lease: Lease) -> None:
        """Flush what was written meanwhile, once the caller is about to have heard the rest."""
        ways = self._reply.ways
        while True:
            await ways.playback.until_waiting_below(self._reply.speech, ways.low_water_ms)
            if self._began and self._pending and not self._flushes:
                self._flush(lease)
            self._changed = trio.Event()
            await self._changed.wait()

    async def _receive(self, lease: Lease) -> None:
        reply = self._reply
        while not (self._all_written and not self._flushes and not self._pending):
            item = await self._next_item(lease)
            if item is None:
                continue
            if not self._is_heard:
                reply.log.debug("TTS by %s", lease.way)
            self._is_heard = True
            if isinstance(item, Flushed):
                self._flushes -= 1
                self._asked_at = trio.current_time() if self._flushes else _NEVER
                reply.speech.end_passage(silence(self._pause_ms(lease)))
                self._changed.set()
            else:
                self._hand_over(item)
            reply.ways.playback.changed()
            await reply.ways.playback.until_waiting_below(reply.speech, WAITING_MS)

    async def _next_item(self, lease: Lease) -> bytes | Flushed | None:
        """What the lease gives next; None when all was written and nothing is on its way. Raises
        `VendorError` when that takes too long."""
        deadline, is_last = self._next_deadline(), False
        while True:
            with trio.CancelScope(deadline=deadline) as self._patience:
                return await lease.receive()
            if not self._flushes:
                return None
            if not self._is_heard:
                raise TransientVendorError("deepgram", f"{lease.way} gave no audio in time")
            in_hand = self._in_hand_seconds()  # only now: to reckon it for each item would be dear
            if is_last or in_hand <= 0:
                raise TransientVendorError("deepgram", f"{lease.way} went silent")
            deadline, is_last = trio.current_time() + in_hand, True

    def _pause_ms(self, lease: Lease) -> int:
        """Between separately synthesised sentences; what one socket flushes brings its own."""
        return self._reply.ways.pause_ms if lease.way == "http" else 0

    def _hand_over(self, audio: bytes) -> None:
        reply = self._reply
        if reply.stamp("tts_first"):
            reply.log.latency("TTS first byte %d ms", "tts", reply.timeline)
        reply.speech.add(audio)
