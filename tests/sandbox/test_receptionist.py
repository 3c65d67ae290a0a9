"""The receptionist by rules: what she understands, what she remembers, how she writes."""

from __future__ import annotations

import re
from typing import Any

import pytest

from voxanne_trio.clinic import load_clinic
from voxanne_trio.sandbox.ear import heard, mentions, name_in
from voxanne_trio.sandbox.receptionist import Receptionist

CLINIC = load_clinic()


def talk(*turns: str) -> list[str]:
    """What she answers to each turn of one conversation."""
    receptionist = Receptionist(CLINIC)
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "You answer the phone."},
        {"role": "assistant", "content": CLINIC.greeting},
    ]
    for turn in turns:
        messages.append({"role": "user", "content": turn})
        answer = receptionist.answer(messages)
        messages.append({"role": "assistant", "content": answer.text})
    return [message["content"] for message in messages[3::2]]


@pytest.mark.parametrize(
    "asked",
    [
        "Do you do BBL?", "do you do b b l", "do you do bb l", "do you do bee bee el",
        "do you do butt lift", "do you do but lift", "do you do a brazilian but lift",
        "I'm interested in a Brazilian butt lift.", "do you do b. b. l.",
    ],
)  # fmt: skip
def test_a_treatment_is_found_in_spite_of_the_recogniser(asked: str) -> None:
    (answer,) = talk(asked)
    assert answer.startswith("Yes, we do! Dr. Marsh")


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("how much is rhino plasty", "$7,500-$10,000"),
        ("how much is a nose job", "$7,500-$10,000"),
        ("what does botox cost", "$12 per unit"),
        ("where are you located", "1200 Harbor Boulevard"),
        ("what are your hours", "Monday-Wednesday 9:00 AM-6:00 PM"),
        ("are you open on sunday", "closed on Sunday"),
        ("do you take insurance", "$180/month"),
        ("do you offer financing", "12-60 month"),
        ("can I talk to a real person", "Nina Alvarez"),
        ("I'm having chest pain", "911"),
        ("I'd like to book an appointment", "Tuesday at 2:30 PM"),
        ("are you a robot", "AI assistant"),
        ("thank you", "welcome"),
        ("what services do you offer", "laser hair removal"),
        ("who are your doctors", "Dr. Elena Marsh"),
        ("hold on one second", "take your time"),
        ("what do I bring", "photo ID"),
        ("good morning", "How can I help"),
        ("florble grommet", "?"),
    ],
)
def test_answers_from_the_clinics_facts(asked: str, part: str) -> None:
    (answer,) = talk(asked)
    assert part in answer


def test_a_conversation_keeps_its_thread() -> None:
    _, price, place, recovery, yes, name, bye = talk(
        "Do you do BBL?",
        "How much does it cost?",
        "Actually, where are you located?",
        "and the recovery",
        "yes please",
        "My name is Sarah.",
        "Goodbye",
    )
    assert price.startswith("It's $8,000-$12,000; recovery takes 2 weeks.")
    assert price.endswith("**Want** me to check Tuesday?")
    assert "Harbor Boulevard" in place
    assert "2 weeks" in recovery
    assert "May I have your name" in yes
    assert name.startswith("Thanks, Sarah. I've noted **Tuesday at 2:30 PM**")
    assert bye == "Thanks for calling, Sarah. Goodbye!"


def test_a_price_takes_ten_seconds_to_say() -> None:
    (answer,) = talk("how much is a brazilian butt lift")
    sentences = re.split(r"(?<=[.?!])\s+", answer)
    assert 3 <= len(sentences) <= 4
    assert len(answer) > 140


def test_every_answer_is_one_to_four_sentences() -> None:
    for answer in talk("hi", "do you do botox", "how much", "who does it", "when are you open"):
        assert 1 <= len(re.findall(r"[.?!](?:\s|\*|$)", answer.replace("Dr. ", "Dr "))) <= 4


def test_the_same_messages_give_the_same_answer() -> None:
    assert talk("hello", "how much is it", "what") == talk("hello", "how much is it", "what")


def test_a_tool_is_called_once_and_its_result_said() -> None:
    receptionist = Receptionist(CLINIC)
    messages: list[dict[str, Any]] = [{"role": "user", "content": "Book me a consultation please"}]
    answer = receptionist.answer(messages, ["find_slots", "transfer_call"])
    assert [tool.name for tool in answer.tools] == ["find_slots"]
    messages += [
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "tool", "content": '["Monday at 9 AM"]'},
    ]
    assert "Monday at 9 AM" in receptionist.answer(messages, ["find_slots"]).text
    transfer = receptionist.answer(
        [{"role": "user", "content": "a real person"}], ["transfer_call"]
    )
    assert transfer.tools[0].name == "transfer_call"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("B B L", "bbl"),
        ("do you do bee bee el?", "do you do bbl"),
        ("I am a nurse", "i am a nurse"),
        ("plan b", "plan b"),
        ("It\u2019s fine.", "it's fine"),
        ("", ""),
    ],
)
def test_heard(said: str, expected: str) -> None:
    assert heard(said) == expected


def test_names_and_near_misses() -> None:
    assert name_in("my name is sarah", asked=False) == "Sarah"
    assert name_in("i'm calling about botox", asked=False) == ""
    assert name_in("sarah", asked=True) == "Sarah"
    assert name_in("sarah", asked=False) == ""
    assert name_in("yes", asked=True) == ""
    assert mentions("tell me about rinoplasty", ["rhinoplasty"])
    assert not mentions("tell me about the plant", ["implants"])
