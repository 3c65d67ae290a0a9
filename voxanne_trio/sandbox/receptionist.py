"""A receptionist by rules: the language model's stand-in, who knows the clinic's facts.

The answers are in the English a real model writes: digits, dollar signs, ranges, markdown, one to
four sentences. The rules are a table, tried in order, and the same messages always give the same
answer. What was said before is read from the messages alone, as a model would: which treatment
"how much is it" is about, which time was offered, the caller's name. Refuses to know the wire.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from voxanne_trio.clinic import Clinic, Service

from . import topics, wording
from .completions import Answer, ToolUse
from .ear import heard, mentions, name_in
from .wording import Talk

_TOOLS: Final = {
    "human": ("transfer", "human", "person"),
    "booking": ("slot", "availab", "appointment", "book"),
    "goodbye": ("hang_up", "end_call", "goodbye"),
}
"""Which of the offered tools serves which wish, by a part of its name."""


def _has(*patterns: str) -> Callable[[Talk], bool]:
    pattern = re.compile(r"\b(?:" + "|".join(patterns) + r")\b")
    return lambda talk: pattern.search(talk.text) is not None


class Receptionist:
    """`answer` is what the Groq stand-in asks."""

    def __init__(self, clinic: Clinic) -> None:
        self._clinic = clinic
        self._names = {
            service.name: tuple(
                dict.fromkeys(heard(name) for name in (service.name, *service.also))
            )
            for service in clinic.services
        }

    def answer(self, messages: Sequence[Mapping[str, Any]], tools: Sequence[str] = ()) -> Answer:
        """What to say next; a tool call where one of the offered tools serves the wish."""
        if (begun := _begun(messages)) is not None:
            whole = self.answer(messages[:begun], tools)
            return Answer(_rest(whole.text, str(messages[begun]["content"])))
        if messages[-1].get("role") == "tool":
            return Answer(_from_tool(str(messages[-1].get("content") or "")))
        talk = self._talk(messages)
        for wish, applies, say in _RULES:
            if applies(talk):
                tool = _tool_for(wish, tools)
                if tool and not _already_called(messages):
                    return Answer("", (ToolUse(tool, _arguments(talk, wish)),))
                return Answer(_named_once(say(talk), talk, messages))
        return Answer(wording.unclear(talk))

    def _talk(self, messages: Sequence[Mapping[str, Any]]) -> Talk:
        ours = _texts(messages, "assistant")
        theirs = _texts(messages, "user")
        last = ours[-1] if ours else ""
        text = theirs[-1] if theirs else ""
        name = _name(theirs, last) or _known_name(messages)
        if _is_silent(messages):
            text = topics.SILENCE
        return Talk(
            clinic=self._clinic,
            text=text,
            last=last,
            last_written=_last_written(messages),
            service=self._service(theirs, ours),
            name=name,
            call="" if any(map(_LEAVE_IT.search, _notes(messages))) else name,
            slot=_slot(self._clinic, theirs, ours),
            turn=len(theirs),
        )

    def _service(self, theirs: Sequence[str], ours: Sequence[str]) -> Service | None:
        for text in (*reversed(theirs), *reversed(ours[1:])):
            found = [s for s in self._clinic.services if mentions(text, self._names[s.name])]
            if found:
                return found[0]
        return None


def _begun(messages: Sequence[Mapping[str, Any]]) -> int | None:
    """Where the beginning of the answer is given, if it is: then it is to be gone on with."""
    talk = [n for n, message in enumerate(messages) if message.get("role") != "system"]
    last = messages[talk[-1]] if talk else {}
    return talk[-1] if last.get("role") == "assistant" and last.get("content") else None


def _rest(text: str, begun: str) -> str:
    """What of an answer comes after its beginning; now and then with a running start, as models
    take it."""
    words, said = text.split(), begun.split()
    if words[: len(said)] != said:
        return text
    rest = " ".join(words[len(said) :])
    if len(said) % 2:
        return rest
    last = re.split(r"(?<=[.?!]) ", begun)[-1]
    return f"{last} {rest}" if rest else last


def _texts(messages: Sequence[Mapping[str, Any]], role: str) -> list[str]:
    said = [message.get("content") for message in messages if message.get("role") == role]
    return [heard(text) for text in said if isinstance(text, str) and text]


def _last_written(messages: Sequence[Mapping[str, Any]]) -> str:
    for message in reversed(messages):
        if message.get("role") == "assistant" and message.get("content"):
            return str(message["content"])
    return ""


def _name(theirs: Sequence[str], last: str) -> str:
    if theirs and (name := name_in(theirs[-1], asked=bool(re.search(r"your name\b", last)))):
        return name
    names = (name_in(text, asked=False) for text in reversed(theirs))
    return next((name for name in names if name), "")


_NOTED_NAME: Final = re.compile(r"The caller's name is ([A-Z][\w'-]+)")
_SAY_IT: Final = re.compile(r"\b[Ss]ay it once\b")
_LEAVE_IT: Final = re.compile(r"\b[Dd]o not say it\b")


def _known_name(messages: Sequence[Mapping[str, Any]]) -> str:
    """The name that the agent was given with the call."""
    notes = _notes(messages)
    return next((found[1] for note in notes if (found := _NOTED_NAME.search(note))), "")


def _named_once(answer: str, talk: Talk, messages: Sequence[Mapping[str, Any]]) -> str:
    if talk.call and any(map(_SAY_IT.search, _notes(messages))):
        return wording.addressed(answer, talk.call)
    return answer


def _is_silent(messages: Sequence[Mapping[str, Any]]) -> bool:
    return any("has said nothing" in note for note in _notes(messages))


def _notes(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the agent is told beside the prompt and the talk."""
    after = [str(m.get("content") or "") for m in messages[1:] if m.get("role") == "system"]
    return after[::-1]


def _slot(clinic: Clinic, theirs: Sequence[str], ours: Sequence[str]) -> str:
    """The open time the talk is about: the day the caller names, else the one we offered."""
    days = [(slot, heard(slot).split()[0]) for slot in clinic.open_slots]
    for text in (*theirs[-1:], *ours[-1:], *theirs[-2:-1]):
        for slot, day in days:
            if re.search(rf"\b{day}\b", text):
                return slot
    return clinic.open_slots[0] if clinic.open_slots else ""


def _about_service(talk: Talk) -> bool:
    names = [] if talk.service is None else [talk.service.name, *talk.service.also]
    return mentions(talk.text, (heard(name) for name in names))


def _gave_name(talk: Talk) -> bool:
    asked = re.search(r"your name\b", talk.last) is not None
    return bool(name_in(talk.text, asked=asked))


_AFFIRMATIVE: Final = ("yes", "yeah", "yep", "sure", "please do", "okay", "ok", "sounds good")
_RULES: Final[tuple[tuple[str, Callable[[Talk], bool], Callable[[Talk], str]], ...]] = (
    ("silence", lambda talk: talk.text == topics.SILENCE, topics.silence),
    (
        "emergency",
        _has(
            "emergency",
            "chest pain",
            "bleeding",
            r"can(?:'t|not| not) breathe",
            "trouble breathing",
            "overdose",
            "unconscious",
            "heart attack",
            "passed out",
        ),
        wording.emergency,
    ),
    (
        "who",
        _has(
            r"(?:are|am) (?:you|i) (?:talking to )?(?:a |an )?(?:robot|machine|computer|ai|real)",
            "who are you",
            "who is this",
            "what's your name",
            "what is your name",
        ),
        wording.identity,
    ),
    (
        "human",
        _has(
            r"(?:real|actual|live) (?:person|human)",
            r"human(?: being)?",
            "representative",
            "operator",
            "front desk",
            r"(?:speak|talk) (?:to|with) (?:some(?:one|body)|a person)",
            "transfer me",
            r"connect me (?:to|with)",
        ),
        wording.human,
    ),
    (
        "wait",
        _has("hold on", "one moment", "one second", "just a (?:moment|second|minute)"),
        wording.waiting,
    ),
    (
        "goodbye",
        _has(
            "bye",
            "goodbye",
            "good bye",
            "that's all",
            "that is all",
            "that'll be all",
            "have a (?:good|nice|great)",
            "talk to you later",
            "see you",
        ),
        wording.goodbye,
    ),
    ("number", lambda talk: bool(topics.number_in(talk)), topics.read_back),
    ("number confirmed", topics.confirms_number, topics.number_confirmed),
    ("topic", topics.comes_up, topics.answer),
    (
        "price",
        _has(
            "how much",
            "costs?",
            "coast",
            "prices?",
            "pricing",
            "expensive",
            "charge",
            "fees?",
            "pay for",
        ),
        wording.price,
    ),
    (
        "faq",
        lambda talk: wording.asked_about(talk.clinic, talk.text) is not None,
        wording.own_answer,
    ),
    (
        "recovery",
        _has(
            "recover",
            "recovery",
            "recovering",
            "heal",
            "healing",
            "down ?time",
            "back to work",
            "time off",
        ),
        wording.recovery,
    ),
    (
        "hours",
        _has(
            "hours",
            "(?:you|are|be|guys) open",
            "open on",
            "open until",
            "clos(?:e|ed|ing)",
            "what time do you",
            "(?:saturday|sunday|weekend)s?",
        ),
        wording.hours,
    ),
    (
        "booking",
        _has(
            "book(?:ing)?",
            "appointments?",
            "schedule",
            "come in",
            "make a reservation",
            "available",
            "availability",
            "openings?",
        ),
        wording.times,
    ),
    ("duration", topics.asks_duration, topics.duration),
    (
        "where",
        _has(
            "where", "address", "located", "location", "directions?", "parking", "park", "find you"
        ),
        wording.location,
    ),
    (
        "performer",
        _has("doctors?", "surgeons?", "who (?:does|performs|would)", "board certified"),
        wording.performer,
    ),
    (
        "slot",
        lambda talk: any(
            re.search(rf"\b{heard(slot).split()[0]}\b", talk.text)
            for slot in talk.clinic.open_slots
        ),
        wording.time_chosen,
    ),
    ("name", _gave_name, wording.name_given),
    (
        "again",
        _has("say that again", "repeat", "pardon", "come again", "what did you say"),
        wording.last_again,
    ),
    (
        "services",
        _has(r"(?:what|which) (?:services|treatments|procedures)", "what do you (?:do|offer|have)"),
        wording.treatments,
    ),
    ("service", _about_service, wording.treatment),
    ("thanks", _has("thanks?", "thank you", "appreciate"), wording.thanks),
    ("no", _has("no", "nope", "not really", "i'm good", "nothing else"), wording.declined),
    ("yes", _has(*_AFFIRMATIVE), wording.agreed),
    ("hello", _has("hello", "hi", "hey", "good (?:morning|afternoon|evening)"), wording.greeting),
)
"""A wish, how it is recognised, what is said: the first that applies."""


# Tools.


def _tool_for(wish: str, tools: Sequence[str]) -> str:
    wanted = _TOOLS.get(wish, ())
    return next((tool for tool in tools if any(part in tool for part in wanted)), "")


def _already_called(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a tool has answered since the caller last spoke."""
    since = [message.get("role") for message in messages]
    since.reverse()
    return "tool" in since[: since.index("user")] if "user" in since else False


def _arguments(talk: Talk, wish: str) -> str:
    if wish == "booking":
        service = talk.service.name if talk.service is not None else "consultation"
        return json.dumps(
            {"service": service, "name": talk.name} if talk.name else {"service": service}
        )
    return json.dumps({"reason": talk.text[:80]}) if wish == "human" else "{}"


def _from_tool(content: str) -> str:
    try:
        result = json.loads(content)
    except ValueError:
        return content or "That's done. Is there anything else?"
    slots = result.get("slots", result.get("open")) if isinstance(result, dict) else result
    if isinstance(slots, list) and slots:
        return f"I have these times open: {', '.join(str(slot) for slot in slots)}. Which works?"
    if isinstance(result, dict) and result.get("error"):
        return "I'm sorry, that didn't work just now. Shall I have someone call you back?"
    return "That's done. Is there anything else I can help with?"
