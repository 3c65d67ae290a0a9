"""`<Dial>`: somebody else's telephone, which rings, is answered, hears a whisper, is put through.

What the other side does is a `Party`, by number. The whisper (`<Number url>`) is heard by the party
alone, while the caller hears it ring, and the party may decline in it. With several numbers the
first to answer is put through. Refuses to know what the two talk about.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs
import trio

from .client import NoAnswer
from .documents import Ask, Document, Documents
from .handset import Handset
from .party import ANSWERS, Party
from .playout import RATE
from .twiml import BadDocument, Verb
from .webhooks import Webhooks

RING_SECONDS: Final = 30.0
TALK_SECONDS: Final = 14_400.0
_MOST_WHISPERS: Final = 10


@attrs.frozen
class _Leg:
    """One telephone that is dialled from a call."""

    phone: Handset
    noun: Verb
    number: str
    party: Party
    sid: str

    def parameters(self, status: str = "in-progress") -> dict[str, str]:
        caller = self.phone.numbers.caller
        return {
            **self.phone.parameters(),
            "CallSid": self.sid,
            "ParentCallSid": self.phone.sid,
            "CallStatus": status,
            "Direction": "outbound-dial",
            "From": caller,
            "Caller": caller,
            "To": self.number,
            "Called": self.number,
        }

    def tell(self, event: str, status: str, **extra: str) -> None:
        """The number's status callback, for the events that were asked for."""
        attributes = self.noun.attributes
        if event in attributes.get("statusCallbackEvent", "completed").split():
            url = attributes.get("statusCallback")
            self.phone.notify(url, {**self.parameters(status), **extra})


async def dial(phone: Handset, verb: Verb) -> Ask | None:
    """Ring, put through, and afterwards ask `action`, with how it went."""
    legs = _legs(phone, verb)
    phone.journal.note("dial", legs[0].number if legs else "")
    ring = float(verb.attributes.get("timeout", RING_SECONDS))
    answering = [leg for leg in legs if leg.party.does == ANSWERS and leg.party.after < ring]
    for leg in legs:
        leg.tell("initiated", "initiated")
        leg.tell("ringing", "ringing")
    if not answering:
        result = await _unanswered(phone, legs, ring)
    else:
        first = min(answering, key=lambda leg: leg.party.after)
        result = await _answered(first, verb)
    phone.journal.note("dialled", result)
    if "action" not in verb.attributes:
        return None
    return Ask(verb.attributes["action"], result, verb.attributes.get("method", "POST"))


def _legs(phone: Handset, verb: Verb) -> list[_Leg]:
    nouns = [noun for noun in verb.nouns if noun.name == "Number"]
    if verb.text:
        nouns.insert(0, Verb("Number", {}, verb.text))
    return [
        _Leg(phone, noun, noun.text, phone.numbers.party(noun.text), phone.account.new_sid("CA"))
        for noun in nouns
    ]


async def _unanswered(phone: Handset, legs: list[_Leg], ring: float) -> Mapping[str, str]:
    """It rings until all have refused or the time is up."""
    refused = all(leg.party.does not in {ANSWERS, "no-answer"} for leg in legs)
    longest = max((leg.party.after for leg in legs), default=0.0)
    await phone.hear("ringing", seconds=min(ring, longest) if refused else ring)
    status = legs[0].party.does if refused and legs else "no-answer" if legs else "failed"
    for leg in legs:
        leg.tell("completed", leg.party.does if leg.party.does != ANSWERS else "no-answer")
    return _result(legs[0].sid if legs else "", status, 0.0, bridged=False)


async def _answered(leg: _Leg, verb: Verb) -> Mapping[str, str]:
    phone, began = leg.phone, trio.current_time()
    accepted = True
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_ring_on, phone)
            await trio.sleep(leg.party.after)
            leg.tell("answered", "in-progress")
            began = trio.current_time()
            accepted = await _whisper(leg)
            nursery.cancel_scope.cancel()
        if accepted:
            most = float(verb.attributes.get("timeLimit", TALK_SECONDS))
            await _bridge(leg, min(leg.party.talks, most))
    finally:
        seconds = trio.current_time() - began
        leg.tell("completed", "completed", CallDuration=str(round(seconds)))
    return _result(leg.sid, "completed", seconds, bridged=accepted)


async def _ring_on(phone: Handset) -> None:
    await phone.hear("ringing", seconds=TALK_SECONDS)


async def _bridge(leg: _Leg, seconds: float) -> None:
    phone = leg.phone
    phone.journal.note("bridged", leg.number)
    phone.listen()
    audio = await phone.voice(leg.party.says) if leg.party.says else b""
    await phone.hear("party", leg.party.says, audio, seconds)


def _result(sid: str, status: str, seconds: float, *, bridged: bool) -> dict[str, str]:
    """What `action` is told. Who declined in the whisper had answered: only `DialBridged` says
    that nobody spoke with the caller."""
    return {
        "DialCallStatus": status,
        "DialCallSid": sid,
        "DialCallDuration": str(round(seconds)),
        "DialBridged": "true" if bridged else "false",
    }


# The whisper.


async def _whisper(leg: _Leg) -> bool:
    """What the party hears before the bridge; whether it is still there afterwards."""
    url = leg.noun.attributes.get("url")
    if url is None:
        return True
    journal = leg.phone.journal
    documents = Documents(Webhooks(leg.phone.account, journal), journal, leg.parameters)
    following: Ask | bool = Ask(leg.phone.documents.url(url))
    try:
        for _ in range(_MOST_WHISPERS):
            if isinstance(following, bool):
                return following
            following = await _told(leg, await documents.get(following))
    except (NoAnswer, BadDocument):
        pass  # it is in the journal
    return False


async def _told(leg: _Leg, document: Document) -> Ask | bool:
    """Let the party hear a document: what it asks for next, else whether the party stays."""
    for verb in document:
        leg.phone.journal.note("whisper", {"name": verb.name, "text": verb.text})
        if verb.name in {"Say", "Gather"}:
            await _say_to_party(leg, verb)
        elif verb.name == "Pause":
            await trio.sleep(float(verb.attributes.get("length", "1")))
        if verb.name == "Redirect":
            return Ask(verb.text)
        if verb.name == "Gather" and leg.party.presses:
            return Ask(verb.attributes.get("action", ""), {"Digits": leg.party.presses})
        if verb.name == "Gather":
            await trio.sleep(float(verb.attributes.get("timeout", "5")))
        if verb.name == "Hangup":
            return False
    return True


async def _say_to_party(leg: _Leg, verb: Verb) -> None:
    for text in (verb.text, *(prompt.text for prompt in verb.nouns)):
        await trio.sleep(len(await leg.phone.voice(text)) / RATE)
