"""Facts: what is written has to be said, and no number besides."""

from __future__ import annotations

import pytest

from voxanne_trio.naturalness.facts import lost_names, lost_numbers, names_in, written_facts
from voxanne_trio.naturalness.forms import counted_words

SAID = [
    ("$8,000-$12,000", "eight thousand to twelve thousand dollars"),
    ("$9,500", "ninety-five hundred dollars"),
    ("$9,500", "nine thousand five hundred dollars"),
    ("$180/month", "a hundred eighty dollars a month"),
    ("$1.25 and $0.75", "one dollar and twenty-five cents and seventy-five cents"),
    ("$40.00", "forty dollars"),
    ("$2.3M or $6k", "two point three million dollars or six thousand dollars"),
    ("1.5 million", "one point five million"),
    ("12-60 month", "twelve to sixty month"),
    ("12.5%", "twelve point five percent"),
    ("(212) 555-0147", "two one two, five five five, zero one four seven"),
    ("1-888-555-0100", "eight eight eight, five five five, oh one oh oh"),
    ("+15005550007", "five zero zero, five five five, zero zero zero seven"),
    ("call 911", "call nine one one"),
    ("code 7204", "code seven two zero four"),
    ("ends in 0093", "ends in zero zero nine three"),
    ("B7K29", "B seven K two nine"),
    ("1200 Harbor, 250 Oak, Suite 210", "twelve hundred Harbor, two fifty Oak, Suite two ten"),
    ("ZIP 10013", "zip one zero zero one three"),
    ("2:30 PM", "two thirty PM"),
    ("10:05 and 3:00", "ten oh five and three o'clock"),
    ("16:45", "four forty-five PM"),
    ("12:00", "noon"),
    ("9:00 AM-6:00 PM", "nine AM to six PM"),
    ("9-5", "nine to five"),
    ("24/7", "twenty-four seven"),
    ("1/4, 1 1/2", "one quarter, one and a half"),
    ("6/14/2027", "June fourteenth, twenty twenty-seven"),
    ("2027-06-14", "June fourteenth, two thousand twenty-seven"),
    ("May 4th, 1995", "May fourth, nineteen ninety-five"),
    ("the 1980s", "the nineteen eighties"),
    ("-6°", "minus six degrees"),
    ("98.6°F", "ninety-eight point six degrees"),
    ("5'4\", 10x12", "five foot four, ten by twelve"),
    ("two of our 3 rooms", "two of our three rooms"),
    ("Henry VIII", "Henry the eighth"),
    ("Which one?", "Which one?"),
    ("Suite 210, second floor", "Suite two ten, second floor"),
    ("twenty-four of 24", "twenty-four of twenty-four"),
    ("a half", "one half"),
]


@pytest.mark.parametrize(("written", "spoken"), SAID)
def test_right_ways_to_say_it(written: str, spoken: str) -> None:
    assert lost_numbers(written, spoken) == []


@pytest.mark.parametrize(
    ("written", "spoken", "wrong"),
    [
        ("$8,000", "eighty thousand dollars", "$8,000 is not said"),
        ("$8,000", "$8,000", "$8,000 is not said"),
        ("2 weeks", "weeks", "2 is not said"),
        ("2:30 PM", "two fifteen PM", "2:30 is not said"),
        ("(212) 555-0147", "two one two, five five five", "(212) 555-0147 is not said"),
        ("6/14/2027", "July fourteenth, twenty twenty-seven", "6/14/2027 is not said"),
        ("code 7204", "code seven thousand two hundred four", "7204 is not said"),
        ("San Diego, California 92101", "ninety-two thousand one hundred one", "92101 is not said"),
        ("soon", "in two weeks", "'two' is said, not written"),
        ("6:00 PM", "six thirty PM", "'thirty' is said, not written"),
    ],
)
def test_wrong_ways(written: str, spoken: str, wrong: str) -> None:
    assert any(told.endswith(wrong) for told in lost_numbers(written, spoken))


def test_facts_in_their_order() -> None:
    found = [fact.written for fact in written_facts("Two visits, 3:00, (212) 555-0147 and $5")]
    assert found == ["two", "3:00", "(212) 555-0147", "$5"]


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("You'll see Dr. Elena Marsh on Tuesday.", ["Elena", "Marsh", "Tuesday"]),
        ("We do BBL and MRI. Please wait.", ["BBL", "MRI"]),
        ("At 2:30 PM. I'm here. I am.", []),
        ("**Want** me to check Tuesday?", ["Tuesday"]),
        ("It's O'Neil's office at St. John's.", ["O'Neil", "John"]),
    ],
)
def test_names(written: str, names: list[str]) -> None:
    assert names_in(written) == names


def test_lost_names() -> None:
    assert lost_names("See Dr. Marsh.", "See Doctor Marsh.") == []
    assert lost_names("See Dr. Marsh.", "See the doctor.") == ["Marsh"]
    assert lost_names("A BBL.", "A B B L.") == []
    assert lost_names("A BBL.", "A lift.") == ["BBL"]


@pytest.mark.parametrize(
    ("written", "count"),
    [
        ("It costs $8,000-$12,000 and takes 2 weeks.", 7),
        ("We're at 1200 Harbor Boulevard, Suite 210, San Diego, California 92101.", 3),
        ("Call (500) 555-0007 now.", 3),
        ("On Jan. 6th, 2026 at 2:30 p.m.", 4),
        ("Monday 9:00 AM-6:00 PM", 2),
        ("**Want** me to check - Tuesday?", 5),
        ("board-certified, co.", 2),
        ("12.5% of $2.3 million", 3),
        ("", 0),
    ],
)
def test_counted_words(written: str, count: int) -> None:
    assert counted_words(written) == count
