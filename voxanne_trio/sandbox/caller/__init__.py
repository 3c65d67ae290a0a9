"""Callers who follow a script and react: they speak, hesitate, cough, interrupt, listen, hang up.

A caller knows only what a caller can know: what comes out of the phone, and when. `steps` are what
a script is made of, `behaviour` follows it on a call, `mouth` makes the sounds, `report` tells what
came of it. Everything is on Trio's clock, and equal for equal scripts, voices and seeds.
"""

from .behaviour import Caller
from .mouth import Mouth
from .report import Aside, CallerReport, CallerTurn
from .script import as_json, phrases, read_script, utterances
from .steps import (
    PATIENCE_SECONDS,
    SILENCE_MS,
    AwaitHangUp,
    Backchannel,
    HangUp,
    Interrupt,
    Listen,
    Press,
    Say,
    Sound,
    StaySilent,
    Step,
    TalkOver,
)

__all__ = [
    "PATIENCE_SECONDS",
    "SILENCE_MS",
    "Aside",
    "AwaitHangUp",
    "Backchannel",
    "Caller",
    "CallerReport",
    "CallerTurn",
    "HangUp",
    "Interrupt",
    "Listen",
    "Mouth",
    "Press",
    "Say",
    "Sound",
    "StaySilent",
    "Step",
    "TalkOver",
    "as_json",
    "phrases",
    "read_script",
    "utterances",
]
