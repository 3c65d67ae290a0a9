"""What an operator should know before callers do: settings, vendors, Twilio's numbers, the clock.

`examine` asks everything once; `fallback.document` is what a caller hears when nothing of ours
answers.
"""

from .examination import CHECKS, Check, Finding, Patient, examine
from .fallback import document as fallback_document

__all__ = ["CHECKS", "Check", "Finding", "Patient", "examine", "fallback_document"]
