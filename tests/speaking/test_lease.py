"""One lease against a server that speaks the real wire.

Rules: virtual time and no threads; every time is exact; after each test every stream is closed.
"""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from voxanne_trio.errors import TransientVendorError
from voxanne_trio.speaking import Flushed
from voxanne_trio.speaking.inbox import BOUND_BYTES
from voxanne_trio.speaking.socket import (
    CLEARED_SECONDS,
    FLUSHED_SECONDS,
    FLUSHED_SECONDS_PER_CHARACTER,
)

from .conftest import said, stage, until_flushed
from .speak_peer import FIRST_BYTE, MESSAGE_BYTES, SpeakPeer, heard, voice


async def test_a_lease_says_its_texts_with_a_space_between(autojump_clock: MockClock) -> None:
    async with stage() as here, here.pool.lease() as lease:
        lease.write("Sure.")
        lease.write(" Friday at half past two ")
        lease.flush()
        first = await lease.receive()
        assert trio.current_time() == pytest.approx(FIRST_BYTE)
        assert isinstance(first, bytes)
        assert len(first) == MESSAGE_BYTES
        assert heard(first + await until_flushed(lease)) == "Sure. Friday at half past two "
        assert await said(lease, "Bye.") == voice("Bye. ")
        (connection,) = here.peer.connections[:1]
        assert connection.texts == ["Sure. ", "Friday at half past two ", "Bye. "]
        assert connection.path == (
            "/v1/speak?model=aura-2-thalia-en&encoding=mulaw&sample_rate=8000"
        )


async def test_a_clean_lease_needs_no_clear(autojump_clock: MockClock) -> None:
    async with stage(most=1) as here:
        for text in ("One.", "Two."):
            async with here.pool.lease() as lease:
                assert heard(await said(lease, text)) == f"{text} "
        assert here.peer.connections[0].kinds() == ["Speak", "Flush"] * 2


async def test_a_flush_of_nothing_is_answered_in_its_turn(autojump_clock: MockClock) -> None:
    async with stage() as here, here.pool.lease() as lease:
        lease.flush()
        assert await lease.receive() == Flushed()
        lease.write("One.")
        lease.flush()
        lease.write("  ")
        lease.flush()
        assert heard(await until_flushed(lease)) == "One. "
        assert await lease.receive() == Flushed()
        assert here.peer.connections[0].kinds() == ["Speak", "Flush"]


async def test_a_long_text_is_split_between_words(autojump_clock: MockClock) -> None:
    text = "word " * 450
    async with stage() as here, here.pool.lease() as lease:
        assert heard(await said(lease, text)) == text
        texts = here.peer.connections[0].texts
        assert [len(part) <= 2_000 and part.endswith("word ") for part in texts] == [True, True]


async def test_barge_in_clears_and_the_next_lease_is_clean(autojump_clock: MockClock) -> None:
    async with stage(warm=1, most=1) as here:
        with trio.move_on_after(0.5):
            async with here.pool.lease() as lease:
                await said(lease, "a" * 600)
        connection = here.peer.connections[0]
        assert here.pool.free == 0
        await trio.sleep(0.049)
        assert here.pool.free == 0
        await trio.sleep(0.002)
        assert here.pool.free == 1
        assert connection.received[-1] == (0.5, "Clear")
        async with here.pool.lease() as lease:
            assert heard(await said(lease, "Next.")) == "Next. "
        assert len(here.peer.connections) == 1


async def test_what_was_written_but_not_flushed_is_cleared_too(autojump_clock: MockClock) -> None:
    async with stage(warm=1, most=1) as here:
        async with here.pool.lease() as lease:
            lease.write("Never said.")
        lease.write("Nor this.")
        lease.flush()
        await trio.sleep(1)
        async with here.pool.lease() as lease:
            assert heard(await said(lease, "Next.")) == "Next. "
        assert here.peer.connections[0].kinds() == ["Speak", "Clear", "Speak", "Flush"]


@pytest.mark.parametrize("moment", [moment * 0.013 for moment in range(26)])
async def test_barge_in_at_any_moment_leaves_the_next_lease_clean(
    autojump_clock: MockClock, moment: float
) -> None:
    async with stage(warm=1, most=1) as here:
        with trio.move_on_after(moment):
            async with here.pool.lease() as lease:
                await said(lease, "a" * 30)
                lease.write("b" * 90)
                await said(lease, "c" * 90)
                lease.write("d")
                await trio.sleep(0.02)
        await trio.sleep(0.1)
        assert here.pool.free == 1
        async with here.pool.lease() as lease:
            assert heard(await said(lease, "Next.")) == "Next. "
        assert len(here.peer.connections) == 1


async def test_without_cleared_in_time_the_socket_is_replaced(autojump_clock: MockClock) -> None:
    async with stage(SpeakPeer(answers_clear=False), warm=1, most=1) as here:
        async with here.pool.lease() as lease:
            lease.write("Never said.")
        await trio.sleep(CLEARED_SECONDS + 0.1)
        assert here.peer.connections[0].closed_at == pytest.approx(CLEARED_SECONDS)
        assert len(here.peer.connections) == 2
        assert here.pool.free == 1


async def test_without_flushed_in_time_the_lease_breaks(autojump_clock: MockClock) -> None:
    async with stage(SpeakPeer(answers_flush=False)) as here:
        async with here.pool.lease() as lease:
            lease.write("Sure")
            lease.flush()
            assert await lease.receive() == voice("Sure ")
            with pytest.raises(TransientVendorError, match="no Flushed in time"):
                await lease.receive()
            patience = FLUSHED_SECONDS + 5 * FLUSHED_SECONDS_PER_CHARACTER
            assert trio.current_time() == pytest.approx(patience)
        await trio.testing.wait_all_tasks_blocked()
        assert here.peer.connections[0].closed_at is not None


async def test_a_slow_listener_pushes_back_and_is_not_blamed(autojump_clock: MockClock) -> None:
    async with stage(warm=1, most=1) as here, here.pool.lease() as lease:
        lease.write("a" * 1_000)
        lease.flush()
        await trio.sleep(200)
        assert lease.inbox._bytes < BOUND_BYTES + MESSAGE_BYTES
        assert heard(await until_flushed(lease)) == "a" * 1_000 + " "


async def test_a_lease_that_stopped_reading_does_not_block_the_socket(
    autojump_clock: MockClock,
) -> None:
    async with stage(warm=1, most=1) as here:
        async with here.pool.lease() as lease:
            lease.write("a" * 1_900)
            lease.flush()
            await trio.sleep(60)
        await trio.sleep(CLEARED_SECONDS / 2)
        assert here.pool.free == 1
        await trio.sleep(61)
        async with here.pool.lease() as lease:
            assert heard(await said(lease, "Next.")) == "Next. "
        assert len(here.peer.connections) == 1


async def test_receiving_can_be_cancelled_without_loss(autojump_clock: MockClock) -> None:
    async with stage() as here, here.pool.lease() as lease:
        lease.write("a" * 200)
        lease.flush()
        audio = bytearray()
        while True:
            with trio.move_on_after(0.003):
                item = await lease.receive()
                if isinstance(item, Flushed):
                    break
                audio += item
        assert heard(audio) == "a" * 200 + " "


async def test_a_socket_is_flushed_at_most_20_times_a_minute(autojump_clock: MockClock) -> None:
    async with stage(warm=1, most=2) as here:
        async with here.pool.lease() as lease:
            for _ in range(20):
                lease.write("a")
                lease.flush()
            lease.write("b")
            lease.flush()  # one too many: refused, but behind what was asked for before
            for _ in range(20):
                assert await until_flushed(lease) == voice("a ")
            with pytest.raises(TransientVendorError, match="flush limit"):
                await lease.receive()
        assert here.peer.connections[0].kinds().count("Flush") == 20
        async with here.pool.lease() as lease:
            assert await said(lease, "c") == voice("c ")
        assert "Flush" in here.peer.connections[1].kinds()
        await trio.sleep(61)
        assert here.pool.free == 2 or here.pool.open < 2


async def test_a_socket_gets_at_most_2400_characters_a_minute(autojump_clock: MockClock) -> None:
    async with stage(warm=1, most=1) as here:
        async with here.pool.lease() as lease:
            assert await said(lease, "a" * 1_199, "b" * 1_199)
            with pytest.raises(TransientVendorError, match="character limit"):
                await said(lease, "c")
        with pytest.raises(TransientVendorError, match="in use"):
            async with here.pool.lease():
                pass
        await trio.sleep(62)
        async with here.pool.lease() as lease:
            assert await said(lease, "d") == voice("d ")
        assert len(here.peer.connections) == 1


@pytest.mark.parametrize(
    "warning",
    [
        {"description": "Flush rate limit exceeded", "code": "FLUSH_RATE_LIMITED"},
        {"warn_msg": "Flush rate limit exceeded", "warn_code": "FLUSH_RATE_LIMITED"},
    ],
)
async def test_a_warning_that_a_flush_was_ignored_breaks_the_lease(
    autojump_clock: MockClock, warning: dict[str, str]
) -> None:
    peer = SpeakPeer(warning=warning)
    peer.on_open = lambda connection: connection.flushes.extend([0.0] * 20)
    async with stage(peer) as here:
        async with here.pool.lease() as lease:
            with pytest.raises(TransientVendorError, match="FLUSH_RATE_LIMITED"):
                await said(lease, "Sure.")
            assert trio.current_time() == 0
        await trio.sleep(1)
        assert [connection.closed_at for connection in here.peer.connections] == [None] * 2
        assert here.pool.free == 1


async def test_a_cut_in_mid_sentence_gives_what_came_and_then_fails(
    autojump_clock: MockClock,
) -> None:
    async with stage(SpeakPeer(cut_after_messages=3)) as here:
        audio = bytearray()
        async with here.pool.lease() as lease:
            lease.write("a" * 300)
            lease.flush()
            with pytest.raises(TransientVendorError):
                await until_flushed(lease, audio)
            lease.write("b")
            lease.flush()
            with pytest.raises(TransientVendorError):
                await lease.receive()
        assert 0 < len(audio) <= 3 * MESSAGE_BYTES
        await trio.sleep(1)
        assert here.pool.free == 1


async def test_a_peer_that_does_not_read_ends_the_socket(autojump_clock: MockClock) -> None:
    async with stage(warm=1, most=1) as here, here.pool.lease() as lease:
        here.network.streams[0]._outgoing.capacity = 0
        lease.write("Sure.")
        lease.flush()
        with pytest.raises(TransientVendorError, match="does not read"):
            await lease.receive()
        assert trio.current_time() == 5.0


async def test_what_the_socket_does_not_understand_is_ignored(autojump_clock: MockClock) -> None:
    async with stage() as here, here.pool.lease() as lease:
        for message in ("{", "[]", '{"type": 5}', '{"type": "New"}', '{"type": "Cleared"}'):
            await here.peer.connections[0].socket.send_message(message)
        assert await said(lease, "Sure.") == voice("Sure. ")


async def test_an_error_message_breaks_the_lease(autojump_clock: MockClock) -> None:
    async with stage() as here, here.pool.lease() as lease:
        message = '{"type": "Error", "err_code": "NET-0000", "err_msg": "internal"}'
        await here.peer.connections[0].socket.send_message(message)
        with pytest.raises(TransientVendorError, match=r"internal \(NET-0000\)"):
            await lease.receive()


async def test_an_error_of_the_holder_comes_out_as_it_is(autojump_clock: MockClock) -> None:
    async with stage() as here:
        with pytest.raises(ZeroDivisionError):
            async with here.pool.lease():
                raise ZeroDivisionError
        assert here.pool.free >= 1
