"""How calls end, and those about which nobody asks."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree as ET

import attrs
import pytest
import trio
from trio.testing import MockClock

from voxanne_trio.clinic import Clinic, load_clinic
from voxanne_trio.records import Then
from voxanne_trio.web.rescue import AT_ONCE, Rescue

from .office import CLOSED, OPEN, Office, names, office
from .support import CALL, PUBLIC, FakeServices, post


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
