"""Calls and their turns, kept."""

from .records import CallRecord, InMemoryRecords, Records, Then, ToolRecord, TurnRecord

__all__ = ["CallRecord", "InMemoryRecords", "Records", "Then", "ToolRecord", "TurnRecord"]
