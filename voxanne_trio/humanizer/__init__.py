"""Text for the ear: from what a language model writes to what a voice is given.

Pure and synchronous, on the standard library alone. Start reading in `manner`, which has the rules
in their order; `normalise` is the grammar of numbers, dates and signs; `sentences` is what a live
call feeds with tokens.
"""

from .address import Acquaintance
from .explain import explain
from .humanize import humanize_text, recited, spoken
from .manner import PLAIN, Manner, Step
from .names import caller_name
from .normalise import normalise
from .sanitise import sanitise
from .sentence import Piece, Sentence
from .sentences import SentenceStream

__all__ = [
    "PLAIN",
    "Acquaintance",
    "Manner",
    "Piece",
    "Sentence",
    "SentenceStream",
    "Step",
    "caller_name",
    "explain",
    "humanize_text",
    "normalise",
    "recited",
    "sanitise",
    "spoken",
]
