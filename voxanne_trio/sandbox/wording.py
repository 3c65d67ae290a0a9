"""How the stand-in's receptionist words her answers, from the clinic's facts and the talk so far.

Each function takes the `Talk` and returns what a model would write: digits, dollar signs, ranges,
markdown, one to four sentences. Refuses to know which of them is wanted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import attrs

from voxanne_trio.clinic import Clinic, Question, Service

from .ear import heard, mentions


@attrs.frozen
class Talk:
    """The conversation so far, as the rules see it."""

    clinic: Clinic
    text: str  # the caller's last words, as `heard` gives them
    last: str  # our last words, as `heard` gives them
    last_written: str
    service: Service | None  # what it is about
    name: str
    call: str  # the name, where it may be said in this answer
    slot: str
    turn: int


def greeting(talk: Talk) -> str:
    return f"Hello{_comma(talk)}! How can I help you today?"


def _comma(talk: Talk) -> str:
    return f", {talk.call}" if talk.call else ""


_INTERJECTION: Final = re.compile(r"(?:Yes|Of course|Great|Congratulations|Perfect|Sure)(?=[,.!])")
_FIRST_CLAUSE: Final = re.compile(r"[^,.:?!]+(?=, (?:and|but|so|as) )")
_UNNAMED: Final = re.compile(r"\*\*If|Sorry|I'm sorry|Are you still|I cannot hear")
_LOWERED: Final = re.compile(r"(?:It|We|On|Please|Recovery|There|Cosmetic|Let|The|Your|You)\b")


def addressed(answer: str, name: str) -> str:
    """The answer of a model that was asked to use the caller's name."""
    if name in answer or _UNNAMED.match(answer):
        return answer
    if match := _INTERJECTION.match(answer):
        return f"{match.group()} {name}{answer[match.end() :]}"
    if match := _FIRST_CLAUSE.match(answer):
        return f"{match.group()}, {name}{answer[match.end() :]}"
    if _LOWERED.match(answer):
        answer = answer[0].lower() + answer[1:]
    return f"Sure {name}, {answer}"


def emergency(talk: Talk) -> str:
    return f"**{talk.clinic.emergency_advice or 'Please hang up and call 911.'}**"


def human(talk: Talk) -> str:
    who = next((p for p in talk.clinic.people if "coordinator" in p.role), None)
    person = f"{who.name}, our {who.role}," if who else "one of my colleagues"
    return (
        f"Of course{_comma(talk)}. I'll have {person} take over. You can also call {phone(talk)}."
    )


def phone(talk: Talk) -> str:
    """The clinic's number as it is written in the United States."""
    digits = re.sub(r"\D", "", talk.clinic.phone)[-10:]
    return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}" if len(digits) == 10 else talk.clinic.phone


def goodbye(talk: Talk) -> str:
    return f"Thanks for calling{_comma(talk)}. Goodbye!"


def waiting(talk: Talk) -> str:
    del talk
    return "Sure, take your time."


def price(talk: Talk) -> str:
    service = talk.service
    if service is None:
        return _prices(talk)
    if not service.price:
        return f"The price of {_the(service)} depends on your plan. Shall I book a consultation?"
    first = f"It's {service.price}"
    if service.recovery and service.recovery != "none":
        first += f"; recovery takes {service.recovery}"
    return " ".join((f"{first}.", *_price_extra(talk, service), _offer(talk)))


def _price_extra(talk: Talk, service: Service) -> list[str]:
    consult = _named(talk.clinic, "consultation")
    if consult is not None and consult is not service and consult.price:
        return [f"Your first step is a consultation for {consult.price}."]
    financing = asked_about(talk.clinic, "financing payment plan")
    if financing is not None and service is not consult:
        return [f"And {financing.answer.removeprefix('Yes, ')}"]
    return []


def _prices(talk: Talk) -> str:
    priced = [service for service in talk.clinic.services if service.price][:2]
    listed = ", and ".join(f"{service.name} is {service.price}" for service in priced)
    return f"It depends on the treatment. {listed}. Which one are you interested in?"


def _offer(talk: Talk) -> str:
    return f"**Want** me to check {talk.slot.split()[0]}?" if talk.slot else "Anything else?"


def recovery(talk: Talk) -> str:
    service = talk.service
    if service is None:
        return "Recovery depends on the treatment. Which one are you thinking about?"
    if service.recovery in {"", "none"}:
        return (
            f"There's no downtime after {_the(service)}: you can go back to work the same day. "
            f"{_offer(talk)}"
        )
    return (
        f"Recovery after {_the(service)} takes about {service.recovery}. "
        f"{service.detail} {_offer(talk)}"
    )


def _the(service: Service) -> str:
    return (
        f"the {service.name}" if service.name[0].isupper() and " " in service.name else service.name
    )


def performer(talk: Talk) -> str:
    surgeons = [f"{person.name} is a {person.role}" for person in talk.clinic.people][:2]
    if talk.service is not None and "Dr." in talk.service.detail:
        return f"{talk.service.detail} {_offer(talk)}"
    return f"{', and '.join(surgeons)}. Is there a treatment you have in mind?"


def hours(talk: Talk) -> str:
    hours = talk.clinic.hours
    for day, times in hours.items():
        if re.search(rf"\b{day}s?\b", talk.text):
            if times == "closed":
                return f"We're closed on {day.capitalize()}. Would another day work for you?"
            return f"On {day.capitalize()} we are open {times}. Would you like to come in?"
    return _week(hours) or "We're open on weekdays. When would you like to come?"


def _week(hours: Mapping[str, str]) -> str:
    """All days, those with the same hours together: "Monday-Wednesday 9:00 AM-6:00 PM"."""
    spans: list[tuple[str, str, str]] = []
    for day, times in hours.items():
        if spans and spans[-1][2] == times:
            spans[-1] = (spans[-1][0], day, times)
        else:
            spans.append((day, day, times))
    named = [
        (first.capitalize() + (f"-{last.capitalize()}" if last != first else ""), times)
        for first, last, times in spans
    ]
    opened = [(days, times) for days, times in named if times != "closed"]
    said = []
    if opened:
        said.append(f"We are open {' and '.join(map(' '.join, opened[:2]))}.")
    if opened[2:]:
        later = ", and on ".join(map(" ".join, opened[3:]))
        said.append(f"On {opened[2][0]} it is {opened[2][1]}{later and f', and on {later}'}.")
    said += [f"We are closed on {days}." for days, times in named if times == "closed"]
    return " ".join(said)


def location(talk: Talk) -> str:
    return f"We're at {talk.clinic.address}. {talk.clinic.directions}".strip()


def treatments(talk: Talk) -> str:
    names = [s.name for s in talk.clinic.services if s.name != "consultation"]
    half = -(-len(names) // 2) if len(names) > 3 else len(names)
    offered = f"We offer {_listed(names[:half])}"
    if names[half:]:
        offered += f", and we also do {_listed(names[half:])}"
    return f"{offered}. Which one would you like to hear about?"


def _listed(names: list[str]) -> str:
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def treatment(talk: Talk) -> str:
    service = talk.service
    assert service is not None
    question = "Would you like to hear about the **price** or recovery?"
    opening = "Of course!" if re.search(r"\btell me\b", talk.text) else "Yes, we do!"
    return f"{opening} {service.detail} {question}"


def times(talk: Talk) -> str:
    slots = list(talk.clinic.open_slots)
    if not slots:
        return f"I'll have someone call you back to book that{_comma(talk)}. What's your number?"
    what = f" for {_the(talk.service)}" if talk.service is not None else ""
    listed = ", ".join(slots[:-1]) + (f" or {slots[-1]}" if len(slots) > 1 else slots[0])
    return (
        f"I'd be happy to help{_comma(talk)}. I have these times open{what}: {listed}. Which works?"
    )


def time_chosen(talk: Talk) -> str:
    if talk.name:
        opening = "Of course," if talk.last.startswith("great") else f"Great{_comma(talk)},"
        return f"{opening} I've noted **{talk.slot}**. {talk.clinic.appointment_policy}"
    return f"**{talk.slot}** is open. May I have your name, please?"


def name_given(talk: Talk) -> str:
    if re.search(r"\b(?:is open|check|works|noted)\b", talk.last) and talk.slot:
        policy = talk.clinic.appointment_policy
        return f"Thanks, {talk.name}. I've noted **{talk.slot}** for you. {policy}".strip()
    return f"Nice to meet you, {talk.name}. What can I help you with?"


def thanks(talk: Talk) -> str:
    return f"You're welcome{_comma(talk)}! Is there anything else I can help with?"


def declined(talk: Talk) -> str:
    return f"No problem{_comma(talk)}. Is there anything else I can help with?"


def agreed(talk: Talk) -> str:
    if re.search(r"\bprice or recovery\b", talk.last):
        return price(talk)
    if talk.slot and re.search(r"\b(?:check|which works|open)\b", talk.last):
        return time_chosen(talk)
    return f"Great{_comma(talk)}. What would you like to know?"


def last_again(talk: Talk) -> str:
    return f"Of course. {talk.last_written}" if talk.last_written else greeting(talk)


def identity(talk: Talk) -> str:
    return f"I'm {talk.clinic.agent}, the AI assistant of {talk.clinic.name}. How can I help?"


def own_answer(talk: Talk) -> str:
    found = asked_about(talk.clinic, talk.text)
    assert found is not None
    return f"{found.answer} Is there anything else you'd like to know?"


def unclear(talk: Talk) -> str:
    asks = (
        "I'm sorry, I didn't quite catch that. Could you say it again?",
        "Sorry, I'm not sure I understood. Is it about a treatment, a price or an appointment?",
    )
    return asks[talk.turn % 2]


def _named(clinic: Clinic, name: str) -> Service | None:
    return next((service for service in clinic.services if service.name == name), None)


def asked_about(clinic: Clinic, text: str) -> Question | None:
    """The clinic's own question whose keyword comes first in the text."""
    asked = heard(text)
    found = [q for q in clinic.faq if mentions(asked, (heard(word) for word in q.keywords))]
    return found[0] if found else None
