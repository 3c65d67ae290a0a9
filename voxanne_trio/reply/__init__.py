"""One reply: from the caller's words to audio handed to playback, in one cancel scope."""

from .acting import use_tool
from .producing import produce_answer, produce_recital
from .reply import Reply, Ways

__all__ = ["Reply", "Ways", "produce_answer", "produce_recital", "use_tool"]
