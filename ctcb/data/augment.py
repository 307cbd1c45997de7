"""Augmentation of a batch of log-mel features: noise, babble and SpecAugment.

Noise is added in the mel-energy domain (``log(exp(x) + exp(n))``), which is what adding waveforms
comes to but for their phase, and needs no corpus of noises: it is shaped at random, or it is the
babble of the batch's other utterances. Everything draws from one generator, so that a seed and a
step number fix a batch.
"""
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ctcb.models.conformer import frame_mask


@dataclass(frozen=True)
class AugmentConfig:
    """How hard training data is made."""

    noise_prob: float = 0.3  # share of utterances with shaped noise
    babble_prob: float = 0.1  # share of utterances with other voices behind
    snr_low: float = 3.0  # dB, loudest noise against the utterance's mean energy
    snr_high: float = 25.0  # dB
    freq_masks: int = 2
    freq_width: int = 20  # mel bins a mask at most
    time_mask_share: float = 0.12  # of the frames at most, over all masks
    time_width: int = 40  # input frames a mask at most


def augment(features: Tensor, lengths: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """``[B, T, F]`` natural-log mel energies in, an augmented copy out."""
    features = add_noise(features, lengths, config, generator)
    return mask_spectrum(features, lengths, config, generator)


def add_noise(features: Tensor, lengths: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Mix shaped noise or babble into some of the utterances."""
    batch = features.shape[0]
    draw = torch.rand(batch, generator=generator)
    shaped = draw < config.noise_prob
    babble = ~shaped & (draw < config.noise_prob + config.babble_prob)
    if not bool((shaped | babble).any()):
        return features
    noise = torch.full_like(features, -30.0)
    if bool(shaped.any()):
        noise[shaped] = shaped_noise(int(shaped.sum()), features.shape[1], features.shape[2], generator)
    if bool(babble.any()):
        voices = [features.roll(int(torch.randint(1, max(2, batch), (), generator=generator)), dims=0) for _ in range(4)]
        noise[babble] = torch.logsumexp(torch.stack(voices), dim=0)[babble]
    mask = frame_mask(lengths, features.shape[1])[..., None]
    snr = config.snr_low + (config.snr_high - config.snr_low) * torch.rand(batch, generator=generator)
    wanted = _level(features, mask) - snr * 0.2302585  # dB of energy to nats
    noise = noise + (wanted - _level(noise, mask))[:, None, None]
    mixed = torch.logaddexp(features, noise)
    return torch.where((shaped | babble)[:, None, None], mixed, features)


def shaped_noise(batch: int, frames: int, bins: int, generator: torch.Generator) -> Tensor:
    """``[batch, frames, bins]`` log energies: a random smooth spectrum, slowly swelling, with grain."""

    def smooth(points: int, size: int, deviation: float) -> Tensor:
        knots = torch.randn(batch, 1, points, generator=generator) * deviation
        return F.interpolate(knots, size=size, mode="linear", align_corners=True)[:, 0]

    spectrum = smooth(6, bins, 1.5)[:, None, :]
    swell = smooth(max(2, frames // 60), frames, 0.8)[:, :, None]
    # Band energies of Gaussian noise follow an exponential distribution.
    grain = torch.rand(batch, frames, bins, generator=generator).clamp(1e-4, 1 - 1e-4)
    return spectrum + swell + (-grain.log()).log()


def _level(features: Tensor, mask: Tensor) -> Tensor:
    """``[B]`` log of the mean energy over an utterance."""
    count = mask.sum(dim=(1, 2)) * features.shape[2]
    return torch.logsumexp(features.masked_fill(~mask, float("-inf")), dim=(1, 2)) - count.clamp(min=1).log()


def mask_spectrum(features: Tensor, lengths: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """SpecAugment (Park et al. 2019): bands and stretches replaced by the utterance's mean."""
    batch, frames, bins = features.shape
    mask = frame_mask(lengths, frames)[..., None]
    mean = (features * mask).sum(dim=(1, 2), keepdim=True) / (mask.sum(dim=(1, 2), keepdim=True) * bins).clamp(min=1)
    hidden = torch.zeros(batch, frames, bins, dtype=torch.bool)

    def stretch(size: Tensor, limit: Tensor, length: int) -> Tensor:
        """[B, length] bool: a run of random width up to ``limit`` somewhere within ``size``."""
        width = (torch.rand(batch, generator=generator) * (limit + 1)).long()
        start = (torch.rand(batch, generator=generator) * (size - width + 1).clamp(min=1)).long()
        position = torch.arange(length)
        return (position >= start[:, None]) & (position < (start + width)[:, None])

    for _ in range(config.freq_masks):
        size = torch.full((batch,), bins)
        hidden |= stretch(size, torch.full((batch,), config.freq_width), bins)[:, None, :]
    masks = max(1, int(frames * config.time_mask_share / (config.time_width / 2)))
    limit = (lengths * config.time_mask_share / masks * 2).clamp(max=config.time_width).long()
    for _ in range(masks):
        hidden |= stretch(lengths, limit, frames)[:, :, None]
    return torch.where(hidden, mean, features)
