"""Synthetic speech for the tests: every letter is a chord of two tones, a space is silence.

A model can learn it in minutes, and no audio needs to be kept in the repository.
"""
from __future__ import annotations

from pathlib import Path
from typing import Dict, Sequence

import numpy as np
import soundfile

RATE = 16_000  # Hz
LETTER = 0.08  # seconds
WORDS = "ann bob cat dan eve fox gus hat ida jim kit lee max ned oak pam rex sam tom una".split()


def say(text: str, seed: int = 0) -> np.ndarray:
    """``[N]`` float32 samples at 16 kHz, with a little noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(LETTER * RATE)) / RATE
    window = np.hanning(len(time))
    parts = [np.zeros(int(0.1 * RATE))]
    for letter in text:
        if letter == " ":
            parts.append(np.zeros(len(time)))
        else:
            row, column = divmod(ord(letter) - ord("a"), 6)
            tones = np.sin(2 * np.pi * (400 + 150 * row) * time) + np.sin(2 * np.pi * (1500 + 400 * column) * time)
            parts.append(0.2 * window * tones)
    parts.append(np.zeros(int(0.1 * RATE)))
    samples = np.concatenate(parts)
    return (samples + 0.001 * rng.standard_normal(len(samples))).astype(np.float32)


def write_manifest(folder: Path, texts: Sequence[str], suffix: str = ".wav") -> Path:
    """Audio files and a ``manifest.tsv`` for them below ``folder``."""
    (folder / "audio").mkdir(parents=True, exist_ok=True)
    lines = ["utt_id\taudio\tduration_s\tspeaker\tsource\tlicense\ttext"]
    for number, text in enumerate(texts):
        samples = say(text, seed=number)
        name = f"audio/u{number:03d}{suffix}"
        soundfile.write(str(folder / name), samples, RATE)
        lines.append(f"u{number:03d}\t{name}\t{len(samples) / RATE:.3f}\ts1\ttones\tCC0-1.0\t{text}")
    path = folder / "manifest.tsv"
    path.write_text("\n".join(lines) + "\n")
    return path


def sentences(count: int, seed: int = 0) -> Sequence[str]:
    """Random sentences of two to five words."""
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, rng.integers(2, 6))) for _ in range(count)]


def by_id(texts: Sequence[str]) -> Dict[str, str]:
    """The ids that `write_manifest` gives."""
    return {f"u{number:03d}": text for number, text in enumerate(texts)}
