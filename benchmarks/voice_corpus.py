"""The corpus of the detector's benchmark: callers, noises, lines.

espeak speaks some voices a little differently in each process; the rest is the same in every run.

Callers are espeak's in four manners and the synthetic ones, at three loudnesses, each with four
seconds of the line before and one after. What is noisy is noisy throughout. Onset and end are the
first and the last 5 ms within 25 dB of the utterance's active level, without the noise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import attrs
import numpy as np

from voxanne_trio.sandbox import sounds
from voxanne_trio.sandbox.espeak import Manner, espeak
from voxanne_trio.sandbox.mulaw import RATE, Samples, decode, encode, to_telephone
from voxanne_trio.sandbox.sounds import SpeechVoices, active_level, at_level, mixed, seeded

TEXTS: Final = (
    "Hi, I would like to book an appointment please.", "No, wait.", "Yes.",
    "How much is a consultation?", "Can I speak to a person?", "Sorry, I meant Thursday.",
    "It is five five five, zero one three four.", "My name is Anna.", "What about parking?",
    "Stop.", "Is it painful?", "Hello?", "Three o'clock works for me.",
    "For my mother, she is seventy.", "Okay, thank you.", "Actually, I have another question.",
)  # fmt: skip
MANNERS: Final = (
    Manner("en-us", rate=155, pitch=42),
    Manner("en+f3", rate=175, pitch=60),
    Manner("en-gb-scotland+m3", rate=165, pitch=40),
    Manner("en-us+f2", rate=190, pitch=70),
)
HELD_OUT_TEXTS: Final = (
    "Good morning, could somebody call me back?", "Nope.", "I need to change my booking.",
    "Which doctor is it?", "Hang on a second.", "That is too expensive.",
    "Friday afternoon, if you can.", "Thanks, bye.", "She had surgery last week.",
    "Um, well, I am not sure.",
)  # fmt: skip
HELD_OUT_MANNERS: Final = (
    Manner("en-gb-x-rp+m7", rate=150, pitch=35),
    Manner("en-us+f4", rate=200, pitch=65),
    Manner("en+m1", rate=180, pitch=50),
    Manner("en-gb-x-rp+f4", rate=160, pitch=75),
)
"""What no constant of the detector was chosen on. Keep it so."""

LOUDNESS_DB: Final = (-20.0, -26.0, -32.0)
LINE_DB: Final = -62.0
ANSWER: Final = (
    "We are open from nine to six on weekdays. Recovery takes about two weeks, and most people are"
    " back at work after ten days. Do you want me to check Tuesday for you? There is also a place"
    " on Friday at half past two."
)
_BEFORE: Final = 4.0
_AFTER: Final = 1.0
_WITHIN_DB: Final = 25.0
_P56_DB: Final = 15.9
"""ITU-T P.56: what is softer than the active level by more than this is no active speech."""

_BLOCK: Final = RATE // 200

Noise = Callable[[float, np.random.Generator, float], Samples]
NOISES: Final[dict[str, Noise]] = {
    "pink": sounds.pink,
    "white": sounds.white,
    "babble": lambda seconds, rng, db: sounds.babble(seconds, rng, db=db),
}


@attrs.frozen
class Utterance:
    """One utterance on its line; times in seconds. It is `active` from when it is as loud as
    ITU-T P.56 asks of active speech; a soft sound may come before."""

    text: str
    audio: Samples
    onset: float
    active: float
    end: float
    db: float


def callers(brief: bool = False, *, held_out: bool = False) -> list[Utterance]:
    """Everybody's utterances on a silent line."""
    every = HELD_OUT_TEXTS if held_out else TEXTS
    manners = HELD_OUT_MANNERS if held_out else MANNERS
    texts = every[:: 4 if brief else 1]
    library = espeak()
    spoken = [
        (text, decode(to_telephone(library.speak(text, manner), library.rate)))
        for manner in manners
        for text in texts
    ]
    made = [SpeechVoices().caller(), SpeechVoices().agent("aura-2-thalia-en")]
    spoken += [(text, decode(voice.say(text))) for voice in made for text in texts[::2]]
    return [_utterance(number, text, audio) for number, (text, audio) in enumerate(spoken)]


def _utterance(number: int, text: str, audio: Samples) -> Utterance:
    db = LOUDNESS_DB[number % len(LOUDNESS_DB)]
    audio = at_level(audio, db)
    before = silence(_BEFORE + seeded("before", number).uniform(0, 0.02))
    blocks = len(audio) // _BLOCK
    power = np.square(audio[: blocks * _BLOCK].astype(float)).reshape(blocks, _BLOCK).mean(axis=1)
    level = 10 * np.log10(power / 32_768.0**2 + 1e-12) - active_level(audio)
    audible = np.flatnonzero(level > -_WITHIN_DB)
    blocks_at = (audible[0], np.flatnonzero(level > -_P56_DB)[0], audible[-1] + 1)
    onset, active, end = ((len(before) + at * _BLOCK) / RATE for at in blocks_at)
    return Utterance(text, np.concatenate([before, audio, silence(_AFTER)]), onset, active, end, db)


def noisy(utterances: list[Utterance], noise: str, snr_db: float) -> Iterator[Utterance]:
    """The same in noise (`clean`: the hiss of the line alone), as mu-law leaves them."""
    for number, one in enumerate(utterances):
        seconds = len(one.audio) / RATE + 0.01
        if noise == "clean":
            under = sounds.white(seconds, seeded("line", number), LINE_DB)
        else:
            under = NOISES[noise](seconds, seeded(noise, number), one.db - snr_db)
        yield attrs.evolve(one, audio=on_wire(mixed(one.audio, under[: len(one.audio)])))


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.int16)


def on_wire(audio: Samples) -> Samples:
    """As mu-law leaves it."""
    return decode(encode(audio))


def on_line(audio: Samples) -> Samples:
    """With the line's hiss."""
    return on_wire(mixed(audio, sounds.white(len(audio) / RATE, seeded("line"), LINE_DB)))


def _again(make: Callable[[np.random.Generator], Samples], times: int, every: float) -> Samples:
    """One sound after another, each a little different."""
    parts = []
    for number in range(times):
        sound = make(seeded("again", number))
        parts += [sound, silence(max(0.0, every - len(sound) / RATE))]
    return np.concatenate(parts)


def _key(rng: np.random.Generator) -> Samples:
    return sounds.dtmf(sounds.DTMF_DIGITS[rng.integers(16)], rng.uniform(0.08, 0.25))


def others(brief: bool = False) -> dict[str, Samples]:
    """What is no caller's voice, 60 s of each (brief: 12)."""
    seconds = 12.0 if brief else 60.0
    times = round(seconds / 2)
    made = {
        "silence": silence(seconds),
        "white -40 dB": sounds.white(seconds, seeded("w1"), -40.0),
        "white -25 dB": sounds.white(seconds, seeded("w2"), -25.0),
        "pink -40 dB": sounds.pink(seconds, seeded("p1"), -40.0),
        "pink -25 dB": sounds.pink(seconds, seeded("p2"), -25.0),
        "hum 50 Hz -30 dB": sounds.hum(seconds, 50.0, -30.0),
        "keys": _again(_key, 2 * times, 1.0),
        "ringback": sounds.ringback(seconds),
        "hold music": sounds.hold_music(seconds, seeded("music")),
        "clicks": _again(sounds.click, times, 2.0),
        "door slams": _again(sounds.door_slam, times, 2.0),
        "coughs, 30 a minute": _again(sounds.cough, times, 2.0),
        "throats cleared, 30 a minute": _again(sounds.throat_clearing, times, 2.0),
        "hummed mm-hm, 30 a minute": _again(sounds.mm_hm, times, 2.0),
    }
    for db in (-50.0, -42.0, -36.0):
        made[f"babble {db:.0f} dB"] = sounds.babble(seconds, seeded("b", db), db=db)
        made[f"television {db:.0f} dB"] = sounds.television(seconds, seeded("t", db), db=db)
    return made
