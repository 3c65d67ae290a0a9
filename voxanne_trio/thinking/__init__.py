"""Thinking: what a language model says, as values; whichever model says it.

This room knows the `Thinker` protocol, the history of a call and the prompt. The adapter for Groq
is in `groq_chat`, imported by the composition root alone: its SDK costs a quarter of a second.
"""

from .history import History
from .prompt import messages_for, system_prompt, to_go_on
from .quota import Thrift
from .race import Race
from .repeating import Unrepeated
from .thoughts import Finished, Message, Thinker, ThinkingRequest, Thought, ToolCall, Words
from .tools import BadArguments, Tool, ToolBox
from .ways import Way, Ways

__all__ = [
    "BadArguments",
    "Finished",
    "History",
    "Message",
    "Race",
    "Thinker",
    "ThinkingRequest",
    "Thought",
    "Thrift",
    "Tool",
    "ToolBox",
    "ToolCall",
    "Unrepeated",
    "Way",
    "Ways",
    "Words",
    "messages_for",
    "system_prompt",
    "to_go_on",
]
