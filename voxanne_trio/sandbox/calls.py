"""Calls that clinics get, by chance: families of scenarios, each a script of some fifteen seconds.

A family says what the caller is up to (asks, interrupts, hesitates in a number, coughs, hangs up in
mid-word); words, moments and the line are drawn from one seeded generator, so that the same seed is
the same call. The families' names are a contract: coverage is reported by them. Refuses to know
what an agent ought to do about any of it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from .caller import (
    AwaitHangUp,
    Backchannel,
    HangUp,
    Interrupt,
    Listen,
    Press,
    Say,
    Sound,
    StaySilent,
    Step,
    TalkOver,
    as_json,
)
from .line import CLEAN, Line

QUESTIONS: Final = (
    "Do you do BBL?",
    "How much does a BBL cost?",
    "What are your hours?",
    "Where are you located?",
    "Do you have anything on Friday?",
    "Is there parking?",
    "Can I book a consultation?",
    "How long is the recovery after a BBL?",
    "Who is the doctor?",
)
LONG_ANSWERS: Final = (
    "Do you do BBL?",
    "How much does a BBL cost?",
    "How long is the recovery after a BBL?",
)
"""What takes long enough to answer that one can interrupt, cough or hum at any moment of it."""

INTERRUPTIONS: Final = (
    "Sorry, can I stop you there?",
    "Wait, wait.",
    "Okay, do you have anything on Friday?",
    "No, I meant something else.",
    "Stop.",
    "And where are you located?",
)
BACKCHANNELS: Final = ("mm-hm", "okay", "right", "uh huh", "yeah")
DIGITS: Final = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
)  # fmt: skip
SILENCE_MS: Final = 600
_PATIENCE: Final = 12.0

Script = list[Step]


@attrs.frozen
class Scenario:
    """One call: its family, what the caller does, the line it comes in on."""

    family: str
    script: tuple[Step, ...]
    line: Line = CLEAN

    def as_json(self) -> dict[str, Any]:
        """For a report, and for a replay by hand."""
        line = attrs.asdict(self.line, filter=lambda field, value: value != field.default)
        return {"family": self.family, "script": as_json(self.script), "line": line}


def draw(rng: random.Random, family: str | None = None, *, lines: bool = True) -> Scenario:
    """A call of a family, or of any; on a clean line unless `lines`. `ValueError`: no family."""
    name = rng.choice(tuple(FAMILIES)) if family is None else family
    if name not in FAMILIES:
        raise ValueError(f"no family {name!r}: use {', '.join(FAMILIES)}")
    script = tuple(FAMILIES[name](rng))
    return Scenario(name, script, Line.draw(rng) if lines else CLEAN)


def listen(silence_ms: float = SILENCE_MS) -> Listen:
    """Until the agent has finished, as long as such a caller waits."""
    return Listen(silence_ms)


def _ms(rng: random.Random, low: float, high: float) -> float:
    return float(round(rng.uniform(low, high)))


def _seconds(rng: random.Random, low: float, high: float) -> float:
    return round(rng.uniform(low, high), 2)


def _end(rng: random.Random) -> Script:
    """Hears the answer to its end, or has heard enough of it."""
    if rng.random() < 0.35:
        return [listen(1_200), HangUp()]
    return [HangUp(_ms(rng, 600, 3_000), while_heard=True, patience=_PATIENCE)]


def _ask_and_answer(rng: random.Random) -> Script:
    first, second = rng.sample(QUESTIONS, 2)
    return [listen(), Say(first), listen(), Say(second), *_end(rng)]


def _interrupt(rng: random.Random) -> Script:
    """At any moment of the answer, from its first frame on."""
    cut = Interrupt(rng.choice(INTERRUPTIONS), _ms(rng, 0, 5_000), patience=_PATIENCE)
    return [listen(), Say(rng.choice(LONG_ANSWERS)), cut, *_end(rng)]


def _interrupt_twice(rng: random.Random) -> Script:
    first, second = rng.sample(INTERRUPTIONS, 2)
    return [
        Interrupt(first, _ms(rng, 300, 2_500), patience=_PATIENCE),
        Interrupt(second, _ms(rng, 100, 1_500), patience=_PATIENCE),
        *_end(rng),
    ]


def _hesitate_in_number(rng: random.Random) -> Script:
    digits = [rng.choice(DIGITS) for _ in range(7)]
    digits[3] = f"~{_ms(rng, 300, 1_800):.0f} {digits[3]}"
    digits[5] = f"~{_ms(rng, 300, 1_400):.0f} {digits[5]}"
    return [listen(), Say(f"My number is {' '.join(digits)}"), *_end(rng)]


def _hesitate_in_spelling(rng: random.Random) -> Script:
    pauses = [round(rng.uniform(300, 1_500)) for _ in range(3)]
    name = f"E M ~{pauses[0]} I L Y ~{pauses[1]} at example ~{pauses[2]} dot com"
    return [listen(), Say(f"My email is {name}"), *_end(rng)]


def _hesitate_in_sentence(rng: random.Random) -> Script:
    pause = round(rng.uniform(300, 1_600))
    text = rng.choice(
        (
            f"I'd like to book an appointment for, um ~{pause} next Friday",
            f"Do you know how much ~{pause} a consultation costs?",
            f"My name is ~{pause} Emily",
        )
    )
    return [listen(), Say(text), *_end(rng)]


def _aside(rng: random.Random, aside: Step) -> Script:
    """Then the caller waits, so that one can hear whether the agent goes on."""
    asides = [aside] if rng.random() < 0.7 else [aside, StaySilent(_seconds(rng, 0.1, 2.0)), aside]
    end = [listen(1_500)] if rng.random() < 0.35 else [StaySilent(_seconds(rng, 2.2, 4.5))]
    return [listen(), Say(rng.choice(LONG_ANSWERS)), *asides, *end, HangUp()]


def _cough(rng: random.Random) -> Script:
    return _aside(rng, Sound("cough", _ms(rng, 200, 5_000), patience=_PATIENCE))


def _noise(rng: random.Random) -> Script:
    name = rng.choice(("door", "throat", "hum", "click"))
    return _aside(rng, Sound(name, _ms(rng, 200, 5_000), patience=_PATIENCE))


def _mm_hm(rng: random.Random) -> Script:
    text = rng.choice(BACKCHANNELS)
    return _aside(rng, Backchannel(text, _ms(rng, 400, 5_000), patience=_PATIENCE))


def _cough_in_silence(rng: random.Random) -> Script:
    """While it is the agent's turn to think, or nobody's."""
    wait = StaySilent(_seconds(rng, 0.05, 0.6))
    return [listen(), Say(rng.choice(QUESTIONS)), wait, Sound("cough"), *_end(rng)]


def _talk_over_greeting(rng: random.Random) -> Script:
    over = TalkOver(rng.choice(QUESTIONS), _ms(rng, 0, 4_000), patience=_PATIENCE)
    return [over, listen(), Say(rng.choice(QUESTIONS)), *_end(rng)]


def _talk_over_answer(rng: random.Random) -> Script:
    first, second = rng.sample(QUESTIONS, 2)
    over = TalkOver(second, _ms(rng, 0, 2_500), patience=_PATIENCE)
    return [listen(), Say(first), over, *_end(rng)]


def _ask_to_wait(rng: random.Random) -> Script:
    text = rng.choice(("Hold on a second.", "One moment please.", "Just a second."))
    return [
        listen(),
        Say(text),
        StaySilent(_seconds(rng, 3.0, 9.0)),
        Say(rng.choice(QUESTIONS)),
        *_end(rng),
    ]


def _stay_silent(rng: random.Random) -> Script:
    """Long enough to be asked whether anybody is there."""
    steps: Script = [listen(), StaySilent(_seconds(rng, 8.5, 12.0))]
    if rng.random() < 0.5:
        steps.append(Say(rng.choice(QUESTIONS)))
    return [*steps, *_end(rng)]


def _never_speak(rng: random.Random) -> Script:
    """Until the agent gives up, or the caller does."""
    return [AwaitHangUp(patience=_seconds(rng, 10.0, 30.0)), HangUp()]


def _hang_up_at_any_moment(rng: random.Random) -> Script:
    return [HangUp(after_ms=_ms(rng, 0, 14_000)), *_ask_and_answer(rng)]


def _hang_up_in_an_answer(rng: random.Random) -> Script:
    leave = HangUp(after_ms=_ms(rng, 0, 4_000), while_heard=True, patience=_PATIENCE)
    return [listen(), Say(rng.choice(LONG_ANSWERS)), leave, listen()]


def _press_keys(rng: random.Random) -> Script:
    keys = rng.choice(("0", "1", "2", "#", "12", "5550134"))
    press = Press(keys, audible=rng.random() < 0.4)
    if rng.random() < 0.5:
        return [StaySilent(_seconds(rng, 0.2, 3.0)), press, *_end(rng)]
    return [listen(), press, listen(), Say(rng.choice(QUESTIONS)), *_end(rng)]


def _said(*texts: str) -> Callable[[random.Random], Script]:
    """A question, its answer, and then one of these."""

    def script(rng: random.Random) -> Script:
        question, then = rng.choice(QUESTIONS), rng.choice(texts)
        return [listen(), Say(question), listen(), Say(then), *_end(rng)]

    return script


def _go_on(rng: random.Random) -> Script:
    """Stops the agent and wants the rest after all."""
    return [
        listen(),
        Say(rng.choice(LONG_ANSWERS)),
        Interrupt("Wait a second.", _ms(rng, 800, 3_000), patience=_PATIENCE),
        StaySilent(_seconds(rng, 0.8, 2.5)),
        Say(rng.choice(("Okay, go on.", "Sorry, please continue.", "Go ahead."))),
        *_end(rng),
    ]


def _goodbye(rng: random.Random) -> Script:
    return [
        listen(),
        Say(rng.choice(QUESTIONS)),
        listen(),
        Say(rng.choice(("Thank you, goodbye.", "That's all, bye.", "Okay, bye bye."))),
        AwaitHangUp(patience=12.0),
        HangUp(),
    ]


def _speak_during_goodbye(rng: random.Random) -> Script:
    text = rng.choice(("Bye.", "You too, thank you.", "Oh wait, what are your hours?"))
    return [
        listen(),
        Say("Thank you, goodbye."),
        Interrupt(text, _ms(rng, 0, 1_800), patience=_PATIENCE),
        AwaitHangUp(patience=10.0),
        HangUp(),
    ]


def _two_turns_quickly(rng: random.Random) -> Script:
    first, second = rng.sample(QUESTIONS, 2)
    pause = StaySilent(_seconds(rng, 0.1, 1.5))
    return [listen(), Say(first), pause, Say(second), *_end(rng)]


def _correct_oneself(rng: random.Random) -> Script:
    """Before the answer has begun, or just when it does."""
    wrong, right = rng.choice(
        (
            ("Do you have anything on Friday?", "No sorry, I meant Monday."),
            ("How much is a facelift?", "I mean a BBL."),
            ("My number is five five five one two.", "No, five five five one three."),
        )
    )
    pause = StaySilent(_seconds(rng, 0.1, 1.0))
    return [listen(), Say(wrong), pause, Say(right), *_end(rng)]


def _emergency(rng: random.Random) -> Script:
    text = rng.choice(("I have chest pain.", "She is bleeding a lot.", "I can't breathe."))
    if rng.random() < 0.5:
        return [listen(), Say(text), *_end(rng)]
    cut = Interrupt(text, _ms(rng, 0, 3_000), patience=_PATIENCE)
    return [listen(), Say(rng.choice(LONG_ANSWERS)), cut, *_end(rng)]


FAMILIES: Final[Mapping[str, Callable[[random.Random], Script]]] = {
    "ask_and_answer": _ask_and_answer,
    "interrupt": _interrupt,
    "interrupt_twice": _interrupt_twice,
    "hesitate_in_number": _hesitate_in_number,
    "hesitate_in_spelling": _hesitate_in_spelling,
    "hesitate_in_sentence": _hesitate_in_sentence,
    "cough": _cough,
    "cough_in_silence": _cough_in_silence,
    "noise": _noise,
    "mm_hm": _mm_hm,
    "talk_over_greeting": _talk_over_greeting,
    "talk_over_answer": _talk_over_answer,
    "ask_to_wait": _ask_to_wait,
    "stay_silent": _stay_silent,
    "never_speak": _never_speak,
    "hang_up_at_any_moment": _hang_up_at_any_moment,
    "hang_up_in_an_answer": _hang_up_in_an_answer,
    "press_keys": _press_keys,
    "say_that_again": _said("Sorry, could you say that again?", "Pardon?", "Can you repeat that?"),
    "slower": _said("Could you speak more slowly, please?", "You talk too fast."),
    "go_on": _go_on,
    "goodbye": _goodbye,
    "speak_during_goodbye": _speak_during_goodbye,
    "two_turns_quickly": _two_turns_quickly,
    "correct_oneself": _correct_oneself,
    "emergency": _emergency,
}
"""By the names that coverage is reported by."""
