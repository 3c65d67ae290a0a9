"""The unfinished turn, without any wire."""

from __future__ import annotations

from voxanne_trio.events import HearingEvent, SpeechStarted, TurnEnded
from voxanne_trio.hearing.clock import StreamClock
from voxanne_trio.hearing.draft import Draft, Heard, Sign
from voxanne_trio.hearing.messages import Word

from .peers import plain


def draft_on(position_ms: float = 0.0, sent_ms: float = 10_000.0) -> Draft:
    """A draft whose arrival times are the positions, in seconds."""
    draft = Draft(lambda milliseconds: milliseconds / 1000)
    reopen(draft, position_ms, sent_ms)
    return draft


def reopen(draft: Draft, position_ms: float, sent_ms: float) -> StreamClock:
    clock = StreamClock()
    clock.sent(position_ms, sent_ms)
    draft.opened(clock, position_ms)
    return clock


def heard(sign: Sign, text: str, *, until: float = 10.0, each: float = 0.5) -> Heard:
    words = [
        Word(word, index * each, (index + 1) * each) for index, word in enumerate(text.split())
    ]
    return Heard(sign, text, tuple(words), until=until)


def told(events: list[HearingEvent]) -> list[tuple[str, str]]:
    return [plain(event) for event in events]


def test_the_whole_life_of_a_turn() -> None:
    draft = draft_on()
    assert told(draft.hear(heard(Sign.WORDS, ""))) == []
    assert told(draft.hear(heard(Sign.STARTED, "I"))) == [("SpeechStarted", "I")]
    assert told(draft.hear(heard(Sign.WORDS, "I"))) == []
    assert told(draft.hear(heard(Sign.WORDS, "I want"))) == [("WordsHeard", "I want")]
    assert told(draft.hear(heard(Sign.EAGER, "I want"))) == [("TurnEndedEagerly", "I want")]
    assert told(draft.hear(heard(Sign.WORDS, "I want"))) == []
    assert told(draft.hear(heard(Sign.RESUMED, "I want"))) == [("TurnResumed", "I want")]
    assert told(draft.hear(heard(Sign.RESUMED, "I want"))) == []
    assert told(draft.hear(heard(Sign.ENDED, "I want it."))) == [("TurnEnded", "I want it.")]
    assert told(draft.hear(heard(Sign.ENDED, ""))) == []


def test_changed_words_after_an_eager_end_resume_the_turn() -> None:
    draft = draft_on()
    draft.hear(heard(Sign.STARTED, "yes"))
    draft.hear(heard(Sign.EAGER, "yes"))
    assert told(draft.hear(heard(Sign.WORDS, "yes but"))) == [("TurnResumed", "yes but")]


def test_times_of_speech_are_arrival_times() -> None:
    draft = draft_on(position_ms=60_000)
    (start,) = draft.hear(Heard(Sign.STARTED, "hi", (Word("hi", 1.0, 1.5),), until=1.6))
    assert isinstance(start, SpeechStarted)
    assert start.started_at == 61.0
    (end,) = draft.hear(Heard(Sign.ENDED, "hi", (Word("hi", 1.0, 1.5),), until=2.0))
    assert isinstance(end, TurnEnded)
    assert end.voiced_until == 61.5
    assert draft.replay_from_ms == 61_800


def test_half_a_word_at_the_edge_is_left_to_the_replay() -> None:
    draft = draft_on()
    draft.hear(heard(Sign.STARTED, "I want an appoint", until=2.05))
    draft.broken()
    assert draft.replay_from_ms == 1_500  # the end of "an"
    reopen(draft, 1_500, 500)
    assert told(draft.hear(heard(Sign.STARTED, "appointment"))) == [
        ("WordsHeard", "I want an appointment")
    ]
    assert told(draft.hear(heard(Sign.ENDED, "appointment."))) == [
        ("TurnEnded", "I want an appointment.")
    ]


def test_an_eager_end_survives_the_socket_and_is_resumed_by_more_words() -> None:
    draft = draft_on()
    draft.hear(heard(Sign.STARTED, "two"))
    draft.hear(heard(Sign.EAGER, "two things"))
    draft.broken()
    reopen(draft, draft.replay_from_ms, 500)
    assert told(draft.hear(heard(Sign.STARTED, "please"))) == [("TurnResumed", "two things please")]


def test_an_eager_end_survives_the_socket_and_is_confirmed_by_silence() -> None:
    draft = draft_on()
    draft.hear(heard(Sign.STARTED, "two"))
    draft.hear(heard(Sign.EAGER, "two things"))
    draft.broken()
    clock = reopen(draft, draft.replay_from_ms, 1_400)
    assert draft.abandoned() == []
    clock.sent(draft.replay_from_ms + 1_400, 100)
    (end,) = draft.abandoned()
    assert plain(end) == ("TurnEnded", "two things")
    assert isinstance(end, TurnEnded)
    assert end.voiced_until == 1.0
    assert draft.abandoned() == []


def test_speech_noticed_after_the_reconnect_gives_its_words_time() -> None:
    draft = draft_on()
    draft.hear(heard(Sign.STARTED, "two"))
    draft.broken()
    clock = reopen(draft, 500, 1_400)
    assert draft.hear(Heard(Sign.STARTED, started=0.2)) == []
    clock.sent(1_900, 1_400)
    assert draft.abandoned() == []
    assert told(draft.hear(heard(Sign.WORDS, "more"))) == [("WordsHeard", "two more")]
    clock.sent(3_300, 5_000)
    assert draft.abandoned() == []


def test_words_without_times_are_kept_whole() -> None:
    draft = draft_on(position_ms=1_000)
    untimed = Heard(Sign.STARTED, "no times", (Word("no"), Word("times")), until=2.0)
    draft.hear(untimed)
    draft.broken()
    assert draft.replay_from_ms == 3_000
    reopen(draft, 3_000, 2_000)
    (end,) = draft.abandoned()
    assert plain(end) == ("TurnEnded", "no times")


def test_silence_need_not_be_heard_again() -> None:
    draft = draft_on(sent_ms=60_000)
    draft.hear(heard(Sign.WORDS, "", until=50.0))
    assert draft.replay_from_ms == 49_000
    draft.hear(Heard(Sign.WORDS, "", until=51.0, settled=51.0))
    assert draft.replay_from_ms == 51_000


def test_after_a_reconnect_only_what_is_not_replayed_has_been_listened_to() -> None:
    """Else half of the caller's words would be taken for all of them."""
    draft = draft_on()
    assert draft.covered_until is None
    draft.hear(heard(Sign.STARTED, "I want an appoint", until=2.05))
    assert draft.covered_until == 2.05
    draft.broken()
    reopen(draft, draft.replay_from_ms, 500)
    assert draft.covered_until == 1.5
    draft.hear(heard(Sign.WORDS, "appointment", until=0.6))
    assert draft.covered_until == 2.0  # of what was sent
