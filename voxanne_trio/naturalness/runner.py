"""Scripts run through the agent: its own history, prompt and model client, then the humanizer.

What a live call does between the caller's words and the voice is done here in the same order, with
no telephone. Knows neither which model answers nor how it is reached: a `Thinker` is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import attrs
import trio

from ..clinic import Clinic
from ..errors import TransientVendorError
from ..events import Sensitive
from ..humanizer import Acquaintance, Manner, Sentence, SentenceStream
from ..thinking import History, Message, ThinkingRequest, messages_for
from ..thinking.thoughts import Thinker, Words
from .exchange import Reply, Verdict, as_written
from .scenario import Scenario, Turn
from .validators import judge

HISTORY_TOKENS: Final = 3_000
TRIES: Final = 4
WAIT_SECONDS: Final = 5.0
"""Before the next try, when a vendor does not say how long."""

REPLY_SECONDS: Final = 60.0


Speech = Callable[[list[str], Manner], tuple[Sentence, ...]]
"""From the pieces of one written reply to what is said."""


def humanised(pieces: list[str], manner: Manner) -> tuple[Sentence, ...]:
    """As the live path speaks."""
    stream = SentenceStream(manner)
    sentences = [sentence for piece in pieces for sentence in stream.feed(piece)]
    return (*sentences, *stream.flush())


def unchanged(pieces: list[str], manner: Manner) -> tuple[Sentence, ...]:
    """As written: what a voice is given without a humanizer."""
    del manner
    return as_written("".join(pieces))


@attrs.frozen
class Outcome:
    """One script, what was said in it, and what the checks found."""

    scenario: Scenario
    replies: tuple[Reply, ...]
    verdicts: dict[str, Verdict]

    @property
    def passed(self) -> int:
        return sum(verdict.passed is True for verdict in self.verdicts.values())

    @property
    def applied(self) -> int:
        return sum(verdict.passed is not None for verdict in self.verdicts.values())


def rate(outcomes: Iterable[Outcome]) -> float:
    """Checks passed over checks that apply, from 0 to 1."""
    outcomes = list(outcomes)
    applied = sum(outcome.applied for outcome in outcomes)
    return sum(outcome.passed for outcome in outcomes) / applied if applied else 0.0


@attrs.frozen(kw_only=True)
class Agent:
    """Who answers: a model, its clinic, the clinic's time in words, and the way of speaking."""

    thinker: Thinker
    model: str
    clinic: Clinic
    now_text: str
    speech: Speech = humanised

    async def run(self, scenario: Scenario) -> Outcome:
        """One script from its first turn to its last. Raises the model's `VendorError`."""
        history = History()
        history.add_agent(self.clinic.greeting)
        caller = Acquaintance()
        if not _tells_name(scenario):
            caller.name = scenario.patient or None
        replies: list[Reply] = []
        for number, turn in enumerate(scenario.turns, 1):
            history.add_caller(Sensitive(turn.say))
            caller.listen(turn.say, asked=bool(replies) and "your name" in replies[-1].spoken)
            pieces = await self._answer(self._messages(history, caller, turn))
            manner = Manner(name=caller.name, may_address=caller.may_address, seed=number)
            reply = Reply(
                written="".join(pieces).strip(),
                sentences=self.speech(pieces, manner),
                name=_known_name(scenario, number),
                brief=turn.brief,
                expect=turn.expect,
                never=turn.never,
            )
            history.add_agent(reply.written)
            caller.said(reply.spoken)
            replies.append(reply)
        return Outcome(scenario, tuple(replies), judge(replies))

    def _messages(self, history: History, caller: Acquaintance, turn: Turn) -> list[Message]:
        messages = messages_for(
            self.clinic, history, now_text=self.now_text, budget_tokens=HISTORY_TOKENS
        )
        notes = []
        if caller.name:
            use = "Say it once, in direct address." if caller.may_address else "Do not say it now."
            notes.append(f"The caller's name is {caller.name}. {use}")
        if turn.silence:
            notes.append(f"The caller has said nothing for {turn.silence:g} seconds.")
        if turn.press:
            notes.append(f"The caller has pressed {turn.press}.")
        return messages + [{"role": "system", "content": note} for note in notes]

    async def _answer(self, messages: list[Message]) -> list[str]:
        request = ThinkingRequest(self.model, tuple(messages))
        for _ in range(TRIES - 1):
            try:
                return await self._think(request)
            except TransientVendorError as error:
                await trio.sleep(error.retry_after or WAIT_SECONDS)
        return await self._think(request)

    async def _think(self, request: ThinkingRequest) -> list[str]:
        with trio.fail_after(REPLY_SECONDS):
            async with self.thinker.think(request) as thoughts:
                return [thought.text async for thought in thoughts if isinstance(thought, Words)]


def _tells_name(scenario: Scenario) -> bool:
    return any(scenario.patient.lower() in turn.say.lower() for turn in scenario.turns)


def _known_name(scenario: Scenario, turns: int) -> str:
    """The caller's name, from the turn in which it is told; from the start when it never is."""
    told = any(scenario.patient.lower() in turn.say.lower() for turn in scenario.turns[:turns])
    return scenario.patient if told or not _tells_name(scenario) else ""
