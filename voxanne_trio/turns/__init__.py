"""Turn-taking: who has the floor, decided in one pure table."""

from .floor import (
    Answer,
    Cancel,
    CloseStream,
    Command,
    EndCall,
    Ending,
    Floor,
    Phrase,
    Say,
    SetTimer,
    State,
    StopTimer,
    Timer,
)
from .table import TABLE, step

__all__ = [
    "TABLE",
    "Answer",
    "Cancel",
    "CloseStream",
    "Command",
    "EndCall",
    "Ending",
    "Floor",
    "Phrase",
    "Say",
    "SetTimer",
    "State",
    "StopTimer",
    "Timer",
    "step",
]
