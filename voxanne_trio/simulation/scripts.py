"""Callers of a clinic, made up from a seed: what they ask, and how they behave on the phone.

A script is a tuple of the sandbox's steps (`sandbox.caller`), as JSON. Pure: the same generator
gives the same caller. Refuses to know what is answered.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate
from typing import Any, Final

Script = tuple[Any, ...]

QUESTIONS: Final = (
    "How much does a BBL cost?",
    "What are your hours on Saturday?",
    "Where are you located?",
    "Hi, do you do Botox?",
    "How long is the recovery after a tummy tuck?",
    "I would like to book an appointment.",
    "Who would do the surgery?",
    "Do you offer payment plans?",
    "Tell me about liposuction please.",
    "Can I talk to a real person?",
    "Is there parking near the clinic?",
    "What should I bring to my first visit?",
    "Can you tell me the price of a facelift and how long I have to stay?",
)
FOLLOW_UPS: Final = (
    "And how much is that?",
    "Okay, and what about recovery?",
    "Can I come on Tuesday?",
    "My name is Maria Lopez.",
    "Yes please.",
    "No thanks.",
    "Could you repeat that?",
    "Wait, I meant the other one.",
    "Does it hurt?",
    "I am calling for my daughter, she is twenty two.",
)
INTERRUPTIONS: Final = (
    "Sorry, one more thing, what are your hours?",
    "Wait, stop, how much was it?",
    "No, I said a facelift.",
    "Hold on, do you take insurance?",
    "Actually, can I book for Friday instead?",
    "Stop please.",
)
BEGINNINGS: Final = (
    "I was thinking about",
    "My number is five five five",
    "So what I wanted to know is",
    "Can I maybe come",
)
ENDINGS: Final = (
    "a tummy tuck in spring.",
    "zero one four two.",
    "how much a consultation is.",
    "on Thursday afternoon?",
)
HESITANT: Final = (
    "I would like ~400 a consultation ~250 please.",
    "My number is five five five ~600 zero one ~450 four two.",
    "How much ~350 is a ~500 tummy tuck?",
    "It was on the, ~800 wait, on the third of May.",
)
BACKCHANNELS: Final = ("mm-hm", "uh-huh", "okay", "right", "yeah")
SOUNDS: Final = ("cough", "hum", "throat", "door", "click")
FAREWELLS: Final = ("Thank you, goodbye.", "That is all, bye bye.", "Okay, have a nice day.")


def clinic_call(rng: random.Random) -> Script:
    """One caller's script, some fifteen seconds to a minute long."""
    steps = [*_opening(rng)]
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        steps += _move(rng)
    return (*steps, *_ending(rng))


def _opening(rng: random.Random) -> list[Any]:
    question = rng.choice(QUESTIONS)
    kind = rng.random()
    if kind < 0.45:
        return ["listen", {"say": question}]
    if kind < 0.8:
        return [{"interrupt": question, "after_ms": round(rng.uniform(100, 3_000))}]
    if kind < 0.9:
        return ["listen", {"stay_silent": round(rng.uniform(0.2, 6.0), 2)}, {"say": question}]
    return [{"stay_silent": round(rng.uniform(0.0, 2.0), 2)}, {"say": question}]


def _move(rng: random.Random) -> list[Any]:
    """Something a caller does; the shares of 100 are callers as we know them, sharpened."""
    return _MOVES[bisect_right(_UP_TO, rng.random() * 100)](rng)


def _asks_on(rng: random.Random) -> list[Any]:
    return ["listen", *_asks(rng)]


def _interrupts(rng: random.Random) -> list[Any]:
    return [{"interrupt": rng.choice(INTERRUPTIONS), "after_ms": round(rng.uniform(50, 5_000))}]


def _talks_over(rng: random.Random) -> list[Any]:
    return [{"talk_over": rng.choice(QUESTIONS), "after_ms": round(rng.uniform(50, 1_500))}]


def _goes_on(rng: random.Random) -> list[Any]:
    pause = {"stay_silent": round(rng.uniform(0.1, 1.2), 2)}
    return ["listen", {"say": rng.choice(BEGINNINGS)}, pause, {"say": rng.choice(ENDINGS)}]


def _hesitates(rng: random.Random) -> list[Any]:
    return ["listen", {"say": rng.choice(HESITANT)}]


def _murmurs(rng: random.Random) -> list[Any]:
    after = round(rng.uniform(200, 4_000))
    return [{"backchannel": rng.choice(BACKCHANNELS), "after_ms": after}, "listen"]


def _coughs(rng: random.Random) -> list[Any]:
    after = round(rng.uniform(100, 4_000)) if rng.random() < 0.8 else None
    name = rng.choice(SOUNDS)
    step = {name: None} if name in {"cough", "hum"} else {"noise": name}
    return [step if after is None else {**step, "after_ms": after}, "listen"]


def _presses(rng: random.Random) -> list[Any]:
    return [{"press": rng.choice("0123456789*#"), "audible": rng.random() < 0.3}, "listen"]


def _says_nothing(rng: random.Random) -> list[Any]:
    return ["listen", {"stay_silent": round(rng.uniform(1.0, 10.0), 2)}, *_asks(rng)]


_SHARES: Final[tuple[tuple[int, Callable[[random.Random], list[Any]]], ...]] = (
    (20, _asks_on),
    (26, _interrupts),
    (6, _talks_over),
    (10, _goes_on),
    (10, _hesitates),
    (8, _murmurs),
    (8, _coughs),
    (4, _presses),
    (8, _says_nothing),
)
_MOVES: Final = tuple(move for _, move in _SHARES)
_UP_TO: Final = tuple(accumulate(share for share, _ in _SHARES[:-1]))


def _asks(rng: random.Random) -> list[Any]:
    return [{"say": rng.choice((*QUESTIONS, *FOLLOW_UPS))}]


def _ending(rng: random.Random) -> list[Any]:
    kind = rng.random()
    if kind < 0.35:
        return ["listen", "hang_up"]
    if kind < 0.5:
        return [{"stay_silent": round(rng.uniform(0.0, 5.0), 2)}, "hang_up"]
    if kind < 0.65:
        gone = {"hang_up": None, "after_ms": round(rng.uniform(50, 3_000))}
        return [gone, {"say": rng.choice(QUESTIONS)}, {"stay_silent": 4}]
    return ["listen", {"say": rng.choice(FAREWELLS)}, {"await_hang_up": 12}]
