"""The TwiML documents we answer with: pure text.

Knows Twilio's verbs and XML's escapes. Refuses to know when each is due. A document that connects
a stream has nothing after `</Connect>`: with `action` set Twilio never reaches it, and asks the
action what comes next instead. A document that only speaks ends in `<Hangup/>`.
"""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape, quoteattr

CONTENT_TYPE: Final = "text/xml; charset=utf-8"

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>'
# What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN: Final = {code: None for code in range(32) if chr(code) not in "\t\n\r"} | dict.fromkeys(
    [*range(0xD800, 0xE000), 0xFFFE, 0xFFFF]
)


def answer(*, stream_url: str, action_url: str, status_url: str) -> str:
    """Connect the call to our stream; `action_url` is asked when the stream has ended."""
    return _document(
        f'<Connect action={_attribute(action_url)} method="POST">'
        f"<Stream url={_attribute(stream_url)} statusCallback={_attribute(status_url)}"
        ' statusCallbackMethod="POST"/>'
        "</Connect>"
    )


def hang_up() -> str:
    """End the call."""
    return _document("<Hangup/>")


def say_and_hang_up(*sentences: str) -> str:
    """Speak with Twilio's own voice, since ours is not to be had, and end the call."""
    said = "".join(f"<Say>{escape(_allowed(sentence))}</Say>" for sentence in sentences if sentence)
    return _document(said + "<Hangup/>")


def apology(clinic: str, phone: str) -> str:
    """Something of ours failed: say so, and where a person can be reached."""
    where = f"Please call {clinic} at {phone}." if phone else "Please call again in a few minutes."
    return say_and_hang_up("I'm sorry, something went wrong on our side.", where, "Goodbye.")


def busy(clinic: str) -> str:
    """All our lines are taken."""
    return say_and_hang_up(
        f"Thank you for calling {clinic}. All our lines are busy right now.",
        "Please call again in a few minutes. Goodbye.",
    )


def _document(body: str) -> str:
    return f"{_HEAD}<Response>{body}</Response>"


def _attribute(value: str) -> str:
    return quoteattr(_allowed(value))


def _allowed(text: str) -> str:
    return text.translate(_FORBIDDEN)
