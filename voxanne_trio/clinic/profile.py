"""The clinic's profile as frozen values, and the reading of its TOML file.

Knows what a profile must hold and says in one line what is wrong with one that does not. Refuses
to know how the facts are worded on a call: that is the prompt's work, or a stand-in's.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import attrs

DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


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
    except (tomllib.TOMLDecodeError, ClinicProfileError) as error:
        raise ClinicProfileError(f"clinic profile {path or 'sample'}: {error}") from error


def _clinic(data: Mapping[str, Any]) -> Clinic:
    appointments, emergency = _table(data, "appointments"), _table(data, "emergency")
    hours = _table(data, "hours")
    if unknown := set(hours) - set(DAYS):
        raise ClinicProfileError(f"[hours] has no day {min(unknown)!r}")
    return Clinic(
        name=_text(data, "name", required=True),
        agent=_text(data, "agent", required=True),
        greeting=_text(data, "greeting", required=True),
        phone=_text(data, "phone", required=True),
        address=_text(data, "address"),
        directions=_text(data, "directions"),
        time_zone=_text(data, "time_zone") or "UTC",
        hours={day: _text(hours, day) for day in DAYS if day in hours},
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
