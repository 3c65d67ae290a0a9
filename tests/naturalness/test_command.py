"""`voxanne naturalness`: what it prints, writes and returns, over the sandbox's receptionist."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from voxanne_trio.cli import main
from voxanne_trio.errors import PermanentVendorError, TransientVendorError, VendorError

ONE = ("--only", "BBL Inquiry")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a key nor a clinic of the machine's own."""
    monkeypatch.chdir(tmp_path)
    for name in ("GROQ_API_KEY", "VOXANNE_CLINIC", "VOXANNE_LLM_MODELS"):
        monkeypatch.delenv(name, raising=False)


def run_json(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, Any]]:
    code = main(["naturalness", "--json", *options])
    whole: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, whole


def test_the_agent_reaches_the_bar_and_the_same_run_says_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, whole = run_json(capsys)
    assert whole["rate"] >= 0.9
    assert (code, whole["ok"]) == (0, True)
    assert len(whole["scenarios"]) >= 46
    assert run_json(capsys) == (0, whole)


def test_without_the_humanizer_less_than_half_passes(capsys: pytest.CaptureFixture[str]) -> None:
    code, whole = run_json(capsys, "--no-humanizer")
    assert whole["rate"] < 0.5
    assert (code, whole["ok"]) == (1, False)


def test_one_script_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    main(["naturalness", *ONE])
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["Test 1/1: BBL Inquiry", "Patient (Sarah): Do you do BBL?"]
    assert lines[2].startswith("Voxanne: ")
    assert lines[3].startswith("  ✓ PASS | Short Sentences: ")


def test_files_are_written_and_runs_compared(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    saved, report = tmp_path / "run.json", tmp_path / "run.xml"
    run_json(capsys, *ONE, "--no-humanizer", "--save", str(saved), "--junit", str(report))
    assert json.loads(saved.read_text("utf-8"))["humanizer"] is False
    assert ET.parse(report).getroot().tag == "testsuites"
    code, whole = run_json(capsys, *ONE, "--no-humanizer", "--compare", str(saved))
    assert code == 1
    assert whole["compared"]["newly_failing"] == whole["compared"]["newly_passing"] == []


def test_scripts_of_ones_own(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    script = tmp_path / "mine.yaml"
    script.write_text("- name: Mine\n  turns: [Do you do Botox]", "utf-8")
    _, whole = run_json(capsys, str(script))
    assert [scenario["name"] for scenario in whole["scenarios"]] == ["Mine"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--only", "BBL Inquiri"], "is it 'BBL Inquiry'"),
        (["--live"], "GROQ_API_KEY"),
        (["nowhere.yaml"], "cannot be read"),
        (["--compare", "nowhere.json"], "cannot be read"),
        ([*ONE, "--save", "no/such/folder.json"], "cannot be written"),
    ],
)
def test_wrong_use_is_told(
    capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    assert main(["naturalness", *options]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("failure", "code"),
    [(PermanentVendorError("groq", "key refused"), 2), (TransientVendorError("groq", "down"), 1)],
)
def test_a_model_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    failure: VendorError,
    code: int,
) -> None:
    async def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr("voxanne_trio.cli._naturalness_agent.perform", fail)
    assert main(["naturalness", *ONE]) == code
    assert str(failure) in capsys.readouterr().err


def test_counter_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["naturalness", "--counter-examples"]) == 0
    assert "counter-examples caught" in capsys.readouterr().out
    code, whole = run_json(capsys, "--counter-examples")
    assert (code, whole["ok"]) == (0, True)
    assert all(example["caught"] for example in whole["examples"])
