"""The values a model's reply is made of, and the protocol of whoever gives them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import attrs

from .quota import Thrift

Message = dict[str, Any]
"""One message as every OpenAI-compatible server takes it: `role`, `content`, tool fields."""


@attrs.frozen
class Words:
    """A piece of what is to be said, as written by the model; never empty, never reasoning."""

    text: str


@attrs.frozen
class ToolCall:
    """A complete call of a tool. `note` says why `arguments` are empty where the model's own
    could not be read; it is empty itself when nothing was wrong."""

    id: str
    name: str
    arguments: dict[str, object] = attrs.field(factory=dict, repr=False)
    note: str = ""


@attrs.frozen
class Finished:
    """The reply is complete. `reason` is the model's: `stop`, `length`, `tool_calls`, …"""

    reason: str
    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    completion_tokens: int | None = None


Thought = Words | ToolCall | Finished
Thoughts = AbstractAsyncContextManager[AsyncIterator[Thought]]


@attrs.frozen
class ThinkingRequest:
    """One question to one model. `tools` are the schemas a `ToolBox` gives."""

    model: str
    messages: tuple[Message, ...] = attrs.field(repr=False)
    tools: tuple[Mapping[str, Any], ...] = ()


class Thinker(Protocol):
    """A way to ask a model."""

    def thrift(self, model: str) -> Thrift:
        """How sparingly that model must be asked, by what is left of its quota."""
        ...

    def think(
        self, request: ThinkingRequest
    ) -> AbstractAsyncContextManager[AsyncIterator[Thought]]:
        """Ask `request.model`, and only it; the thoughts come as the model writes them.

        Entering sends the request and waits for the answer to begin. The last thought is
        `Finished`; a stream that breaks off before it raises `TransientVendorError`. Entering and
        iterating raise `TransientVendorError` or `PermanentVendorError`. Leaving, also by
        cancellation, closes the connection at once unless the answer was read to its end.
        """
        ...
