"""How a call really ended, as Twilio tells it: put into its record where that did not know.

A stream of ours cannot tell a hang-up from a transfer, and a server that dies tells nothing.
Twilio repeats what it tells and does not keep the order, so each of these may be told twice, early
or late: what is known better stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ..observe.logs import CallLog
from ..records import CallRecord, Records, Then

Form = Mapping[str, str]

OVER: Final = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
"""What `CallStatus` says of a call that is no more."""

_DURATION: Final = re.compile(r"[0-9]{1,6}")
"""Seconds; what is longer is no recording of ours."""

_URL: Final = re.compile(r"https?://[!-~]{1,500}")
"""Twilio's are some 130 characters, all of them visible ASCII."""

_TALKED: Final = frozenset({"completed", "answered"})

_ONCE_OVER: Final[Mapping[str | None, str]] = {
    None: "caller hung up while reconnecting",
    "stream lost": "caller hung up while reconnecting",
    "broken off": "caller hung up while reconnecting",
    "handed over": "caller hung up while reconnecting",
    "transfer": "caller hung up during the transfer",
    "transfer not answered": "caller hung up before voicemail",
}
"""What an outcome turns out to have been when the call is over and nothing else was told."""


def was_answered(form: Form) -> bool:
    """Whether a dialled person has talked to the caller."""
    if "DialBridged" in form:
        return form["DialBridged"] == "true"
    return form.get("DialCallStatus") in _TALKED


def settle(
    records: Records,
    record: CallRecord | None,
    outcome: str,
    then: Then,
    counts: Mapping[str, int] | None = None,
) -> None:
    """Say how a call ended, once; nothing for one without a record."""
    if record is not None and record.outcome != outcome:
        records.call_ended(
            record.call_sid, outcome=outcome, then=then, duration_ms=0, counts=counts or {}
        )


def call_is_over(records: Records, record: CallRecord | None, form: Form) -> None:
    """The call has ended. One that is still open here settles itself, and knows better."""
    if record is None or form.get("CallStatus") not in OVER:
        return
    if (outcome := _ONCE_OVER.get(record.outcome)) is not None:
        settle(records, record, outcome, Then.HANG_UP)


def voicemail_left(records: Records, record: CallRecord | None, form: Form) -> None:
    """A message was recorded; told by the recording itself, and once more when it is stored.

    Its URL goes into the record alone: at Twilio a recording may be public to whoever has that.
    """
    seconds = form.get("RecordingDuration", "")
    if form.get("RecordingStatus", "completed") != "completed" or not _DURATION.fullmatch(seconds):
        return
    call_sid = form.get("CallSid", "")
    CallLog(call_sid).info("Voicemail of %s s", seconds)
    if _URL.fullmatch(url := form.get("RecordingUrl", "")):
        records.recording_left(call_sid, url)
    settle(records, record, "voicemail", Then.HANG_UP, {"voicemail_seconds": int(seconds)})
