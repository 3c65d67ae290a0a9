"""Whole calls on virtual time, wires included."""

from __future__ import annotations

import trio.testing

from tests.world import world


async def test_a_conversation_from_ringing_to_goodbye(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with world() as here:
        placed = await here.ring(
            "listen",
            {"say": "Do you do BBL?"},
            "listen",
            {"say": "How much does it cost?"},
            {"interrupt": "What are your opening hours?", "after_ms": 2500},
            "listen",
            {"say": "My name is Sarah."},
            "listen",
            {"say": "Thank you, goodbye."},
            "await_hang_up",
        )
        record = await here.record(placed)
        import json

        print(json.dumps(record.as_json(), indent=1))
        print(json.dumps(placed.result(), indent=1))
        print(placed.call.journal.violations)
