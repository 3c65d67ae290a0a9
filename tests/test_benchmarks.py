"""The benchmark runs: one short call against a real server process. No figure is asserted."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import voice, voice_corpus
from benchmarks.figures import percentiles
from benchmarks.wires import reply, tags

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.sockets
def test_one_short_call() -> None:
    # In a process of its own: the benchmark pins itself to a core and freezes the collector.
    ran = subprocess.run(
        [sys.executable, "benchmarks/calls.py", "--calls", "1", "--brief", "--json"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert ran.returncode in {0, 1}, ran.stderr
    answer = json.loads(ran.stdout)
    servers = {run["server"]: run for run in answer["runs"]}
    assert servers.keys() == {"relay", "product"}
    for run in servers.values():
        assert (run["turns"], run["turns_lost"], run["violations"]) == (1, 0, [])
        assert run["overhead_ms"].keys() == {"p50", "p95", "p99"}
    assert servers["product"]["parts_ms"].keys() == {"ask", "write", "play"}


def test_a_tag_is_said_and_repeated() -> None:
    tag = tags()[0]
    answer = reply([{"role": "user", "content": f"{tag.title()} when?"}, {"role": "system"}], ())
    assert tag in answer.text


def test_percentiles() -> None:
    assert percentiles([]) == {}
    assert percentiles(range(100)) == {"p50": 50, "p95": 95, "p99": 99}


def test_a_detector_is_measured() -> None:
    cases = list(voice_corpus.noisy(voice_corpus.callers(brief=True)[:2], "clean", 0.0))
    late, late_by_p56, missed, false, _ = voice._onset_row(cases, voice.ours)
    assert all(20 <= float(ms) <= 200 for ms in late.split(" / "))
    by_both = zip(late.split(" / "), late_by_p56.split(" / "), strict=True)
    assert all(float(active) <= float(any_sound) for any_sound, active in by_both)
    assert (missed, false) == ("0%", "0.0")
    assert voice._onset_row(cases, lambda audio: [])[2] == "100%"
    for detector in voice.DETECTORS.values():
        told = detector(cases[0].audio)
        assert [one.started for one in told] == [True, False] * (len(told) // 2)
