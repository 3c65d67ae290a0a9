"""G.711 and the telephone band of the sandbox."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxanne_trio import audio
from voxanne_trio.sandbox.endpointer import FRAME_BYTES, Endpointer
from voxanne_trio.sandbox.mulaw import SILENCE, Samples, Upsampler, decode, encode, to_telephone

ALL_CODES = bytes(range(256))


def sine(hertz: float, rate: int, seconds: float = 0.5, level: float = 10_000) -> Samples:
    at = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * hertz * at)).astype(np.int16)


def loudness(samples: npt.NDArray[np.int16]) -> float:
    inner = samples[len(samples) // 4 : -len(samples) // 4].astype(float)
    return float(np.sqrt(np.mean(inner**2)))


@pytest.mark.parametrize(
    ("code", "sample"),
    [(0x00, -32_124), (0x80, 32_124), (0xFF, 0), (0x7F, 0), (0xFE, 8), (0x7E, -8), (0x10, -15_996)],
)
def test_known_codes(code: int, sample: int) -> None:
    assert decode(bytes([code]))[0] == sample


def test_every_code_comes_back_but_for_the_negative_zero() -> None:
    assert encode(decode(ALL_CODES)) == ALL_CODES.replace(b"\x7f", b"\xff")


@given(st.integers(-32_768, 32_767))
def test_quantisation_is_never_more_than_half_a_step(sample: int) -> None:
    found = int(decode(encode(np.array([sample], np.int16)))[0])
    assert abs(found - sample) <= max(4, abs(sample) / 15)


def test_the_product_agrees_about_silence_and_loudness() -> None:
    assert audio.SILENCE == SILENCE
    assert [audio.loudness(bytes([code])) for code in (0xFF, 0x80, 0x00)] == [0, 127, 127]


@pytest.mark.parametrize("hertz", [200, 1_000, 3_000])
def test_the_band_is_kept(hertz: int) -> None:
    heard = decode(to_telephone(sine(hertz, 22_050), 22_050))
    assert len(heard) == 4_000
    assert loudness(heard) == pytest.approx(10_000 / 2**0.5, rel=0.05)


@pytest.mark.parametrize("hertz", [4_050, 5_000, 7_500, 10_000])
def test_what_is_above_the_band_does_not_fold_into_it(hertz: int) -> None:
    assert loudness(decode(to_telephone(sine(hertz, 22_050), 22_050))) < 50


@given(st.lists(st.integers(1, 700), min_size=1, max_size=8))
def test_upsampling_has_no_seams(sizes: list[int]) -> None:
    samples = sine(700, 8_000, sum(sizes) / 8_000)
    whole = Upsampler().push(samples)
    parts, at = Upsampler(), 0
    cut = []
    for size in sizes:
        cut.append(parts.push(samples[at : at + size]))
        at += size
    assert np.array_equal(np.concatenate(cut), whole)
    assert len(whole) == 2 * len(samples)


def test_upsampling_keeps_a_tone() -> None:
    assert loudness(Upsampler().push(sine(1_000, 8_000))) == pytest.approx(7_071, rel=0.02)


def frames(level: float, count: int) -> list[bytes]:
    rng = np.random.default_rng(1)
    noise = rng.normal(0, level, FRAME_BYTES * count).astype(np.int16)
    data = encode(noise)
    return [data[at : at + FRAME_BYTES] for at in range(0, len(data), FRAME_BYTES)]


def test_a_click_is_no_voice_and_a_noisy_line_does_not_speak_for_ever() -> None:
    ends = Endpointer()
    assert not any(ends.push(frame) for frame in frames(0, 10) + frames(3_000, 2) + frames(0, 20))
    for frame in frames(500, 3_000):
        ends.push(frame)
    assert not ends.voiced
    ends.pause()
    assert any(ends.push(frame) for frame in frames(4_000, 5))
    assert ends.voiced
