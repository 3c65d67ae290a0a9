"""Temporary."""

from __future__ import annotations


class FarEnd:
    def played(self, audio: bytes, at: float) -> None: ...
    def cleared(self, at: float) -> None: ...
