"""Capitals for emphasis become ordinary words; letters that stand for themselves stay. Pure.

A voice spells what it takes for an acronym. One loud word is known by a list of words that models
like to stress; several in a row are a shout whatever they are.
"""

# ruff: noqa: SIM905 - word lists read best as text

from __future__ import annotations

import re
from itertools import groupby
from typing import Final

from .edits import Edit

_LOUD: Final = re.compile(r"(?<![\w-])[A-Z]{2,}(?:'[A-Z]+)?(?![\w-])")
_STRESSED: Final = frozenset(
    (
        "ALL ALWAYS AND ANY ARE ASAP AVOID BEFORE BEST BOTH BUT CALL CAN CAREFUL CLOSED DO DON'T "
        "DONE DOWN EVERY FIRST FOR FREE FROM FULL GET GO GOOD GREAT HAVE HELP HERE IF IMPORTANT "
        "IN IS IT IT'S JUST LATE LIKE MAY MORE MOST MUST NEED NEVER NEW NO NONE NOT NOTE NOTHING "
        "NOW OF OFF OK ON ONLY OPEN OR OUR OUT PLEASE REALLY SO SOME SOON STILL STOP SURE THAN "
        "THANK THANKS THAT THE THEN THERE THESE THIS TIME TO TODAY TOO UP URGENT USE VERY WAIT "
        "WARNING WAS WE WELCOME WELL WHAT WHEN WHERE WHY WILL WITH WITHOUT WON'T YES YET YOU YOUR"
    ).split()
) - {"ASAP", "OK"}
_LETTERS: Final = frozenset(
    (
        "AI AM BBL BMI BP CA CBC CEO CPR CT DNA DOB DVD ECG EDT EKG EMS ENT ER ESPN EST ETA FAQ "
        "FAQS FDA GP HCG HIPAA HIV HMO HR HRT ICU ID IDS IPL IUD IV IVF LLC MBA MD MRI NP NY OB "
        "OBGYN OK OTC PA PCP PDT PIN PM PPO PRN PRP PST PT PTO RN ROI RSVP SMS SPF SSN STD TMJ TV "
        "UK URL US USA USPS UTI UV VIP VPN ZIP II III IV VI VII VIII IX XI XII ASAP NASA BOTOX"
    ).split()
)
_LONG: Final = 6
"""Acronyms are shorter; the few that are not are words to the voice anyway."""

_SHOUT: Final = 3
"""So many words in a row are a shout, if half of them are no acronyms."""


def shouting(text: str) -> list[Edit]:
    """Words in capitals that are not acronyms, in ordinary letters."""
    words = list(_LOUD.finditer(text))
    if not words:
        return []
    edits: list[Edit] = []
    for run in _runs(text, words):
        plain = [word for word in run if word.group() not in _LETTERS]
        is_shout = len(run) >= _SHOUT and len(plain) * 2 >= len(run)
        if is_shout:
            plain = [word for word in run if word.group() not in _LETTERS - {"US"}]
        for word in plain:
            loud = word.group()
            is_state = len(loud) == 2 and text[: word.start()].endswith(", ")
            is_stressed = loud in _STRESSED and not is_state
            if is_shout or is_stressed or len(loud) >= _LONG:
                quiet = loud.lower()
                if _begins_sentence(text, word.start()):
                    quiet = quiet.capitalize()
                edits.append(Edit(word.start(), word.end(), quiet, "capitals"))
        edits += _loud_am(text, run)
    return sorted(edits, key=lambda edit: edit.start)


def _runs(text: str, words: list[re.Match[str]]) -> list[list[re.Match[str]]]:
    """Words with nothing but spaces, marks and single letters between them."""
    number, before = 0, words[0]
    numbered: list[tuple[int, re.Match[str]]] = []
    for word in words:
        if re.search(r"[a-z\d]|\b[A-Z]{3}\b", text[before.end() : word.start()]):
            number += 1
        numbered.append((number, word))
        before = word
    return [[word for _, word in run] for _, run in groupby(numbered, key=lambda pair: pair[0])]


def _loud_am(text: str, run: list[re.Match[str]]) -> list[Edit]:
    """ "I AM" is no time of day."""
    return [
        Edit(word.start(), word.end(), "am", "capitals")
        for word in run
        if word.group() == "AM" and re.search(r"\bI $", text[: word.start()][-3:])
    ]


def _begins_sentence(text: str, at: int) -> bool:
    before = text[:at].rstrip(" \"'*_")
    return not before or before[-1] in ".?!"
