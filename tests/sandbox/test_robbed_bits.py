"""Notes in the low bits of frames: read back as written, and never read where none was."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxanne_trio.sandbox import robbed_bits
from voxanne_trio.sandbox.mulaw import decode, encode
from voxanne_trio.sandbox.robbed_bits import MOST, Holds, Note
from voxanne_trio.sandbox.sounds import active_level, level, seeded, white
from voxanne_trio.sandbox.sounds.speech import SpeechVoices

notes = st.builds(
    Note, st.sampled_from(Holds), st.integers(0, MOST), st.integers(0, MOST), st.booleans()
)


@given(frame=st.binary(min_size=160, max_size=160), note=notes)
def test_a_note_is_read_as_it_was_written(frame: bytes, note: Note) -> None:
    written = robbed_bits.write(frame, note)
    assert len(written) == len(frame)
    assert robbed_bits.read(written) == note
    assert {a ^ b for a, b in zip(written, frame, strict=True)} <= {0, 1}
    assert written[robbed_bits.HEAD_BYTES :] == frame[robbed_bits.HEAD_BYTES :]


@pytest.mark.parametrize("shift", [1, 7, 80, 159])
def test_a_frame_that_is_cut_elsewhere_has_no_note(shift: int) -> None:
    frames = robbed_bits.write(bytes(160), Note(Holds.WORD, 3, 4)) * 2
    assert robbed_bits.read(frames[shift : shift + 160]) is None


def test_what_nobody_wrote_a_note_into_has_none() -> None:
    rng = random.Random(5)
    quiet = (bytes(rng.choices(b"\xff\x7f\xfe\x7e", k=160)) for _ in range(2_000))
    noise = encode(white(40.0, seeded("notes")))
    loud = (noise[at : at + 160] for at in range(0, len(noise), 160))
    assert not [frame for frame in (*quiet, *loud) if robbed_bits.read(frame) is not None]


def test_nobody_hears_a_note() -> None:
    speech = SpeechVoices().caller().say("five five five zero one three four")
    speech = speech[: len(speech) // 160 * 160]
    told = b"".join(
        robbed_bits.write(speech[at : at + 160], Note(Holds.WORD, at // 160 % 9, 2))
        for at in range(0, len(speech), 160)
    )
    difference = decode(told).astype(np.int32) - decode(speech)
    assert level(difference.astype(np.int16)) < active_level(decode(speech)) - 30
