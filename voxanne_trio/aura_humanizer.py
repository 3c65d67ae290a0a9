"""The facade for programs of one's own: ask the model, humanise, speak. No telephone.

    async with VoxanneAuraHumanizer(deepgram_key="…", groq_key="…", voice="asteria") as voxanne:
        text = await voxanne.generate_response("Do you do BBL?", patient_name="Sarah")
        for sentence in voxanne.split_into_sentences(text):
            async with voxanne.speak_sentence(sentence) as chunks:
                async for mulaw in chunks:
                    ...

Runs on Trio. Composes the rooms of the product; knows nothing they do not.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

import httpx
import trio

from .clinic import Clinic, load_clinic
from .errors import VendorError
from .events import Sensitive
from .humanizer import Step, humanize_text, recited
from .settings import Settings
from .speaking import Flushed, Lease
from .speaking.http import HttpSpeaker
from .speaking.voices import voice_model
from .thinking import History, Message, ThinkingRequest, Words, messages_for
from .thinking.groq_chat import GroqThinker

REPLY_SECONDS: Final = 30.0
"""For a whole answer of one model; then the next is asked."""

_DEFAULTS: Final = Settings()

log = logging.getLogger("voxanne.humanizer")


class VoxanneAuraHumanizer:
    """Asks, humanises and speaks between entering and leaving; the pure methods work at any time.

    `voice` is a bare name (`voice_model` knows them; an unknown one raises `UnknownVoice`) or a
    whole model name. `models` are asked in order until one answers. With `debug_mode` each step of
    the humanizer is logged. `transport` takes the network's place in tests.
    """

    def __init__(
        self,
        deepgram_key: str,
        groq_key: str,
        *,
        voice: str = "thalia",
        models: Sequence[str] = _DEFAULTS.llm_models,
        clinic: Clinic | None = None,
        debug_mode: bool = False,
        seed: int = 0,
        deepgram_base_url: str = _DEFAULTS.deepgram_base_url,
        groq_base_url: str = _DEFAULTS.groq_base_url,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.voice = voice_model(voice)
        self.debug_mode = debug_mode
        self._models = tuple(models)
        self._clinic = clinic or load_clinic()
        self._seed = seed
        self._deepgram = (deepgram_key, deepgram_base_url)
        self._groq = (groq_key, groq_base_url)
        self._transport = transport
        self._stack = AsyncExitStack()
        self._thinker: GroqThinker | None = None
        self._speaker: HttpSpeaker | None = None

    async def __aenter__(self) -> Self:
        timeout = httpx.Timeout(15.0, connect=4.0)
        client = httpx.AsyncClient(transport=self._transport, timeout=timeout)
        await self._stack.enter_async_context(client)
        key, url = self._groq
        self._thinker = GroqThinker(
            client,
            api_key=key,
            base_url=url,
            max_completion_tokens=_DEFAULTS.llm_max_completion_tokens,
            temperature=_DEFAULTS.llm_temperature,
        )
        key, url = self._deepgram
        self._speaker = HttpSpeaker(client, api_key=key, base_url=url, voice=self.voice)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._thinker = self._speaker = None
        await self._stack.aclose()

    # Pure

    def humanize_text(self, text: str, name: str | None = None) -> str:
        """The text as it is to be spoken; see `humanizer.humanize_text`."""
        note = self._explain if self.debug_mode or log.isEnabledFor(logging.DEBUG) else None
        return humanize_text(text, name=name, seed=self._seed, note=note)

    def split_into_sentences(self, text: str) -> list[str]:
        """The sentences of a text, each as it is to be spoken, nothing added."""
        return [sentence.spoken for sentence in recited(text)]

    # Waiting

    async def generate_response(
        self,
        user_input: str,
        patient_name: str | None = None,
        conversation_history: Sequence[Mapping[str, str]] | None = None,
    ) -> str:
        """What to answer, humanised. `conversation_history` has what was said before, each entry
        with its `role` ("user" or "assistant") and `content`.

        Raises the last model's `VendorError` when none answered; `ValueError` for other roles.
        """
        messages = self._messages(user_input, patient_name, conversation_history or ())
        failure: VendorError | None = None
        for model in self._models:
            try:
                return self.humanize_text(await self._ask(model, messages), patient_name)
            except VendorError as error:
                log.warning("LLM %s: %s", model, error)
                failure = error
        if failure is None:
            raise ValueError("no model to ask")
        raise failure

    @asynccontextmanager
    async def speak_sentence(self, sentence: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """The sentence's audio as it comes: raw mu-law, 8 kHz, chunks of any size.

        It is humanised first, which changes nothing in one that was. Leaving early, also by
        cancellation, ends the request. Iterating raises `VendorError`.
        """
        assert self._speaker is not None, "inside of `async with` only"
        async with self._speaker.lease() as lease:
            yield _Chunks(lease, self.split_into_sentences(sentence))

    async def _ask(self, model: str, messages: Sequence[Message]) -> str:
        assert self._thinker is not None, "inside of `async with` only"
        with trio.fail_after(REPLY_SECONDS):
            async with self._thinker.think(ThinkingRequest(model, tuple(messages))) as thoughts:
                pieces = [thought.text async for thought in thoughts if isinstance(thought, Words)]
        return "".join(pieces)

    def _messages(
        self, user_input: str, name: str | None, before: Sequence[Mapping[str, str]]
    ) -> list[Message]:
        history = History()
        for entry in (*before, {"role": "user", "content": user_input}):
            if entry["role"] == "user":
                history.add_caller(Sensitive(entry["content"]))
            elif entry["role"] == "assistant":
                history.add_agent(entry["content"])
            else:
                raise ValueError(f"role {entry['role']!r} is neither user nor assistant")
        return messages_for(
            self._clinic,
            history,
            now_text=f"{datetime.now(UTC):%A, %B %d, %Y, %I:%M %p} UTC",
            caller=name,
            may_address=not _was_addressed(name, before),
            budget_tokens=_DEFAULTS.history_tokens,
        )

    def _explain(self, step: Step) -> None:
        level = logging.INFO if self.debug_mode else logging.DEBUG
        log.log(level, "%s: %s -> %s", step.rule, step.before, step.after)


def _was_addressed(name: str | None, before: Sequence[Mapping[str, str]]) -> bool:
    """Whether one of our last answers has the name."""
    ours = [entry["content"] for entry in before if entry.get("role") == "assistant"]
    return name is not None and any(name in said for said in ours[-2:])


class _Chunks:
    """The audio of what was written; a class, so that nothing is suspended inside a scope."""

    def __init__(self, lease: Lease, sentences: Sequence[str]) -> None:
        self._lease = lease
        self._is_done = not sentences
        for sentence in sentences:
            lease.write(sentence)
        if sentences:
            lease.flush()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._is_done:
            raise StopAsyncIteration
        item = await self._lease.receive()
        if isinstance(item, Flushed):
            self._is_done = True
            raise StopAsyncIteration
        return item
