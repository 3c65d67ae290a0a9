"""What a call does next when it comes back to us: `/twiml/after` and what belongs to it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from xml.etree import ElementTree as ET

import attrs
import pytest
import trio
from trio.testing import MockClock

from voxanne_trio.clinic import Clinic, load_clinic
from voxanne_trio.events import Sensitive
from voxanne_trio.records import CallRecord, InMemoryRecords, Then, TurnRecord
from voxanne_trio.telephony.signature import sign
from voxanne_trio.web.after import (
    LIVED_SECONDS,
    MOST_STREAMS,
    SETTLE_SECONDS,
    SETTLE_TRIES,
    next_stream,
)
from voxanne_trio.web.application import VoxanneApp, create_app
from voxanne_trio.web.rescue import AT_ONCE, Rescue

from .support import CALL, PUBLIC, SETTINGS, TOKEN, FakeServices, echo, post

CLOSED = 1_800_000_000.0
"""A Friday, 0:00 at the clinic."""

OPEN = CLOSED + 11 * 3_600


@attrs.define
class Clock:
    """The clock on the wall."""

    now: float = OPEN


@attrs.define
class Office:
    """A server that runs, and what it stands on."""

    app: VoxanneApp
    services: FakeServices
    clock: Clock

    async def after(self, query: str = "", **form: str) -> ET.Element:
        """The document that Twilio gets."""
        given = {"CallSid": CALL, "CallStatus": "in-progress", **form}
        answer = await post(self.app.test_client(), f"/twiml/after{query}", **given)
        assert answer.status_code == 200
        return ET.fromstring(await answer.get_data(as_text=True))

    def call(self, then: Then = Then.GO_ON, outcome: str | None = "x", **changes: object) -> None:
        """A call is known."""
        record = CallRecord(call_sid=CALL, stream_sid="MZ1", started_at=self.clock.now)
        self.services.records.call_started(record)
        record.then, record.outcome = then, outcome
        for name, value in changes.items():
            setattr(record, name, value)

    @property
    async def record(self) -> CallRecord:
        record = await self.services.records.find(CALL)
        assert record is not None
        return record


@asynccontextmanager
async def office(services: FakeServices | None = None, now: float = OPEN) -> AsyncIterator[Office]:
    services, clock = services or FakeServices(), Clock(now)
    app = create_app(SETTINGS, lambda _: services, answer=echo, wall_clock=lambda: clock.now)
    async with app.test_app():
        yield Office(app, services, clock)


def without_transfer() -> FakeServices:
    return FakeServices(clinic=attrs.evolve(load_clinic(), transfer=None))


def said(document: ET.Element) -> str:
    return " ".join(verb.text or "" for verb in document.iter("Say"))


def names(document: ET.Element) -> list[str]:
    return [verb.tag for verb in document]


def action(document: ET.Element) -> str:
    """The path and query that are asked next."""
    (verb,) = [verb for verb in document if verb.get("action")]
    return (verb.get("action") or "").removeprefix(f"{PUBLIC}/twiml/after")


# A new stream, and how often


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


# To a person, or to voicemail


async def test_a_transfer_rings_the_clinic_with_a_whisper(autojump_clock: MockClock) -> None:
    async with office() as here:
        here.call(Then.TRANSFER)
        (dial,) = await here.after()
        (number,) = dial
        assert (dial.get("timeout"), dial.get("answerOnBridge")) == ("25", "true")
        assert dial.get("action") == f"{PUBLIC}/twiml/after?dialled=1"
        assert number.text == "+15005550007"
        assert number.get("url") == f"{PUBLIC}/twiml/whisper?call={CALL}"


@pytest.mark.parametrize(
    ("now", "verb"),
    [
        (CLOSED, "Record"),
        (OPEN, "Dial"),
        # Saturdays, from 10:00: that is 17:00 UTC in summer and 18:00 in winter.
        (1_792_861_140.0, "Record"),  # 24 October, 16:59 UTC
        (1_792_861_200.0, "Dial"),  # 17:00 UTC
        (1_794_074_400.0 - 3_600, "Record"),  # 7 November, 17:00 UTC: winter time
        (1_794_074_400.0, "Dial"),  # 18:00 UTC
    ],
)
async def test_opening_hours_decide_on_the_clinics_own_clock(
    now: float, verb: str, autojump_clock: MockClock
) -> None:
    async with office(now=now) as here:
        here.call(Then.TRANSFER)
        assert verb in names(await here.after())


@pytest.mark.parametrize("status", ["no-answer", "busy", "failed", "canceled"])
async def test_where_nobody_answers_voicemail_takes_the_call(
    status: str, autojump_clock: MockClock
) -> None:
    async with office() as here:
        here.call(Then.TRANSFER, "transfer")
        document = await here.after("?dialled=1", DialCallStatus=status)
        assert names(document) == ["Say", "Say", "Record", "Say", "Hangup"]
        record = document.find("Record")
        assert record is not None
        assert record.get("recordingStatusCallback") == f"{PUBLIC}/twilio/recording"
        assert action(document) == "?recorded=1"
        assert (await here.record).outcome == "transfer not answered"


@pytest.mark.parametrize("form", [{"DialBridged": "true"}, {"DialCallStatus": "completed"}])
async def test_who_has_talked_to_a_person_is_done(
    form: dict[str, str], autojump_clock: MockClock
) -> None:
    async with office() as here:
        here.call(Then.TRANSFER, "transfer")
        for _ in range(2):
            assert names(await here.after("?dialled=1", **form)) == ["Hangup"]
        assert (await here.record).outcome == "transferred"
        assert names(await here.after()) == ["Hangup"]


async def test_a_person_who_hung_up_on_the_whisper_has_talked_to_nobody(
    autojump_clock: MockClock,
) -> None:
    async with office() as here:
        form = {"DialCallStatus": "completed", "DialBridged": "false"}
        assert "Record" in names(await here.after("?dialled=1", **form))


async def test_a_message_is_in_the_record_once_and_its_url_in_no_log(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "voxanne")
    async with office() as here:
        here.call(Then.TRANSFER, "transfer not answered")
        form = {"RecordingUrl": "https://api.twilio.com/RE1", "RecordingDuration": "23"}
        document = await here.after("?recorded=1", **form)
        assert names(document) == ["Say", "Hangup"]
        client = here.app.test_client()
        for status in ("completed", "absent", "completed"):
            told = {"CallSid": CALL, "RecordingStatus": status, **form}
            assert (await post(client, "/twilio/recording", **told)).status_code == 204
        record = await here.record
        assert (record.outcome, record.counts) == ("voicemail", {"voicemail_seconds": 23})
        assert record.recording == "https://api.twilio.com/RE1"
    assert "Voicemail of 23 s" in caplog.text
    assert "RE1" not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://api.twilio.com/RE1",
        "https://",
        "https://x/\x1b]0;owned\x07",
        "https://x/\u202e",
        "https://x/RE1\n",
        f"https://x/{'a' * 600}",
    ],
)
async def test_what_is_no_url_is_not_kept_until_one_is_told(
    url: str, autojump_clock: MockClock
) -> None:
    async with office() as here:
        here.call(Then.TRANSFER, "transfer not answered")
        await here.after("?recorded=1", RecordingDuration="23", RecordingUrl=url)
        record = await here.record
        assert (record.outcome, record.recording) == ("voicemail", None)
        told = {"RecordingDuration": "23", "RecordingUrl": "http://127.0.0.1:8900/RE1"}
        await post(here.app.test_client(), "/twilio/recording", CallSid=CALL, **told)
        assert (await here.record).recording == "http://127.0.0.1:8900/RE1"


@pytest.mark.parametrize("seconds", ["9" * 5_000, "\N{ARABIC-INDIC DIGIT THREE}", "-1", ""])
async def test_a_message_of_no_length_is_no_message(
    seconds: str, autojump_clock: MockClock
) -> None:
    async with office() as here:
        here.call(Then.TRANSFER, "transfer not answered")
        assert names(await here.after("?recorded=1", RecordingDuration=seconds))[-1] == "Hangup"
        assert (await here.record).outcome == "transfer not answered"


async def test_an_error_of_ours_is_an_apology_with_the_clinics_number(
    autojump_clock: MockClock,
) -> None:
    async with office() as here:
        here.call(Then.TRANSFER)
        here.clock.now = float("nan")  # a clock that tells no time of the day
        assert "five five five" in said(await here.after())


async def test_a_clinic_without_voicemail_says_its_number(autojump_clock: MockClock) -> None:
    clinic = load_clinic()
    assert clinic.transfer is not None
    silent = attrs.evolve(clinic, transfer=attrs.evolve(clinic.transfer, voicemail=False))
    async with office(FakeServices(clinic=silent)) as here:
        document = await here.after("?dialled=1", DialCallStatus="busy")
        assert names(document)[-1] == "Hangup"
        assert "zero zero zero seven" in said(document)


def turn(number: int, caller: str | None, heard: str) -> TurnRecord:
    return TurnRecord(
        number=number,
        caller=Sensitive(caller) if caller is not None else None,
        agent=heard,
        heard=heard,
        interrupted=False,
        latency_ms={},
        timeline={},
    )


async def test_the_whisper_says_who_is_calling_and_why(autojump_clock: MockClock) -> None:
    async with office() as here:
        turns = [
            turn(0, None, "Thanks for calling."),
            turn(1, "My name is Sarah.", "Hi, Sarah."),
            turn(2, "How much is a <BBL>?", "It is much."),
            turn(3, "Can I speak to a person?", "Of course."),
        ]
        here.call(Then.TRANSFER, turns=turns)
        answer = await post(here.app.test_client(), f"/twiml/whisper?call={CALL}", CallSid="CA9")
        document = ET.fromstring(await answer.get_data(as_text=True))
        assert [verb.text for verb in document] == [
            "A call passed on by Voxanne.",
            "Sarah is on the line.",
            "The caller said: How much is a <BBL>?",
        ]
        other = await post(here.app.test_client(), "/twiml/whisper?call=CA7", CallSid="CA9")
        assert "Sarah" not in await other.get_data(as_text=True)


# How calls end


@pytest.mark.parametrize("status", ["completed", "failed", "canceled"])
async def test_a_call_that_is_over_needs_nothing(status: str, autojump_clock: MockClock) -> None:
    async with office() as here:
        assert names(await here.after(CallStatus=status)) == ["Hangup"]


@pytest.mark.parametrize("status_first", [True, False])
@pytest.mark.parametrize(
    ("query", "form", "outcome"),
    [
        ("?dialled=1", {"DialBridged": "true"}, "transferred"),
        ("?dialled=1", {"DialBridged": "false"}, "caller hung up during the transfer"),
        ("?recorded=1", {"RecordingDuration": "7"}, "voicemail"),
    ],
)
async def test_who_hangs_up_on_a_person_or_after_a_message_has_got_what_they_wanted(
    query: str,
    form: dict[str, str],
    outcome: str,
    status_first: bool,
    autojump_clock: MockClock,
) -> None:
    async with office() as here:
        here.call(Then.TRANSFER, "transfer")

        async def status() -> None:
            over = {"CallSid": CALL, "CallStatus": "completed"}
            await post(here.app.test_client(), "/twilio/status", **over)

        if status_first:
            await status()
        assert names(await here.after(query, CallStatus="completed", **form))[-1] == "Hangup"
        if not status_first:
            await status()
        assert (await here.record).outcome == outcome


@pytest.mark.parametrize(
    ("known", "then"),
    [
        (None, "caller hung up while reconnecting"),
        ("stream lost", "caller hung up while reconnecting"),
        ("transfer", "caller hung up during the transfer"),
        ("caller hung up", "caller hung up"),
        ("farewell", "farewell"),
        ("transferred", "transferred"),
        ("voicemail", "voicemail"),
    ],
)
async def test_the_status_of_the_call_completes_what_the_record_does_not_know(
    known: str | None, then: str, autojump_clock: MockClock
) -> None:
    async with office() as here:
        here.call(outcome=known)
        client = here.app.test_client()
        for status in ("in-progress", "completed", "completed"):
            await post(client, "/twilio/status", CallSid=CALL, CallStatus=status)
        assert (await here.record).outcome == then


async def test_a_status_that_comes_before_the_stream_ends_is_overruled_by_it(
    autojump_clock: MockClock,
) -> None:
    async with office() as here:
        here.call(outcome=None)
        await post(here.app.test_client(), "/twilio/status", CallSid=CALL, CallStatus="completed")
        here.services.records.call_ended(
            CALL, outcome="caller hung up", then=Then.GO_ON, duration_ms=9_000, counts={}
        )
        record = await here.record
        assert (record.outcome, record.duration_ms) == ("caller hung up", 9_000)


# Calls about which nobody asks


@attrs.define
class Rest:
    """Twilio's REST, for calls without a stream."""

    updates: list[tuple[float, str, str]] = attrs.field(factory=list)

    async def update_call(self, call_sid: str, document: str) -> bool:
        self.updates.append((trio.current_time(), call_sid, document))
        await trio.lowlevel.checkpoint()
        return True


async def stream_error(
    here: Office, stream_sid: str = "MZ1", query: str = "", call_sid: str = CALL
) -> None:
    await post(
        here.app.test_client(),
        f"/twilio/stream{query}",
        CallSid=call_sid,
        StreamSid=stream_sid,
        StreamEvent="stream-error",
        StreamError="31901",
    )


@pytest.mark.parametrize("known", [True, False])
async def test_a_call_that_is_left_on_a_dead_stream_is_fetched_by_rest(
    known: bool, autojump_clock: MockClock
) -> None:
    rest = Rest()
    async with office(FakeServices(rest=rest)) as here:
        if known:
            here.call(outcome="stream lost")
        before = trio.current_time()
        await stream_error(here)
        await trio.sleep(20)
        ((at, call_sid, document),) = rest.updates
        assert at - before == pytest.approx(5)
        assert call_sid == CALL
        assert names(ET.fromstring(document)) == ["Connect"]


@pytest.mark.parametrize("what", ["asked", "over", "another stream", "meant to end"])
async def test_a_call_that_is_well_is_left_alone(what: str, autojump_clock: MockClock) -> None:
    rest = Rest()
    async with office(FakeServices(rest=rest)) as here:
        outcome = None if what == "another stream" else "x"
        here.call(Then.HANG_UP if what == "meant to end" else Then.GO_ON, outcome)
        await stream_error(here, "MZ0" if what == "another stream" else "MZ1")
        if what == "asked":
            await here.after()
        if what == "over":
            await post(
                here.app.test_client(), "/twilio/status", CallSid=CALL, CallStatus="completed"
            )
        await trio.sleep(20)
        assert rest.updates == []


async def test_streams_that_never_reach_us_are_fetched_so_often_and_then_a_person(
    autojump_clock: MockClock,
) -> None:
    rest = Rest()
    async with office(FakeServices(rest=rest)) as here:
        here.call(outcome="stream lost")
        query = ""
        for number in range(3):
            await stream_error(here, f"MZ{number + 1}", query)
            await trio.sleep(20)
            document = ET.fromstring(rest.updates[-1][2])
            (stream,) = [*document.iter("Stream")] or [ET.Element("Stream")]
            query = stream.get("statusCallback", "").removeprefix(f"{PUBLIC}/twilio/stream")
        assert len(rest.updates) == 3
        assert names(document) == ["Say", "Dial"]


async def test_a_call_that_cannot_be_fetched_harms_no_other(
    autojump_clock: MockClock,
) -> None:
    fetched: list[str] = []

    async def document(call_sid: str, stream_sid: str, query: Mapping[str, str]) -> str:
        await trio.lowlevel.checkpoint()
        if call_sid == "CA1":
            raise ValueError("a fault of ours")
        return call_sid

    async def update(call_sid: str, document: str) -> bool:
        await trio.sleep(15)
        fetched.append(call_sid)
        return True

    rescue = Rescue()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(rescue.run, document, update)
        for number in range(30):
            rescue.stream_failed(f"CA{number}", "MZ1", {})
        await trio.sleep(8)
        tasks = len(nursery.child_tasks) + sum(
            len(inner.child_tasks) for task in nursery.child_tasks for inner in task.child_nurseries
        )
        assert tasks <= 1 + AT_ONCE
        rescue.heard_of("CA29")
        await trio.sleep(100)
        nursery.cancel_scope.cancel()
    assert sorted(fetched) == sorted(f"CA{number}" for number in range(29) if number != 1)


@pytest.mark.parametrize("call_sid", ["CAä", "CA/../x\n", ""])
async def test_a_sid_that_is_none_is_fetched_by_nobody(
    call_sid: str, autojump_clock: MockClock
) -> None:
    rest = Rest()
    async with office(FakeServices(rest=rest)) as here:
        await stream_error(here, call_sid=call_sid)
        await trio.sleep(20)
        assert rest.updates == []
        assert here.services.running


def test_the_sample_clinic_can_be_reached() -> None:
    clinic: Clinic = load_clinic()
    assert clinic.is_open(OPEN)
    assert not clinic.is_open(CLOSED)
