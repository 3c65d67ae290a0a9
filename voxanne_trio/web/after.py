"""What a call does when a stream of ours, a dialled person or a recording has ended.

Twilio asks with the call still up, and whatever has failed the answer is a document the caller can
hear. The record says what was meant; without one (a replica died before it wrote) the call goes on
with a new stream. Two things bound a loop of them, and neither needs a record: the number of
streams in a row, and when the last was given, both in the URLs that Twilio asks and tells, query
and all signed. A stream that has lived for a while ends its row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import trio

from ..clinic import Clinic
from ..observe.logs import CallLog
from ..records import CallRecord, Records, Then
from ..resuming import PARAMETER, acquaintance_of, find
from ..telephony import twiml
from ..turns.policy import asks_for_a_person
from . import outcomes
from .desk import Composition, Desk
from .media import PATH as STREAM_PATH
from .outcomes import Form

AFTER_PATH: Final = "/twiml/after"
WHISPER_PATH: Final = "/twiml/whisper"
STREAM_STATUS_PATH: Final = "/twilio/stream"
RECORDING_PATH: Final = "/twilio/recording"

MOST_IN_ROW: Final = 3
"""Streams in a row of which none lived for `LIVED_SECONDS`; then the caller is given a person."""

LIVED_SECONDS: Final = 60
MOST_STREAMS: Final = 5
"""Streams of one call in all, by its record."""

MOST_WAITS: Final = 5
"""How often a call is asked to wait for a server that is starting: some 20 s in all."""

FIND_SECONDS: Final = 1.0
SETTLE_SECONDS: Final = 0.1
SETTLE_TRIES: Final = 3
"""A record without an outcome may be one that is still being written: it is read again so often."""

VOICEMAIL_SECONDS: Final = 120
WORDS_CHARACTERS: Final = 200
"""Of the caller's words, for a whisper."""

_TONE: Final = "Please leave your message after the tone. Press pound when you are done."
_NOBODY: Final = "I'm sorry, nobody can take your call right now."
_GOODBYE: Final = "Thanks for calling. Goodbye."
_NO_MESSAGE: Final = "We did not get a message. Goodbye."


class After:
    """Writes the documents for calls that have come back to us."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def document(self, form: Form, query: Mapping[str, str]) -> str:
        """What comes next for the call of a form; `query` is that of the URL. Always a document,
        in bounded time."""
        call_sid, composition = form.get("CallSid", ""), self._desk.composition
        is_over = form.get("CallStatus") in outcomes.OVER
        if is_over and (composition is None or not query.keys() & {"recorded", "dialled"}):
            return twiml.hang_up()
        if composition is None:
            return self._wait(query)
        records, clinic = composition.records, composition.clinic
        record = await settled(call_sid, records)
        if "recorded" in query:
            outcomes.voicemail_left(records, record, form)
            return twiml.say_and_hang_up("Thank you. We will call you back. Goodbye.")
        if "dialled" in query:
            return self._dialled(form, clinic, records, record)
        then = record.then if record is not None else Then.GO_ON
        if then is Then.HANG_UP:
            return twiml.hang_up()
        if then is Then.SAY_GOODBYE:
            return twiml.say_and_hang_up(_GOODBYE)
        if then is Then.TRANSFER:
            return self._to_a_person(call_sid, clinic)
        number = next_stream(query, record, self._desk.wall_clock())
        if number is None:
            CallLog(call_sid).error("Given up after several streams: to a person")
            outcomes.settle(records, record, "given up after several streams", Then.TRANSFER)
            return self._to_a_person(call_sid, clinic, twiml.SORRY)
        CallLog(call_sid).warning(
            "The stream ended before the call did: stream %d in a row", number
        )
        return self._stream(call_sid, number)

    async def rescuing(
        self, call_sid: str, stream_sid: str, query: Mapping[str, str]
    ) -> str | None:
        """The document for a call whose stream has failed, and about which nobody has asked; None
        where another stream is open by now, or the call was not to go on with one. `query` is that
        of the stream's status URL, which is its action's."""
        composition = self._desk.composition
        if composition is None:
            return None
        record = await found(call_sid, composition.records)
        if record is not None:
            another_is_open = record.outcome is None and record.stream_sid != stream_sid
            if another_is_open or record.then is not Then.GO_ON:
                return None
        return await self.document({"CallSid": call_sid}, query)

    async def whisper(self, call_sid: str, composition: Composition | None) -> str:
        """Who is calling and why, for the person who has answered."""
        if composition is None or composition.clinic.transfer is None:
            return twiml.whisper("A call.")
        record = await found(call_sid, composition.records)
        return twiml.whisper(composition.clinic.transfer.whisper, *about_the_caller(record))

    def _wait(self, query: Mapping[str, str]) -> str:
        """No services yet: the caller holds the line, and perhaps another replica is asked."""
        waits = _number(query, "waits")
        if waits >= MOST_WAITS:
            return twiml.apology("", "")
        return twiml.wait_and_ask(self._url(AFTER_PATH, **{**query, "waits": str(waits + 1)}))

    def _stream(self, call_sid: str, number: int) -> str:
        """A new stream; after two that failed at once, with a moment for whatever is wrong."""
        row = {"stream": str(number), "at": str(int(self._desk.wall_clock()))}
        return twiml.answer(
            stream_url=self._desk.stream_url(STREAM_PATH + self._desk.tickets.issue(call_sid)),
            action_url=self._url(AFTER_PATH, **row),
            status_url=self._url(STREAM_STATUS_PATH, **row),
            parameters={PARAMETER: str(number)},
            first=twiml.moment() if number == MOST_IN_ROW else "",
        )

    def _to_a_person(self, call_sid: str, clinic: Clinic, *first: str) -> str:
        """Ring the clinic; voicemail where it is closed; its number where there is neither."""
        transfer = clinic.transfer
        if transfer is not None and clinic.is_open(self._desk.wall_clock()):
            whisper_url = self._url(WHISPER_PATH, call=call_sid)
            return twiml.dial(
                transfer.number,
                action_url=self._url(AFTER_PATH, dialled="1"),
                whisper_url=whisper_url if transfer.whisper else "",
                ring_seconds=transfer.ring_seconds,
                first=first,
            )
        return self._to_voicemail(clinic, *first)

    def _to_voicemail(self, clinic: Clinic, *first: str) -> str:
        if clinic.transfer is None or not clinic.transfer.voicemail:
            return twiml.apology(clinic.name, clinic.phone)
        return twiml.voicemail(
            *first,
            _TONE,
            action_url=self._url(AFTER_PATH, recorded="1"),
            status_url=self._desk.url(RECORDING_PATH),
            most_seconds=VOICEMAIL_SECONDS,
            goodbye=_NO_MESSAGE,
        )

    def _dialled(
        self, form: Form, clinic: Clinic, records: Records, record: CallRecord | None
    ) -> str:
        """A person was rung: they have talked, or the caller has given up, or nobody was there."""
        if outcomes.was_answered(form):
            outcomes.settle(records, record, "transferred", Then.HANG_UP)
            return twiml.hang_up()
        if form.get("CallStatus") in outcomes.OVER:
            return twiml.hang_up()
        outcomes.settle(records, record, "transfer not answered", Then.TRANSFER)
        return self._to_voicemail(clinic, _NOBODY)

    def _url(self, path: str, **query: str) -> str:
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        return self._desk.url(f"{path}?{asked}")


def next_stream(query: Mapping[str, str], record: CallRecord | None, now: float) -> int | None:
    """The number, in its row, of the stream that is due; None when there have been enough.

    The URL's `stream` is that of the one that has ended and `at` when it was given (seconds, wall
    clock); a call's first stream has neither, and is as old as the call.
    """
    if record is not None and record.streams >= MOST_STREAMS:
        return None
    given_at: float = _number(query, "at")
    if not given_at:
        given_at = record.started_at if record is not None and record.streams == 1 else now
    if now - given_at >= LIVED_SECONDS:
        return 1
    number = max(_number(query, "stream"), 1) + 1
    return number if number <= MOST_IN_ROW else None


def about_the_caller(record: CallRecord | None) -> list[str]:
    """Who is calling and what they want, in a sentence each; nothing where it is not known."""
    if record is None:
        return []
    said = [turn.caller.reveal() for turn in record.turns if turn.caller is not None]
    wanted = [words for words in said if not asks_for_a_person(words)]
    name = acquaintance_of(record.turns).name
    about = [f"{name} is on the line."] if name else []
    return [*about, f"The caller said: {wanted[-1][:WORDS_CHARACTERS]}"] if wanted else about


async def settled(call_sid: str, records: Records) -> CallRecord | None:
    """The record of a call whose stream has ended, once it says how, or after a short while."""
    record = await found(call_sid, records)
    for _ in range(SETTLE_TRIES):
        if record is None or record.outcome is not None:
            break
        await trio.sleep(SETTLE_SECONDS)
        record = await found(call_sid, records)
    return record


async def found(call_sid: str, records: Records) -> CallRecord | None:
    """The record of a call, as far as it can be had in bounded time."""
    return await find(call_sid, records, FIND_SECONDS)


def _number(query: Mapping[str, str], name: str) -> int:
    value = query.get(name, "")
    return int(value) if value.isdecimal() and len(value) <= 12 else 0
