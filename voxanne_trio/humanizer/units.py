"""Units as they are shortened and as they are said. Pure; a table and how to look it up."""

from __future__ import annotations

from typing import Final

UNITS: Final[dict[str, tuple[str, str]]] = {}
"""Shortening, its case kept where case matters, to one and many of it."""

_WRITTEN: Final = """
mg milligram milligrams|mcg microgram micrograms|μg microgram micrograms|ug microgram micrograms
g gram grams|gm gram grams|gms gram grams|kg kilogram kilograms|kgs kilogram kilograms
lb pound pounds|lbs pound pounds|oz ounce ounces|ml milliliter milliliters
l liter liters|dl deciliter deciliters|μl microliter microliters|cc C+C C+C|ccs C+C C+C
tsp teaspoon teaspoons|tbsp tablespoon tablespoons|qt quart quarts|gal gallon gallons
iu international+unit international+units|meq milliequivalent milliequivalents
mmol millimole millimoles|mmhg millimeter+of+mercury millimeters+of+mercury
mm millimeter millimeters|cm centimeter centimeters|m meter meters|km kilometer kilometers
ft foot feet|yd yard yards|yds yard yards|mi mile miles|sqft square+foot square+feet
s second seconds|sec second seconds|secs second seconds|ms millisecond milliseconds
min minute minutes|mins minute minutes|h hour hours|hr hour hours|hrs hour hours
wk week weeks|wks week weeks|mo month months|mos month months|yr year years|yrs year years
yo year+old years+old|y/o year+old years+old|kcal kilocalorie kilocalories|cal calorie calories
mph mile+per+hour miles+per+hour|bpm beat+per+minute beats+per+minute|x time times
hz hertz hertz|khz kilohertz kilohertz|mhz megahertz megahertz|ghz gigahertz gigahertz
kb kilobyte kilobytes|mb megabyte megabytes|gb gigabyte gigabytes|tb terabyte terabytes
kw kilowatt kilowatts|kwh kilowatt+hour kilowatt+hours|ma milliamp milliamps
usd dollar dollars|eur euro euros|gbp pound pounds|€ euro euros|£ pound pounds|¢ cent cents
% percent percent|pct percent percent|nm nanometer nanometers
kph kilometer+per+hour kilometers+per+hour
appt appointment appointments|appts appointment appointments|ea each each
joule joule joules|psi pound+per+square+inch pounds+per+square+inch
"""

for _row in _WRITTEN.replace("\n", "|").split("|"):
    if _row:
        _short, _one, _many = (part.replace("+", " ") for part in _row.split(" "))
        UNITS[_short] = (_one, _many)

_LONE_LETTERS: Final = frozenset("gGmLlhHsS")

PERIODS: Final = {
    "mo": "month",
    "mos": "month",
    "yr": "year",
    "hr": "hour",
    "h": "hour",
    "wk": "week",
    "min": "minute",
    "sec": "second",
    "d": "day",
    "pp": "person",
    "ea": "each",
    "sqft": "square foot",
    "kg": "kilogram",
    "lb": "pound",
    "ml": "milliliter",
    "dl": "deciliter",
    "l": "liter",
    "cc": "C C",
    "mg": "milligram",
    "g": "gram",
    "oz": "ounce",
    "m": "meter",
    "syr": "syringe",
    "appt": "appointment",
    "ft": "foot",
}
"""What follows a slash, as it is said after "per"."""


def unit(written: str) -> tuple[str, str] | None:
    """One and many of a unit, however its letters are cased; None for another word."""
    if len(written) == 1 and written.isalpha() and written not in _LONE_LETTERS and written != "x":
        return None
    if written in {"MM", "M", "MS", "MI", "CAL", "MIN", "MO", "S", "H"}:
        return None
    return UNITS.get(written) or UNITS.get(written.lower())


def per(written: str) -> str:
    """What is said after "per" or "a" for the word after a slash."""
    return PERIODS.get(written.lower(), written)
