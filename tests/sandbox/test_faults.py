"""Each kind of fault as a client sees it on the wire; no fault, no other byte.

One check a kind, found by its name or by what it does; a kind without a check fails here.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

import httpx
import pytest
import trio
import trio.testing
from trio.testing import MockClock
from trio_websocket import WebSocketConnection

from tests.sandbox.failing import (
    Answered,
    FailingDeepgram,
    Seen,
    healthy,
    hosts,
    messages,
)
from voxanne_trio.sandbox.faults import KINDS, Act, Fault, Schedule
from voxanne_trio.sandbox.faults.opening import dialling

AFTER = 3
SOCKET_PLACES = ("listen", "speak")


async def struck(name: str, **fields: object) -> tuple[Seen, Seen]:
    """What is seen with the fault, and without it."""
    place = KINDS[name].place
    failing = FailingDeepgram.by(Fault(kind=name, **fields))  # type: ignore[arg-type]
    seen = await failing.look(place)
    assert [hit.kind for hit in failing.schedule.hits] == [name]
    return seen, await healthy(place)


async def test_without_a_fault_not_a_byte_differs(autojump_clock: MockClock) -> None:
    for place in ("listen", "nova", "speak"):
        plain = await FailingDeepgram.by().look(place)
        service = "listen" if place == "nova" else place
        never = [Fault(kind=name, nth=9) for name, kind in KINDS.items() if kind.place == service]
        planned = await FailingDeepgram.by(*never).look(place)
        unarmed = await FailingDeepgram.by(Fault(kind=f"{service}_reset"), armed=False).look(place)
        assert len(plain.messages) > AFTER
        for seen in (planned, unarmed):
            assert [m for _, m in seen.messages] == [m for _, m in plain.messages]
            began = plain.messages[0][0] - seen.messages[0][0]
            assert [at + began for at, _ in seen.messages] == pytest.approx(
                [at for at, _ in plain.messages]
            )


# Sockets.


async def is_reset(name: str) -> None:
    seen, well = await struck(name, after=AFTER)
    assert messages(seen) == messages(well)[:AFTER]
    assert seen.closed is None
    assert seen.lost_at is not None


async def is_half_open(name: str) -> None:
    seen, well = await struck(name, after=AFTER)
    assert messages(seen) == messages(well)[:AFTER]
    assert seen.is_open
    assert seen.pong is False


async def is_mute(name: str) -> None:
    seen, well = await struck(name, after=AFTER)
    assert messages(seen) == messages(well)[:AFTER]
    assert seen.is_open
    assert seen.pong is True


async def is_slow(name: str) -> None:
    seen, well = await struck(name, after=AFTER, seconds=0.25)
    assert messages(seen) == messages(well)[: len(seen.messages)]
    assert len(seen.messages) > AFTER + 3
    late = [
        round(at - seen.messages[0][0] - (due - well.messages[0][0]), 3)
        for (at, _), (due, _) in zip(seen.messages, well.messages, strict=False)
    ]
    assert late == pytest.approx([0.0] * AFTER + [0.25] * (len(late) - AFTER), abs=0.002)


async def is_cut_text(name: str) -> None:
    seen, well = await struck(name)
    assert seen.types[0] == "broken"
    assert messages(well)[0].startswith(str(messages(seen)[0])[:20])  # type: ignore[arg-type]
    assert messages(seen)[1:] == messages(well)[1:]


async def is_unknown(name: str) -> None:
    seen, well = await struck(name, after=AFTER)
    assert seen.types[AFTER] == "Unforeseen"
    assert messages(seen)[:AFTER] + messages(seen)[AFTER + 1 :] == messages(well)


async def has_wrong_fields(name: str) -> None:
    seen, well = await struck(name)
    wrong, right = json.loads(seen.texts[0]), json.loads(well.texts[0])
    assert wrong.keys() == right.keys()
    assert wrong["type"] == right["type"]
    differing = [type(wrong[key]) is not type(right[key]) for key in right if key != "type"]
    assert all(differing)
    assert messages(seen)[1:] == messages(well)[1:]


async def closes(name: str) -> None:
    kind = KINDS[name]
    seen, well = await struck(name, after=AFTER)
    assert messages(seen) == messages(well)[:AFTER]
    assert seen.closed == (kind.code, kind.reason)


async def says_and_closes(name: str) -> None:
    kind = KINDS[name]
    seen, _ = await struck(name, after=AFTER)
    assert json.loads(seen.texts[-1]) == kind.says
    assert len(seen.messages) == AFTER + 1
    assert seen.closed == (kind.code, None)


async def loses(name: str) -> None:
    seen, well = await struck(name)
    lost = KINDS[name].of
    assert seen.types.count(lost) == well.types.count(lost) - 1
    assert [t for t in seen.types if t != lost] == [t for t in well.types if t != lost]


async def is_stale(name: str) -> None:
    seen, well = await struck(name)
    after = seen.types.index("Cleared") + 1
    assert seen.types[after : after + 2] == ["audio", "audio"]
    assert messages(seen)[:after] == messages(well)[:after]


async def answers(name: str) -> None:
    kind = KINDS[name]

    async def command(socket: WebSocketConnection) -> None:
        await socket.send_message(json.dumps({"type": kind.of}))
        await trio.sleep(1)

    failing = FailingDeepgram.by(Fault(kind=name))
    seen = await failing.look(kind.place, command)
    assert json.loads(seen.texts[1]) == kind.says
    assert len(seen.messages) == 2
    assert seen.is_open is (kind.act is Act.ANSWER)
    if kind.act is Act.ANSWER_AND_CLOSE:
        assert seen.closed == (kind.code, None)
    twice = await failing.look(kind.place, command)  # the fault has struck: the next goes well
    assert json.loads(twice.texts[1]) != kind.says if len(twice.texts) > 1 else True


# Openings, of sockets and of requests.


async def answered(name: str, **fields: object) -> httpx.Response | httpx.HTTPError:
    """What the first request gets; the second always goes well."""
    place = KINDS[name].place
    async with hosts(Fault(kind=name, **fields)) as there:  # type: ignore[arg-type]
        first, second = await there.asked(place), await there.asked(place)
        assert [hit.kind for hit in there.schedule.hits] == [name]
    assert isinstance(second, httpx.Response)
    assert second.status_code == 200
    return first


async def opened(name: str) -> Answered:
    return await FailingDeepgram.by(Fault(kind=name)).opening(KINDS[name].place)


async def is_refused_with_a_status(name: str) -> None:
    kind = KINDS[name]
    if kind.place in SOCKET_PLACES:
        refused = await opened(name)
        assert isinstance(refused, httpx.Response)
        assert refused.status_code == kind.status
        assert refused.json()["err_msg"] == refused.headers["dg-error"]
        return
    failed = await answered(name)
    assert isinstance(failed, httpx.Response)
    assert failed.status_code == kind.status
    assert failed.json().keys() & {"error", "err_code"}
    assert ("retry-after" in failed.headers) is (kind.place == "chat" and kind.status == 429)


async def is_cut_unanswered(name: str) -> None:
    if KINDS[name].place in SOCKET_PLACES:
        assert isinstance(await opened(name), trio.BrokenResourceError)
    else:
        assert isinstance(await answered(name), httpx.ReadError)


async def is_not_answered(name: str) -> None:
    if KINDS[name].place in SOCKET_PLACES:
        assert await opened(name) is None
    else:
        assert isinstance(await answered(name), httpx.ReadTimeout)


async def is_answered_late(name: str) -> None:
    if KINDS[name].place in SOCKET_PLACES:
        began = trio.current_time()
        seen, _ = await struck(name, seconds=1.5)
        assert seen.messages[0][0] - began == pytest.approx(1.5, abs=0.01)
        return
    times = [trio.current_time()]
    async with hosts(Fault(kind=name)) as there:
        for _ in range(2):
            answer = await there.asked(KINDS[name].place)
            assert isinstance(answer, httpx.Response)
            times.append(trio.current_time())
    first, second = times[1] - times[0], times[2] - times[1]
    assert first - second == pytest.approx(KINDS[name].seconds, abs=0.02)


async def breaks_in_the_body(name: str) -> None:
    assert isinstance(await answered(name, after=2), httpx.RemoteProtocolError)


async def stops_in_the_body(name: str) -> None:
    assert isinstance(await answered(name, after=2), httpx.ReadTimeout)


async def speaks_no_more(name: str) -> None:
    seen, well = await struck(name, after=2_000)
    audio = [message for _, message in seen.messages if isinstance(message, bytes)]
    assert sum(map(len, audio)) >= 2_000
    assert seen.types.count("Flushed") < well.types.count("Flushed")
    assert seen.is_open


async def is_half_json(name: str) -> None:
    received = ""
    async with hosts(Fault(kind=name, after=2)) as there:
        try:
            async with there.client.stream("POST", there.chat_url, json=there.question) as response:
                async for part in response.aiter_text():
                    received += part
        except httpx.RemoteProtocolError:
            pass
    *events, last = received.split("\n\n")
    assert [json.loads(event.removeprefix("data: "))["object"] for event in events]
    assert last.startswith("data: {")
    with pytest.raises(ValueError):
        json.loads(last.removeprefix("data: "))


def body_shows(*shown: str, hidden: tuple[str, ...] = ()) -> Callable[[str], Awaitable[None]]:
    async def check(name: str) -> None:
        answer = await answered(name, after=2)
        assert isinstance(answer, httpx.Response)
        assert answer.status_code == 200
        for text in shown:
            assert text in answer.text
        for text in hidden:
            assert text not in answer.text

    return check


async def refuses_the_dial(name: str) -> None:
    place = KINDS[name].place
    schedule = Schedule([Fault(kind=name, times=2)])
    schedule.arm()
    async with hosts() as there:
        dial = dialling(schedule, there.network.dial, lambda host: host.removesuffix(".test"))
        for _ in range(2):
            with pytest.raises(ConnectionRefusedError):
                await dial(f"{place}.test", 443)
        other = "groq" if place == "deepgram" else "deepgram"
        await (await dial(f"{other}.test", 443)).aclose()
        await (await dial(f"{place}.test", 443)).aclose()


async def connects_slowly(name: str) -> None:
    schedule = Schedule([Fault(kind=name, seconds=0.7)])
    schedule.arm()
    async with hosts() as there:
        dial = dialling(schedule, there.network.dial, lambda host: host.removesuffix(".test"))
        for expected in (0.7, 0.0):
            began = trio.current_time()
            await (await dial(f"{KINDS[name].place}.test", 443)).aclose()
            assert trio.current_time() - began == pytest.approx(expected)


BY_ACT: dict[Act, Callable[[str], Awaitable[None]]] = {
    Act.RESET: is_reset,
    Act.HALF_OPEN: is_half_open,
    Act.MUTE: is_mute,
    Act.SLOW: is_slow,
    Act.HALF_FRAME: is_reset,
    Act.CUT_TEXT: is_cut_text,
    Act.UNKNOWN: is_unknown,
    Act.WRONG_FIELDS: has_wrong_fields,
    Act.CLOSE: closes,
    Act.SAY_AND_CLOSE: says_and_closes,
    Act.LOSE: loses,
    Act.STALE_AUDIO: is_stale,
    Act.ANSWER: answers,
    Act.ANSWER_AND_CLOSE: answers,
    Act.CUT_UNANSWERED: is_cut_unanswered,
    Act.NO_ANSWER: is_not_answered,
    Act.SLOW_ANSWER: is_answered_late,
    Act.REFUSED: refuses_the_dial,
    Act.SLOW_CONNECT: connects_slowly,
}
BY_OWN: dict[str, Callable[[str], Awaitable[None]]] = {
    "listen_status": is_refused_with_a_status,
    "speak_status": is_refused_with_a_status,
    "status": is_refused_with_a_status,
    "speak_cut": breaks_in_the_body,
    "cut": breaks_in_the_body,
    "half_json": is_half_json,
    "mute": stops_in_the_body,
    "slow": is_answered_late,
    "stall": is_answered_late,
    "truncate": body_shows("We", hidden=('finish_reason": "stop', "[DONE]")),
    "error_event": body_shows("event: error", hidden=('finish_reason": "stop',)),
    "x_groq_error": body_shows("over_capacity"),
    "starve": body_shows('"length"', hidden=("every day",)),
}
HERE = [name for name, kind in KINDS.items() if kind.place not in {"media", "webhook", "process"}]


@pytest.mark.parametrize("name", HERE)
async def test_a_client_sees_the_fault(autojump_clock: MockClock, name: str) -> None:
    kind = KINDS[name]
    if kind.own == "speak_stall":
        await (speaks_no_more if kind.place == "speak" else stops_in_the_body)(name)
    elif kind.act is Act.OWN:
        await BY_OWN[kind.own](name)
    else:
        await BY_ACT[kind.act](name)
