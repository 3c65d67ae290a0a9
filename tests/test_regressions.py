"""What once went wrong in a call, each by the behaviour that it broke. Virtual time, whole calls.

The recogniser's events are told at exact times and the model's words are given; the rest is the
product against the stand-ins. The floor alone is asked where the order of two events is all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import pytest
import trio
import trio.testing

from tests.test_barge_in import ScriptedEars, words_played
from voxanne_trio.call import Call
from voxanne_trio.conversation import Script
from voxanne_trio.events import (
    CallStarted,
    Event,
    HearingEvent,
    HearingLost,
    HearingRestored,
    PlayedOut,
    RanDry,
    ReplyAudible,
    ReplyFailed,
    ReplyProduced,
    Sensitive,
    SpeechStarted,
    StreamStopped,
    TimerExpired,
    TurnEnded,
    TurnEndedEagerly,
    VoiceStarted,
    WordsHeard,
)
from voxanne_trio.hearing import AudioRing
from voxanne_trio.records import CallRecord, TurnRecord
from voxanne_trio.sandbox.completions import Answer, ToolUse
from voxanne_trio.sandbox.faults import Fault
from voxanne_trio.sandbox.phone import PhoneCall
from voxanne_trio.sandbox.server import Placed
from voxanne_trio.simulation.world import World, world
from voxanne_trio.speaking.phrases import Phrases
from voxanne_trio.thinking import Tool, ToolBox
from voxanne_trio.turns import (
    Command,
    Ending,
    Floor,
    Phrase,
    Say,
    SetTimer,
    StopTimer,
    Timer,
    step,
)

QUESTION = "How much does a BBL cost?"
GREETING_CUT = (0.1, SpeechStarted(Sensitive("How much")))
ASKED = (1.0, TurnEnded(Sensitive(QUESTION)))

Told = tuple[float, HearingEvent]


async def call_told(
    here: World, *told: Told, hang_up_at: float, make_ears: Callable[..., Any] = ScriptedEars
) -> tuple[Placed, CallRecord]:
    """A call whose recogniser tells these events, and whose caller then hangs up."""
    ears = make_ears(told)
    services = here.composition.services
    here.composition.services = attrs.evolve(services, make_ears=lambda sid: ears)
    placed = here.call()

    async def wait(call: PhoneCall) -> None:
        await trio.sleep(hang_up_at)
        call.hang_up()

    await here.sandbox.twilio.place(placed.call, wait)
    await trio.sleep(1)  # until the call is torn down
    return placed, await here.record(placed)


def with_script(here: World, **changes: Any) -> None:
    services = here.composition.services
    script: Script = attrs.evolve(services.script, **changes)
    here.composition.services = attrs.evolve(services, script=script)


def model_says(here: World, *answers: Answer) -> None:
    """These answers, one a request; the last one for ever."""
    left = list(answers)

    def answer(messages: Sequence[Mapping[str, Any]], tools: Sequence[str]) -> Answer:
        here.asked.append(list(messages))
        return left.pop(0) if len(left) > 1 else left[0]

    here.groq.answer = answer


def asks(at: float, text: str) -> tuple[Told, Told]:
    return (at - 0.5, SpeechStarted(Sensitive(text.split()[0]))), (at, TurnEnded(Sensitive(text)))


def answer_in(record: CallRecord) -> TurnRecord:
    """The turn in which the question was answered; prompts of the idle ladder may follow."""
    (turn,) = (turn for turn in record.turns if turn.caller == Sensitive(QUESTION))
    return turn


def callers(record: CallRecord) -> list[str]:
    return [turn.caller.reveal() for turn in record.turns if turn.caller is not None]


# The floor


def floor_after(*happened: Event, floor: Floor | None = None) -> tuple[Floor, list[Command]]:
    floor = floor or Floor()
    commands: tuple[Command, ...] = ()
    for event in happened:
        floor, commands = step(floor, event)
    return floor, [command for command in commands if not isinstance(command, StopTimer)]


LISTENING = floor_after(
    CallStarted("CA1", "MZ1", "AC1"), ReplyAudible(1), ReplyProduced(1), PlayedOut(1)
)[0]
SPEAKING = floor_after(TurnEnded(Sensitive(QUESTION)), ReplyAudible(2), floor=LISTENING)[0]


def test_a_reply_that_breaks_off_after_hearing_is_lost_still_ends_the_call() -> None:
    """An apology that asks for more would leave a caller whom nobody hears."""
    deaf, _ = floor_after(HearingLost("gone"), ReplyFailed(2, "down"), floor=SPEAKING)
    floor, commands = floor_after(PlayedOut(2), floor=deaf)
    assert commands[-1] == Say(3, Phrase.TROUBLE)
    assert floor.ending is Ending.TROUBLE


@pytest.mark.parametrize("meanwhile", [(), (RanDry(2),)])
@pytest.mark.parametrize(("words_lost", "said"), [(False, []), (True, [Phrase.SAY_AGAIN])])
def test_hearing_that_comes_back_while_we_speak_does_not_end_the_call(
    meanwhile: tuple[Event, ...], words_lost: bool, said: list[Phrase]
) -> None:
    back = HearingRestored(words_lost=words_lost)
    floor, _ = floor_after(HearingLost("gone"), *meanwhile, back, floor=SPEAKING)
    floor, commands = floor_after(PlayedOut(2), floor=floor)
    assert floor.ending is None
    assert [command.phrase for command in commands if isinstance(command, Say)] == said


def test_hearing_that_comes_back_does_not_save_a_call_that_is_given_up() -> None:
    gives_up = attrs.evolve(SPEAKING, failures=1)
    floor, _ = floor_after(ReplyFailed(2, "down"), HearingRestored(), floor=gives_up)
    assert floor_after(PlayedOut(2), floor=floor)[0].ending is Ending.TROUBLE


def test_an_apology_made_by_the_voice_does_not_count_as_a_reply_that_went_well() -> None:
    failed, _ = floor_after(TurnEnded(Sensitive("Hi")), ReplyFailed(2, "down"), floor=LISTENING)
    apologised, _ = floor_after(ReplyAudible(3), ReplyProduced(3), PlayedOut(3), floor=failed)
    _, commands = floor_after(TurnEnded(Sensitive("Hi?")), ReplyFailed(4, "down"), floor=apologised)
    assert commands[-1] == Say(5, Phrase.TROUBLE)


def test_a_reply_that_says_nothing_does_not_count_as_one_that_went_well() -> None:
    silent, commands = floor_after(
        TurnEnded(Sensitive("Hi")), ReplyProduced(2), PlayedOut(2), floor=LISTENING
    )
    assert commands[-1] == Say(3, Phrase.APOLOGY)
    again, _ = floor_after(ReplyAudible(3), PlayedOut(3), floor=silent)
    _, commands = floor_after(
        TurnEnded(Sensitive("Hi?")), ReplyProduced(4), PlayedOut(4), floor=again
    )
    assert commands[-1] == Say(5, Phrase.TROUBLE)


def test_a_reply_that_went_well_before_it_was_audible_makes_failures_forgotten() -> None:
    failed, _ = floor_after(TurnEnded(Sensitive("Hi")), ReplyFailed(2, "down"), floor=LISTENING)
    well, _ = floor_after(
        PlayedOut(3),
        TurnEnded(Sensitive("Hi?")),
        ReplyProduced(4),
        ReplyAudible(4),
        PlayedOut(4),
        floor=failed,
    )
    assert well.failures == 0


def test_the_call_limit_is_not_forgotten_when_it_comes_during_the_goodbye() -> None:
    goodbye, _ = floor_after(TurnEnded(Sensitive("Bye.")), ReplyAudible(2), floor=LISTENING)
    floor, commands = floor_after(
        TimerExpired(Timer.CALL_LIMIT.value),
        WordsHeard(Sensitive("Oh, and how much was it?")),
        floor=goodbye,
    )
    assert (floor.ending, commands) == (Ending.LIMIT, [])  # it is heard out, and ends the call
    assert floor_after(PlayedOut(2), floor=floor)[1] == [SetTimer(Timer.HANGUP, 0.4)]


def test_a_goodbye_that_fails_after_the_call_limit_ends_the_call_all_the_same() -> None:
    goodbye, _ = floor_after(TurnEnded(Sensitive("Bye.")), floor=LISTENING)
    floor, commands = floor_after(
        TimerExpired(Timer.CALL_LIMIT.value), ReplyFailed(2, "down"), floor=goodbye
    )
    assert commands[-1] == Say(3, Phrase.GOODBYE)
    assert floor.ending is Ending.LIMIT
    floor, _ = floor_after(WordsHeard(Sensitive("Wait, one more thing")), floor=floor)
    assert floor.ending is Ending.LIMIT  # no timer would end the call a second time


def test_words_of_a_hold_do_not_call_off_the_end_at_the_call_limit() -> None:
    goodbye, _ = floor_after(TurnEnded(Sensitive("Bye.")), ReplyAudible(2), floor=LISTENING)
    floor, _ = floor_after(
        VoiceStarted(1.0),
        WordsHeard(Sensitive("Tuesday")),
        TimerExpired(Timer.CALL_LIMIT.value),
        TimerExpired(Timer.HOLD_MAX.value),
        floor=goodbye,
    )
    assert floor.ending is Ending.LIMIT


def test_an_end_of_turn_told_twice_is_answered_once() -> None:
    turn = TurnEnded(Sensitive(QUESTION))
    floor, _ = floor_after(turn, floor=LISTENING)
    assert floor_after(turn, floor=floor)[1] == []


# Whole calls


async def test_words_before_a_tool_call_are_a_sentence_of_their_own(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world() as here:
        with_script(here, tools=ToolBox([tool(0.05)]))
        model_says(
            here, Answer("Let me check.", (ToolUse("look_up"),)), Answer("It is $8,000 or so.")
        )
        _, record = await call_told(here, GREETING_CUT, ASKED, hang_up_at=8)
        assert record.turns[-1].agent == "Let me check. It is $8,000 or so."


async def test_a_model_that_calls_tools_without_end_must_speak_at_last(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Otherwise a caller whose appointment has just been booked hears an apology."""
    async with world() as here:
        with_script(here, tools=ToolBox([tool(0.05)]))
        offered: list[bool] = []

        def answer(messages: Sequence[Mapping[str, Any]], tools: Sequence[str]) -> Answer:
            offered.append(bool(tools))
            return Answer("", (ToolUse("look_up"),)) if tools else Answer("It is $8,000 or so.")

        here.groq.answer = answer
        _, record = await call_told(here, GREETING_CUT, ASKED, hang_up_at=8)
        assert record.turns[-1].heard == "It is $8,000 or so."
        assert offered == [True, True, True, False]


def tool(seconds: float) -> Tool:
    async def run(arguments: Mapping[str, object]) -> str:
        await trio.sleep(seconds)
        return "$8,000"

    return Tool(name="look_up", description="Looks prices up.", run=run)


async def test_a_turn_for_which_a_tool_has_run_is_not_taken_back(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """Its words would stand in the history twice, and the tool would be asked for again."""
    async with world(profile="fixed:260,600,90") as here:
        with_script(here, tools=ToolBox([tool(0.05)]))
        model_says(here, Answer("", (ToolUse("look_up"),)), Answer("It is $8,000 or so."))
        more = asks(2.4, "And what are your hours?")  # the second answer is being thought of
        _, record = await call_told(here, GREETING_CUT, ASKED, *more, hang_up_at=8)
        assert callers(record) == [QUESTION, "And what are your hours?"]
        roles = [message["role"] for message in here.asked[-1] if message["role"] != "system"]
        assert roles == ["user", "assistant", "tool", "user"]


@attrs.frozen
class EarsSlowToLeave(ScriptedEars):
    """A recogniser's socket that takes its time to close."""

    async def listen(self, audio: AudioRing, tell: Callable[[HearingEvent], None]) -> None:
        try:
            await super().listen(audio, tell)
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(0.4)


@pytest.mark.parametrize("hang_up_at", [2.0, 2.6, 3.3])
async def test_what_was_heard_at_the_hang_up_does_not_grow_while_the_call_is_torn_down(
    autojump_clock: trio.testing.MockClock, hang_up_at: float
) -> None:
    text = "We are open on most days of the week from early in the morning until late at night."
    async with world() as here:
        model_says(here, Answer(text))
        placed, record = await call_told(
            here, GREETING_CUT, ASKED, hang_up_at=hang_up_at, make_ears=EarsSlowToLeave
        )
        (start,), (hung_up,) = (placed.call.journal.of(kind) for kind in ("start", "hang_up"))
        playout = placed.call.playout
        first, last = (playout.position(at) for at in (start.at + ASKED[0], hung_up.at))
        _, finished = words_played(bytes(playout.audio[first:last]), text.split())
        assert 1 <= len(record.turns[-1].heard.split()) <= finished
        assert record.duration_ms == pytest.approx((hung_up.at - start.at) * 1000, abs=30)


async def test_a_turn_that_goes_on_when_the_caller_hangs_up_is_in_the_record(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world() as here:
        goes_on = (1.1, SpeechStarted(Sensitive("and the")))
        _, record = await call_told(here, GREETING_CUT, ASKED, goes_on, hang_up_at=1.5)
        assert callers(record) == [QUESTION]


async def test_a_turn_that_goes_on_and_is_supposed_to_end_is_one_turn_when_the_caller_hangs_up(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world() as here:
        goes_on = (1.1, SpeechStarted(Sensitive("and the")))
        supposed = (1.3, TurnEndedEagerly(Sensitive("and the recovery?")))
        _, record = await call_told(here, GREETING_CUT, ASKED, goes_on, supposed, hang_up_at=1.4)
        assert callers(record) == [f"{QUESTION} and the recovery?"]
        assert "decided" in record.turns[-1].timeline


async def test_a_turn_whose_apology_is_interrupted_before_it_is_heard_is_in_the_record(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world() as here:
        with_script(here, phrases=Phrases("nobody"))
        here.groq.faults.add(Fault(kind="status", status=503, times=2))
        _, record = await call_told(
            here,
            (0.8, SpeechStarted(Sensitive("How"))),
            (1.0, TurnEnded(Sensitive(QUESTION))),
            (1.15, SpeechStarted(Sensitive("Hello there"))),
            (1.5, TurnEnded(Sensitive("Hello?"))),
            hang_up_at=4,
        )
        assert callers(record) == [QUESTION, "Hello?"]


async def test_who_speaks_up_right_after_the_last_prompt_is_answered(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """A phrase out of the cache is produced at once: after it, voice silences nothing."""

    def speak_up(call: Call, event: Event, commands: object) -> None:
        if isinstance(event, PlayedOut) and call.floor.ending is Ending.SILENCE:
            call.conversation.nursery.start_soon(ask, call)

    async def ask(call: Call) -> None:
        await trio.sleep(0.2)
        call.tell(VoiceStarted(trio.current_time()))
        await trio.sleep(1.0)
        call.tell(TurnEnded(Sensitive(QUESTION)))

    async with world(idle_seconds=(1.0,)) as here:
        here.composition.services = attrs.evolve(here.composition.services, watch=speak_up)
        _, record = await call_told(here, hang_up_at=30)
        assert answer_in(record).heard


@pytest.mark.parametrize("late", [ReplyAudible, PlayedOut])
async def test_what_playback_tells_in_the_moment_of_the_hang_up_means_nothing(
    autojump_clock: trio.testing.MockClock,
    caplog: pytest.LogCaptureFixture,
    late: type[ReplyAudible | PlayedOut],
) -> None:
    """The writer's last send may return after the call has ended, before it is cancelled."""

    def tell_late(call: Call, event: Event, commands: object) -> None:
        if isinstance(event, StreamStopped):
            call.tell(late(call.floor.reply))

    async with world() as here:
        here.composition.services = attrs.evolve(here.composition.services, watch=tell_late)
        _, record = await call_told(here, GREETING_CUT, ASKED, hang_up_at=4)
        assert record.outcome == "caller hung up"
        assert "Call failed" not in caplog.text


@pytest.mark.parametrize("kind", ["cut", "truncate", "error_event"])
async def test_a_model_that_breaks_off_before_its_first_sentence_is_passed_over(
    autojump_clock: trio.testing.MockClock, kind: str
) -> None:
    async with world() as here:
        here.groq.faults.add(Fault(kind=kind, after=2))
        _, record = await call_told(here, GREETING_CUT, ASKED, hang_up_at=30)
        assert "trouble" not in answer_in(record).agent
        assert answer_in(record).heard == answer_in(record).agent != ""
        assert answer_in(record).agent.startswith("It's $8,000")


async def test_a_model_that_writes_a_blank_and_stalls_is_passed_over(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world() as here:
        model_says(here, Answer(" \n\n.  It is"), Answer("It is $8,000 or so."))
        here.groq.faults.add(Fault(kind="stall", seconds=60))
        _, record = await call_told(here, GREETING_CUT, ASKED, hang_up_at=20)
        assert answer_in(record).agent == "It is $8,000 or so."


async def test_a_model_that_stalls_after_its_first_sentence_is_waited_for(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world() as here:
        model_says(here, Answer("It is $8,000 or so. That is all."))
        here.groq.faults.add(Fault(kind="stall", seconds=4))
        _, record = await call_told(here, GREETING_CUT, ASKED, hang_up_at=12)
        assert answer_in(record).heard == "It is $8,000 or so. That is all."
