"""Playback against a phone on virtual time: what reaches the wire, and what was heard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import pytest
import trio
import trio.testing

from tests.phone import Phone
from voxanne_trio.audio import silence
from voxanne_trio.events import PlayedOut, RanDry, ReplyAudible
from voxanne_trio.humanizer import Sentence
from voxanne_trio.telephony.passages import Pace
from voxanne_trio.telephony.playback import CONTROL_MESSAGES, Pacing, PeerStalled, Playback
from voxanne_trio.telephony.speech import Speech

LOUD = b"\x10"
"""A mu-law byte near full scale: voice, for the estimator."""


@attrs.define
class Line:
    playback: Playback
    phone: Phone
    told: list[tuple[float, ReplyAudible | RanDry | PlayedOut]]
    nursery: trio.Nursery

    def speech(self, reply: int = 1) -> Speech:
        return Speech(reply, self.playback.pace)

    def say(self, words: int, *, reply: int = 1, finish: bool = True) -> Speech:
        """Play a speech of so many words, each 300 ms of voice and 100 ms of pause."""
        speech = self.speech(reply)
        self.playback.play(speech)
        fill(speech, words)
        if finish:
            self.playback.finished(speech)
        self.playback.changed()
        return speech


def fill(speech: Speech, words: int) -> None:
    text = " ".join(f"word{n:02d}" for n in range(words)) + "."
    speech.begin((Sentence.verbatim(text),))
    speech.add((LOUD * 2400 + silence(100)) * words)
    speech.end_passage()


@asynccontextmanager
async def line(delay: float = 0.020, far_end: Listener | None = None) -> AsyncIterator[Line]:
    told: list[tuple[float, ReplyAudible | RanDry | PlayedOut]] = []
    playback = Playback(
        "MZ1", Pacing(), lambda event: told.append((trio.current_time(), event)), far_end
    )
    phone = Phone(playback.mark_returned, delay)
    async with trio.open_nursery() as nursery:
        await nursery.start(phone.run)
        nursery.start_soon(playback.run, phone.send)
        yield Line(playback, phone, told, nursery)
        nursery.cancel_scope.cancel()


async def test_speech_reaches_the_phone_whole_and_without_a_gap(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with line() as call:
        whole = call.say(5).audio(0, 100)
        await trio.sleep(10)
        assert call.phone.frames_sent() == whole
        assert b"".join(frame for _, frame in call.phone.heard) == whole
        times = [at for at, _ in call.phone.heard]
        assert len(times) == 100
        assert times[0] == 0.020  # sent at once, one network delay later in the ear
        assert times[-1] - times[0] == pytest.approx(99 * 0.020)
        assert call.playback.gaps == 0
        assert [event for _, event in call.told] == [ReplyAudible(1), PlayedOut(1)]
        # The last mark returns one delay after the last frame has sounded.
        assert call.told[-1][0] == pytest.approx(0.020 + 100 * 0.020 + 0.020)


async def test_the_lead_bounds_what_is_sent_ahead(autojump_clock: trio.testing.MockClock) -> None:
    async with line() as call:
        call.say(20)
        for step in range(1, 40):
            await trio.sleep_until(step * 0.1)
            sent_ms = len(call.phone.frames_sent()) // 8
            assert step * 100 + 200 <= sent_ms <= step * 100 + 300 or sent_ms == 8000


async def test_marks_come_every_200_ms_and_at_the_end(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with line() as call:
        call.say(2)  # 800 ms
        await trio.sleep(5)
        positions = [str(body).split(":")[1] for _, body in call.phone.events("mark")]
        assert positions == ["10", "20", "30", "40"]


@pytest.mark.parametrize("milliseconds", range(20, 4001, 40))
async def test_barge_in_silences_the_phone_and_claims_no_word_too_many(
    autojump_clock: trio.testing.MockClock, milliseconds: int
) -> None:
    delay = 0.020
    async with line(delay) as call:
        call.say(10, finish=milliseconds % 80 == 20)  # 4 s; whole, or still being produced
        await trio.sleep(milliseconds / 1000)
        await trio.testing.wait_all_tasks_blocked()
        heard = call.playback.stop()
        stopped_at = trio.current_time()
        await trio.sleep(1)
        assert [body for _, body in call.phone.events("clear")] == [{}]
        after = [event for at, event, _ in call.phone.wire if at >= stopped_at]
        assert after[after.index("clear") :] == ["clear", "mark"]  # the fence, and nothing else
        assert all(at <= stopped_at + delay + 1e-9 for at, _ in call.phone.heard)
        words_heard = len(heard.written.split())
        words_true = (len(call.phone.heard) + 5) // 20  # a word: 15 frames of voice, 5 of pause
        assert words_true - 2 <= words_heard <= words_true


@pytest.mark.parametrize("delay", [0.02, 0.06, 0.1, 0.15, 0.2])
@pytest.mark.parametrize("milliseconds", range(1_200, 3_600, 60))
async def test_what_was_heard_is_within_a_word_of_the_truth_however_long_the_way(
    autojump_clock: trio.testing.MockClock, milliseconds: int, delay: float
) -> None:
    """The `clear` takes its way too: the phone plays on until it arrives."""
    async with line(delay) as call:
        call.say(10)
        await trio.sleep(milliseconds / 1000)
        pauses = milliseconds % 120 == 0  # a hold first, then the barge-in
        if pauses:
            call.playback.pause()
            await trio.sleep(0.5)
        heard = len(call.playback.stop().written.split())
        await trio.sleep(1)
        true = len(call.phone.heard)
        assert len(call.phone.events("clear")) == 1
        assert (true + 5) // 20 - 1 <= heard <= (true + 5) // 20


async def test_what_a_hold_rewinds_stays_heard(autojump_clock: trio.testing.MockClock) -> None:
    async with line() as call:
        call.say(5)
        await trio.sleep(0.95)
        before = call.playback.heard().written
        call.playback.pause()
        assert call.playback.heard().written == before != ""
        assert call.playback.unplayed_ms >= 1_000
        await trio.sleep(2)
        call.playback.resume()
        assert call.playback.heard().written == before
        await trio.sleep(0.1)
        assert call.playback.heard().written == before


async def test_a_reply_that_runs_dry_says_so_and_when_it_is_audible_again(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with line() as call:
        speech = call.say(1, finish=False)
        await trio.sleep(1)
        fill(speech, 1)
        call.playback.finished(speech)
        await trio.sleep(3)
        assert [event for _, event in call.told] == [
            *(ReplyAudible(1), RanDry(1), ReplyAudible(1), PlayedOut(1))
        ]
        assert call.told[1][0] == pytest.approx(0.4)


@attrs.define
class Listener:
    """Whoever wants to know what the phone plays."""

    told: list[tuple[str, float, float]] = attrs.field(factory=list)

    def played(self, audio: bytes, at: float) -> None:
        self.told.append(("played", round(at, 3), len(audio) / 8))

    def cleared(self, at: float) -> None:
        self.told.append(("cleared", round(at, 3), 0.0))


async def test_who_listens_for_our_echo_is_told_what_the_phone_plays_and_when(
    autojump_clock: trio.testing.MockClock,
) -> None:
    listener = Listener()
    async with line(far_end=listener) as call:
        call.say(2)
        await trio.sleep(0.3)
        call.playback.stop()
        await trio.sleep(1)
    assert listener.told[:3] == [("played", 0.0, 100), ("played", 0.1, 100), ("played", 0.2, 100)]
    assert listener.told[-1] == ("cleared", 0.3, 0.0)


async def test_heard_grows_word_by_word(autojump_clock: trio.testing.MockClock) -> None:
    async with line() as call:
        call.say(10)
        grown: list[str] = []
        for step in range(21):
            await trio.sleep_until(step * 0.2 + 0.03)
            grown.append(call.playback.heard().written)
        counts = [len(text.split()) for text in grown]
        assert counts == sorted(counts)
        assert counts[0] == 0
        assert counts[-1] == 10
        assert set(counts) == set(range(11))  # no word is skipped


async def test_audio_behind_a_shut_gate_is_not_heard(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with line() as call:
        speech = Speech(1, Pace(), gate_open=False)
        call.playback.play(speech)
        fill(speech, 2)
        call.playback.finished(speech)
        await trio.sleep(3)
        assert call.phone.wire == []
        call.playback.open_gate()
        await trio.sleep(3)
        assert len(call.phone.heard) == 40
        assert call.phone.heard[0][0] == 3.020


async def test_a_pause_keeps_what_was_not_played_and_resumes_at_a_pause(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with line() as call:
        call.say(5)
        await trio.sleep(0.95)  # in the third word
        call.playback.pause()
        await trio.sleep(2)
        assert len(call.phone.events("clear")) == 1
        before = len(call.phone.heard)
        call.playback.resume()
        await trio.sleep(5)
        again = [frame for _, frame in call.phone.heard[before:]]
        assert len(again) in range(60, 66)  # from the pause after the second word: 3 words
        assert call.playback.gaps == 0
        assert call.told[-1][1] == PlayedOut(1)


async def test_a_late_model_is_an_underrun_and_counted(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with line() as call:
        speech = call.say(1, finish=False)
        await trio.sleep(1)
        fill(speech, 1)
        call.playback.finished(speech)
        call.playback.changed()
        await trio.sleep(3)
        assert call.playback.gaps == 1
        assert len(call.phone.heard) == 40


async def test_a_phone_that_returns_no_marks_ends_by_the_deadline(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with line() as call:
        call.phone.mark_returned = lambda mark: None
        call.say(1)
        await trio.sleep(10)
        at, event = call.told[-1]
        assert event == PlayedOut(1, proven=False)
        assert at == pytest.approx(0.4 + 2.0)


async def test_speech_that_came_to_nothing_is_over_at_once(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with line() as call:
        speech = call.speech()
        call.playback.play(speech)
        call.playback.finished(speech)
        await trio.testing.wait_all_tasks_blocked()
        assert [event for _, event in call.told] == [PlayedOut(1, proven=False)]
        assert call.phone.wire == []


async def test_a_peer_that_stops_reading_ends_in_one_clear_error() -> None:
    playback = Playback("MZ1", Pacing(), lambda event: None)

    def flood() -> None:
        for _ in range(CONTROL_MESSAGES + 1):
            playback._post("mark")

    with pytest.raises(PeerStalled):
        flood()


def test_sentences_of_one_flush_end_at_the_pauses_between_them() -> None:
    speech = Speech(1, Pace())
    sentences = tuple(Sentence.verbatim(text) for text in ("Hello there.", "How are you today?"))
    speech.begin(sentences)
    speech.add(LOUD * 6400 + silence(200) + LOUD * 8000)  # 40 frames, pause of 10, 50 frames
    speech.end_passage()
    assert speech.next_boundary(0) == 40
    assert speech.heard_until(39) == "Hello"
    assert speech.heard_until(40) == "Hello there."
    assert speech.heard_until(100) == "Hello there. How are you today?"


async def test_a_frame_that_a_pause_has_cleared_is_not_audible(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """The socket was taking it when the caller's voice was noticed."""
    told: list[ReplyAudible | RanDry | PlayedOut] = []
    playback = Playback("MZ1", Pacing(), told.append)

    async def send_slowly(message: str) -> None:
        await trio.sleep(0.05)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(playback.run, send_slowly)
        speech = Speech(1, playback.pace)
        playback.play(speech)
        fill(speech, 5)
        playback.changed()
        await trio.sleep(0.02)
        playback.pause()
        await trio.sleep(1)
        assert told == []
        playback.resume()
        await trio.sleep(0.1)
        assert told == [ReplyAudible(1)]
        nursery.cancel_scope.cancel()


async def test_what_a_hold_rewinds_is_kept_when_synthesis_breaks_meanwhile(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with line() as call:
        speech = Speech(1, call.playback.pace)
        call.playback.play(speech)
        speech.begin((Sentence.verbatim("Two words and more of them."),))
        speech.begin((Sentence.verbatim("Then these."),))
        speech.add(LOUD * 160 * 40)
        call.playback.changed()
        await trio.sleep(0.75)
        call.playback.pause()
        heard = call.playback.position
        assert heard > 20
        again = speech.break_off(call.playback.sent_of(speech))
        speech.begin(again)
        assert speech.frames >= heard
        assert speech.sentence_at(call.playback.position) >= 0
        assert call.playback.heard().written


async def test_a_writer_that_is_cancelled_sends_nothing_more(
    autojump_clock: trio.testing.MockClock,
) -> None:
    sent: list[str] = []

    async def send(message: str) -> None:
        sent.append(message)  # at once, as a socket with room does: no checkpoint

    playback = Playback("MZ1", Pacing(), lambda _: None)
    speech = Speech(1, playback.pace)
    playback.play(speech)
    fill(speech, 5)
    with trio.CancelScope() as scope:
        scope.cancel()
        await playback.run(send)
    assert scope.cancelled_caught
    assert sent == []
