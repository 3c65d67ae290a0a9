"""`voxanne humanize`: a text or the lines of standard input."""

from __future__ import annotations

import io
import json

import pytest

from voxanne_trio.cli import main

TEXT = "It is $40; we are open until 5 PM."
SPOKEN = "It's forty dollars. We're open until five PM."


def test_a_text_is_printed_as_it_is_spoken(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["humanize", TEXT]) == 0
    assert capsys.readouterr().out == f"{SPOKEN}\n"


def test_lines_of_standard_input_are_taken_each_for_itself(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{TEXT}\n\nOK 2\n"))
    assert main(["humanize"]) == 0
    assert capsys.readouterr().out == f"{SPOKEN}\n\nOK two.\n"


def test_json_has_both_forms_sentence_by_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["humanize", "--json", "--explain", TEXT]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["written"] == TEXT
    assert result["spoken"] == SPOKEN
    assert result["sentences"] == [
        {"written": "It is $40;", "spoken": "It's forty dollars."},
        {"written": "we are open until 5 PM.", "spoken": "We're open until five PM."},
    ]
    assert result["steps"][0]["before"] == TEXT
    assert result["steps"][-1]["after"] == SPOKEN
    assert {"rule", "before", "after"} == set(result["steps"][0])


def test_explain_shows_each_rule(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["humanize", "--explain", "I am here."]) == 0
    assert capsys.readouterr().out == "contraction\n  - I am here.\n  + I'm here.\nI'm here.\n"
