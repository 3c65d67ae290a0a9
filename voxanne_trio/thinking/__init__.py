"""Thinking: what a language model says, as values; whichever model says it.

This room knows the `Thinker` protocol, the history of a call and the prompt. The adapter for Groq
is in `groq_chat`, imported by the composition root alone: its SDK costs a quarter of a second.
"""

from .history import History
from .prompt import messages_for, system_prompt
from .thoughts import Finished, Message, Thinker, ThinkingRequest, Thought, ToolCall, Words
from .tools import BadArguments, Tool, ToolBox

__all__ = [
    "BadArguments",
    "Finished",
    "History",
    "Message",
    "Thinker",
    "ThinkingRequest",
    "Thought",
    "Tool",
    "ToolBox",
    "ToolCall",
    "Words",
    "messages_for",
    "system_prompt",
]
