"""What a call does next when it comes back to us: another stream, and how often."""

from __future__ import annotations

from functools import partial

import attrs
import pytest
import trio
from trio.testing import MockClock

from voxanne_trio.records import CallRecord, InMemoryRecords, Then
from voxanne_trio.telephony.signature import sign
from voxanne_trio.web.after import (
    LIVED_SECONDS,
    MOST_STREAMS,
    SETTLE_SECONDS,
    SETTLE_TRIES,
    next_stream,
)
from voxanne_trio.web.application import create_app

from .office import OPEN, Clock, Office, action, names, office, said, without_transfer
from .support import CALL, PUBLIC, SETTINGS, TOKEN, FakeServices, echo


async def test_a_lost_stream_is_followed_by_another_that_knows_it_goes_on(
    autojump_clock: MockClock,
) -> None:
    async with office() as here:
        here.call(outcome="stream lost")
        document = await here.after()
        (stream,) = document.iter("Stream")
        (parameter,) = stream
        assert (parameter.get("name"), parameter.get("value")) == ("resumes", "2")
        ticket = (stream.get("url") or "").rpartition("/")[2]
        assert here.app.desk.tickets.take(ticket).call_sid == CALL
        assert action(document) == f"?stream=2&at={int(OPEN)}"


async def test_a_call_of_which_nothing_is_known_goes_on(autojump_clock: MockClock) -> None:
    async with office() as here:
        assert names(await here.after()) == ["Connect"]


async def test_streams_that_fail_in_a_row_end_with_a_person(autojump_clock: MockClock) -> None:
    async with office() as here:
        query, documents = "", []
        for _ in range(3):
            documents.append(await here.after(query))
            query = action(documents[-1])
        assert [names(document) for document in documents] == [
            ["Connect"],
            ["Say", "Pause", "Connect"],
            ["Say", "Dial"],
        ]
        assert "went wrong" in said(documents[-1])


async def test_without_a_transfer_the_end_of_a_row_is_the_clinics_number(
    autojump_clock: MockClock,
) -> None:
    async with office(without_transfer()) as here:
        document = await here.after(f"?stream=3&at={int(OPEN)}")
        assert names(document)[-1] == "Hangup"
        assert "five zero zero, five five five, zero zero zero seven" in said(document)


@pytest.mark.parametrize(
    ("query", "streams", "age", "expected"),
    [
        ({}, 1, 10, 2),
        ({}, 1, LIVED_SECONDS, 1),  # the first stream has lived
        ({}, None, 0, 2),
        ({"stream": "2", "at": "1000"}, 2, 10, 3),
        ({"stream": "3", "at": "1000"}, 3, 10, None),
        ({"stream": "3", "at": "1000"}, 3, LIVED_SECONDS, 1),
        ({"stream": "1", "at": "1000"}, MOST_STREAMS, LIVED_SECONDS, None),
        ({"stream": "-7", "at": "x"}, None, 0, 2),
        ({"stream": "9" * 4_000, "at": ""}, None, 0, 2),
    ],
)
def test_how_many_streams_a_call_gets(
    query: dict[str, str], streams: int | None, age: float, expected: int | None
) -> None:
    record = CallRecord(call_sid=CALL, stream_sid="MZ1", started_at=1_000, streams=streams or 1)
    known = record if streams is not None else None
    assert next_stream(query, known, 1_000 + age) == expected


async def test_the_query_is_signed(autojump_clock: MockClock) -> None:
    async with office() as here:
        form = {"CallSid": CALL}
        signature = sign(TOKEN, f"{PUBLIC}/twiml/after?stream=3&at=1", form.items())
        forged = await here.app.test_client().post(
            "/twiml/after?stream=1&at=1", form=form, headers={"X-Twilio-Signature": signature}
        )
        assert forged.status_code == 403


async def test_a_goodbye_that_nobody_heard_is_said_by_another_voice(
    autojump_clock: MockClock,
) -> None:
    async with office() as here:
        here.call(Then.SAY_GOODBYE, "farewell")
        document = await here.after()
        assert names(document) == ["Say", "Hangup"]
        assert "Goodbye." in said(document)


async def test_what_was_meant_may_still_be_on_its_way_into_the_record(
    autojump_clock: MockClock,
) -> None:
    async with office() as here:
        here.call(outcome=None)

        async def written_late() -> None:
            await trio.sleep(0.15)
            here.services.records.call_ended(
                CALL, outcome="farewell", then=Then.HANG_UP, duration_ms=1, counts={}
            )

        async with trio.open_nursery() as nursery:
            nursery.start_soon(written_late)
            assert names(await here.after()) == ["Hangup"]


async def test_calls_of_a_server_that_died_do_not_wait_for_one_another(
    autojump_clock: MockClock,
) -> None:
    async with office() as here:
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            for number in range(40):
                sid = f"CA{number}"
                here.services.records.call_started(
                    CallRecord(call_sid=sid, stream_sid="MZ1", started_at=here.clock.now)
                )
                nursery.start_soon(partial(here.after, CallSid=sid))
        assert trio.current_time() - began <= SETTLE_SECONDS * SETTLE_TRIES + 0.01


class Broken(InMemoryRecords):
    """Records whose database is gone: it hangs, or fails."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    async def find(self, call_sid: str) -> CallRecord | None:
        await trio.sleep(self.seconds)
        raise OSError("no database")


@pytest.mark.parametrize("seconds", [0, 3_600])
async def test_no_database_is_no_reason_not_to_answer(
    seconds: float, autojump_clock: MockClock
) -> None:
    async with office(FakeServices(records=Broken(seconds))) as here:
        before = trio.current_time()
        assert names(await here.after()) == ["Connect"]
        assert trio.current_time() - before <= 1.0


@pytest.mark.parametrize("seconds", [0, 3_600])
async def test_without_a_database_a_call_of_ours_still_ends_as_was_meant(
    seconds: float, autojump_clock: MockClock
) -> None:
    async with office(FakeServices(records=Broken(seconds))) as here:
        here.call(Then.TRANSFER)
        before = trio.current_time()
        assert names(await here.after()) == ["Dial"]
        assert trio.current_time() - before <= 1.0


@pytest.mark.parametrize("state", ["draining", "full"])
async def test_a_call_that_comes_back_is_answered_whatever_state_we_are_in(
    state: str, autojump_clock: MockClock
) -> None:
    async with office() as here:
        here.app.desk.draining = state == "draining"
        if state == "full":
            here.app.desk.settings = attrs.evolve(SETTINGS, max_calls=1)
        with here.app.desk.calls.taking_one():
            assert names(await here.after()) == ["Connect"]


async def test_while_we_start_the_caller_waits_and_asks_again(autojump_clock: MockClock) -> None:
    app = create_app(SETTINGS, lambda _: FakeServices(), answer=echo)
    here, path = Office(app, FakeServices(), Clock()), "?stream=2&at=7"
    for _ in range(5):
        document = await here.after(path)
        assert names(document) == ["Say", "Pause", "Redirect"]
        path = (document[-1].text or "").removeprefix(f"{PUBLIC}/twiml/after")
        assert path.startswith("?stream=2&at=7&waits=")
    assert names(await here.after(path))[-1] == "Hangup"
