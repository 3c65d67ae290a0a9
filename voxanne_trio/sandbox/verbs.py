"""TwiML's verbs that need nobody but Twilio and the caller: speak, play, wait, record, gather.

Each takes its time on the phone and returns what is to be asked next, or nothing: then the next
verb has its turn. Cancelling one is a hang-up or another document: it ends in the middle.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from typing import Final

import trio

from . import sounds
from .client import NoAnswer
from .documents import Ask
from .handset import Handset
from .mulaw import encode
from .playout import RATE
from .recordings import BadSound, read_sound
from .twiml import Verb

KEY_SECONDS: Final = 0.5
"""Of each key in `<Play digits>`, and of each `w` in it."""

ENDLESS: Final = 1_000
"""How often something sounds whose `loop` is 0."""


async def say(phone: Handset, verb: Verb) -> Ask | None:
    """Twilio's own voice."""
    for _ in _loops(verb):
        phone.journal.note("twilio_says", verb.text)
        await phone.hear("says", verb.text, await phone.voice(verb.text))
    return None


async def play(phone: Handset, verb: Verb) -> Ask | None:
    """A file of sound, or keys. A file that is not to be had is passed over, as Twilio does it."""
    if "digits" in verb.attributes:
        digits = verb.attributes["digits"]
        await phone.hear("plays", digits, seconds=KEY_SECONDS * len(digits))
        return None
    url = phone.documents.url(verb.text)
    try:
        response = await phone.webhooks.play(url)
        if response.status != 200:
            raise BadSound(f"status {response.status}")
        audio = read_sound(response.body, response.headers.get("content-type", ""))
    except (NoAnswer, BadSound) as error:
        phone.journal.note("sound_failed", {"url": url, "error": str(error)})
        return None
    for _ in _loops(verb):
        await phone.hear("plays", url, audio)
    return None


async def pause(phone: Handset, verb: Verb) -> Ask | None:
    """Nothing, for a while."""
    del phone
    await trio.sleep(_seconds(verb, "length", 1.0))
    return None


async def redirect(phone: Handset, verb: Verb) -> Ask | None:
    """Another document."""
    del phone
    await trio.lowlevel.checkpoint()
    return Ask(verb.text, method=verb.attributes.get("method", "POST"))


async def record(phone: Handset, verb: Verb) -> Ask | None:
    """A message of the caller's, until a key, a silence, the limit or the end of the call.

    With nothing said there is no recording, and the next verb has its turn.
    """
    if verb.attributes.get("playBeep", "true") == "true":
        await phone.hear("beep", audio=encode(sounds.dtmf("5", 0.4)))
    began, digits = trio.current_time(), "hangup"
    try:
        digits = await _until_said(phone, verb, began)
    finally:
        asked = _recorded(phone, verb, began, digits)
        if asked is not None and phone.hung_up:  # nobody waits for what comes next
            phone.notify(asked.url, {**asked.extra, "CallStatus": "completed"})
    return asked


async def _until_said(phone: Handset, verb: Verb, began: float) -> str:
    """The key that ended it, if one did."""
    finishing = verb.attributes.get("finishOnKey", "1234567890*#")
    quiet = _seconds(verb, "timeout", 5.0)
    with phone.keys() as keys, trio.move_on_after(_seconds(verb, "maxLength", 3600.0)):
        while (left := phone.seconds_until_quiet(began, quiet)) > 0:
            with trio.move_on_after(left):
                if (key := await keys.receive()) in finishing:
                    return key
    return ""


def _recorded(phone: Handset, verb: Verb, began: float, digits: str) -> Ask | None:
    microphone, now = phone.microphone, trio.current_time()
    voice = microphone.voice_after(began)
    if voice is None or voice >= now:
        return None
    until = microphone.voice_until(now) or now
    if verb.attributes.get("trim", "trim-silence") == "do-not-trim":
        voice, until = began, now
    audio = bytes(microphone.audio[microphone.position(voice) : microphone.position(until)])
    sid = phone.account.new_sid("RE")
    phone.recordings[sid] = audio
    url = f"https://api.twilio.com/2010-04-01/Accounts/{phone.account.sid}/Recordings/{sid}"
    length = str(max(1, round(len(audio) / RATE)))
    phone.journal.note("recorded", {"sid": sid, "seconds": len(audio) / RATE, "digits": digits})
    phone.notify(
        verb.attributes.get("recordingStatusCallback"),
        {
            "RecordingSid": sid,
            "RecordingUrl": url,
            "RecordingStatus": "completed",
            "RecordingDuration": length,
            "RecordingChannels": "1",
            "RecordingSource": "RecordVerb",
            "RecordingStartTime": _stamp(phone, now - began),
        },
    )
    about = {"RecordingUrl": url, "RecordingDuration": length, "RecordingSid": sid}
    action = verb.attributes.get("action", phone.documents.base)
    return Ask(action, {**about, "Digits": digits}, verb.attributes.get("method", "POST"))


async def gather(phone: Handset, verb: Verb) -> Ask | None:
    """Keys; what it says meanwhile ends with the first of them."""
    most = int(verb.attributes.get("numDigits", "0")) or ENDLESS
    finishing = verb.attributes.get("finishOnKey", "#")
    digits = ""
    with phone.keys() as keys:
        first = await _first_key(phone, verb, keys)
        while first and first not in finishing:
            digits += first
            if len(digits) >= most:
                break
            first = ""
            with trio.move_on_after(_seconds(verb, "timeout", 5.0)):
                first = await keys.receive()
    if not digits and verb.attributes.get("actionOnEmptyResult", "false") != "true":
        return None
    action = verb.attributes.get("action", phone.documents.base)
    return Ask(action, {"Digits": digits}, verb.attributes.get("method", "POST"))


async def _first_key(phone: Handset, verb: Verb, keys: trio.MemoryReceiveChannel[str]) -> str:
    found = ""

    async def wait(prompting: trio.CancelScope) -> None:
        nonlocal found
        found = await keys.receive()
        prompting.cancel()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(wait, nursery.cancel_scope))
        for prompt in verb.nouns:
            if prompt.name in PROMPTS:
                await PROMPTS[prompt.name](phone, prompt)
        await trio.sleep(_seconds(verb, "timeout", 5.0))
        nursery.cancel_scope.cancel()
    return found


PROMPTS: Final = {"Say": say, "Play": play, "Pause": pause}


def _loops(verb: Verb) -> Iterable[int]:
    return range(int(verb.attributes.get("loop", "1")) or ENDLESS)


def _seconds(verb: Verb, name: str, usual: float) -> float:
    return float(verb.attributes.get(name, usual))


def _stamp(phone: Handset, ago: float) -> str:
    return format_datetime(datetime.fromtimestamp(phone.account.wall() - ago, UTC))
