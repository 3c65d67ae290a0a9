"""What a call does next when it comes back to us: to a person, or to voicemail."""

from __future__ import annotations

import logging
from xml.etree import ElementTree as ET

import attrs
import pytest
from trio.testing import MockClock

from voxanne_trio.clinic import load_clinic
from voxanne_trio.records import Then

from ..records.support import a_turn
from .office import CLOSED, OPEN, action, names, office, said
from .support import CALL, PUBLIC, FakeServices, post


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


async def test_the_whisper_says_who_is_calling_and_why(autojump_clock: MockClock) -> None:
    async with office() as here:
        turns = [
            a_turn(0, None, "Thanks for calling."),
            a_turn(1, "My name is Sarah.", "Hi, Sarah."),
            a_turn(2, "How much is a <BBL>?", "It is much."),
            a_turn(3, "Can I speak to a person?", "Of course."),
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
