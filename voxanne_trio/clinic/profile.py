"""The clinic's profile as frozen values, and the reading of its TOML file.

Knows what a profile must hold and says in one line what is wrong with one that does not. Refuses
to know how the facts are worded on a call: that is the prompt's work, or a stand-in's.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import attrs

from .hours import DAYS, BadHours, is_open, opening

RING_SECONDS: Final = 25
WHISPER: Final = "A call passed on by the assistant."
_PHONE: Final = re.compile(r"\+[1-9]\d{6,14}")


class ClinicProfileError(ValueError):
    """A clinic profile that cannot be used; the message is one line."""


@attrs.frozen(kw_only=True)
class Person:
    """Somebody who works at the clinic."""

    name: str
    role: str


@attrs.frozen(kw_only=True)
class Service:
    """What the clinic offers; prices and times as the clinic writes them."""

    name: str
    also: tuple[str, ...] = ()
    price: str = ""
    recovery: str = ""
    detail: str = ""


@attrs.frozen(kw_only=True)
class Question:
    """A question callers ask, with the clinic's own answer."""

    question: str
    answer: str
    keywords: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Transfer:
    """How a caller reaches a person: `number` rings for `ring_seconds`, and whoever answers hears
    the `whisper` (empty: nothing) and what the caller wants before the two are joined. Voicemail
    takes calls when the clinic is closed, or nobody answers."""

    number: str
    ring_seconds: int = RING_SECONDS
    whisper: str = WHISPER
    voicemail: bool = True


@attrs.frozen(kw_only=True)
class Clinic:
    """Everything the agent may say about a clinic."""

    name: str
    agent: str
    greeting: str
    phone: str
    address: str = ""
    directions: str = ""
    time_zone: str = "UTC"
    hours: Mapping[str, str] = attrs.field(factory=dict)
    people: tuple[Person, ...] = ()
    services: tuple[Service, ...] = ()
    faq: tuple[Question, ...] = ()
    open_slots: tuple[str, ...] = ()
    appointment_policy: str = ""
    emergency_number: str = "911"
    emergency_advice: str = ""
    keyterms: tuple[str, ...] = ()
    transfer: Transfer | None = None

    def is_open(self, at: float) -> bool:
        """Whether somebody is there at that time (seconds, wall clock)."""
        return is_open(self.hours, self.time_zone, at)

    def can_transfer(self, at: float) -> bool:
        """Whether a caller can then be put through to somebody, or to voicemail."""
        return self.transfer is not None and (self.transfer.voicemail or self.is_open(at))

    def recogniser_terms(self) -> tuple[str, ...]:
        """The names a recogniser should know, without repeats, in the profile's order."""
        spoken_names = (
            *self.keyterms,
            *(person.name for person in self.people),
            *(service.name for service in self.services),
        )
        return tuple(dict.fromkeys(spoken_names))


def load_clinic(path: str | Path = "") -> Clinic:
    """The profile in a TOML file; the sample clinic without one. Raises `ClinicProfileError`."""
    try:
        if path:
            text = Path(path).read_text(encoding="utf-8")
        else:
            text = (files(__package__) / "sample.toml").read_text(encoding="utf-8")
        return _clinic(tomllib.loads(text))
    except (OSError, UnicodeDecodeError) as error:
        raise ClinicProfileError(f"clinic profile {path}: cannot be read ({error})") from error
    except (tomllib.TOMLDecodeError, BadHours, ClinicProfileError) as error:
        raise ClinicProfileError(f"clinic profile {path or 'sample'}: {error}") from error


def _clinic(data: Mapping[str, Any]) -> Clinic:
    appointments, emergency = _table(data, "appointments"), _table(data, "emergency")
    hours = _table(data, "hours")
    if unknown := set(hours) - set(DAYS):
        raise ClinicProfileError(f"[hours] has no day {min(unknown)!r}")
    opening(texts := {day: _text(hours, day) for day in DAYS if day in hours})
    return Clinic(
        name=_text(data, "name", required=True),
        agent=_text(data, "agent", required=True),
        greeting=_text(data, "greeting", required=True),
        phone=_text(data, "phone", required=True),
        address=_text(data, "address"),
        directions=_text(data, "directions"),
        time_zone=_text(data, "time_zone") or "UTC",
        hours=texts,
        people=tuple(
            Person(name=_text(row, "name", required=True), role=_text(row, "role"))
            for row in _tables(data, "people")
        ),
        services=tuple(_service(row) for row in _tables(data, "services")),
        faq=tuple(_question(row) for row in _tables(data, "faq")),
        open_slots=_texts(appointments, "open"),
        appointment_policy=_text(appointments, "policy"),
        emergency_number=_text(emergency, "number") or "911",
        emergency_advice=_text(emergency, "advice"),
        keyterms=_texts(data, "keyterms"),
        transfer=_transfer(_table(data, "transfer")) if "transfer" in data else None,
    )


def _transfer(table: Mapping[str, Any]) -> Transfer:
    if unknown := set(table) - {field.name for field in attrs.fields(Transfer)}:
        raise ClinicProfileError(f"[transfer] has no {min(unknown)!r}")
    number = _text(table, "number", required=True)
    if not _PHONE.fullmatch(number):
        raise ClinicProfileError(f"[transfer] number {number!r} is not like +15005550007")
    seconds, voicemail = table.get("ring_seconds", RING_SECONDS), table.get("voicemail", True)
    if type(seconds) is not int or not 5 <= seconds <= 600:
        raise ClinicProfileError("[transfer] ring_seconds must be a number from 5 to 600")
    if type(voicemail) is not bool:
        raise ClinicProfileError("[transfer] voicemail must be true or false")
    return Transfer(
        number=number,
        ring_seconds=seconds,
        whisper=_text(table, "whisper") if "whisper" in table else WHISPER,
        voicemail=voicemail,
    )


def _service(row: Mapping[str, Any]) -> Service:
    return Service(
        name=_text(row, "name", required=True),
        also=_texts(row, "also"),
        price=_text(row, "price"),
        recovery=_text(row, "recovery"),
        detail=_text(row, "detail"),
    )


def _question(row: Mapping[str, Any]) -> Question:
    return Question(
        question=_text(row, "question", required=True),
        answer=_text(row, "answer", required=True),
        keywords=_texts(row, "keywords"),
    )


def _text(data: Mapping[str, Any], key: str, *, required: bool = False) -> str:
    value = data.get(key, "")
    if not isinstance(value, str):
        raise ClinicProfileError(f"{key} must be a text")
    if required and not value.strip():
        raise ClinicProfileError(f"{key} is missing")
    return value


def _texts(data: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ClinicProfileError(f"{key} must be a list of texts")
    return tuple(value)


def _table(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise ClinicProfileError(f"[{key}] must be a table")
    return value


def _tables(data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ClinicProfileError(f"[[{key}]] must be a list of tables")
    return value
