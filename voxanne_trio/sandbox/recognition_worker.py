"""A recogniser in a process of its own: pocketsphinx, commands on standard input, words on output.

pocketsphinx holds the interpreter's lock for tens to hundreds of milliseconds at a time, so it
never runs in the process that serves calls. One worker serves one stream. It ends when its input
ends, however its parent died. Commands are a letter, a length and a payload: `L` the language
model, `D` the dictionary, `B` an utterance begins (or goes on after a pause), `A` its audio in
mu-law, `S` settle (recognise what there is for good), `I` say so when idle. Answers are JSON lines:
`ready`, `idle`, or the words of the present stretch, final or not.
"""

from __future__ import annotations

import json
import signal
import struct
import sys
import tempfile
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np

from .mulaw import Samples, Upsampler, decode

HEAD: Final = struct.Struct(">cI")

ADAPTATION: Final = Path(__file__).parent / "telephone_mllr.txt"
"""What the acoustic model's means become on a telephone; made by `adaptation`."""

_FRAMES_A_SECOND: Final = 100
_UNSURE: Final = 0.9

_NOISE: Final = 60.0
"""Root mean square of the noise that is mixed in: the model knows lines, not the perfect silence
between synthesised words."""

_NOISE_SAMPLES: Final = 16_000

_MEAN: Final = "61.25,6.73,-12.13,28.50,-5.54,-4.91,-2.30,-21.37,-5.59,-5.09,-0.60,1.81,-7.78"
"""The mean cepstrum of telephone speech, as `adaptation` says it; every stretch begins with it."""

_DECODING: Final[dict[str, Any]] = {
    "cmninit": _MEAN,
    "lw": 8.0,
    "fwdflat": False,  # a second pass would cost 80 ms at each pause, for hardly a word
    "loglevel": "FATAL",
}


class Line:
    """A telephone line's audio as the recogniser takes it: 16 kHz, with a little noise."""

    def __init__(self) -> None:
        self._noise = np.random.default_rng(0).normal(0, _NOISE, _NOISE_SAMPLES)
        self._at = 0
        self._upsampler = Upsampler()

    def samples(self, audio: bytes) -> Samples:
        """The audio that follows what was given before."""
        samples = self._upsampler.push(decode(audio)).astype(np.float32)
        at = np.arange(self._at, self._at + len(samples)) % _NOISE_SAMPLES
        self._at = (self._at + len(samples)) % _NOISE_SAMPLES
        return np.clip(np.rint(samples + self._noise[at]), -32_768, 32_767).astype(np.int16)


class Recognition:
    """pocketsphinx and one stretch of audio after the other."""

    def __init__(self, model: bytes, dictionary: bytes) -> None:
        import pocketsphinx

        acoustic = Path(pocketsphinx.get_model_path()) / "en-us" / "en-us"
        with tempfile.TemporaryDirectory() as folder:
            texts = {"lm": model, "dict": dictionary}
            paths = {name: Path(folder) / name for name in texts}
            for name, text in texts.items():
                paths[name].write_bytes(text)
            self._decoder: Any = pocketsphinx.Decoder(
                hmm=str(acoustic),
                mllr=str(ADAPTATION),
                **{name: str(path) for name, path in paths.items()},
                **_DECODING,
            )
        self._line = Line()
        self._open = False

    def begin(self) -> None:
        self.settle()
        self._decoder.set_cmn(_MEAN)
        self._decoder.start_utt()
        self._open = True

    def hear(self, audio: bytes) -> None:
        if self._open:
            self._decoder.process_raw(self._line.samples(audio).tobytes(), False, False)

    def settle(self) -> None:
        if self._open:
            self._decoder.end_utt()
            self._open = False

    def words(self, *, final: bool) -> list[tuple[str, float, float, float]]:
        """Token, start and end in seconds of the stretch, confidence."""
        if self._decoder.hyp() is None:
            return []
        found = []
        for segment in self._decoder.seg():
            if segment.word[0] in "<[+":
                continue
            sure = self._decoder.logmath.exp(segment.prob) if final else _UNSURE
            start = segment.start_frame / _FRAMES_A_SECOND
            end = (segment.end_frame + 1) / _FRAMES_A_SECOND
            token = segment.word.partition("(")[0]
            found.append((token, start, end, round(min(0.999, max(0.1, sure)), 3)))
        return found


def serve(commands: BinaryIO, answers: BinaryIO) -> None:
    """Work until the commands end."""

    def say(answer: dict[str, Any]) -> None:
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()

    texts: dict[bytes, bytes] = {}
    recognition: Recognition | None = None
    told: list[tuple[str, float, float, float]] = []
    while len(head := commands.read(HEAD.size)) == HEAD.size:
        kind, size = HEAD.unpack(head)
        payload = commands.read(size)
        if kind in {b"L", b"D"}:
            texts[kind] = payload
            if len(texts) == 2:
                recognition = Recognition(texts[b"L"], texts[b"D"])
                say({"ready": True})
        elif recognition is None:
            return
        elif kind == b"B":
            recognition.begin()
            told = []
        elif kind == b"A":
            recognition.hear(payload)
            if (words := recognition.words(final=False)) != told:
                told = words
                say({"words": words})
        elif kind == b"S":
            recognition.settle()
            say({"words": recognition.words(final=True), "final": True})
        elif kind == b"I":
            say({"idle": True})


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets it too, and ends our input
    serve(sys.stdin.buffer, sys.stdout.buffer)
