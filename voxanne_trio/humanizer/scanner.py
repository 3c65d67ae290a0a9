"""One pass over a text: every stretch that cannot be said as it stands becomes an edit. Pure.

The text is cut into words, digits, pauses (all that stands between words) and symbols. Ordinary
words and pauses are passed over; at any other place the grammars of that place are asked in order,
and the first that reads something has it. Each grammar's patterns are bounded, so that the pass is
linear in the text. Two readings never touch without a pause between them.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from . import grammars, pauses, symbols, web
from .edits import Edit
from .folding import fold
from .reading import Reading

_WORD: Final = r"'?[^\W\d_]+(?:'[^\W\d_]+)*'?"
_HARD: Final = "".join(re.escape(c) for c in sorted(symbols.SYMBOLS - set("*~#")))
_PAUSE: Final = (
    rf"[^\w'(.\-~#*\[{_HARD}\u2100-\u214f\u3371-\u33df]|_"
    r"|\((?!\+?[0-9]{3}\))|\.(?![0-9])|-(?![$\u20ac\u00a3]?\.?[0-9])"
    r"|~(?! ?[$.]?[0-9])|\#(?=#)|\*(?! (?:to|for|key|or|and|if)\b|\.|\Z)|\[(?![^\]\[\n]{1,200}\]\()"
)
_TOKEN: Final = re.compile(rf"({_WORD})|([0-9])|((?:{_PAUSE})+)|(.)", re.DOTALL)
_PLAIN_WORDS: Final = re.compile(r"(?:[A-Za-z]+(?:'[A-Za-z]+)? ){1,40}(?=[A-Za-z0-9$])")
_DIGITS: Final = re.compile("[0-9]+")
_PLURAL: Final = re.compile(r"\((e?s)\)(?![A-Za-z])")
_STRESS: Final = frozenset(".?!\u2026\n")


class Scanner:
    """The pass over one text; `edits` is what it found."""

    def __init__(self, text: str) -> None:
        self.edits: list[Edit] = []
        self._text = text
        self._folded = fold(text)
        self._same = self._folded == text
        self._web = web.hints(self._folded)
        self._heard: list[str] = []
        self._tail = ""  # the last character of what was said so far

    def run(self) -> list[Edit]:
        """Scan the whole text."""
        at, size, match = 0, len(self._folded), _TOKEN.match
        while at < size:
            token = match(self._folded, at)
            assert token is not None
            kind = token.lastindex
            if kind == 1:
                at = self._plain_words(at) or self._word(at, token.end())
            elif kind == 3:
                self._pause(at, token.end())
                at = token.end()
            elif kind == 2:
                at = self._digit(at)
            else:
                at = self._character(at)
        return self.edits

    # -- places

    def _plain_words(self, at: int) -> int | None:
        """Pass over words of which none needs work, fast; None if the first one may."""
        run = None if self._web else _PLAIN_WORDS.match(self._folded, at)
        if run is None:
            return None
        end = at
        for word in run.group().split():
            if word.lower() in grammars.AT_WORD:
                break
            self._heard.append(word)
            end += len(word) + 1
        if end == at:
            return None
        self._keep(at, end)
        return end

    def _word(self, at: int, end: int) -> int:
        word = self._folded[at:end]
        if not word.isascii():
            end = self._letters_end(at, end)
            if end == at:
                return self._character(at)
            word = self._folded[at:end]
        following = self._folded[end : end + 1]
        reading = (
            self._special(at, end, word, following) if self._is_special(word, following) else None
        )
        if reading is not None:
            return reading
        if following == "(" and (plural := _PLURAL.match(self._folded, end)):
            self._say(at, plural.end(), word + plural.group(1), "plural")
            self._heard.append(word)
            return plural.end()
        if following and not following.isascii() and unicodedata.combining(following):
            return self._composed(at, end)
        self._keep(at, end)
        self._heard.append(word)
        return end

    def _is_special(self, word: str, following: str) -> bool:
        return (
            word.lower() in grammars.AT_WORD
            or self._web
            or following in _TELLING
            or (len(word) < 4 and following == ".")
        )

    def _special(self, at: int, end: int, word: str, following: str) -> int | None:
        asked: list[grammars.Named] = []
        if self._web:
            asked.append(grammars.AT_ADDRESS)
        if following == "." and len(word) < 4:
            asked.append(grammars.AT_POINT)
        elif following == "/" and len(word) < 4:
            asked.append(grammars.AT_SLASH)
        if following.isdigit() or (following == "-" and self._folded[end + 1 : end + 2].isalnum()):
            asked += grammars.AT_LETTERS_AND_DIGITS
        asked += grammars.AT_WORD.get(word.lower(), ())
        return self._ask(asked, at)

    def _digit(self, at: int) -> int:
        if self._web and (end := self._ask((grammars.AT_ADDRESS,), at)) is not None:
            return end
        digits = _DIGITS.match(self._folded, at)
        assert digits is not None
        following = self._folded[digits.end() : digits.end() + 1]
        end = self._ask(grammars.at_digits(digits.end() - at, following), at)
        assert end is not None
        return end

    def _character(self, at: int) -> int:
        character = self._folded[at]
        asked = grammars.AT_CHARACTER.get(character) or grammars.AT_UNUSUAL
        end = None
        if character != "." or not self._folded[max(0, at - 1) : at].isalnum():
            end = self._ask(asked, at)
        if end is None:
            self._pause(at, at + 1)
            return at + 1
        return end

    def _pause(self, at: int, end: int) -> None:
        run = self._folded[at:end]
        if not _STRESS.isdisjoint(run):
            self._heard.append(".")
        if run == " " and end < len(self._folded) and self._tail not in {"", " "}:
            self._keep(at, end)
            return
        if not self._tail:
            spoken = ""
        elif end == len(self._folded):
            spoken = pauses.ending(run)
        else:
            spoken = self._between(run, end)
        self._say(at, end, spoken, "pause", apart=False)

    def _between(self, run: str, end: int) -> str:
        following = self._folded[end]
        if run == "." and following.islower() and self._tail.islower():
            return " dot "
        spoken = pauses.between(run)
        if spoken == "-" and not (self._tail.isalpha() and following.isalpha()):
            return " "
        return spoken.lstrip() if self._tail == " " else spoken

    # -- what is said

    def _ask(self, asked: tuple[grammars.Named, ...] | list[grammars.Named], at: int) -> int | None:
        for name, grammar in asked:
            reading: Reading | None = grammar(self._folded, at, self._heard)
            if reading is not None:
                self._say(at, reading.end, reading.spoken, name)
                words = self._folded[at : min(reading.end, at + 60)].split()
                if (words and words[-1][-1:].isalnum()) or len(words) == 1:
                    self._heard.append(words[-1].strip(".,-\u2013/"))
                return reading.end
        return None

    def _say(self, at: int, end: int, spoken: str, rule: str, *, apart: bool = True) -> None:
        """Note an edit, a space before it if it would otherwise run into the word before."""
        if spoken[:1] == " " and self._tail in {"", " "}:
            spoken = spoken.lstrip()
        elif apart and spoken[:1].isalnum() and (self._tail.isalnum() or self._tail in _CLOSING):
            spoken = f" {spoken}"
        if spoken != self._text[at:end]:
            self.edits.append(Edit(at, end, spoken, rule))
        self._tail = spoken[-1:] or self._tail

    def _keep(self, at: int, end: int) -> None:
        """Say a stretch as it stands, but for typographic variants."""
        last = self.edits[-1] if self.edits else None
        if last and last.end == at and self._tail not in _OPEN and self._folded[at] not in " '":
            self.edits[-1] = last._replace(spoken=f"{last.spoken} ")
        self._tail = self._folded[end - 1]
        if not self._same:
            for i in range(at, end):
                if self._folded[i] != self._text[i]:
                    self.edits.append(Edit(i, i + 1, self._folded[i], "typography"))

    def _letters_end(self, at: int, end: int) -> int:
        """Where the letters of a word end: numerals that are no digits are not said as they are."""
        for i in range(at, end):
            if not (self._folded[i].isalpha() or self._folded[i] == "'"):
                return i
        return end

    def _composed(self, at: int, end: int) -> int:
        """A word whose accents are characters of their own, with them in the letters."""
        while end < len(self._folded) and unicodedata.combining(self._folded[end]):
            end += 1
        word = unicodedata.normalize("NFC", self._folded[at:end])
        word = "".join(c for c in word if c.isalpha() or c == "'")
        self._say(at, end, word, "accent")
        self._heard.append(word)
        return end


_TELLING: Final = frozenset("/$0123456789-")
_CLOSING: Final = frozenset(".,?!'")
_OPEN: Final = frozenset({"", " ", "-"})


def scan(text: str) -> list[Edit]:
    """The edits of one pass, in order, none overlapping."""
    return Scanner(text).run()
