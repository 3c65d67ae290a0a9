"""Changing a recogniser's settings in mid-stream: one `Configure` on its way at a time.

What was asked for and not yet answered is asked again on the next socket; what was accepted is part
of the next socket's URL. A refused change is forgotten, or the next socket would be refused too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Fields = dict[str, Any]


class Wishes:
    """Settings asked for; `message` makes a `Configure` of them."""

    def __init__(self, message: Callable[[Fields], Fields]) -> None:
        self.granted: Fields = {}
        self._message = message
        self._asked: Fields = {}
        self._wished: Fields = {}
        self._post: Callable[[str], bool] | None = None

    def wish(self, fields: Fields) -> None:
        """Ask for this, now or as soon as it can be asked; a later wish replaces an earlier one."""
        self._wished |= fields
        self._ask()

    def opened(self, post: Callable[[str], bool]) -> None:
        self._post = post
        self._ask()

    def closed(self) -> None:
        self._post = None
        self._wished = self._asked | self._wished
        self._asked = {}

    def withdraw(self) -> None:
        """The question on its way ended the socket: it is not asked again."""
        self._asked = {}

    def answered(self, granted: bool) -> None:
        """The recogniser has answered the question on its way."""
        if granted:
            self.granted |= self._asked
        self._asked = {}
        self._ask()

    def _ask(self) -> None:
        if self._post is None or self._asked or not self._wished:
            return
        if self._post(json.dumps({"type": "Configure", **self._message(self._wished)})):
            self._asked, self._wished = self._wished, {}
