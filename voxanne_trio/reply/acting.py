"""What a reply does beside speaking: the tools that its model asks for.

A tool that acts must not be cut off half-way by a caller who interrupts: it runs in the call's own
nursery, and only the wait for its result belongs to the reply.
"""

from __future__ import annotations

import trio

from ..errors import VoxanneError
from ..thinking import History, ToolBox, ToolCall
from .reply import Reply


async def use_tool(
    reply: Reply, call: ToolCall, *, tools: ToolBox, history: History, nursery: trio.Nursery
) -> None:
    """Run a tool, and wait until the history has its result. Cancelling ends the wait alone."""
    reply.has_asked_tools = True
    history.add_tool_call(call)
    done = trio.Event()
    name = f"tool {call.name}"
    nursery.start_soon(_run, reply, call, tools, history, done, name=name)
    reply.tools_running += 1
    try:
        await done.wait()
    finally:
        reply.tools_running -= 1


async def _run(
    reply: Reply, call: ToolCall, tools: ToolBox, history: History, done: trio.Event
) -> None:
    try:
        result = await tools.tool_for(call).run(call.arguments)
    except VoxanneError as error:
        result = str(error)
    except Exception:
        reply.log.exception("Tool %s failed by a fault of its own", call.name)
        result = "the tool failed"
    history.finish_tool(call.id, result)
    done.set()
