"""The tool box: what a request names, and which calls it refuses."""

from collections.abc import Mapping

import pytest
import trio

from voxanne_trio.thinking import BadArguments, Tool, ToolBox, ToolCall


async def answer(arguments: Mapping[str, object]) -> str:
    await trio.lowlevel.checkpoint()
    return f"{len(arguments)} arguments"


SLOTS = Tool(
    name="find_slots",
    description="Find open appointments.",
    parameters={
        "type": "object",
        "properties": {
            "day": {"type": "string"},
            "part": {"type": "string", "enum": ["morning", "afternoon"]},
            "people": {"type": "integer"},
            "note": {},
        },
        "required": ["day"],
    },
    run=answer,
)
BOX = ToolBox([SLOTS, Tool(name="hang_up", description="End the call.", acts=True, run=answer)])


def test_an_empty_box_is_the_default() -> None:
    assert len(ToolBox()) == 0
    assert ToolBox().schemas() == ()


def test_schemas_are_what_a_request_takes() -> None:
    schemas = BOX.schemas()
    assert [schema["function"]["name"] for schema in schemas] == ["find_slots", "hang_up"]
    assert schemas[0]["function"]["parameters"] is SLOTS.parameters
    assert schemas[1]["function"]["parameters"] == {"type": "object"}


@pytest.mark.parametrize(
    "arguments",
    [{"day": "Friday"}, {"day": "Friday", "part": "morning", "people": 2, "note": [True]}],
)
async def test_a_good_call_finds_its_tool(arguments: dict[str, object]) -> None:
    tool = BOX.tool_for(ToolCall("1", "find_slots", arguments))
    assert tool is SLOTS
    assert await tool.run(arguments) == f"{len(arguments)} arguments"


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (ToolCall("1", "fly"), "there is no tool 'fly'"),
        (ToolCall("1", "find_slots", {}, note="arguments are not valid JSON"), "not valid JSON"),
        (ToolCall("1", "find_slots"), "day is missing"),
        (ToolCall("1", "find_slots", {"day": 5}), "day must be of type string"),
        (ToolCall("1", "find_slots", {"day": "Friday", "people": True}), "of type integer"),
        (ToolCall("1", "find_slots", {"day": "Friday", "part": "night"}), "must be one of morning"),
        (ToolCall("1", "hang_up", {"now": True}), "now is not a parameter"),
    ],
)
def test_a_bad_call_is_refused_in_words(call: ToolCall, reason: str) -> None:
    with pytest.raises(BadArguments, match=reason):
        BOX.tool_for(call)
