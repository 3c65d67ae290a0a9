"""TwiML as Twilio reads it: a document's verbs in order, pure.

Knows which verbs exist, their attributes' names and the limits of a document; what they do is the
call's business. Names are case-sensitive, as at Twilio; a document it would not execute raises
`BadDocument` with Twilio's error code.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Final

import attrs

MAX_BYTES: Final = 64_000
CONTENT_TYPES: Final = ("text/xml", "application/xml", "text/html")
VERBS: Final = frozenset(
    {
        "Connect",
        "Dial",
        "Gather",
        "Hangup",
        "Pause",
        "Play",
        "Record",
        "Redirect",
        "Reject",
        "Say",
        "Start",
        "Stop",
    }
)


class BadDocument(Exception):
    """A document that Twilio would not execute."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code


@attrs.frozen
class Verb:
    """One element: its name, attributes, text and what it holds."""

    name: str
    attributes: Mapping[str, str]
    text: str = ""
    nouns: tuple[Verb, ...] = ()


def parse(body: bytes, content_type: str) -> list[Verb]:
    """The verbs of a document. Plain text that is no TwiML is said aloud. Raises `BadDocument`."""
    if len(body) > MAX_BYTES:
        raise BadDocument(11750, "document too large")
    kind = content_type.split(";")[0].strip().lower()
    if kind not in {*CONTENT_TYPES, "text/plain"}:
        raise BadDocument(12300, f"content type {content_type!r}")
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise BadDocument(12100, "document type declarations are not allowed")
    try:
        root = ET.fromstring(body)  # noqa: S314 - bounded above, and no entities get this far
    except ET.ParseError as error:
        if kind == "text/plain":
            return [Verb("Say", {}, body.decode("utf-8", "replace"))]
        raise BadDocument(12100, str(error)) from error
    if root.tag != "Response":
        raise BadDocument(12100, f"root element is {root.tag}, not Response")
    verbs = [_verb(element) for element in root]
    for verb in verbs:
        if verb.name not in VERBS:
            raise BadDocument(12200, f"unknown verb {verb.name}")
    return verbs


def _verb(element: ET.Element) -> Verb:
    return Verb(
        element.tag,
        dict(element.attrib),
        (element.text or "").strip(),
        tuple(_verb(child) for child in element),
    )
