"""The agent of a naturalness run, composed: the product's model client, and who answers it.

The sandbox's answers come over the real wire between the product's own client and the Groq
stand-in, on in-memory streams and without delay.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final

import attrs
import httpx
import trio

from ..clinic import Clinic, load_clinic
from ..clinic.profile import ClinicProfileError
from ..errors import ConfigurationError
from ..naturalness.runner import Agent, Outcome, humanised, unchanged
from ..naturalness.scenario import Scenario
from ..settings import Settings
from ..thinking.groq_chat import GroqThinker

NOW_TEXT: Final = "Monday, January 12, 2026, 10:15 AM"
"""The same for every run, so that runs can be compared."""

STAND_IN: Final = "http://groq.sandbox"
STAND_IN_MODEL: Final = "openai/gpt-oss-20b"
_NEVER_LIMITED: Final = 10**9


@attrs.frozen(kw_only=True)
class Plan:
    """A run: its model and clinic, whether Groq itself is asked, whether speech is humanised."""

    settings: Settings
    clinic: Clinic
    live: bool
    humanizer: bool

    @classmethod
    def of(cls, settings: Settings, *, live: bool, humanizer: bool) -> Plan:
        """The clinic is the settings'. Raises `ConfigurationError` for a wrong one."""
        try:
            clinic = load_clinic(settings.clinic)
        except ClinicProfileError as error:
            raise ConfigurationError(f"VOXANNE_CLINIC: {error}") from error
        return cls(settings=settings, clinic=clinic, live=live, humanizer=humanizer)

    @property
    def model(self) -> str:
        """What is asked."""
        return self.settings.llm_models[0] if self.live else STAND_IN_MODEL


async def perform(
    plan: Plan, scenarios: Sequence[Scenario], show: Callable[[Outcome], None]
) -> list[Outcome]:
    """Run the scripts one after the other, telling each when it is done."""
    if plan.live:
        async with httpx.AsyncClient(timeout=httpx.Timeout(30.0)) as client:
            return await _all(plan, client, scenarios, show)
    async with trio.open_nursery() as nursery:
        async with httpx.AsyncClient(transport=_stand_in(plan.clinic, nursery)) as client:
            outcomes = await _all(plan, client, scenarios, show)
        nursery.cancel_scope.cancel()
    return outcomes


async def _all(
    plan: Plan,
    client: httpx.AsyncClient,
    scenarios: Sequence[Scenario],
    show: Callable[[Outcome], None],
) -> list[Outcome]:
    settings = plan.settings
    agent = Agent(
        thinker=GroqThinker(
            client,
            api_key=settings.groq_api_key if plan.live else "sandbox",
            base_url=settings.groq_base_url if plan.live else STAND_IN,
            max_completion_tokens=settings.llm_max_completion_tokens,
            temperature=settings.llm_temperature,
        ),
        model=plan.model,
        clinic=plan.clinic,
        now_text=NOW_TEXT,
        speech=humanised if plan.humanizer else unchanged,
    )
    outcomes = []
    for scenario in scenarios:
        outcomes.append(await agent.run(scenario))
        show(outcomes[-1])
    return outcomes


def _stand_in(clinic: Clinic, nursery: trio.Nursery) -> httpx.AsyncBaseTransport:
    from ..sandbox import memory
    from ..sandbox.groq import Groq
    from ..sandbox.profiles import Profile
    from ..sandbox.receptionist import Receptionist
    from ..sandbox.wire import serve_stream

    groq = Groq(
        Profile.named("fixed:0,0,0", random.Random(0)),  # noqa: S311 - delays that are none
        Receptionist(clinic).answer,
        rng=random.Random(0),  # noqa: S311 - made-up ids
        wall=lambda: 0.0,
        tokens_per_minute=_NEVER_LIMITED,
        token_seconds=(0.0, 0.0),
    )
    network = memory.Network(nursery)

    async def serve(stream: memory.MemoryStream) -> None:
        await serve_stream(stream, groq.handle)

    network.listen("groq.sandbox", serve)
    return memory.http_transport(network.dial)
