"""Sounds of a telephone call, made of numbers: speech-like voices, throats, lines, rooms, echo.

For simulation and for measuring the voice detector. Samples are 16-bit linear at 8 kHz
(`mulaw.encode` makes them a wire's), levels are dB under full scale (rms). Everything is computed:
no file, thread or clock, and equal arguments give equal bytes in every process. What is random is
drawn from the generator that is passed in: `seeded` makes one. Refuses to know who calls whom.
"""

from .echo import EchoPath, Reflection, echoed
from .levels import active_level, at_level, gained, level, mixed, seeded
from .lines import DTMF_DIGITS, dtmf, hold_music, hum, pink, ringback, white
from .speech import AudibleCallers, SpeechVoice, SpeechVoices
from .surroundings import babble, click, door_slam, television
from .throat import cough, mm_hm, throat_clearing

__all__ = [
    "DTMF_DIGITS",
    "AudibleCallers",
    "EchoPath",
    "Reflection",
    "SpeechVoice",
    "SpeechVoices",
    "active_level",
    "at_level",
    "babble",
    "click",
    "cough",
    "door_slam",
    "dtmf",
    "echoed",
    "gained",
    "hold_music",
    "hum",
    "level",
    "mixed",
    "mm_hm",
    "pink",
    "ringback",
    "seeded",
    "television",
    "throat_clearing",
    "white",
]
