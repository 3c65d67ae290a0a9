"""The TwiML documents we answer with: pure text.

Knows Twilio's verbs and XML's escapes. Refuses to know when each is due. A document that connects
a stream has nothing after `</Connect>`: with `action` set Twilio never reaches it, and asks the
action what comes next instead; so it is with `<Dial>`. Twilio asks no action for a `<Record>` in
which nobody spoke, and goes on. A document that only speaks ends in `<Hangup/>`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from ..humanizer import normalise

CONTENT_TYPE: Final = "text/xml; charset=utf-8"

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>'
# What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN: Final = {code: None for code in range(32) if chr(code) not in "\t\n\r"} | dict.fromkeys(
    [*range(0xD800, 0xE000), 0xFFFE, 0xFFFF]
)


def answer(
    *,
    stream_url: str,
    action_url: str,
    status_url: str,
    parameters: Mapping[str, str] | None = None,
    first: str = "",
) -> str:
    """Connect the call to our stream; `action_url` is asked when the stream has ended.

    `parameters` come back in the stream's `start`. `first` is what happens before: `moment()`.
    """
    noun = f"<Stream{_attributes(url=stream_url, statusCallback=status_url)}"
    noun += ' statusCallbackMethod="POST"'
    inside = "".join(
        f"<Parameter{_attributes(name=name, value=value)}/>"
        for name, value in (parameters or {}).items()
    )
    noun += f">{inside}</Stream>" if inside else "/>"
    return _document(
        f'{first}<Connect{_attributes(action=action_url)} method="POST">{noun}</Connect>'
    )


def hang_up() -> str:
    """End the call."""
    return _document("<Hangup/>")


def say_and_hang_up(*sentences: str) -> str:
    """Speak with Twilio's own voice, since ours is not to be had, and end the call."""
    return _document(_said(*sentences) + "<Hangup/>")


def apology(clinic: str, phone: str) -> str:
    """Something of ours failed: say so, and where a person can be reached."""
    where = "Please call again in a few minutes."
    if phone:
        where = f"Please call {clinic} at {normalise(phone)}."
    return say_and_hang_up(SORRY, where, "Goodbye.")


def busy(clinic: str) -> str:
    """All our lines are taken."""
    return say_and_hang_up(
        f"Thank you for calling {clinic}. All our lines are busy right now.",
        "Please call again in a few minutes. Goodbye.",
    )


def dial(
    number: str, *, action_url: str, whisper_url: str, ring_seconds: int, first: tuple[str, ...]
) -> str:
    """Ring a person and join the two once they answer, who hears what `whisper_url` says before
    that (empty: nothing). `first` is said to the caller."""
    verb = _attributes(action=action_url, method="POST", timeout=str(ring_seconds))
    noun = _attributes(url=whisper_url, method="POST") if whisper_url else ""
    return _document(
        f'{_said(*first)}<Dial{verb} answerOnBridge="true">'
        f"<Number{noun}>{escape(_allowed(number))}</Number></Dial>"
    )


def voicemail(
    *sentences: str, action_url: str, status_url: str, most_seconds: int, goodbye: str
) -> str:
    """Take a message, after these sentences and a tone; `goodbye` is for who says nothing."""
    verb = _attributes(
        action=action_url,
        method="POST",
        maxLength=str(most_seconds),
        finishOnKey="#",
        playBeep="true",
        recordingStatusCallback=status_url,
        recordingStatusCallbackMethod="POST",
    )
    return _document(f"{_said(*sentences)}<Record{verb}/>{_said(goodbye)}<Hangup/>")


def whisper(*sentences: str) -> str:
    """Heard by whoever answers a `dial`, before they are joined with the caller."""
    return _document(_said(*sentences))


def wait_and_ask(url: str) -> str:
    """Nobody here can answer yet: a moment later, `url` is asked again."""
    return _document(f'{moment()}<Redirect method="POST">{escape(_allowed(url))}</Redirect>')


def moment() -> str:
    """Verbs, no document: ask the caller for a little patience."""
    return f'{_said("One moment, please.")}<Pause length="2"/>'


SORRY: Final = "I'm sorry, something went wrong on our side."


def _said(*sentences: str) -> str:
    return "".join(f"<Say>{escape(_allowed(sentence))}</Say>" for sentence in sentences if sentence)


def _document(body: str) -> str:
    return f"{_HEAD}<Response>{body}</Response>"


def _attributes(**values: str) -> str:
    return "".join(f" {name}={quoteattr(_allowed(value))}" for name, value in values.items())


def _allowed(text: str) -> str:
    return text.translate(_FORBIDDEN)
