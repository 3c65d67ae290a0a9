"""Calls and their turns, kept."""

from .records import CallRecord, InMemoryRecords, Records, TurnRecord

__all__ = ["CallRecord", "InMemoryRecords", "Records", "TurnRecord"]
