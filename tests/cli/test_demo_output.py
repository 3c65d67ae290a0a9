"""What `voxanne demo` shows and leaves behind: figures, lines, recording, picture, JSON."""

import io
import json
import random
import wave
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
import trio

from voxanne_trio.demo import figures, judging, live, recording, summary, timeline
from voxanne_trio.demo.conducting import Performance
from voxanne_trio.demo.evidence import Evidence
from voxanne_trio.demo.svg import text_width, wrapped
from voxanne_trio.demo.terminal import Terminal
from voxanne_trio.demo.transcript import Files, result, transcript
from voxanne_trio.sandbox.account import Account, Numbers
from voxanne_trio.sandbox.mulaw import decode
from voxanne_trio.sandbox.phone import PhoneCall
from voxanne_trio.sandbox.profiles import Delay, Profile

from .demo_call import TURNS, evidence

LATENCIES = ("stt", "llm", "tts", "total", "gap")


# Figures and the table


def test_the_95th_percentile_of_few_turns_is_the_slowest() -> None:
    turns = [
        attrs.evolve(TURNS[1], latency_ms={**TURNS[1].latency_ms, "stt": stt})
        for stt in (100, 300, 200)
    ]
    assert figures.medians_ms([TURNS[0], *turns])["stt"] == 200
    assert figures.p95s_ms([TURNS[0], *turns])["stt"] == 300
    assert figures.medians_ms([TURNS[0]]) == dict.fromkeys(LATENCIES)


def test_total_is_judged_at_its_p95_the_others_at_the_median() -> None:
    def timed(total: int, stt: int) -> Any:
        latencies = {**TURNS[1].latency_ms, "total": total, "stt": stt}
        return attrs.evolve(TURNS[1], latency_ms=latencies)

    over = figures.over_budget([timed(100, 100), timed(100, 100), timed(501, 900)])
    assert over == {"stt": False, "llm": False, "tts": False, "total": True}
    assert figures.budgets_ms() == {"stt": 300, "llm": 150, "tts": 200, "total": 500}


def plain_terminal(stream: io.StringIO | None = None) -> Terminal:
    return Terminal(stream or io.StringIO(), colours=False)


def test_the_table_marks_what_is_over_and_nothing_else() -> None:
    rows = summary.table(TURNS, plain_terminal())
    assert rows[-1].split() == ["ok", "ok", "ok", "ok"]
    assert rows[1].split() == ["greeting", "-", "-", "-", "-", "-"]
    assert any("How much does it cost? (cut off)" in row for row in rows)
    slow = attrs.evolve(TURNS[1], latency_ms={**TURNS[1].latency_ms, "llm": 400})
    assert summary.table([slow], plain_terminal())[-1].split() == ["ok", "OVER", "ok", "ok"]
    assert max(map(len, rows)) <= 100


def test_no_escape_sequences_where_nobody_looks() -> None:
    stream = io.StringIO()
    terminal = Terminal.on(stream, {})
    terminal.line(terminal.paint("words", "bold"))
    assert stream.getvalue() == "words\n"
    assert Terminal(stream, colours=True).paint("words", "bold") == "\x1b[1mwords\x1b[0m"


def test_the_live_view_shows_words_and_figures_and_skips_the_rest() -> None:
    stream = io.StringIO()
    view = live.LiveView(plain_terminal(stream))
    account = Account(
        sid="AC1",
        auth_token="x",
        dial=trio.open_tcp_stream,
        rng=random.Random(0),
        wall=lambda: 0.0,
    )
    view.call_began(PhoneCall(account, Numbers(webhook="http://127.0.0.1:9/twiml")))
    view.server_said('14:06:13.298  78a6a3  Voxanne: "Yes, we do!"')
    view.server_said("14:06:13.300  78a6a3  LLM first token 120 ms")
    view.server_said("something else")
    view.caller_said("How much is it?", 1.0, interrupting=True)
    view.server_said('14:06:14.298  78a6a3  Final: "How much is that?"')
    view.turn_recorded(TURNS[2].as_json())
    shown = stream.getvalue()
    assert "Voxanne  Yes, we do!" in shown
    assert "Caller   How much is it? (interrupts)" in shown
    assert 'understood: "How much is that?"' in shown
    assert 'cut off; the caller had heard: "It\'s $8,000-$12,000; recovery takes"' in shown
    assert "stt 260   llm 110   tts 90   total 225   gap 510 ms" in shown
    assert "120" not in shown
    assert "something else" not in shown


# Files


def test_the_recording_has_the_caller_left_and_the_agent_right(tmp_path: Path) -> None:
    caller, agent = bytes(range(256)), bytes(range(255, -1, -1))[:200]
    recording.write_wav(tmp_path / "call.wav", caller, agent)
    with wave.open(str(tmp_path / "call.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 8_000)
        samples = np.frombuffer(file.readframes(1_000), "<i2").reshape(-1, 2)
    assert samples[:, 0].tolist() == decode(caller).tolist()
    assert samples[:, 1].tolist() == [*decode(agent).tolist(), *[0] * 56]


def test_the_picture_is_well_formed_and_has_every_word() -> None:
    root = ET.fromstring(timeline.draw(evidence(), "a subtitle with <angles> & more"))
    width = float(root.attrib["width"])
    texts = [element for element in root.iter() if element.tag.endswith("}text")]
    shown = " ".join(element.text or "" for element in texts)
    for words in ("Do you do BBL?", "Great, Emily <& co>.", "barge-in: silent after 200 ms"):
        assert words in shown
    assert "a subtitle with <angles> & more" in shown
    struck = " ".join(e.text or "" for e in texts if "text-decoration" in e.attrib)
    assert "2 weeks." in struck
    assert "$8,000" not in struck
    assert all(0 <= float(element.attrib["x"]) <= width for element in texts)


@pytest.mark.parametrize("changes", [{"turns": ()}, {"said": ()}, {"said": (), "turns": ()}])
def test_a_picture_of_a_call_that_came_to_nothing(changes: Mapping[str, Any]) -> None:
    assert ET.fromstring(timeline.draw(evidence(**changes), "")) is not None


def test_wrapped_words_keep_to_their_width() -> None:
    lines = wrapped("one two three four five six seven", 80, 12)
    assert " ".join(lines) == "one two three four five six seven"
    assert all(text_width(line, 12) <= 80 for line in lines)


def performance(found: Evidence) -> Performance:
    return Performance(
        evidence=found,
        recogniser="pocketsphinx",
        record={"counts": {"gaps": 0}},
        stand_ins={"recogniser": "pocketsphinx", "late": 2, "late_ms": 41.23},
        began_at=1_700_000_000.0,
    )


def test_the_one_object_has_the_names_of_the_contract(tmp_path: Path) -> None:
    files = Files(directory=tmp_path)
    whole = result(performance(evidence()), [], profile="target", files=files)
    contract = {
        "ok", "recogniser", "profile", "turns", "p95_ms", "median_ms", "budgets_ms", "wav",
        "timeline", "transcript",
    }  # fmt: skip
    assert contract <= whole.keys()
    assert whole["ok"] is True
    assert whole["recogniser"] == "pocketsphinx"
    assert whole["turns"][0]["caller"] is None
    assert whole["turns"][2].keys() >= {"caller", "agent", "heard", "interrupted", "latency_ms"}
    assert tuple(whole["turns"][2]["latency_ms"]) == LATENCIES
    assert whole["late_ms"] == 41.2
    assert result(performance(evidence()), ["why"], profile="target", files=files)["ok"] is False


def test_the_transcript_holds_both_sides_and_how_they_agree(tmp_path: Path) -> None:
    shown = performance(evidence())
    whole = result(shown, [], profile="target", files=Files(directory=tmp_path))
    data = json.loads(json.dumps(transcript(shown, whole)))
    first = data["turns"][1]
    assert first["said"] == "Do you do BBL?"
    assert (first["gap_at_the_phone_ms"], first["gap_difference_ms"]) == (550, 40)
    cut = data["caller_side"]["said"][2]
    assert (cut["gave_way_ms"], cut["silent_after_speech_event_ms"]) == (200, 40)
    assert "caller_audio" not in data["caller_side"]


def test_the_last_page_says_what_was_in_it_and_why_it_failed(tmp_path: Path) -> None:
    shown = performance(evidence(greeted=None))
    reasons = judging.reasons(shown.evidence)
    whole = result(shown, reasons, profile="target", files=Files(directory=tmp_path))
    page = "\n".join(summary.ending(plain_terminal(), shown, "target", "flux", whole, Path("out")))
    flat = " ".join(page.split())
    assert "end of turn 260/600, first token 110/145, first byte 90/180 ms (median/P95)" in flat
    assert "late by 41.2 ms" in flat
    assert "- the caller heard no greeting" in page
    assert str(Path("out") / "call.wav") in page


def test_delays_are_named_as_they_are_drawn() -> None:
    assert Profile.named("target", random.Random(0)).stt == Delay(260, 600)
