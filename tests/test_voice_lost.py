"""The voice is lost at many moments of an answer: whole calls on virtual time, wires included.

Each word that is synthesised carries its number in the audio, so that what the caller heard is read
off the phone's own recording: no word is missing, none is heard twice but one or two at a joint,
and the caller is never left in silence.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from functools import cache
from itertools import pairwise
from typing import Any

import attrs
import pytest

from voxanne_trio.records import TurnRecord
from voxanne_trio.sandbox.faults import Fault, Schedule
from voxanne_trio.sandbox.playout import RATE
from voxanne_trio.simulation.determinism import virtual_run
from voxanne_trio.simulation.numbered import NumberedVoices, played
from voxanne_trio.simulation.schedules import Schedule as TaskOrder
from voxanne_trio.simulation.world import world

SCRIPT = ("listen", {"say": "Do you do BBL?"}, {"listen": 2_500}, "hang_up")
DEAD_AIR_SECONDS = 2.0
PAUSE_SECONDS = 0.6
"""Inside an answer: its own longest pause is 0.28 s."""

WORDS_TWICE = 2
"""At a joint inside a sentence: where its words are in the audio can only be estimated."""

MESSAGES = 69
"""Of audio, in the whole answer; a fault strikes after some of them."""


@attrs.frozen
class Heard:
    """An answer as the caller heard it: its whole words, the pauses in it, and its record."""

    words: list[str]
    longest_pause: float
    turn: TurnRecord
    struck: tuple[str, ...]
    spoken: tuple[str, ...]
    """All that Twilio's play-out held, the answer in it."""


def answer(*faults: Fault, **settings: Any) -> Heard:
    """What is heard of the answer when these faults may strike."""
    return virtual_run(lambda: _answer(faults, settings), schedule=TaskOrder(), entropy=1)


async def _answer(faults: tuple[Fault, ...], settings: dict[str, Any]) -> Heard:
    voices, schedule = NumberedVoices(), Schedule(faults)
    async with world(voices=voices, schedule=schedule, **settings) as here:
        placed = here.call(*SCRIPT)
        await here.sandbox.place(placed)
        turns = (await here.record(placed)).turns
        vocabulary = voices.vocabulary.words
        words = [(vocabulary[word.number], word) for word in played(placed.call.playout.audio)]
        whole = [(known.text, word) for known, word in words if word.cells == known.cells]
        texts = [text for text, _ in whole]
        begin = texts.index("today?") + 1  # the greeting's last word
        pauses = (b.start - a.end for (_, a), (_, b) in pairwise(whole[begin:]))
        return Heard(
            texts[begin:],
            max(pauses, default=0) / RATE,
            next((turn for turn in turns if turn.caller), turns[-1]),
            tuple(hit.kind for hit in schedule.hits),
            tuple(texts),
        )


@cache
def whole_answer() -> tuple[str, ...]:
    """Its words when nothing fails."""
    return tuple(answer().words)


def differences(words: list[str]) -> tuple[list[str], list[str]]:
    """The words of the whole answer that are missing, and those that are there once too often."""
    missing, twice = list[str](), list[str]()
    expected = list(whole_answer())
    for _, i, j, k, m in SequenceMatcher(None, expected, words, autojunk=False).get_opcodes():
        if expected[i:j] != words[k:m]:
            missing += expected[i:j]
            twice += words[k:m]
    return missing, twice


SOCKET_LOSSES = (
    "speak_reset",
    "speak_half_open",
    "speak_stall",
    "speak_mute",
    "speak_slow",
    "speak_half_frame",
    "speak_net_0001",
    "speak_cut_text",
)
STRIDE = 19
"""Every message takes minutes (and passes); the kinds begin at different ones."""


@pytest.mark.parametrize("kind", SOCKET_LOSSES)
@pytest.mark.wall_seconds(120)
def test_an_answer_is_heard_whole_whenever_its_socket_is_lost(kind: str) -> None:
    for after in range(SOCKET_LOSSES.index(kind) * 2, MESSAGES, STRIDE):
        heard = answer(Fault(kind=kind, after=after))
        missing, twice = differences(heard.words)
        assert heard.struck == (kind,), after
        assert not missing, after
        assert len(twice) <= WORDS_TWICE, (after, twice)
        assert heard.longest_pause < PAUSE_SECONDS, after
        assert heard.turn.heard == heard.turn.agent
        assert (heard.turn.latency_ms["total"] or 0) < 1_000


@pytest.mark.parametrize("kind", ["speak_no_flushed", "speak_flush_limited"])
def test_a_flush_that_is_never_answered(kind: str) -> None:
    for nth in range(2):
        heard = answer(Fault(kind=kind, after=nth))
        assert heard.struck == (kind,)
        assert differences(heard.words) == ([], [])
        assert heard.longest_pause < PAUSE_SECONDS


@pytest.mark.parametrize(
    "kind", ["speak_http_429", "speak_http_503", "speak_http_cut", "speak_http_stall"]
)
def test_where_http_fails_too_another_socket_says_the_rest(kind: str) -> None:
    for after in (1, 14, 40):
        heard = answer(Fault(kind="speak_stall", after=after), Fault(kind=kind, times=None))
        missing, twice = differences(heard.words)
        assert not missing
        assert len(twice) <= WORDS_TWICE
        assert heard.longest_pause < 1.0
        assert (heard.turn.latency_ms["total"] or 0) < 1_300


@pytest.mark.parametrize("kind", ["speak_mute", "speak_reset"])
@pytest.mark.parametrize("after", [0, 5, 30])
def test_where_every_way_is_dead_an_apology_follows_in_time(kind: str, after: int) -> None:
    dead = [
        Fault(kind=kind, after=after, times=None),
        *(Fault(kind=other, times=None) for other in ("speak_no_answer", "speak_http_no_answer")),
    ]
    heard = answer(*dead)
    assert " ".join(heard.words).endswith("Could you say that once more?")
    assert heard.longest_pause < DEAD_AIR_SECONDS
    latency_ms = heard.turn.latency_ms
    assert latency_ms["gap"] is not None
    assert latency_ms["gap"] < DEAD_AIR_SECONDS * 1_000  # a filler, if the apology is not there yet
    assert latency_ms["total"] is not None
    assert latency_ms["total"] < 2 * DEAD_AIR_SECONDS * 1_000 + 500
