"""The espeak-ng library of the `espeakng-loader` wheel, through ctypes: text in, samples out.

Knows the few calls of `speak_lib.h` that synthesis needs. Refuses to know who speaks or on what
line. The library has one voice at a time, keeps its state in globals and blocks while it speaks
(about 3 ms per second of speech): every use is under one lock, and `voice` calls it from a thread.
espeak-ng is GPL: only the sandbox loads it, at run time, and nothing of the product imports this.
"""

from __future__ import annotations

import ctypes
import functools
import threading
from typing import Any, Final

import attrs
import espeakng_loader
import numpy as np

from .mulaw import Samples

_SYNCHRONOUS: Final = 2
_DO_NOT_EXIT: Final = 0x8000
_UTF8: Final = 1
_IPA: Final = 2
_RATE: Final = 1
_PITCH: Final = 3
_RANGE: Final = 4

_CALLBACK: Final = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


@attrs.frozen
class Manner:
    """How espeak is to speak: its voice, words a minute, pitch and liveliness (0 to 100)."""

    voice: str
    rate: int = 175
    pitch: int = 50
    range: int = 50


class Espeak:
    """The library, initialised; one for the process, from `espeak()`."""

    def __init__(self) -> None:
        self._library: Any = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        self.rate: int = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, _DO_NOT_EXIT)
        if self.rate <= 0:
            raise OSError(f"espeak-ng does not start with its data at {data.decode()}")
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._lock = threading.Lock()
        self._pieces: list[bytes] = []
        self._callback = _CALLBACK(self._take)  # kept: the library holds only a bare pointer
        self._library.espeak_SetSynthCallback(self._callback)

    def _take(self, samples: Any, count: int, events: Any) -> int:
        del events
        if samples and count > 0:
            self._pieces.append(ctypes.string_at(samples, 2 * count))
        return 0

    def speak(self, text: str, manner: Manner) -> Samples:
        """The samples of a text at `rate`. Blocks; any thread may call it."""
        with self._lock:
            self._set(manner)
            self._pieces.clear()
            data = text.encode()
            self._library.espeak_Synth(data + b"\0", len(data) + 1, 0, 1, 0, _UTF8, None, None)
            return np.frombuffer(b"".join(self._pieces), np.int16)

    def _set(self, manner: Manner) -> None:
        if self._library.espeak_SetVoiceByName(manner.voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {manner.voice!r}")
        self._library.espeak_SetParameter(_RATE, manner.rate, 0)
        self._library.espeak_SetParameter(_PITCH, manner.pitch, 0)
        self._library.espeak_SetParameter(_RANGE, manner.range, 0)

    def ipa(self, word: str, voice: str = "en-us") -> str:
        """How a word sounds, in IPA with stress marks."""
        with self._lock:
            self._set(Manner(voice))
            text = ctypes.c_char_p(word.encode())
            found = self._library.espeak_TextToPhonemes(ctypes.byref(text), _UTF8, _IPA)
            return bytes(found or b"").decode()


@functools.cache
def espeak() -> Espeak:
    """The process's one espeak-ng, loaded at first use (25 ms)."""
    return Espeak()
