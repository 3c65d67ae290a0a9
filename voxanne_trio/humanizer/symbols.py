"""Symbols that stand for words: "&", "#", "%", "+", "/" and their like. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from .reading import Heard, Reading, last
from .units import per

# ruff: noqa: SIM905 - word lists read best as text
_SAID: Final = {
    "&": "and",
    "@": "at",
    "%": "percent",
    "=": "equals",
    "\u00b1": "plus or minus",
    "\u00d7": "times",
    "\u00f7": "divided by",
    "\u2260": "is not",
    "\u2248": "about",
    "\u2264": "at most",
    "\u2265": "at least",
    "\u00a7": "section",
    "$": "dollars",
    "\u20ac": "euros",
    "\u00a3": "pounds",
    "\u00a5": "yen",
    "\u20b9": "rupees",
    "\u00a2": "cents",
    "\u00b0": "degrees",
    "\u2116": "number",
    "\u221e": "infinity",
    "\u2030": "per thousand",
}
SYMBOLS: Final = frozenset(_SAID) | frozenset("#+<>~/*")
_TAG: Final = re.compile(
    r"</?(?:[abiups]|em|strong|br|hr|ul|ol|li|div|span|h[1-6]|code|pre|su[bp]|speak|break|prosody"
    r"|emphasis|say-as)(?: [^<>]{0,80})?/?>|<!--[^<>]{0,200}-->"
)
_ARROW: Final = re.compile(r"[-=]{1,2}>|<[-=]{1,2}(?![0-9])")
_QUANTITY: Final = re.compile(r"[=]? ?[$\u20ac\u00a3.]?[0-9]")
_PERIOD: Final = re.compile(
    r" ?(day|night|week|month|year|hour|minute|visit|session|person|unit|side|area|syringe"
    r"|treatment|yr|mo|wk|hr|min)\b"
)
_TIMES: Final = re.compile(r"\* ?[0-9]")
_JOINED: Final = re.compile(r"-[a-z]{1,6}\Z")
_KEYS: Final = {"#": "pound", "*": "star"}
_PRESSED: Final = frozenset(
    {"press", "pressing", "hit", "dial", "enter", "or", "and", "the", "then"}
)
_NAMED: Final = re.compile(r" (?:is|was)\b|:")
_NUMBERED: Final = frozenset(
    "reference ref account acct confirmation order phone case policy member invoice "
    "tracking id card room suite unit claim license group ticket".split()
)
_OFTEN: Final = frozenset("day night week month year hour minute yr mo wk hr min".split())
_WORD: Final = re.compile(r" ?[A-Za-z0-9$]")


def read(text: str, start: int, heard: Heard) -> Reading | None:
    """A symbol as a word, or silence where it is decoration."""
    symbol = text[start]
    if symbol in "<>":
        return _angle(text, start)
    if symbol == "+":
        return Reading(start + 1, "plus" if _WORD.match(text, start + 1) or last(heard) else "")
    if symbol == "/":
        return _slash(text, start, heard)
    if symbol in "~*#":
        return _decoration(text, start, heard)
    if symbol == "=" and (arrow := _ARROW.match(text, start)):
        return Reading(arrow.end(), ",")
    return Reading(start + 1, _SAID[symbol]) if symbol in _SAID else None


def _angle(text: str, start: int) -> Reading:
    if match := _TAG.match(text, start) or _ARROW.match(text, start):
        return Reading(match.end(), "")
    exact = text[start + 1 : start + 2] == "="
    words = {"<": "less than", ">": "more than"} if not exact else {"<": "at most", ">": "at least"}
    if _QUANTITY.match(text, start + 1) or text[start - 1 : start + 2].count(" ") == 2:
        return Reading(start + 1 + exact, words[text[start]])
    return Reading(start + 1, "")


def _slash(text: str, start: int, heard: Heard) -> Reading:
    if not heard or not _WORD.match(text, start + 1):
        return Reading(start + 1, "")
    period = _PERIOD.match(text, start + 1)
    before = last(heard)
    if (
        period
        and before not in _OFTEN
        and (period.group(1) in _OFTEN or before.endswith("s") or last(heard, 2).isdigit())
    ):
        return Reading(period.end(), f"per {per(period.group(1))}")
    return Reading(start + 1, "or")


def _decoration(text: str, start: int, heard: Heard) -> Reading | None:
    symbol, following = text[start], text[start + 1 : start + 2]
    if symbol == "~":
        return Reading(start + 1, "about") if _QUANTITY.match(text, start + 1) else None
    if symbol in _KEYS and (last(heard) in _PRESSED or (symbol == "#" and last(heard).isdigit())):
        return Reading(start + 1, _KEYS[symbol])
    if symbol == "#" and (last(heard) in _NUMBERED or _NAMED.match(text, start + 1)) and heard:
        return Reading(start + 1, "number")
    if symbol == "#" and following.isalpha():
        return Reading(start + 1, "hashtag")
    if symbol == "*" and _TIMES.match(text, start) and last(heard)[-1:].isdigit():
        return Reading(start + 1, "times")
    return None


def read_minus(text: str, start: int, heard: Heard) -> Reading | None:
    """The sign of a negative number; after a letter or digit a hyphen only parts."""
    if _JOINED.search(text, max(0, start - 8), start):
        return Reading(start + 1, "-")
    if start and text[start - 1].isalnum():
        return Reading(start + 1, " ")
    return Reading(start + 1, "minus")


def read_compatible(text: str, start: int, heard: Heard) -> Reading | None:
    """A character that stands for plain ones, as a circled digit or a degree Celsius does."""
    character = text[start]
    if character in "\u2122\u00ae\u00a9\u2120":
        return None
    plain = unicodedata.normalize("NFKC", character)
    if plain == character or not any(c.isalnum() for c in plain):
        return None
    return Reading(start + 1, f" {plain.replace(chr(0x2044), '/')} ")
