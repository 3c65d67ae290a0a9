"""A server that runs, for a call that comes back to `/twiml/after`; and what its document says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from xml.etree import ElementTree as ET

import attrs

from voxanne_trio.clinic import load_clinic
from voxanne_trio.records import CallRecord, Then
from voxanne_trio.web.application import VoxanneApp, create_app

from .support import CALL, PUBLIC, SETTINGS, FakeServices, echo, post

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
