"""The conversation on a terminal while it goes on: who speaks, what was heard, how long it took.

What the caller says comes from the caller, what the agent says from the server's log as it goes to
the voice, latencies and what was heard of a cut-off answer from the server's record. A log line
that is not understood is left out: the verdict does not rest on any of them.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from typing import Any, Final

import attrs
import trio

from ..sandbox.phone import PhoneCall
from .figures import LATENCIES
from .terminal import Terminal

_LOG_LINE: Final = re.compile(r"\d\d:\d\d:\d\d\.\d{3}  \S+ +(?P<message>.*)")
_QUOTED: Final = re.compile(r'(?P<what>Voxanne|Final): "(?P<words>.*)"')
_TROUBLE: Final = re.compile(r"(?:WARNING|ERROR|CRITICAL): (?P<trouble>.*)")
_GOES_ON: Final = "The turn goes on"
_NAME_WIDTH: Final = 9
_MARGIN: Final = 8


@attrs.define
class LiveView:
    """Follows one call; it is the conductor's `Watcher`."""

    terminal: Terminal
    _call: PhoneCall | None = None
    _speaker: str = ""

    def progress(self, what: str) -> None:
        self.terminal.line(self.terminal.paint(f"{what} ...", "faint"))

    def call_began(self, call: PhoneCall) -> None:
        self._call = call
        self.terminal.line()
        self._note(f"{call.numbers.caller} rings")

    def server_said(self, line: str) -> None:
        """A sentence on its way to the voice, or what the recogniser understood."""
        found = _LOG_LINE.fullmatch(line)
        if found is None or self._call is None:
            return
        message = found["message"]
        if quoted := _QUOTED.fullmatch(message):
            if quoted["what"] == "Voxanne":
                self._speak("Voxanne", quoted["words"], "green")
            else:
                self._note(f'understood: "{quoted["words"]}"')
        elif message == _GOES_ON:
            self._note("the caller goes on: none of this is said")
        elif trouble := _TROUBLE.fullmatch(message):
            self._note(trouble["trouble"], "yellow")

    def caller_said(self, text: str, at: float, *, interrupting: bool) -> None:
        del at
        self._speaker = ""
        self._speak("Caller", text, "cyan", "(interrupts)" if interrupting else "")

    def turn_recorded(self, turn: Mapping[str, Any]) -> None:
        """The turn is over: what was heard of it, if not all, and its latencies."""
        if turn["interrupted"]:
            heard = turn["heard"] or "nothing"
            self._note(f'cut off; the caller had heard: "{heard}"', "yellow")
        latencies = turn["latency_ms"]
        shown = [
            f"{name} {latencies[name]}" for name in LATENCIES if latencies.get(name) is not None
        ]
        if turn["caller"] is not None and shown:
            self._note(f"{'   '.join(shown)} ms")

    def _speak(self, who: str, words: str, colour: str, note: str = "") -> None:
        name = "" if who == self._speaker else who
        stamp = "" if who == self._speaker else self._clock()
        self._speaker = who
        indent = " " * (_MARGIN + _NAME_WIDTH)
        first, *others = textwrap.wrap(words, self.terminal.width - len(indent) - 14) or [""]
        paint = self.terminal.paint
        head = f"{paint(f'{stamp:>6}', 'faint')}  {paint(f'{name:<{_NAME_WIDTH}}', 'bold', colour)}"
        self.terminal.line(f"{head}{first} {paint(note, 'faint')}".rstrip())
        for line in others:
            self.terminal.line(indent + line)

    def _note(self, text: str, colour: str = "faint") -> None:
        indent = " " * (_MARGIN + _NAME_WIDTH)
        for line in textwrap.wrap(text, self.terminal.width - len(indent)):
            self.terminal.line(indent + self.terminal.paint(line, colour))

    def _clock(self) -> str:
        if self._call is None or not self._call.answered.is_set():
            return ""
        seconds = max(0, round(trio.current_time() - self._call.playout.origin))
        return f"{seconds // 60}:{seconds % 60:02d}"
