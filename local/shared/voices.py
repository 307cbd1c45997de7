"""Synthetic voices from PyPI packages: hibari-tts (neural, one voice, resampled) and eSpeak NG (formants).

Both must be importable where they speak, and onnxruntime for hibari; the recipes' requirements name the versions.
"""
from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Callable, List, Tuple

import numpy as np

from ctcb.data.audio import as_audio
from ctcb.errors import InputError

# Voice -> sample rate that hibari's 24 kHz are taken for: a higher one raises the pitch, the formants and
# the pace. Each shares a large factor with 16 kHz, which keeps resampling quick.
HIBARI_RATE = 24_000  # its own
HIBARI_RATES = {"hibari-20": 20_000, "hibari-22": 22_000, "hibari-24": 24_000, "hibari-25": 25_000, "hibari-26": 26_000, "hibari-28": 28_000}


@dataclass(frozen=True)
class Prompt:
    """A sentence, a voice (a key of HIBARI_RATES or an eSpeak voice such as ``en-us+m3``), pace and seed."""

    text: str
    voice: str
    pace: float  # 1: the voice's own
    seed: int


def synthesise(prompt: Prompt) -> np.ndarray:
    """``[N]`` float32 samples at 16 kHz; deterministic."""
    if prompt.voice in HIBARI_RATES:
        return hibari(prompt.text, prompt.pace, prompt.seed, HIBARI_RATES[prompt.voice])
    samples, rate = _espeak()(prompt.text, prompt.voice, prompt.pace)
    return as_audio(samples, rate).samples


def hibari(text: str, pace: float, seed: int, rate: int) -> np.ndarray:
    """``[N]`` float32 samples at 16 kHz of hibari's voice, which are taken for samples at ``rate`` Hz."""
    return as_audio(_hibari()(text, speed=pace, seed=seed), rate).samples


@lru_cache(maxsize=1)
def _hibari() -> Callable[..., np.ndarray]:
    from hibari import Hibari

    return Hibari()


@lru_cache(maxsize=1)
def _espeak() -> "Espeak":
    return Espeak()


class Espeak:
    """eSpeak NG through its C interface (speak_lib.h). One in a process."""

    SYNCHRONOUS, RATE, CHARACTERS, UTF8, USUAL_RATE = 2, 1, 1, 1, 175  # of speak_lib.h; words a minute

    def __init__(self) -> None:
        import espeakng_loader

        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = str(Path(espeakng_loader.get_data_path()).parent)
        self.rate: int = self._library.espeak_Initialize(self.SYNCHRONOUS, 0, data.encode(), 0)
        if self.rate <= 0:
            raise InputError("eSpeak NG cannot read its data", file=data, hint="install recipes/mini/requirements.txt again")
        self._chunks: List[bytes] = []

        def take(samples: "ctypes._Pointer[ctypes.c_short]", count: int, events: int) -> int:
            if samples and count:
                self._chunks.append(ctypes.string_at(samples, 2 * count))
            return 0

        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self._take = kind(take)  # kept: the library calls it later
        self._library.espeak_SetSynthCallback(self._take)

    def __call__(self, text: str, voice: str, pace: float) -> Tuple[np.ndarray, int]:
        """``[N]`` float32 samples and their rate in Hz."""
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise InputError(f"eSpeak NG has no voice {voice!r}", hint="see espeak-ng --voices")
        self._library.espeak_SetParameter(self.RATE, round(self.USUAL_RATE * pace), 0)
        self._chunks.clear()
        encoded = text.encode()
        self._library.espeak_Synth(encoded, len(encoded) + 1, 0, self.CHARACTERS, 0, self.UTF8, None, None)
        self._library.espeak_Synchronize()
        return np.frombuffer(b"".join(self._chunks), np.int16).astype(np.float32) / 32768, self.rate
