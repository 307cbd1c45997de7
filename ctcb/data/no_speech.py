"""Training examples without speech: silence, noise, hum and music, with nothing to write down.

A recogniser that has only ever heard speech finds words in anything. Whole utterances of a batch are replaced, so that
a run needs no corpus of noises and the examples are as long as its utterances. They are drawn on the CPU: a piece of
music takes many small steps.
"""
from __future__ import annotations

import math

import torch
from torch import Tensor

from ctcb.data.augment import AugmentConfig, noise_grain, shaped_noise
from ctcb.data.loader import Batch
from ctcb.models.normalization import frame_mask

TONES = 12  # of a note, the lowest included
QUIETEST, QUIET = -23.0, -16.0  # natural-log energies to which the kinds of features raise digital silence


def silence_some(batch: Batch, config: AugmentConfig, generator: torch.Generator) -> Batch:
    """Put sounds without speech in place of some utterances; their targets and texts become empty."""
    if config.no_speech_prob == 0:
        return batch
    chosen = torch.rand(len(batch.lengths), generator=generator, device=batch.features.device) < config.no_speech_prob
    if not bool(chosen.any()):
        return batch
    frames, bins = batch.features.shape[1:]
    features = batch.features.clone()
    if generator.device.type != "cpu":
        generator = torch.Generator().manual_seed(generator.initial_seed())
    for row in chosen.nonzero()[:, 0].tolist():
        features[row] = sound(frames, bins, generator).to(features.device)
    features = features * frame_mask(batch.lengths, frames)[..., None]
    targets, lengths = {}, {}
    for name, ids in batch.targets.items():
        spoken = torch.repeat_interleave(~chosen, batch.target_lengths[name])
        targets[name], lengths[name] = ids[spoken], batch.target_lengths[name].masked_fill(chosen, 0)
    texts = ["" if silent else text for silent, text in zip(chosen.tolist(), batch.texts)]
    words = [[] if silent else counts for silent, counts in zip(chosen.tolist(), batch.words)]
    return batch._replace(features=features, targets=targets, target_lengths=lengths, texts=texts, words=words)


def sound(frames: int, bins: int, generator: torch.Generator) -> Tensor:
    """``[frames, bins]`` natural-log mel energies of digital silence, steady noise, shaped noise, hum or music."""

    def uniform(low: float, high: float) -> float:
        return low + (high - low) * float(torch.rand((), generator=generator))

    kind = int(torch.randint(5, (), generator=generator))
    if kind == 0:
        return torch.full((frames, bins), uniform(QUIETEST, QUIET))
    level = uniform(-18.0, 2.0)
    if kind == 1:
        return level + steady_noise(frames, bins, uniform(-0.06, 0.06), generator)
    if kind == 2:
        return level + shaped_noise(1, frames, bins, generator)[0]
    background = level - uniform(2.0, 9.0) + steady_noise(frames, bins, uniform(-0.06, 0.0), generator)
    notes = torch.full((frames, bins), -30.0)
    if kind == 3:
        add_note(notes, 0, frames, uniform(0.0, 0.15), 0.0, generator)
    else:
        start = 0
        while start < frames:
            length = int(uniform(8, 80))
            for _ in range(1 + int(torch.randint(3, (), generator=generator))):
                add_note(notes, start, start + length + int(uniform(0, 40)), uniform(0.05, 0.5), uniform(0.0, 0.06), generator)
            start += length
    return torch.logaddexp(level + notes, background)


def steady_noise(frames: int, bins: int, slope: float, generator: torch.Generator) -> Tensor:
    """``[frames, bins]``: Gaussian noise whose log energy changes by ``slope`` nats a bin (pink is below 0)."""
    return slope * torch.arange(bins)[None] + noise_grain(generator, frames, bins)


def add_note(notes: Tensor, start: int, end: int, pitch: float, decay: float, generator: torch.Generator) -> None:
    """Add a tone with overtones to ``notes [T, F]`` from frame ``start``; ``pitch`` is its place on the mel axis, 0 to 1.

    Its log energy falls by ``decay`` nats a frame. The n-th overtone's place follows the logarithm of its frequency,
    as the mel scale does above 1 kHz.
    """
    frames, bins = notes.shape
    end = min(end, frames)
    if end <= start:
        return
    axis = torch.arange(bins, dtype=torch.float32)
    envelope = -decay * torch.arange(end - start, dtype=torch.float32)
    spectrum = torch.full((bins,), -30.0)
    for number, quieter in enumerate(3.0 * torch.rand(TONES, generator=generator)):
        place = (pitch + 0.3 * math.log(1.0 + number)) * bins
        peak = -0.35 * number - quieter
        spectrum = torch.logaddexp(spectrum, peak - 0.5 * ((axis - place) / 0.8) ** 2)
    notes[start:end] = torch.logaddexp(notes[start:end], envelope[:, None] + spectrum[None])
