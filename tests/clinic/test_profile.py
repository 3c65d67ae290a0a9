"""A clinic's hours and how it is reached: read strictly, told in one line what is wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from voxanne_trio.clinic import ClinicProfileError, load_clinic
from voxanne_trio.clinic.hours import BadHours, is_open, opening

PROFILE = """
name = "N"
agent = "A"
greeting = "Hello."
phone = "+15005550007"
"""


def at(text: str, zone: str = "America/Los_Angeles") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("9:00 AM-6:00 PM", ((540, 1080),)),
        ("9 am – 12 pm, 1 pm to 5:30 p.m.", ((540, 720), (780, 1050))),  # noqa: RUF001
        ("08:00-17:00", ((480, 1020),)),
        ("12:00 AM-12:00 AM", ((0, 1440),)),
        ("18:00-24:00", ((1080, 1440),)),
        ("24 hours", ((0, 1440),)),
        ("Closed", ()),
        ("", ()),
    ],
)
def test_hours_that_can_be_read(text: str, ranges: tuple[tuple[int, int], ...]) -> None:
    assert opening({"monday": text}) == {"monday": ranges}


@pytest.mark.parametrize(
    "text",
    [
        *("9-5", "9:00-5", "by appointment", "9:00 AM", "25:00-26:00", "13:00 PM-2:00 PM"),
        *("6:00 PM-9:00 AM", "9:00 AM-6:00 PM and so on", "9:60 AM-6:00 PM", "9:00 AM-6:00 PM,"),
    ],
)
def test_hours_that_are_a_guess_are_refused_in_one_line(text: str) -> None:
    with pytest.raises(BadHours) as caught:
        opening({"monday": text})
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f'[hours] monday = "{text}" cannot be read')


def test_hours_are_those_of_the_clinics_wall_clock_through_the_change_of_time() -> None:
    hours = {"sunday": "1:30 AM-3:00 AM", "saturday": "10:00 AM-2:00 PM"}
    for day, open_at in (("2026-03-07", "10:00"), ("2026-03-14", "10:00")):
        assert is_open(hours, "America/Los_Angeles", at(f"{day}T{open_at}"))
        assert not is_open(hours, "America/Los_Angeles", at(f"{day}T09:59:59"))
    spring = datetime(2026, 3, 8, 9, 59, 59, tzinfo=UTC).timestamp()  # 1:59:59, then 3:00
    assert is_open(hours, "America/Los_Angeles", spring)
    assert not is_open(hours, "America/Los_Angeles", spring + 1)
    autumn = datetime(2026, 11, 1, 8, 30, tzinfo=UTC).timestamp()  # 1:30, twice that night
    assert is_open(hours, "America/Los_Angeles", autumn)
    assert is_open(hours, "America/Los_Angeles", autumn + 3_600)


def test_a_day_without_hours_is_closed_and_no_hours_at_all_are_always_open() -> None:
    assert not is_open({"monday": "24 hours"}, "UTC", at("2026-03-07T10:00", "UTC"))
    assert is_open({}, "UTC", at("2026-03-07T10:00", "UTC"))


@pytest.mark.parametrize(
    ("transfer", "problem"),
    [
        ('number = "555-0007"', "not like"),
        ("", "number is missing"),
        ('number = "+15005550007"\nring_seconds = 2', "from 5 to 600"),
        ('number = "+15005550007"\nvoicemail = "yes"', "true or false"),
        ('number = "+15005550007"\nwisper = "x"', "has no 'wisper'"),
    ],
)
def test_a_transfer_that_cannot_work_is_refused(
    transfer: str, problem: str, tmp_path: Path
) -> None:
    path = tmp_path / "clinic.toml"
    path.write_text(f"{PROFILE}[transfer]\n{transfer}\n")
    with pytest.raises(ClinicProfileError, match=problem) as caught:
        load_clinic(path)
    assert "\n" not in str(caught.value)


def test_a_clinic_need_not_be_reachable(tmp_path: Path) -> None:
    path = tmp_path / "clinic.toml"
    path.write_text(PROFILE)
    assert load_clinic(path).transfer is None
    assert not load_clinic(path).can_transfer(0.0)
    path.write_text(f'{PROFILE}[transfer]\nnumber = "+15005550007"\nvoicemail = false\n')
    reachable = load_clinic(path)
    assert reachable.transfer is not None
    assert reachable.transfer.whisper
    assert reachable.can_transfer(0.0)  # it names no hours
