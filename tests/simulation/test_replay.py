"""A tape run again: the same floor says nothing, another one is told apart."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from voxanne_trio.simulation.determinism import virtual_run
from voxanne_trio.simulation.replay import BadTape, Tape, by_table, replay
from voxanne_trio.simulation.world import world

SCRIPT = (
    {"interrupt": "How much does a BBL cost?", "after_ms": 400},
    {"interrupt": "And what are your hours?", "after_ms": 900},
    "listen",
    {"press": "0"},
    {"say": "Thank you, goodbye."},
    {"await_hang_up": 12},
)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("tapes")

    async def record() -> None:
        async with world(tape_dir=str(directory), tape_words=True) as here:
            await here.ring(*SCRIPT)
            await trio.sleep(5)

    virtual_run(record)
    (file,) = directory.iterdir()
    return file


def test_a_tape_gives_the_states_it_was_recorded_with(recorded: Path) -> None:
    whole = replay(recorded)
    assert whole["differences"] == []
    assert whole["failures"] == []
    assert whole["ok"]
    assert whole["states"] > 8


def test_a_floor_that_would_move_elsewhere_is_told(recorded: Path, tmp_path: Path) -> None:
    text = recorded.read_text("utf-8")
    other = tmp_path / "other.jsonl"
    other.write_text(text.replace('"state": "processing"', '"state": "listening"'))
    assert by_table(Tape.read(other.read_text("utf-8")))
    whole = replay(other)
    assert not whole["ok"]
    assert any("state 4 was" in difference for difference in whole["differences"])


def test_the_states_of_a_tape(recorded: Path) -> None:
    tape = Tape.read(recorded.read_text("utf-8"))
    assert tape.states()[:4] == ["speaking", "holding", "listening", "processing"]
    assert tape.states()[-1] == "ended"


def test_a_last_line_that_was_cut_off_is_left_out(recorded: Path) -> None:
    text = recorded.read_text("utf-8")
    assert len(Tape.read(text[:-20]).lines) == len(Tape.read(text).lines) - 1


@pytest.mark.parametrize("text", ["", "{}", "[]\n[]", '{"tape": 2}', '{"tape": 2}\n{}\n{}'])
def test_what_is_no_tape(text: str) -> None:
    with pytest.raises(BadTape):
        Tape.read(text)
