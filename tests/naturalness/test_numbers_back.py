"""Words read back as numbers: tables, and round trips through a speller of the tests' own."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxanne_trio.naturalness.numbers_back import numbers_in, words_in

# ruff: noqa: SIM905 - word lists read best as text

UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
    " sixteen seventeen eighteen nineteen"
).split()
TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()


def spelled(number: int, *, with_and: bool = False, hyphen: str = "-") -> str:
    """A plain speller: thousands, hundreds, the rest."""
    if number < 20:
        return UNITS[number]
    if number < 100:
        return TENS[number // 10] + (hyphen + UNITS[number % 10] if number % 10 else "")
    for size, name in (
        (10**9, "billion"),
        (10**6, "million"),
        (1000, "thousand"),
        (100, "hundred"),
    ):
        if number >= size:
            head, rest = divmod(number, size)
            joint = " and " if with_and and rest < 100 else " "
            tail = joint + spelled(rest, with_and=with_and, hyphen=hyphen) if rest else ""
            return f"{spelled(head, with_and=with_and, hyphen=hyphen)} {name}{tail}"
    raise AssertionError(number)


def values(text: str) -> list[Fraction]:
    return [number.value for number in numbers_in(text)]


@given(st.integers(0, 10**12 - 1), st.booleans(), st.sampled_from(["-", " "]))
def test_a_cardinal_comes_back(number: int, with_and: bool, hyphen: str) -> None:
    text = f"That's {spelled(number, with_and=with_and, hyphen=hyphen)} dollars."
    assert values(text) == [number]


@given(st.integers(1, 99).filter(lambda hundreds: hundreds % 10))
def test_hundreds_up_to_ninety_nine(hundreds: int) -> None:
    assert values(f"{spelled(hundreds)} hundred") == [hundreds * 100]


@given(st.integers(0, 9_999), st.text("0123456789", min_size=1, max_size=4))
def test_a_decimal_comes_back(whole: int, figures: str) -> None:
    said = f"{spelled(whole)} point {' '.join(UNITS[int(figure)] for figure in figures)}"
    assert values(said) == [Fraction(f"{whole}.{figures}")]


@given(st.text("0123456789", min_size=2, max_size=11), st.sampled_from(["zero", "oh"]))
def test_figures_one_by_one_come_back(figures: str, zero: str) -> None:
    said = ", ".join(zero if figure == "0" else UNITS[int(figure)] for figure in figures)
    assert "".join(number.digits for number in numbers_in(said.replace(", ", " "))) == figures


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=5))
def test_numbers_between_words_stay_apart(numbers: list[int]) -> None:
    assert values(" dollars to ".join(map(spelled, numbers))) == numbers


@given(st.text(max_size=200))
def test_nothing_breaks_it(text: str) -> None:
    numbers = numbers_in(text)
    assert all(0 <= n.start < n.end <= len(words_in(text)) for n in numbers)
    assert all(a.end <= b.start for a, b in pairwise(numbers))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("nothing here", []),
        ("oh, I see", []),
        ("a hundred", [100]),
        ("a hundred and six", [106]),
        ("one thousand and six", [1006]),
        ("between one hundred and two hundred", [100, 200]),
        ("eight thousand to twelve thousand", [8000, 12000]),
        ("three hundred and fifty thousand", [350_000]),
        ("ninety-five hundred", [9500]),
        ("two fifty Oak Avenue, Suite three ten", [2, 50, 3, 10]),
        ("nineteen ninety-five", [19, 95]),
        ("twenty twenty-seven", [20, 27]),
        ("two thousand seven", [2007]),
        ("the nineteen eighties", [19, 80]),
        ("ten oh five", [10, 0, 5]),
        ("four fifteen PM", [4, 15]),
        ("five to ten percent", [5, 10]),
        ("a forty-dollar fee", [40]),
        ("minus six degrees", [-6]),
        ("zero point five", [Fraction(1, 2)]),
        ("point five", [Fraction(1, 2)]),
        ("two point three million", [2_300_000]),
        ("one quarter", [Fraction(1, 4)]),
        ("three quarters of an hour", [Fraction(3, 4)]),
        ("half an hour", [Fraction(1, 2)]),
        ("one and a half", [Fraction(3, 2)]),
        ("two and three quarters", [Fraction(11, 4)]),
        ("two thirds", [Fraction(2, 3)]),
        ("second, thirty-third", [2, 33]),
        ("June fourteenth", [14]),
        ("the twentieth", [20]),
        ("one hundred twenty-first", [121]),
        ("two hundredth", [200]),
        ("Henry the eighth", [8]),
        ("one million two hundred thousand and five", [1_200_005]),
        ("twenty, five", [20, 5]),
        ("six thousand, twelve hundred", [6000, 1200]),
        ("TWENTY-ONE", [21]),
    ],
)
def test_what_people_say(said: str, expected: list[Fraction]) -> None:
    assert values(said) == expected


def test_words_and_figures_are_told() -> None:
    (number,) = numbers_in("About twenty-one days.")
    assert (number.words, number.digits, number.start, number.end) == ("twenty one", "21", 1, 3)
