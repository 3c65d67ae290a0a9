"""The log of one call, in the words an operator follows it by."""

from __future__ import annotations

import logging

from ..events import Sensitive
from ..settings import Settings
from .logs import CallLog, words
from .timeline import Timeline


class Narrator(CallLog):
    """A call's log: what was said, how long each stage took, and what was over its budget."""

    def __init__(self, call_sid: str, settings: Settings) -> None:
        super().__init__(call_sid)
        self._shows_words = settings.log_words
        self._budgets_ms = {
            "stt": settings.budget_stt_ms,
            "llm": settings.budget_llm_ms,
            "tts": settings.budget_tts_ms,
            "total": settings.budget_total_ms,
        }

    @property
    def tells_steps(self) -> bool:
        """Whether what the humanizer does is logged: for debugging, where words may be shown."""
        return self._shows_words and self.isEnabledFor(logging.DEBUG)

    def words(self, line: str, text: Sensitive | str) -> None:
        """A line with somebody's words in its one `%s`, or their number where words are private."""
        self.info(line, words(text, shown=self._shows_words))

    def latency(self, line: str, name: str, timeline: Timeline) -> None:
        """A line with a latency in its one `%d`, marked where it is over budget."""
        if (latency := timeline.latency_ms(name)) is None:
            return
        budget = self._budgets_ms[name]
        over = f", over budget ({budget} ms)" if latency > budget else ""
        self.info(line + "%s", latency, over)
