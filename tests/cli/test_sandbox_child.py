"""The sandbox as a child: found by its first line, stopped with us, missed when it dies."""

import sys
from collections.abc import Coroutine
from functools import partial
from typing import Any

import pytest
import trio

from voxanne_trio.cli._sandbox_child import run_sandbox
from voxanne_trio.errors import ConfigurationError

SAYS_WHERE = (
    "import sys, time;"
    'print(\'{"url": "http://127.0.0.1:9", "env": {"GROQ_BASE_URL": "http://127.0.0.1:9"}}\','
    "flush=True);"
)


def child(script: str, died: trio.Event) -> partial[Coroutine[Any, Any, None]]:
    return partial(run_sandbox, on_death=died.set, command=(sys.executable, "-c", script))


async def test_it_says_where_it_is_and_is_stopped_with_us() -> None:
    died = trio.Event()
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            run = child(SAYS_WHERE + "time.sleep(60)", died)
            said = await nursery.start(run)
            assert said == {"GROQ_BASE_URL": "http://127.0.0.1:9"}
            nursery.cancel_scope.cancel()
    assert not died.is_set()


async def test_its_death_is_told() -> None:
    died = trio.Event()
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            await nursery.start(child(SAYS_WHERE, died))
            await died.wait()


@pytest.mark.parametrize("script", ["", "print('usage: ...')", "print('{}')", "print('[]')"])
async def test_one_that_does_not_start_is_a_clear_line(script: str) -> None:
    with (
        trio.fail_after(10),
        pytest.RaisesGroup(pytest.RaisesExc(ConfigurationError, match="sandbox cannot be started")),
    ):
        async with trio.open_nursery() as nursery:  # noqa: ASYNC112 - `start` is what is tested
            await nursery.start(child(script, trio.Event()))
