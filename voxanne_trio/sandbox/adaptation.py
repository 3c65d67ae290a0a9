"""Makes `telephone_mllr.txt`: the recogniser's acoustic model, moved to our caller on a telephone.

    python -m voxanne_trio.sandbox.adaptation

pocketsphinx's English model knows people in the full band of 16 kHz audio. Of a synthesised caller
in the telephone's half of it every fifth word goes wrong. The cure is a linear transform of the
model's means (MLLR), found in two steps. First the band: the same phrases are taken as full-band
and as telephone audio, and the cepstra of the one regressed on those of the other. Then the voice:
the phrases are aligned with their phones in full-band audio, and each frame asks the densities of
its phone for the transform under which they explain it best. Run by hand when the caller's voice,
the worker's noise or a filter changes; nothing imports this.
"""

from __future__ import annotations

import random
import struct
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
import numpy as np
import numpy.typing as npt

from voxanne_trio.clinic import load_clinic

from .espeak import Manner, espeak
from .language import Language, phrases, tokens_of
from .mulaw import SILENCE, Samples, resampled, to_telephone
from .recognition import language_of
from .recognition_worker import ADAPTATION, Line

Matrix = npt.NDArray[np.float64]
Transform = list[tuple[Matrix, Matrix]]
"""For each of the model's three streams a matrix and an offset."""

PHRASES: Final = 250
ROUNDS: Final = 2
WIDE_RATE: Final = 16_000
_MANNERS: Final = (Manner("en-us", 165), Manner("en-us", 155, 42), Manner("en-us", 150, 40))
_EDGE_SECONDS: Final = 0.2
_EDGE_FRAMES: Final = 18
_WIDE_NOISE: Final = 30.0
_CEPSTRA: Final = 13
_STREAMS: Final = range(3)
_FEWEST_FRAMES: Final = 5


@attrs.frozen
class Example:
    """One phrase, as telephone and as full-band audio at 16 kHz, of equal lengths."""

    text: str
    telephone: Samples
    wide: Samples


def examples() -> list[Example]:
    """Phrases of callers, spoken."""
    rng = random.Random(5)  # noqa: S311  a choice of phrases
    noise = np.random.default_rng(1)
    texts = rng.sample([text for text, _ in phrases(load_clinic())], PHRASES)
    edge = SILENCE * round(_EDGE_SECONDS * 8_000)
    start = round(_EDGE_SECONDS * WIDE_RATE)
    made = []
    for number, text in enumerate(texts):
        spoken = espeak().speak(text, _MANNERS[number % len(_MANNERS)])
        telephone = Line().samples(edge + to_telephone(spoken, espeak().rate) + edge)
        full = noise.normal(0, _WIDE_NOISE, len(telephone))
        audio = resampled(spoken, espeak().rate, WIDE_RATE)[: len(full) - start]
        full[start : start + len(audio)] += audio
        wide = np.clip(np.rint(full), -32_768, 32_767).astype(np.int16)
        made.append(Example(text, telephone, wide))
    return made


def decoder(**options: Any) -> Any:
    """pocketsphinx with its English model."""
    import pocketsphinx

    return pocketsphinx.Decoder(hmm=str(model_folder()), loglevel="FATAL", **options)


def model_folder() -> Path:
    """Where the acoustic model lies."""
    import pocketsphinx

    return Path(pocketsphinx.get_model_path()) / "en-us" / "en-us"


def cepstra(signals: Iterable[Samples]) -> list[Matrix]:
    """The recogniser's own features, which it writes to a folder while it listens."""
    with tempfile.TemporaryDirectory() as folder:
        listening = decoder(mfclogdir=folder, lm=None, keyphrase="hello", kws_threshold=1e-20)
        for samples in signals:
            listening.start_utt()
            listening.process_raw(samples.tobytes(), False, False)
            listening.end_utt()
        return [_read_cepstra(path) for path in sorted(Path(folder).iterdir())]


def _read_cepstra(path: Path) -> Matrix:
    data = path.read_bytes()
    (count,) = struct.unpack("<i", data[:4])
    order = "<" if 4 * count == len(data) - 4 else ">"
    return np.frombuffer(data[4:], f"{order}f4").reshape(-1, _CEPSTRA).astype(np.float64)


def streams(feature: Matrix) -> Matrix:
    """Cepstra with their first and second differences, as the model has them: frame by stream."""
    count = len(feature)
    padded = np.pad(feature, ((3, 3), (0, 0)), mode="edge")

    def at(offset: int) -> Matrix:
        return padded[3 + offset : 3 + offset + count]

    return np.stack((feature, at(2) - at(-2), (at(3) - at(-1)) - (at(1) - at(-3))), axis=1)


def aligned(spoken: Sequence[Example], language: Language) -> list[list[tuple[str, int, int]]]:
    """Phone, first frame and length of every phrase; nothing where it could not be aligned."""
    with tempfile.TemporaryDirectory() as folder:
        model, words = Path(folder) / "lm", Path(folder) / "dict"
        model.write_text(language.model, encoding="utf-8")
        words.write_text(language.dictionary, encoding="utf-8")
        aligning = decoder(lm=str(model), dict=str(words))
    found = []
    for example in spoken:
        try:
            aligning.set_align_text(" ".join(tokens_of(example.text)))
            _hear(aligning, example.wide)
            aligning.set_alignment()
            _hear(aligning, example.wide)
            phones = aligning.get_alignment().phones()
            found.append([(phone.name, phone.start, phone.duration) for phone in phones])
        except RuntimeError:
            found.append([])
    return found


def _hear(aligning: Any, samples: Samples) -> None:
    aligning.start_utt()
    aligning.process_raw(samples.tobytes(), False, True)
    aligning.end_utt()


def by_phone(
    features: Sequence[Matrix], phones: Sequence[Sequence[tuple[str, int, int]]]
) -> dict[str, Matrix]:
    """All frames of a phone together."""
    frames: dict[str, list[Matrix]] = defaultdict(list)
    for feature, spans in zip(features, phones, strict=True):
        for name, start, length in spans:
            if name != "SIL":
                frames[name].append(feature[start : start + length])
    found = {name: np.concatenate(parts) for name, parts in frames.items()}
    return {name: part for name, part in found.items() if len(part) >= _FEWEST_FRAMES}


def densities(name: str) -> Matrix:
    """The model's means or variances: phone, stream, density, cepstrum."""
    data = (model_folder() / name).read_bytes()
    at = data.index(b"endhdr\n") + 7
    order = "<" if data[at : at + 4] == struct.pack("<I", 0x11223344) else ">"
    phones, count, each, *lengths = struct.unpack(f"{order}6i", data[at + 4 : at + 28])
    assert lengths == [_CEPSTRA] * count
    values = np.frombuffer(data[at + 32 :], f"{order}f4").astype(np.float64)
    return values[: phones * count * each * _CEPSTRA].reshape(phones, count, each, _CEPSTRA)


def phone_names() -> list[str]:
    """The model's phones in the order of its densities; they open its table of names."""
    names: list[str] = []
    for name in (model_folder() / "mdef").read_bytes().split(b"+NSN+\0", 1)[1].split(b"\0"):
        if name and names and name.decode("ascii", "replace") <= names[-1]:
            break
        if name:
            names.append(name.decode("ascii"))
    return ["+NSN+", *names]


def band(telephone: Sequence[Matrix], wide: Sequence[Matrix]) -> Transform:
    """What the telephone does to the features: a regression, stream by stream."""
    source, target = np.concatenate(wide), np.concatenate(telephone)
    known = np.concatenate((source, np.ones((*source.shape[:2], 1))), axis=2)
    found = [np.linalg.lstsq(known[:, s], target[:, s], rcond=None)[0] for s in _STREAMS]
    return [(solution[:_CEPSTRA].T, solution[_CEPSTRA]) for solution in found]


def voice(transform: Transform, frames: Mapping[str, Matrix]) -> Transform:
    """A transform under which the densities explain the frames better: one round of MLLR."""
    means, variances = densities("means"), np.maximum(densities("variances"), 1e-4)
    index = {name: number for number, name in enumerate(phone_names())}
    better: Transform = []
    for stream, (matrix, offset) in enumerate(transform):
        left = np.zeros((_CEPSTRA, _CEPSTRA + 1, _CEPSTRA + 1))
        right = np.zeros((_CEPSTRA, _CEPSTRA + 1))
        for name, features in frames.items():
            mean, variance = means[index[name], stream], variances[index[name], stream]
            frame = features[:, stream]
            share = _shares(frame, mean @ matrix.T + offset, variance)
            known = np.column_stack((mean, np.ones(len(mean))))
            weights = share.sum(0)[:, None] / variance
            left += np.einsum("dr,di,dj->rij", weights, known, known)
            right += np.einsum("di,dr->ri", known, (share.T @ frame) / variance)
        ridge = 1e-6 * np.eye(_CEPSTRA + 1)
        rows = np.linalg.solve(left + ridge, right[..., None])[..., 0].astype(np.float64)
        better.append((rows[:, :_CEPSTRA], rows[:, _CEPSTRA]))
    return better


def _shares(frames: Matrix, means: Matrix, variances: Matrix) -> Matrix:
    """How much of each frame is each density's."""
    distance = ((frames[:, None] - means) ** 2 / variances).sum(2) + np.log(variances).sum(1)
    share: Matrix = np.exp(-0.5 * (distance - distance.min(1, keepdims=True)))
    share /= share.sum(1, keepdims=True)
    return share


def text_of(transform: Transform) -> str:
    """The file the recogniser reads: one class, three streams, variances as they are."""
    lines = ["1", "3"]
    for matrix, offset in transform:
        rows = [*matrix, offset, np.ones(_CEPSTRA)]
        lines += [str(_CEPSTRA), *(" ".join(f"{value:.5f}" for value in row) for row in rows)]
    return "\n".join([*lines, ""])


def main() -> None:
    """Write the file; say the mean cepstrum that belongs to it."""
    spoken = examples()
    telephone = cepstra(example.telephone for example in spoken)
    wide = cepstra(example.wide for example in spoken)
    inner = slice(_EDGE_FRAMES, -_EDGE_FRAMES)
    mean = np.concatenate([feature[inner] for feature in telephone]).mean(0)
    wide_mean = np.concatenate([feature[inner] for feature in wide]).mean(0)
    heard = [streams(feature - mean) for feature in telephone]
    transform = band(
        [feature[inner] for feature in heard],
        [streams(feature - wide_mean)[inner] for feature in wide],
    )
    frames = by_phone(heard, aligned(spoken, language_of(load_clinic())))
    for _ in range(ROUNDS):
        transform = voice(transform, frames)
    ADAPTATION.write_text(text_of(transform), encoding="ascii")
    sys.stdout.write("cmninit " + ",".join(f"{value:.2f}" for value in mean) + "\n")


if __name__ == "__main__":
    main()
