"""Tools: what the model may ask to be done, and the check of its arguments. Pure.

The call runs a tool, beside the reply; nothing here does. An empty box is the default.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final

import attrs

from ..errors import VoxanneError
from .thoughts import ToolCall

_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


class BadArguments(VoxanneError):
    """A model called a tool that is not there, or with arguments it does not take."""


@attrs.frozen(kw_only=True)
class Tool:
    """One thing the model may ask for. `parameters` is a JSON schema of an object; `acts` marks
    a tool that changes the world, which no speculation may run; `run` gives the result's text."""

    name: str
    description: str
    run: Callable[[Mapping[str, object]], Awaitable[str]] = attrs.field(repr=False)
    parameters: Mapping[str, Any] = attrs.field(factory=lambda: {"type": "object"}, repr=False)
    acts: bool = False


class ToolBox:
    """The tools of a call, by name."""

    def __init__(self, tools: Iterable[Tool] = ()) -> None:
        self._tools = {tool.name: tool for tool in tools}

    def __len__(self) -> int:
        return len(self._tools)

    def schemas(self) -> tuple[Mapping[str, Any], ...]:
        """The tools as a request names them, in the order given: part of a stable prefix."""
        return tuple(
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters,
                },
            }
            for tool in self._tools.values()
        )

    def tool_for(self, call: ToolCall) -> Tool:
        """The tool that is called, its arguments checked. Raises `BadArguments`, in words the
        model can act on: names required and known, plain types and enumerations are checked."""
        tool = self._tools.get(call.name)
        if tool is None:
            raise BadArguments(f"there is no tool {call.name!r}")
        if call.note:
            raise BadArguments(call.note)
        known: Mapping[str, Any] = tool.parameters.get("properties", {})
        for name in tool.parameters.get("required", ()):
            if name not in call.arguments:
                raise BadArguments(f"{name} is missing")
        for name, value in call.arguments.items():
            if name not in known:
                raise BadArguments(f"{name} is not a parameter")
            _check(name, value, known[name])
        return tool


def _check(name: str, value: object, schema: Mapping[str, Any]) -> None:
    kinds = _TYPES.get(schema.get("type", ""), (object,))
    is_stray_bool = isinstance(value, bool) and bool not in kinds and object not in kinds
    if is_stray_bool or not isinstance(value, kinds):
        raise BadArguments(f"{name} must be of type {schema['type']}")
    if "enum" in schema and value not in schema["enum"]:
        raise BadArguments(f"{name} must be one of {', '.join(map(str, schema['enum']))}")
