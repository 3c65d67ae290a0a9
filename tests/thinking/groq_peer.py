"""A scripted server of chat completions: HTTP/1.1 by h11 over any stream, one script an answer.

A script is a list of steps: bytes are sent as one chunk of the body, a number is slept, `CUT`
resets the connection, `HALT` waits for ever. What was asked is kept in `requests`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import attrs
import h11
import trio

from voxanne_trio.sandbox.memory import MemoryStream

DATA = Path(__file__).parent.parent / "data" / "groq_stream.txt"


class Ends(Enum):
    CUT = "cut"
    HALT = "halt"


CUT, HALT = Ends.CUT, Ends.HALT
Step = bytes | float | Ends


@attrs.frozen
class Answer:
    steps: Sequence[Step] = ()
    status: int = 200
    headers: dict[str, str] = attrs.field(factory=dict)


@attrs.define
class GroqPeer:
    answers: list[Answer]
    requests: list[tuple[str, dict[str, str], Any]] = attrs.field(factory=list)
    connections: int = 0
    hung_up_at: float | None = None

    async def handle(self, stream: MemoryStream) -> None:
        self.connections += 1
        wire = h11.Connection(h11.SERVER)
        try:
            while await self._serve_one(wire, stream):
                wire.start_next_cycle()
        except (trio.BrokenResourceError, h11.RemoteProtocolError):
            self.hung_up_at = trio.current_time()
        finally:
            stream.close()

    async def _serve_one(self, wire: h11.Connection, stream: MemoryStream) -> bool:
        request, body = None, b""
        while not isinstance(event := await _next(wire, stream), h11.EndOfMessage):
            if isinstance(event, h11.ConnectionClosed):
                return False
            if isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += event.data
        assert request is not None
        headers = {name.decode(): value.decode() for name, value in request.headers}
        target = request.target.decode()
        self.requests.append((target, headers, json.loads(body) if body else None))
        return await self._answer(wire, stream, self.answers.pop(0))

    async def _answer(self, wire: h11.Connection, stream: MemoryStream, answer: Answer) -> bool:
        kind = "text/event-stream" if answer.status == 200 else "application/json"
        fields = {"content-type": kind, "transfer-encoding": "chunked", **answer.headers}
        response = h11.Response(status_code=answer.status, headers=list(fields.items()))
        await stream.send_all(wire.send(response) or b"")
        for step in answer.steps:
            if isinstance(step, bytes):
                await stream.send_all(wire.send(h11.Data(data=step)) or b"")
            elif step is CUT:
                await trio.testing.wait_all_tasks_blocked()
                stream.reset()
                return False
            elif step is HALT:
                await _until_hung_up(stream)
                self.hung_up_at = trio.current_time()
                return False
            else:
                assert isinstance(step, float | int)
                await trio.sleep(step)
        await stream.send_all(wire.send(h11.EndOfMessage()) or b"")
        return True


async def _next(wire: h11.Connection, stream: MemoryStream) -> Any:
    while (event := wire.next_event()) is h11.NEED_DATA:
        wire.receive_data(await stream.receive_some())
    return event


async def _until_hung_up(stream: MemoryStream) -> None:
    while await stream.receive_some():
        pass


def bodies() -> dict[str, bytes]:
    """The recorded bodies by name, as they would stand on the wire."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in DATA.read_text(encoding="utf-8").split("\n"):
        if line.startswith(": === "):
            name = line.removeprefix(": === stream: ").removesuffix(" ===")
        elif name and not line.startswith(":"):
            found.setdefault(name, []).append(line)
    texts = {name: "\n".join(lines).lstrip("\n").encode() for name, lines in found.items()}
    return {name: text for name, text in texts.items() if text.strip()}


def http_errors() -> list[Answer]:
    """The recorded refusals."""
    _, _, section = DATA.read_text(encoding="utf-8").partition(": === http_errors")
    section, _, _ = section.partition(": === ok_headers")
    answers = []
    for line in section.splitlines()[1:]:
        if line.startswith(": "):
            status, headers, body = line.removeprefix(": ").split("\t")
            answers.append(Answer([body.encode()], int(status), json.loads(headers)))
    return answers


def chunk(text: str = "", **choice: Any) -> bytes:
    """One event with a piece of content."""
    delta = {"content": text} if text else {}
    body = {"choices": [{"index": 0, "delta": delta, "finish_reason": None, **choice}]}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


STOP = chunk(finish_reason="stop")
DONE = b"data: [DONE]\n\n"
