"""What one reply plays: its audio by the frame, the sentences in it, and who says what where.

Pure. The voice gives audio and no timings, so where a word ends inside the audio is estimated: a
passage (what one flush gave) is shared out to its sentences by their characters over its *voiced*
frames, each boundary is moved to the pause that fits best, and inside a sentence the same share
gives the word. In doubt less is claimed than was heard. Positions are in frames of 20 ms.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Final

from ..audio import FRAME_BYTES, is_voiced, padded
from ..humanizer import Sentence
from .passages import FAR_OFF, Pace, Passage, surely

PAUSE_FRAMES: Final = 3
"""Unvoiced frames in a row that make a pause between words or sentences."""

SENTENCE_PAUSE_FRAMES: Final = 10
"""Unvoiced frames in a row that only the end of a sentence makes."""

LIKELY_LENGTHS: Final = (0.7, 1.4)
"""A pause ends a sentence where its voiced frames are so many times those that the pace expects."""

_INNER_PAUSE: Final = re.compile(r"[,;:-] ")

SNAP_FRAMES: Final = 25
"""How far a predicted sentence boundary is moved to a pause."""


class Speech:
    """The audio of one reply, filled by synthesis at one end and played from the other.

    `begin` announces a passage before its audio comes; passages come in order. Audio is kept as
    long as it may be played again: until `forget`.
    """

    def __init__(self, reply: int, pace: Pace, *, gate_open: bool = True) -> None:
        self.reply = reply
        self.gate_open = gate_open
        self.finished = False
        self._pace = pace
        self._audio = bytearray()
        self._forgotten = 0  # frames dropped from the front of the audio
        self._rest = b""  # of a frame that is not whole yet
        self._voiced = bytearray()  # 0 or 1 for each frame; asides say nothing: 0
        self._asides: list[tuple[int, int]] = []  # from, to
        self._passages: list[Passage] = []
        self._filling = 0
        self._first_of_aside: int | None = None

    # Filled

    def begin(self, sentences: tuple[Sentence, ...]) -> None:
        """Announce a passage: the audio after the passages before it says these sentences."""
        start = self.frames if self._filling == len(self._passages) else 0
        self._passages.append(Passage(sentences, start))

    def add(self, audio: bytes) -> None:
        """Audio of the passage being filled, of any size."""
        audio = self._rest + audio
        whole = len(audio) - len(audio) % FRAME_BYTES
        self._rest = audio[whole:]
        self._append(audio[:whole])

    def end_passage(self, pause: bytes = b"") -> None:
        """The passage being filled is complete; its last frame is filled up, a pause may follow."""
        self._append(padded(self._rest))
        self._rest = b""
        passage = self._passages[self._filling]
        self._pace.learn(passage.characters, sum(self._voiced[passage.start :]))
        self._close(passage, pause)

    def _close(self, passage: Passage, pause: bytes) -> None:
        passage.end = self.frames
        passage.boundaries = self._boundaries(passage)
        self._append(padded(pause))
        self._filling += 1
        if self._filling < len(self._passages):
            self._passages[self._filling].start = self.frames

    def kept(self, sent: int) -> int:
        """Up to which frame audio stays if synthesis breaks now, of which so much was `sent`."""
        if self._filling == len(self._passages):
            return self.frames
        return self._cut(self._passages[self._filling], sent)[0]

    def break_off(self, sent: int) -> tuple[Sentence, ...]:
        """Synthesis broke: keep what it gave up to the end of a sentence, or to its last pause, and
        what was `sent` already.

        Returns what must be said again, from the word at which the kept audio ends.
        """
        self._take_in_what_was_said()
        broken = self._passages[self._filling :]
        self._rest = b""
        if not broken:
            return ()
        passage = broken[0]
        frame, said = self._cut(passage, sent)
        del self._passages[self._filling :]
        self._truncate(frame)
        rest: list[Sentence] = []
        kept: list[Sentence] = []
        for sentence in (s for p in broken for s in p.sentences):
            head, tail = sentence.divided(said)
            said = max(0, said - len(sentence.spoken))
            kept += [head] if head is not None else []
            rest += [tail] if tail is not None else []
        if self.frames > passage.start:
            self._passages.append(Passage(tuple(kept), passage.start))
            self._close(self._passages[-1], b"")
        return tuple(rest)

    def _take_in_what_was_said(self) -> None:
        """Where the end of a passage was not told, its audio ends with that of the next, which then
        seems to have none: such a passage is one with the one before."""
        while 0 < self._filling < len(self._passages):
            before, nothing = self._passages[self._filling - 1 : self._filling + 1]
            voiced = sum(self._voiced[before.start :])
            expected = self._pace.frames_for(before.characters)
            of_both = expected + self._pace.frames_for(nothing.characters) / 2
            if self.frames > nothing.start or voiced < max(expected * FAR_OFF, of_both):
                return
            before.sentences += nothing.sentences
            before.end = self.frames
            before.boundaries = self._boundaries(before)
            del self._passages[self._filling]
            if self._filling < len(self._passages):
                self._passages[self._filling].start = self.frames

    def _cut(self, passage: Passage, sent: int) -> tuple[int, int]:
        """Where to cut a passage that is not complete, and how many characters are said by then.

        At the end of a sentence nothing has to be guessed; it is worth saying the next one again,
        as long as nothing of that was sent.
        """
        said, frame = self._last_sentence_end(passage, self.frames)
        if said and frame >= sent:
            return frame, said
        last_pause = self.pause_before(self.frames, self.frames)
        frame = max(last_pause, passage.start, sent)
        return frame, self._characters_said(passage, frame)

    def _last_sentence_end(self, passage: Passage, frame: int) -> tuple[int, int]:
        """How many characters of a passage, still being filled, are surely said before `frame`, and
        where the voice goes on after them: by the long pauses at the ends of sentences."""
        characters, start = 0, passage.start
        for sentence in passage.sentences[:-1]:
            expected = self._pace.frames_for(len(sentence.spoken))
            if _INNER_PAUSE.search(sentence.spoken, len(sentence.spoken) // 2):
                break  # it might pause there for as long
            if (end := self._long_pause(start, expected, frame)) is None:
                break
            characters, start = characters + len(sentence.spoken), end
        return characters, start

    def _long_pause(self, start: int, expected: float, frame: int) -> int | None:
        """The end of the long pause after about so many voiced frames, if there is one."""
        least, most = (expected * share for share in LIKELY_LENGTHS)
        voiced = silent = 0
        for position in range(start, frame + 1):
            if position < frame and not self._voiced[position]:
                silent += self.aside_at(position) is None
                continue
            if silent >= SENTENCE_PAUSE_FRAMES and least <= voiced <= most:
                return position
            voiced, silent = voiced + 1, 0
        return None

    def interject(self, audio: bytes, at: int) -> None:
        """Put an aside before the frame `at`, of which nothing has been played yet.

        It is heard, but is no part of what is said: it stands in no sentence, no text and no count.
        """
        audio = padded(audio)
        frames = len(audio) // FRAME_BYTES
        first = (at - self._forgotten) * FRAME_BYTES
        self._audio[first:first] = audio
        self._voiced[at:at] = bytes(frames)
        for passage in self._passages:
            passage.make_room(at, frames)
        self._asides.append((at, at + frames))
        if self._first_of_aside is None:
            pieces = (audio[n * FRAME_BYTES : (n + 1) * FRAME_BYTES] for n in range(frames))
            self._first_of_aside = at + next((n for n, f in enumerate(pieces) if is_voiced(f)), 0)

    def finish(self) -> None:
        """No passage will follow."""
        self.finished = True

    def _append(self, audio: bytes) -> None:
        self._audio += audio
        for start in range(0, len(audio), FRAME_BYTES):
            self._voiced.append(is_voiced(audio[start : start + FRAME_BYTES]))

    def _truncate(self, frames: int) -> None:
        del self._voiced[frames:]
        del self._audio[(frames - self._forgotten) * FRAME_BYTES :]

    # Played

    @property
    def frames(self) -> int:
        """Whole frames there are, played or not."""
        return len(self._voiced)

    @property
    def first_voiced(self) -> int | None:
        """The first frame that is not silence, an aside's included."""
        own = self._voiced.find(1)
        found = [self._first_of_aside, own if own >= 0 else None]
        return min((frame for frame in found if frame is not None), default=None)

    def aside_at(self, frame: int) -> tuple[int, int] | None:
        """The aside in which that frame is, from and to; None where it is the speech's own."""
        return next((aside for aside in self._asides if aside[0] <= frame < aside[1]), None)

    def audio(self, start: int, end: int) -> bytes:
        """The frames from `start` up to `end`."""
        first = (start - self._forgotten) * FRAME_BYTES
        return bytes(self._audio[first : (end - self._forgotten) * FRAME_BYTES])

    def forget(self, before: int) -> None:
        """Drop the audio of frames that will not be played again."""
        if before > self._forgotten:
            del self._audio[: (before - self._forgotten) * FRAME_BYTES]
            self._forgotten = before

    def next_boundary(self, after: int) -> int | None:
        """The next frame after `after` at which a sentence ends, where that is known already, or an
        aside begins or ends."""
        ends = (end for passage in self._passages for end in passage.boundaries if end > after)
        edges = (edge for aside in self._asides for edge in aside if edge > after)
        return min((end for end in (next(ends, None), next(edges, None)) if end), default=None)

    def pause_before(self, frame: int, at_most: int) -> int:
        """Where to take speech up again: the last pause before `frame`, at most so far back. An
        aside is not taken up: what comes after it is."""
        earliest = max(frame - at_most, self._forgotten, 0)
        pauses = (
            position
            for position in range(frame, earliest, -1)
            if not self._voiced[position - 1 : position + 1].strip(b"\0")
        )
        found = frame if self.aside_at(frame) is not None else next(pauses, earliest)
        aside = self.aside_at(found)
        return found if aside is None else aside[1]

    # Heard

    def heard_until(self, frame: float) -> str:
        """The written text of what had been said when `frame` had been played."""
        heard: list[str] = []
        for passage in self._passages:
            if frame <= passage.start and passage is not self._passages[0]:
                break
            if passage.end is not None and frame >= passage.end:
                heard += (sentence.written for sentence in passage.sentences)
            else:
                heard += self._heard_inside(passage, int(frame))
                break
        return " ".join(text.strip() for text in heard if text.strip())

    @property
    def written(self) -> str:
        """The whole written text that was given to the voice so far."""
        return " ".join(sentence.written.strip() for sentence in self.sentences)

    @property
    def spoken(self) -> str:
        """The same text as the voice was given it."""
        return " ".join(sentence.spoken.strip() for sentence in self.sentences)

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """All sentences that were given to the voice so far."""
        return tuple(sentence for passage in self._passages for sentence in passage.sentences)

    def sentence_at(self, frame: int) -> int:
        """Which of `sentences` is in play when `frame` is being played; -1 before the first."""
        index = -1
        for passage in self._passages:
            if frame < passage.start:
                break
            if not passage.sentences:  # broken off before a word of it could be claimed
                continue
            index += 1
            if passage.end is None:
                said = self._characters_said(passage, frame)
                ends = accumulate(len(sentence.spoken) for sentence in passage.sentences)
                return index + sum(end <= said for end in list(ends)[:-1])
            index += sum(frame >= end for end in passage.boundaries[:-1])
        return index

    def _heard_inside(self, passage: Passage, frame: int) -> list[str]:
        if passage.end is None:
            return self._heard_of_unfinished(passage, frame)
        heard: list[str] = []
        start = passage.start
        for sentence, end in zip(passage.sentences, passage.boundaries, strict=True):
            if frame >= end:
                heard.append(sentence.written)
                start = end
                continue
            voiced = sum(self._voiced[start:end]) or 1
            share = sum(self._voiced[start : max(frame, start)]) / voiced
            heard.append(sentence.written_until(surely(share, len(sentence.spoken))))
            break
        return heard

    def _heard_of_unfinished(self, passage: Passage, frame: int) -> list[str]:
        characters = self._characters_said(passage, frame)
        heard: list[str] = []
        for sentence in passage.sentences:
            heard.append(sentence.written_until(characters))
            characters -= len(sentence.spoken)
            if characters <= 0:
                break
        return heard

    def _characters_said(self, passage: Passage, frame: int) -> int:
        """Spoken characters of a passage, still being filled, that its audio up to `frame` says."""
        before, start = self._last_sentence_end(passage, frame)
        characters = passage.characters - before
        expected = max(sum(self._voiced[start:]), self._pace.frames_for(characters), 1)
        voiced = sum(self._voiced[start : max(frame, start)])
        return before + int(characters * voiced / expected)

    def _boundaries(self, passage: Passage) -> tuple[int, ...]:
        assert passage.end is not None
        if not passage.sentences:
            return ()
        voiced = list(accumulate(self._voiced[passage.start : passage.end], initial=0))
        total, characters = voiced[-1], 0
        ends: list[int] = []
        for sentence in passage.sentences[:-1]:
            characters += len(sentence.spoken)
            wanted = total * characters / passage.characters
            predicted = next((i for i, v in enumerate(voiced) if v >= wanted), len(voiced) - 1)
            ends.append(self._likely_pause(passage.start + predicted, passage))
        return tuple(accumulate([*ends, passage.end], max))

    def _is_pause(self, frame: int) -> bool:
        return not self._voiced[frame] and self.aside_at(frame) is None

    def _likely_pause(self, frame: int, passage: Passage) -> int:
        """Where the pause begins that most likely ends a sentence: a long one, not far away."""
        assert passage.end is not None
        first = max(frame - SNAP_FRAMES, passage.start + 1)
        best, best_score = frame, 0.0
        run_start = None
        for position in range(first, min(frame + 2 * SNAP_FRAMES, passage.end) + 1):
            silent = position < passage.end and self._is_pause(position)
            if silent and run_start is None:
                run_start = position
            elif not silent and run_start is not None:
                length, distance = position - run_start, abs(run_start - frame)
                score = length - distance / SNAP_FRAMES * PAUSE_FRAMES
                if length >= PAUSE_FRAMES and distance <= SNAP_FRAMES and score > best_score:
                    best, best_score = run_start, score
                run_start = None
        return best
