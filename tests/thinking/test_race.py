"""Ways to think against scripted servers: fall-over, the second request, what is remembered.

Rules: no sockets, virtual time only; after each test no connection is left open. One server stands
for each vendor; its answers come in the order in which it is asked.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

import attrs
import httpx
import pytest
import trio
import trio.testing
from trio.testing import MockClock

from voxanne_trio.errors import TransientVendorError, VendorError
from voxanne_trio.health import Breaker, Health
from voxanne_trio.sandbox.memory import Network, http_transport
from voxanne_trio.thinking import Race, ThinkingRequest, Thought, Thrift, Way, Ways, Words
from voxanne_trio.thinking.groq_chat import GroqThinker
from voxanne_trio.thinking.ways import FEWEST_SAMPLES, MISSING_SECONDS

from .groq_peer import CUT, DONE, HALT, STOP, Answer, GroqPeer, Step, chunk

YES: Sequence[Step] = [0.1, chunk("Yes."), STOP + DONE]
NO_MODEL = Answer([b'{"error": {"message": "gone", "code": "model_not_found"}}'], 404)
DOWN = Answer([b'{"error": {"message": "down"}}'], 503)
SHORT = {"x-ratelimit-limit-tokens": "1000", "x-ratelimit-reset-tokens": "60s"}


def limited(seconds: int) -> Answer:
    body = b'{"error": {"message": "slow down", "code": "rate_limit_exceeded"}}'
    return Answer([body], 429, {"retry-after": str(seconds)})


@attrs.define
class Desk:
    """Two models of one vendor and one of another, and whoever asks them."""

    ways: Ways
    peers: dict[str, GroqPeer]
    transport: httpx.AsyncBaseTransport
    failures: list[str] = attrs.field(factory=list)

    async def ask(self, *, stall: float = 1.0, ways: Sequence[Way] = ()) -> tuple[str, Race]:
        """What is answered by whom."""
        heard: list[str] = []

        async def take(thought: Thought) -> None:
            heard.append(thought.text if isinstance(thought, Words) else "")
            await trio.lowlevel.checkpoint()

        race = Race(
            ways=ways or self.ways.in_order(trio.current_time()),
            request_for=lambda way: ThinkingRequest(way.model, ()),
            take=take,
            note=lambda way, error: self.failures.append(f"{way}: {error.reason}"),
            first_token_seconds=1.5,
            stall_seconds=stall,
        )
        await race.run()
        return "".join(heard), race

    def asked(self) -> list[str]:
        """The models that were asked, by vendor."""
        return [body["model"] for peer in self.peers.values() for _, _, body in peer.requests]

    def connections(self) -> int:
        return len(self.transport._pool.connections)  # type: ignore[attr-defined]


@asynccontextmanager
async def desk(
    first: Sequence[Answer] = (), second: Sequence[Answer] = (), models: str = "a b"
) -> AsyncIterator[Desk]:
    peers = {"groq": GroqPeer(list(first)), "second": GroqPeer(list(second))}
    async with trio.open_nursery() as nursery:
        network = Network(nursery)
        transport = http_transport(network.dial)
        async with httpx.AsyncClient(transport=transport) as client:
            make = partial(GroqThinker, client, max_completion_tokens=64, temperature=0.0)
            table = []
            for vendor, its_models in (("groq", models), ("second", "c")):
                network.listen(f"{vendor}.test", peers[vendor].handle)
                path = "" if vendor == "groq" else "/api/v1"
                thinker = make(api_key="k", base_url=f"http://{vendor}.test{path}", vendor=vendor)
                thinker.prewarm()
                health = Breaker(vendor=vendor)
                table += [Way(thinker, model, health) for model in its_models.split()]
            yield Desk(Ways(table), peers, transport)
        await trio.testing.wait_all_tasks_blocked()
        assert all(stream._closed for stream in network.streams)
        nursery.cancel_scope.cancel()


# The table


async def test_the_best_is_asked_and_nobody_else(autojump_clock: MockClock) -> None:
    async with desk([Answer(YES)]) as here:
        answer, race = await here.ask()
        assert (answer, here.asked()) == ("Yes.", ["a"])
        assert race.broke is None
        assert trio.current_time() == pytest.approx(0.1)


async def test_a_second_provider_is_the_last_way_at_its_own_path(autojump_clock: MockClock) -> None:
    async with desk([DOWN, DOWN], [Answer(YES)]) as here:
        answer, _ = await here.ask()
        assert (answer, here.asked()) == ("Yes.", ["a", "b", "c"])
        assert here.peers["second"].requests[0][0] == "/api/v1/chat/completions"
        assert here.peers["groq"].requests[0][0] == "/openai/v1/chat/completions"
        assert here.failures == ["groq a: down", "groq b: down"]


async def test_a_model_that_does_not_exist_is_not_asked_for_again(
    autojump_clock: MockClock,
) -> None:
    async with desk([NO_MODEL, Answer(YES), Answer(YES), NO_MODEL, Answer(YES)]) as here:
        await here.ask()
        await here.ask()
        assert here.asked() == ["a", "b", "b"]
        assert here.ways.table[0].health.health(trio.current_time()) is Health.CLOSED
        await trio.sleep(MISSING_SECONDS)
        await here.ask()
        assert here.asked()[3:] == ["a", "b"]


async def test_a_model_whose_quota_is_used_up_rests_for_as_long_as_it_says(
    autojump_clock: MockClock,
) -> None:
    async with desk([limited(7), *[Answer(YES)] * 3]) as here:
        await here.ask()
        await trio.sleep(5)
        await here.ask()
        assert here.asked() == ["a", "b", "b"]
        await trio.sleep(2)
        await here.ask()
        assert here.asked()[3:] == ["a"]


async def test_a_vendor_that_fails_is_left_alone_and_then_probed_by_one(
    autojump_clock: MockClock,
) -> None:
    async with desk([DOWN] * 3 + [Answer(YES)], [Answer(YES)] * 6) as here:
        for _ in range(3):
            await here.ask()
        assert here.asked().count("c") == 3
        assert len(here.peers["groq"].requests) == 3  # then its breaker was open
        await trio.sleep(2)
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(here.ask)
                await trio.testing.wait_all_tasks_blocked()
        assert len(here.peers["groq"].requests) == 4
        assert here.ways.health(trio.current_time())["groq"] is Health.CLOSED


async def test_with_every_way_failing_the_least_bad_is_asked_all_the_same(
    autojump_clock: MockClock,
) -> None:
    async with desk([DOWN] * 9, [DOWN] * 9) as here:
        for _ in range(3):
            with pytest.raises(VendorError):
                await here.ask()
        now = trio.current_time()
        assert set(here.ways.health(now).values()) == {Health.OPEN}
        assert len(here.ways.in_order(now)) == 1
        asked = len(here.asked())
        with pytest.raises(VendorError):
            await here.ask()
        assert len(here.asked()) > asked


async def test_a_request_that_is_refused_says_nothing_of_the_vendor(
    autojump_clock: MockClock,
) -> None:
    body = b'{"error": {"message": "no", "code": "tool_use_failed"}}'
    async with desk([Answer([body], 400)] * 8, [Answer(YES)] * 4) as here:
        for _ in range(4):
            await here.ask()
        assert here.ways.health(trio.current_time())["groq"] is Health.CLOSED


async def test_with_little_quota_left_nothing_is_asked_on_a_supposition(
    autojump_clock: MockClock,
) -> None:
    async with desk([Answer(YES, headers=SHORT | remaining(200))]) as here:
        assert here.ways.may_speculate(trio.current_time())
        await here.ask()
        assert not here.ways.may_speculate(trio.current_time())
        await trio.sleep(61)
        assert here.ways.may_speculate(trio.current_time())


# The second request


def slow(seconds: float, text: str = "Late.") -> Answer:
    return Answer([seconds, chunk(text), STOP + DONE])


async def test_one_that_is_unusually_slow_is_raced_by_the_next_at_the_90th_percentile(
    autojump_clock: MockClock,
) -> None:
    async with desk() as here:
        first = here.ways.table[0]
        assert first.hedge_seconds == 0.6  # nothing is known yet
        for seconds in range(FEWEST_SAMPLES):
            first.waited(0.2 + seconds / 50)
        assert first.hedge_seconds == pytest.approx(0.2 + 17 / 50)
        here.peers["groq"].answers = [Answer([HALT]), Answer(YES)]
        answer, race = await here.ask()
        assert (answer, here.asked()) == ("Yes.", ["a", "b"])
        assert race.winner is here.ways.table[1]
        assert trio.current_time() == pytest.approx(first_percentile() + 0.1)
        await trio.testing.wait_all_tasks_blocked()
        assert here.connections() == 1  # the loser's is closed, the winner's can be used again
        assert here.peers["groq"].hung_up_at == pytest.approx(first_percentile() + 0.1)
        assert here.failures == []
        assert first.health.health(trio.current_time()) is Health.CLOSED


def first_percentile() -> float:
    return 0.2 + 17 / 50


async def test_the_first_content_wins_and_it_may_be_the_first_one(
    autojump_clock: MockClock,
) -> None:
    async with desk([slow(0.9), slow(0.5, "Later.")]) as here:
        answer, race = await here.ask()
        assert (answer, race.winner) == ("Late.", here.ways.table[0])
        assert trio.current_time() == pytest.approx(0.9)
        assert here.connections() == 1


async def test_at_most_two_are_asked_at_once(autojump_clock: MockClock) -> None:
    async with desk([Answer([HALT]), Answer([HALT])], [Answer(YES)]) as here:
        answer, _ = await here.ask()
        assert answer == "Yes."
        # The second at 0.6 s, the third when the first has had its time: 1.5 s.
        assert trio.current_time() == pytest.approx(1.5 + 0.1)


async def test_where_the_quota_is_short_nobody_is_asked_twice(autojump_clock: MockClock) -> None:
    async with desk(models="a") as here:
        here.peers["second"].answers = [Answer(YES, headers=SHORT | remaining(100)), Answer(YES)]
        here.peers["groq"].answers = [DOWN, slow(1.4)]
        await here.ask()
        other = here.ways.table[1]
        assert other.thrift() is Thrift.NO_HEDGING
        answer, _ = await here.ask()
        assert (answer, here.asked()) == ("Late.", ["a", "a", "c"])


def remaining(tokens: int) -> dict[str, str]:
    return {"x-ratelimit-remaining-tokens": str(tokens)}


async def test_where_there_is_one_way_it_is_asked_again(autojump_clock: MockClock) -> None:
    async with desk([slow(1.4), Answer(YES), DOWN, Answer(YES), NO_MODEL]) as here:
        only = here.ways.table[:1]
        assert (await here.ask(ways=only))[0] == "Yes."
        assert trio.current_time() == pytest.approx(0.7)
        assert (await here.ask(ways=only))[0] == "Yes."
        with pytest.raises(VendorError, match="gone"):
            await here.ask(ways=only)  # for good: not twice
        assert len(here.asked()) == 5


async def test_it_ends_with_everything_it_asked(autojump_clock: MockClock) -> None:
    async with desk([Answer([HALT]), Answer([HALT])]) as here:
        with trio.move_on_after(0.8):
            await here.ask()
        assert len(here.asked()) == 2
        assert here.connections() == 0
        assert here.failures == []


# What breaks


async def test_nobody_who_begins_in_time_is_an_error(autojump_clock: MockClock) -> None:
    async with desk([Answer([HALT]), Answer([HALT])], [Answer([HALT])]) as here:
        with pytest.raises(TransientVendorError, match="no content within 1500 ms"):
            await here.ask()
        assert trio.current_time() == pytest.approx(3.0)
        assert len(here.failures) == 3


@pytest.mark.parametrize("ending", [CUT, HALT])
async def test_a_winner_that_breaks_off_or_stalls_says_so(
    autojump_clock: MockClock, ending: Step
) -> None:
    async with desk([Answer([chunk("Yes, "), 0.9, chunk("we"), ending])]) as here:
        answer, race = await here.ask()
        assert answer == "Yes, we"
        assert race.broke is not None
        assert trio.current_time() == pytest.approx(0.9 if ending is CUT else 1.9)
        assert race.failed == [here.ways.table[0]]
        assert here.asked() == ["a"]  # whoever goes on must be told what was said


async def test_an_answer_without_a_word_is_none(autojump_clock: MockClock) -> None:
    empty = Answer([chunk(" "), chunk(finish_reason="length"), DONE])
    async with desk([empty, Answer(YES)]) as here:
        answer, _ = await here.ask()
        assert (answer, here.asked()) == ("Yes.", ["a", "b"])
