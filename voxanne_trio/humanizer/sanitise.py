"""What a caller says, before a model reads it: a filter for the obvious, and no more than that.

Pure. It takes out what looks like the machinery of a prompt (role marks, special tokens, fences)
and the stock sentences that tell a model to forget what it is. It cannot see a clever attack, and
it is not what keeps one from mattering: the caller's words stand only in user messages, the prompt
says that they are never instructions, and tools check their own arguments. Ordinary speech comes
out as it went in: "ignore the previous message I left" is about a message.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST: Final = 4_000
"""Characters of one turn; over four minutes of uninterrupted speech."""

REMOVED: Final = "[...]"

_MACHINERY: Final = re.compile(
    r"""
      <\|[^|<>]{0,40}\|>(?:\s*(?:system|user|assistant)\b)?
    | \[/?(?:INST|SYS(?:TEM)?)\] | <</?SYS>> | </?s>
    | </?(?:system|assistant|user|developer|instructions?|prompt|tool|function)[^<>]{0,40}>
    | \#{2,}\s*(?:system|instructions?|assistant|user|prompt)\b\s*:?
    | (?:^|(?<=[\n.!?]\s)|(?<=\n))\s*(?:system|assistant|developer|user)\s*(?:prompt|message)?\s*:
    | `{3,}\w*
    """,
    re.VERBOSE | re.IGNORECASE,
)
_YOURS: Final = (
    r"(?:(?:all|any|every|of|the|my|our|these|those|its|and|other|system|safety)\s+)*"
    r"(?:all|any|every|your|previous|prior|above|earlier|preceding|existing|original|current"
    r"|initial|former|system|safety)\s+"
    r"(?:(?:of|the|your|and|other|previous|prior|above|earlier|system|safety)\s+)*"
)
_NOT_OURS: Final = (
    r"(?!\s+(?:from|on|for|about|the|my|that\s+(?:the|my|dr|doctor|he|she|i)|dr|doctor|he|she|i"
    r"|i've|were|was)\b)"
)
"""What follows says whose instructions they are: a nurse's, say."""
_RULES: Final = (
    r"(?:(?:system\s+|safety\s+)?(?:instructions?|prompts?|directives?|guidelines?|programming"
    r"|guardrails?|restrictions?|rules?))"
)
_ATTACK: Final = re.compile(
    rf"""\b(?:
      (?<!\bi\ )(?<!n't\ )(?<!\bnot\ )(?<!never\ )
        (?:ignore|disregard|forget|override|bypass|drop|erase)\s+
        (?:about\s+)?{_YOURS}{_RULES}\b{_NOT_OURS}(?:\s+(?:you|that\s+you)(?:'ve|\s+have|\s+were)?\s+
        (?:been\s+)?(?:given|told|received|got))?\b
    | (?:ignore|disregard|forget)\s+(?:everything|anything|all|what(?:ever)?)\s+
        (?:that\s+)?(?:(?:you(?:'ve|\s+have|\s+were|\s+are)?|they|we)\s+(?:been\s+|have\s+)?
        (?:told|taught|instructed|trained|programmed)|in\s+your\s+(?:prompt|instructions?))\b
        (?:\s+(?:you|before|so\s+far|to\s+do))*
    | (?:reveal|print|repeat|recite|output|show(?:\s+me)?|tell\s+me|read(?:\s+me)?|give\s+me
        |what(?:'s|\s+is|\s+are))\s+(?:out\s+)?(?:all\s+)?(?:of\s+)?(?:your|the)\s+
        (?:full\s+|entire\s+|hidden\s+|secret\s+|initial\s+|original\s+|exact\s+)*
        (?:system\s+(?:prompt|message|instructions?)|(?:hidden|secret)\s+(?:instructions?|prompts?|rules?|messages?)|initial\s+prompt)\b
    | (?:you\s+are|you're|act|behave|respond|pretend\s+(?:you\s+are|you're|to\s+be))\s+
        (?:now\s+)?(?:as\s+)?(?:in\s+)?(?:an?\s+)?
        (?:DAN\b|jailbroken|unrestricted|unfiltered|uncensored|developer\s+mode|god\s+mode|root)
        (?:\s+(?:ai|assistant|model))?
    | (?:enter|enable|activate|switch\s+to|turn\s+on)\s+(?:the\s+)?
        (?:developer|jailbreak|god|debug|dan|admin)\s+mode\b
    | (?:pretend|act\s+as\s+if|imagine)\s+(?:that\s+)?(?:you\s+(?:have|had)|there\s+(?:are|were))\s+
        no\s+(?:rules?|restrictions?|guidelines?|limits?|filters?|instructions?)\b
    | (?:your|these\s+are\s+your|here\s+are\s+your)\s+new\s+(?:instructions?|rules?|system\s+prompt)
        (?:\s+(?:is|are))?\b
    | jailbreak\b
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_SPACES: Final = re.compile(r"\s+")


def sanitise(text: str) -> str:
    """The caller's words without what is obviously meant for the machine; `[...]` in its place.

    White space becomes single spaces, control and invisible characters go; at most `LONGEST`
    characters are left. The same text again comes out unchanged.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    if not text.isprintable():
        text = "".join(c for c in text if c.isspace() or c.isprintable())
    text = _MACHINERY.sub(" ", text)
    text = _ATTACK.sub(REMOVED, text)
    return _SPACES.sub(" ", text).strip()[:LONGEST]
