"""Puts a sandbox together from a few words: which delays, which recogniser, which clinic.

The one place where the stand-ins meet the wall clock, the real network and the libraries that
speak and recognise; tests build their own from the same parts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import attrs
import trio

from voxanne_trio.clinic import Clinic

from .account import Account
from .client import Dial
from .deepgram import Deepgram
from .groq import Groq
from .profiles import Profile
from .receptionist import Receptionist
from .scripted import Scripted
from .server import Sandbox, seeded
from .sounds import AudibleCallers
from .stream import Link
from .twilio import Twilio
from .voice import RealVoices, Voices
from .words import Recogniser

RECOGNISERS: Final = ("pocketsphinx", "scripted")
VENDOR_KEY: Final = "sandbox"
"""Any key will do but `wrong`; this is the one that is printed."""


@attrs.frozen(kw_only=True)
class Plan:
    """What a sandbox is to be."""

    clinic: Clinic
    profile: str = "target"
    stt: str = "pocketsphinx"
    seed: int = 0
    tones: bool = False
    """Tones in the place of agents' voices, and callers whom a detector takes for speakers: cheap,
    for load; only with the scripted recogniser."""
    account_sid: str = f"AC{'5a' * 16}"
    auth_token: str = "sandbox_auth_token"  # noqa: S105 - of an account that does not exist
    dial: Dial = trio.open_tcp_stream
    wall: Callable[[], float] = time.time


def compose(plan: Plan) -> Sandbox:
    """The sandbox. `ValueError` for a profile or recogniser that does not exist."""
    if plan.stt not in RECOGNISERS:
        raise ValueError(f"no recogniser {plan.stt!r}: use {' or '.join(RECOGNISERS)}")
    if plan.tones and plan.stt != "scripted":
        raise ValueError("tones are no words: they need the scripted recogniser")
    profile = Profile.named(plan.profile, seeded(plan.seed, "delays"))
    voices: Voices = AudibleCallers() if plan.tones else RealVoices()
    scripted = Scripted() if plan.stt == "scripted" else None
    recogniser = scripted if scripted is not None else _pocketsphinx(plan.clinic)
    return Sandbox(
        profile=profile,
        groq=Groq(
            profile,
            Receptionist(plan.clinic).answer,
            rng=seeded(plan.seed, "groq"),
            wall=plan.wall,
        ),
        twilio=Twilio(_account(plan, voices)),
        deepgram=Deepgram(profile, voices, recogniser, seeded(plan.seed, "deepgram")),
        scripts=scripted,
        speak=voices.caller().speak,
    )


def _account(plan: Plan, voices: Voices) -> Account:
    return Account(
        sid=plan.account_sid,
        auth_token=plan.auth_token,
        dial=plan.dial,
        rng=seeded(plan.seed, "twilio"),
        wall=plan.wall,
        link=Link(rng=seeded(plan.seed, "network")),
        voice=voices.agent("twilio").speak,
    )


def _pocketsphinx(clinic: Clinic) -> Recogniser:
    from .recognition import Pocketsphinx  # its workers only where they are wanted

    return Pocketsphinx(clinic)


def environment(url: str, plan: Plan) -> dict[str, str]:
    """The variables that point a server at a sandbox at this address."""
    return {
        "DEEPGRAM_BASE_URL": url,
        "DEEPGRAM_API_KEY": VENDOR_KEY,
        "GROQ_BASE_URL": url,
        "GROQ_API_KEY": VENDOR_KEY,
        "TWILIO_BASE_URL": url,
        "TWILIO_ACCOUNT_SID": plan.account_sid,
        "TWILIO_AUTH_TOKEN": plan.auth_token,
    }
