"""Tickets: signed, expiring, of one call, taken once, by any replica."""

import re
from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxanne_trio.telephony import tickets as module
from voxanne_trio.telephony.tickets import BadTicket, Ticket, Tickets

CALL = "CA1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e"


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.5

    def __call__(self) -> float:
        return self.now


def entropy() -> Callable[[int], bytes]:
    numbers = count()
    return lambda length: next(numbers).to_bytes(length, "big")


def office(clock: Clock, *auth_tokens: str) -> Tickets:
    return Tickets(auth_tokens or ("token",), 60, wall_clock=clock, entropy=entropy())


def test_a_ticket_names_its_call_and_is_taken_once() -> None:
    desk = office(Clock())
    ticket = desk.issue(CALL)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,100}", ticket)
    assert desk.take(ticket) == Ticket(CALL, 1_800_000_060)
    with pytest.raises(BadTicket, match="used before"):
        desk.take(ticket)
    assert desk.take(desk.issue(CALL)).call_sid == CALL


def test_any_replica_and_any_token_in_rotation_admits() -> None:
    clock = Clock()
    assert office(clock, "new", "old").take(office(clock, "old").issue(CALL)).call_sid == CALL
    with pytest.raises(BadTicket, match="not ours"):
        office(clock, "new").take(office(clock, "old").issue(CALL))


def test_a_ticket_expires() -> None:
    clock = Clock()
    desk = office(clock)
    in_time, late = desk.issue(CALL), desk.issue(CALL)
    clock.now += 59.4
    desk.take(in_time)
    clock.now += 0.2
    with pytest.raises(BadTicket, match="expired"):
        desk.take(late)


@given(st.integers(0, 83), st.sampled_from("AZaz09_-"))
def test_no_character_can_be_changed(place: int, character: str) -> None:
    desk = office(Clock())
    ticket = desk.issue(CALL)
    changed = ticket[:place] + character + ticket[place + 1 :]
    if changed != ticket:
        with pytest.raises(BadTicket):
            desk.take(changed)


@given(st.text() | st.text("AZaz09_-=", max_size=300))
def test_nonsense_is_refused(ticket: str) -> None:
    with pytest.raises(BadTicket):
        office(Clock()).take(ticket)


def test_memory_of_taken_tickets_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 4)
    clock = Clock()
    desk = office(clock)
    for _ in range(9):
        last = desk.issue(CALL)
        desk.take(last)
    assert len(desk._taken) == 4
    with pytest.raises(BadTicket, match="used before"):
        desk.take(last)
    clock.now += 120
    desk.take(desk.issue(CALL))
    assert len(desk._taken) == 1


def test_those_on_their_way_are_counted_until_they_come_or_are_late() -> None:
    clock = Clock()
    desk = office(clock)
    first, _ = desk.issue(CALL), desk.issue(CALL)
    assert desk.awaited(5) == 2
    desk.take(first)
    assert desk.awaited(5) == 1
    clock.now += 5
    assert desk.awaited(5) == 0


def test_a_clock_that_is_set_back_keeps_nobody_waiting() -> None:
    clock = Clock()
    desk = office(clock)
    desk.issue(CALL)
    assert desk.awaited_seconds(5) == 5
    clock.now -= 3_600
    assert desk.awaited_seconds(5) == 0
