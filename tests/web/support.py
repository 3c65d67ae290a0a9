"""What the web's tests share: settings, services without vendors, a call that echoes, requests as
Twilio signs them."""

from collections.abc import Mapping
from typing import Any

import attrs
import trio
from quart.typing import TestClientProtocol
from quart.wrappers import Response

from voxanne_trio.clinic import Clinic, load_clinic
from voxanne_trio.records import InMemoryRecords
from voxanne_trio.settings import Settings
from voxanne_trio.telephony.media_stream import MediaSocket, SocketGone
from voxanne_trio.telephony.signature import sign

TOKEN = "made_up_auth_token"
CALL = "CA1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e"
PUBLIC = "https://voice.example.com"
SETTINGS = Settings(
    deepgram_api_key="dg",
    groq_api_key="gq",
    twilio_account_sid="AC0f",
    twilio_auth_tokens=(TOKEN,),
    public_url=PUBLIC,
    host="127.0.0.1",
    port=0,
)
NOW = 1_800_000_000.0


@attrs.define
class FakeServices:
    """Services that need no vendor."""

    clinic: Clinic = attrs.field(factory=load_clinic)
    records: InMemoryRecords = attrs.field(factory=InMemoryRecords)
    vendors: dict[str, Exception | None] = attrs.field(factory=dict)
    fail_after: float | None = None
    running: bool = False
    can_speak: bool = True
    probes: int = 0
    rest: Any = None

    @property
    def services(self) -> object:
        """What a call would stand on."""
        return self

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        self.running = True
        task_status.started()
        try:
            await trio.sleep(float("inf") if self.fail_after is None else self.fail_after)
            raise RuntimeError("a bug in what calls share")
        finally:
            self.running = False

    async def probe(self) -> Mapping[str, Exception | None]:
        self.probes += 1
        await trio.lowlevel.checkpoint()
        return self.vendors


async def echo(socket: MediaSocket, services: Any, call_sid: str) -> None:
    """A call that says back what it hears."""
    del services, call_sid
    try:
        while True:
            message = await socket.receive()
            await socket.send(str(message))
    except SocketGone:
        return


async def post(
    client: TestClientProtocol, path: str, token: str = TOKEN, /, **form: str
) -> Response:
    """A webhook as Twilio makes it."""
    signature = sign(token, PUBLIC + path, form.items())
    return await client.post(path, form=form, headers={"X-Twilio-Signature": signature})


def stream_signature(path: str, public: str = PUBLIC) -> str:
    """The signature of a stream's upgrade."""
    return sign(TOKEN, "ws" + public.removeprefix("http") + path)
