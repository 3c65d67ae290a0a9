"""What was said in a call, as the model is told it: whole exchanges within a budget. Pure.

An exchange begins with the caller's turn and holds all that answered it. What the agent says is
what was *heard* of it: the call adds it so. A tool's result stands directly after its call,
whenever it came, as the chat protocol wants it.
"""

from __future__ import annotations

import json
from typing import Final

import attrs

from ..events import Sensitive
from ..humanizer import sanitise
from .thoughts import Message, ToolCall

CHARACTERS_PER_TOKEN: Final = 4
"""An estimate for English; a budget needs no better."""

MESSAGE_TOKENS: Final = 4
"""What a message costs beside its text."""

STILL_RUNNING: Final = "still running"

INTERRUPTED: Final = "—"
"""Ends what we said where the caller cut us off. A dash is what a model makes the same of, and
what does no harm in a voice if the model copies it."""


@attrs.frozen
class _Said:
    role: str
    text: Sensitive


@attrs.define
class _ToolUse:
    call: ToolCall
    result: Sensitive | None = None


_Entry = _Said | _ToolUse


class History:
    """The messages of one call, oldest first."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []  # bounded by the longest call

    def add_caller(self, text: Sensitive) -> None:
        """The caller's turn, whole but for what is obviously meant for the machine; nothing where
        there are no words."""
        if text:
            self._entries.append(_Said("user", Sensitive(sanitise(text.reveal()))))

    def add_agent(self, text: str, *, interrupted: bool = False) -> None:
        """What the caller heard us say; nothing where that is nothing."""
        if text.strip():
            said = f"{text.strip()} {INTERRUPTED}" if interrupted else text.strip()
            self._entries.append(_Said("assistant", Sensitive(said)))

    def drop_last_caller(self) -> Sensitive | None:
        """Take back the caller's turn if nothing followed it yet, to merge more words into it."""
        match self._entries:
            case [*_, _Said("user", text)]:
                self._entries.pop()
                return text
        return None

    def add_tool_call(self, call: ToolCall) -> None:
        """A tool was called; its result is owed."""
        self._entries.append(_ToolUse(call))

    def finish_tool(self, call_id: str, result: str) -> bool:
        """The result of a call, put in its place; False when no such call is owed one."""
        for entry in reversed(self._entries):
            if isinstance(entry, _ToolUse) and entry.call.id == call_id and entry.result is None:
                entry.result = Sensitive(result)
                return True
        return False

    def messages(self, budget_tokens: int) -> list[Message]:
        """The last whole exchanges that fit the budget; the last one always, whatever it costs.

        Turns of one speaker in a row are one message: what was said before an answer came.
        """
        chosen: list[Message] = []
        for number, exchange in enumerate(reversed(self._exchanges())):
            messages = _rendered(exchange)
            budget_tokens -= sum(map(estimated_tokens, messages))
            if number and budget_tokens < 0:
                break
            chosen = messages + chosen
        return chosen

    def _exchanges(self) -> list[list[_Entry]]:
        exchanges: list[list[_Entry]] = []
        answered = True
        for entry in self._entries:
            is_caller = isinstance(entry, _Said) and entry.role == "user"
            if not exchanges or (is_caller and answered):
                exchanges.append([])
            exchanges[-1].append(entry)
            answered = not is_caller
        return exchanges


def estimated_tokens(message: Message) -> int:
    """About how many tokens a message costs."""
    size = len(message["content"] or "")
    if calls := message.get("tool_calls"):
        size += len(json.dumps(calls))
    return MESSAGE_TOKENS + -(-size // CHARACTERS_PER_TOKEN)


def _rendered(exchange: list[_Entry]) -> list[Message]:
    messages: list[Message] = []
    for entry in exchange:
        if isinstance(entry, _ToolUse):
            messages += _tool_messages(entry)
        elif messages and messages[-1]["role"] == entry.role and "tool_calls" not in messages[-1]:
            messages[-1]["content"] += " " + entry.text.reveal()
        else:
            messages.append({"role": entry.role, "content": entry.text.reveal()})
    return messages


def _tool_messages(use: _ToolUse) -> list[Message]:
    function = {"name": use.call.name, "arguments": json.dumps(use.call.arguments)}
    call = {"id": use.call.id, "type": "function", "function": function}
    result = use.result.reveal() if use.result is not None else STILL_RUNNING
    return [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": use.call.id, "content": result},
    ]
