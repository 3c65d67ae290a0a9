"""A caller reaches a person, or voicemail: whole calls on virtual time."""

from __future__ import annotations

import attrs
import pytest
import trio
import trio.testing

from tests.test_resuming import cut_after
from voxanne_trio.clinic import Clinic
from voxanne_trio.records import CallRecord
from voxanne_trio.sandbox.faults import Fault
from voxanne_trio.sandbox.journal import Entry
from voxanne_trio.sandbox.party import Party
from voxanne_trio.sandbox.server import Placed
from voxanne_trio.simulation.world import World, world

ALWAYS_OPEN: dict[str, str] = {}
"""The sample clinic's hours, in a world where it is midnight there."""


def opened(here: World) -> None:
    """Somebody is at the clinic."""
    composition = here.composition
    clinic: Clinic = attrs.evolve(composition.clinic, hours=ALWAYS_OPEN)
    composition.clinic = clinic
    script = attrs.evolve(composition.services.script, clinic=clinic)
    composition.services = attrs.evolve(composition.services, script=script)


def verbs(placed: Placed) -> list[str]:
    """The TwiML that the call has executed."""
    return [str(note.detail["name"]) for note in placed.call.journal.of("verb")]


def heard(record: CallRecord) -> str:
    return record.turns[-1].heard


@pytest.mark.parametrize("wish", [{"say": "Can I speak to a real person, please?"}, {"press": "0"}])
async def test_who_asks_for_a_person_is_put_through(
    wish: dict[str, str], autojump_clock: trio.testing.MockClock
) -> None:
    async with world() as here:
        opened(here)
        placed = await here.ring("listen", wish, "await_hang_up")
        record = await here.record(placed)
        assert "put you through" in heard(record)
        assert verbs(placed) == ["Connect", "Dial", "Hangup"]
        assert placed.call.journal.of("dial")[0].detail == "+15005550007"
        assert record.outcome == "transferred"
        assert placed.call.journal.violations == []


async def test_where_nobody_answers_a_message_is_taken_and_counted(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world() as here:
        opened(here)
        placed = here.call("listen", {"press": "0"}, {"stay_silent": 40}, {"await_hang_up": 60})
        placed.call.numbers = attrs.evolve(
            placed.call.numbers, parties={"*": Party(does="no-answer")}
        )

        recording = trio.Event()

        def watch(entry: Entry) -> None:
            if entry.kind == "verb" and entry.detail["name"] == "Record":
                recording.set()

        placed.call.journal.watch = watch

        async def leave_a_message() -> None:
            await recording.wait()
            await trio.sleep(1.5)
            placed.call.say(b"\x10" * 16_000)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(leave_a_message)
            await here.sandbox.place(placed)
        record = await here.record(placed)
        assert verbs(placed)[:5] == ["Connect", "Dial", "Say", "Say", "Record"]
        assert record.outcome == "voicemail"
        assert record.counts["voicemail_seconds"] > 0


async def test_the_whisper_is_for_the_person_alone(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world() as here:
        opened(here)
        ask = ({"say": "My name is Sarah."}, "listen", {"say": "Can I speak to a person?"})
        placed = await here.ring("listen", *ask, "await_hang_up")
        whispered = [note.detail["text"] for note in placed.call.journal.of("whisper")]
        assert whispered == [
            "A call passed on by Voxanne.",
            "Sarah is on the line.",
            "The caller said: My name is Sarah.",
        ]
        assert not any("Sarah is" in str(text) for text in placed.result()["twilio_says"])


async def test_0_while_we_speak_silences_us_and_puts_the_caller_through(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world() as here:
        opened(here)
        placed = await here.ring({"stay_silent": 1.5}, {"press": "0"}, "await_hang_up")
        record = await here.record(placed)
        assert record.turns[0].interrupted
        assert record.outcome == "transferred"


async def test_a_line_that_breaks_as_we_put_the_caller_through_does_not_keep_them_from_it(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world() as here:
        opened(here)
        placed = here.call({"stay_silent": 1.5}, {"press": "0"}, "await_hang_up")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(cut_after, here, placed, 3.0)
            await here.sandbox.place(placed)
        record = await here.record(placed)
        assert heard(record).startswith("Of course.")
        assert verbs(placed) == ["Connect", "Dial", "Hangup"]
        assert record.outcome == "transferred"


async def test_a_number_that_is_keyed_in_is_no_wish_for_a_person(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world() as here:
        opened(here)
        placed = await here.ring("listen", {"press": "5550100"}, {"stay_silent": 3}, "hang_up")
        assert verbs(placed) == ["Connect"]


async def test_where_words_are_private_so_are_keys(
    caplog: pytest.LogCaptureFixture, autojump_clock: trio.testing.MockClock
) -> None:
    caplog.set_level("DEBUG", logger="voxanne")
    async with world(log_words=False) as here:
        await here.ring("listen", {"press": "7"}, {"stay_silent": 3}, "hang_up")
    told = [line for line in caplog.messages if "Key" in line]
    assert told
    assert not any("7" in line for line in told)


async def test_thanks_over_the_transfer_do_not_call_it_off_and_a_change_of_mind_does(
    autojump_clock: trio.testing.MockClock,
) -> None:
    outcomes = []
    for words, end in (
        ("Thank you so much.", "await_hang_up"),
        ("Oh wait, how much is a BBL?", "hang_up"),
    ):
        async with world() as here:
            opened(here)
            ask = {"say": "Can I talk to someone?"}
            over = {"interrupt": words, "after_ms": 700}
            placed = await here.ring("listen", ask, over, {"listen": 1_500}, end)
            outcomes.append(("Dial" in verbs(placed), (await here.record(placed)).outcome))
    assert outcomes == [(True, "transferred"), (False, "caller hung up")]


async def test_when_nobody_is_there_a_message_is_offered_and_taken(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world() as here:
        ask, accept = {"say": "Can I talk to a person?"}, {"say": "Yes please."}
        placed = await here.ring("listen", ask, "listen", accept, "await_hang_up")
        record = await here.record(placed)
        assert "leave a message?" in record.turns[-2].heard
        assert "voicemail" in heard(record)
        assert "Record" in verbs(placed)
        assert "Dial" not in verbs(placed)


async def test_the_offer_can_be_declined(autojump_clock: trio.testing.MockClock) -> None:
    async with world() as here:
        ask, decline = {"say": "Can I talk to a person?"}, {"say": "No, do you do BBL?"}
        placed = await here.ring("listen", ask, "listen", decline, "listen", "hang_up")
        record = await here.record(placed)
        assert heard(record).startswith("Yes, we do")
        assert record.outcome == "caller hung up"


async def test_the_second_failure_in_a_row_puts_the_caller_through(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world() as here:
        opened(here)
        placed = here.call(
            "listen", {"say": "Hello?"}, "listen", {"say": "Are you there?"}, "await_hang_up"
        )
        here.groq.faults.add(Fault(kind="status", status=503, times=None))
        await here.sandbox.place(placed)
        record = await here.record(placed)
        assert "technical trouble" in heard(record)
        assert "put you through" in heard(record)
        assert record.outcome == "transferred"


async def test_without_ears_the_caller_is_put_through(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world() as here:
        opened(here)
        here.deepgram.faults.add(Fault(kind="listen_status", status=503, times=None))
        placed = await here.ring("listen", {"stay_silent": 20}, {"await_hang_up": 60})
        assert (await here.record(placed)).outcome == "transferred"
