"""Text for the ear: from what a language model writes to what a voice is given. Pure."""

from .sentence import Piece, Sentence
from .sentences import SentenceStream

__all__ = ["Piece", "Sentence", "SentenceStream"]
