"""What a caller hears when no server of ours answers: a document for someone else to host."""

from __future__ import annotations

import re
from typing import Final
from xml.sax.saxutils import escape

RING_SECONDS: Final = 25

_DOCUMENT: Final = """\
<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <Say>I'm sorry, our assistant cannot take your call right now.{connecting}</Say>
{dial}  <Say>I'm sorry, nobody could take your call.{again} Goodbye.</Say>
  <Hangup/>
</Response>
"""
_GROUPS: Final = re.compile(r"(?:1)?(\d{3})(\d{3})(\d{4})")


def document(clinic: str, phone: str) -> str:
    """TwiML without anything of ours in it: an apology, then the clinic's own telephone."""
    number = re.sub(r"[^+\d]", "", phone)
    if not number:
        again = f" Please call {escape(clinic)} again in a few minutes."
        return _DOCUMENT.format(connecting="", dial="", again=again)
    return _DOCUMENT.format(
        connecting=f" One moment, I am connecting you to {escape(clinic)}.",
        dial=f'  <Dial timeout="{RING_SECONDS}">{number}</Dial>\n',
        again=f" Please call us again at {_digits(number)}.",
    )


def _digits(number: str) -> str:
    """A number as it is read out: in groups, digit by digit."""
    digits = number.removeprefix("+")
    grouped = _GROUPS.fullmatch(digits)
    groups = grouped.groups() if grouped else (digits,)
    return ", ".join(" ".join(group) for group in groups)
