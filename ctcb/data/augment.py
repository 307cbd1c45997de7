"""Augmentation of a batch of log-mel features: speed, reverberation, noise, babble and SpecAugment.

Noise and echoes are added in the mel-energy domain (``log(exp(x) + exp(n))``), which is what adding waveforms
comes to but for their phase, and needs no corpus of noises: it is shaped at random, or it is the
babble of the batch's other utterances. Everything draws from one generator, which is on the features' device, so
that a seed and a step number fix a batch.
"""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Tuple

import torch
from torch import Tensor
from torch.nn import functional as F

from ctcb.models.normalization import frame_mask

ECHO_FRAMES = 60  # after which a room is silent


@dataclass(frozen=True)
class AugmentConfig:
    """The kinds of augmentation and their strength."""

    noise_prob: float = 0.3  # share of utterances with shaped noise
    babble_prob: float = 0.1  # share of utterances with other voices behind
    snr_low: float = 3.0  # dB, loudest noise against the utterance's mean energy
    snr_high: float = 25.0  # dB
    freq_masks: int = 2
    freq_width: int = 20  # mel bins a mask at most
    time_mask_share: float = 0.12  # of the frames at most, over all masks
    time_width: int = 40  # input frames a mask at most
    speed_low: float = 1.0  # slowest copy, as sox's `speed` does it; with speed_high 1: none
    speed_high: float = 1.0
    reverb_prob: float = 0.0  # share of utterances in a room of 0.1 to 0.8 s reverberation time
    no_speech_prob: float = 0.0  # share of utterances that silence, noise, hum or music take the place of


def augment(features: Tensor, lengths: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """``[B, T, F]`` natural-log mel energies in, an augmented copy out; lengths stay (`change_speed` stands apart)."""
    features = add_echoes(features, lengths, config, generator)
    features = add_noise(features, lengths, config, generator)
    return mask_spectrum(features, lengths, config, generator)


def change_speed(
    features: Tensor, lengths: Tensor, config: AugmentConfig, generator: torch.Generator
) -> Tuple[Tensor, Tensor]:
    """Play each utterance at a speed of its own: ``[B, T, F]`` to ``[B, T', F]``, and the new lengths ``[B]``.

    Time is resampled, and frequencies move with it, as when a recording is played faster. The mel axis is taken for
    O'Shaughnessy's formula from 0 to 8 kHz, which is near enough for a warp of a few per cent.
    """
    if config.speed_low == config.speed_high == 1.0:
        return features, lengths
    batch, frames, bins = features.shape
    speed = config.speed_low + (config.speed_high - config.speed_low) * torch.rand(batch, generator=generator, device=features.device)
    lengths = (lengths / speed).round().long().clamp(min=1)
    at = (torch.arange(int(lengths.max()), device=features.device)[None] * speed[:, None]).clamp(max=frames - 1)
    features = _interpolated(features, at, dim=1)
    top = math.log1p(8000.0 / 700.0)
    hertz = 700.0 * torch.expm1(torch.linspace(0.0, top, bins, device=features.device))
    source = torch.log1p(hertz[None] / speed[:, None] / 700.0) / top * (bins - 1)
    features = _interpolated(features, source.clamp(max=bins - 1), dim=2)
    return features * frame_mask(lengths, features.shape[1])[..., None], lengths


def _interpolated(values: Tensor, at: Tensor, dim: int) -> Tensor:
    """``values [B, T, F]`` at the fractional places ``at [B, N]`` of dimension 1 or 2."""
    below = at.floor().long()
    above = (below + 1).clamp(max=values.shape[dim] - 1)
    shape = (len(at), -1, 1) if dim == 1 else (len(at), 1, -1)
    size = (-1, -1, values.shape[2]) if dim == 1 else (-1, values.shape[1], -1)

    def take(index: Tensor) -> Tensor:
        return values.gather(dim, index.view(shape).expand(size))

    return torch.lerp(take(below), take(above), (at - below).view(shape).expand_as(take(below)))


def add_echoes(features: Tensor, lengths: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Reverberate some of the utterances: an exponential decay of their energies, the same in all bands."""
    batch, frames, _ = features.shape
    draw, time, ratio = torch.rand(3, batch, generator=generator, device=features.device)
    chosen = draw < config.reverb_prob
    if not bool(chosen.any()):
        return features
    decay = 6.0 * math.log(10.0) * 0.01 / (0.1 + 0.7 * time)  # nats a frame: 60 dB in 0.1 to 0.8 s
    echo = torch.exp(-decay[:, None] * torch.arange(1, ECHO_FRAMES + 1, device=features.device)[None])
    echo = echo / echo.sum(dim=1, keepdim=True) * 10 ** (0.5 - ratio)[:, None]  # 5 dB above the direct sound to 5 below
    energies = features.masked_fill(~frame_mask(lengths, frames)[..., None], float("-inf")).exp()
    padded = F.pad(energies.permute(2, 0, 1), (ECHO_FRAMES, -1))  # the frame itself is the direct sound
    echoes = F.conv1d(padded, echo.flip(1)[:, None], groups=batch).permute(1, 2, 0)
    mixed = torch.logaddexp(features, echoes.clamp(min=1e-13).log())
    return torch.where(chosen[:, None, None], mixed, features)


def add_noise(features: Tensor, lengths: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Mix shaped noise or babble into some of the utterances."""
    batch = features.shape[0]
    draw = torch.rand(batch, generator=generator, device=features.device)
    shaped = draw < config.noise_prob
    babble = ~shaped & (draw < config.noise_prob + config.babble_prob)
    if not bool((shaped | babble).any()):
        return features
    noise = torch.full_like(features, -30.0)
    if bool(shaped.any()):
        noise[shaped] = shaped_noise(int(shaped.sum()), features.shape[1], features.shape[2], generator)
    if bool(babble.any()):
        voices = [features.roll(int(torch.randint(1, max(2, batch), (), generator=generator, device=features.device)), dims=0) for _ in range(4)]
        noise[babble] = torch.logsumexp(torch.stack(voices), dim=0)[babble]
    mask = frame_mask(lengths, features.shape[1])[..., None]
    snr = config.snr_low + (config.snr_high - config.snr_low) * torch.rand(batch, generator=generator, device=features.device)
    wanted = _level(features, mask) - snr * 0.2302585  # dB of energy to nats
    noise = noise + (wanted - _level(noise, mask))[:, None, None]
    mixed = torch.logaddexp(features, noise)
    return torch.where((shaped | babble)[:, None, None], mixed, features)


def shaped_noise(batch: int, frames: int, bins: int, generator: torch.Generator) -> Tensor:
    """``[batch, frames, bins]`` log energies: a random smooth spectrum, slowly swelling, with grain."""

    def smooth(points: int, size: int, deviation: float) -> Tensor:
        knots = torch.randn(batch, 1, points, generator=generator, device=generator.device) * deviation
        return F.interpolate(knots, size=size, mode="linear", align_corners=True)[:, 0]

    spectrum = smooth(6, bins, 1.5)[:, None, :]
    swell = smooth(max(2, frames // 60), frames, 0.8)[:, :, None]
    return spectrum + swell + noise_grain(generator, batch, frames, bins)


def noise_grain(generator: torch.Generator, *shape: int) -> Tensor:
    """Log band energies of Gaussian noise, ``shape``: the energies follow an exponential distribution."""
    return (-torch.rand(shape, generator=generator, device=generator.device).clamp(1e-4, 1 - 1e-4).log()).log()


def _level(features: Tensor, mask: Tensor) -> Tensor:
    """``[B]`` log of the mean energy over an utterance."""
    count = mask.sum(dim=(1, 2)) * features.shape[2]
    return torch.logsumexp(features.masked_fill(~mask, float("-inf")), dim=(1, 2)) - count.clamp(min=1).log()


def mask_spectrum(features: Tensor, lengths: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """SpecAugment (Park et al. 2019): bands and stretches replaced by the utterance's mean."""
    batch, frames, bins = features.shape
    mask = frame_mask(lengths, frames)[..., None]
    mean = (features * mask).sum(dim=(1, 2), keepdim=True) / (mask.sum(dim=(1, 2), keepdim=True) * bins).clamp(min=1)
    hidden = torch.zeros(batch, frames, bins, dtype=torch.bool, device=features.device)

    def stretch(size: Tensor, limit: Tensor, length: int) -> Tensor:
        """[B, length] bool: a run of random width up to ``limit`` somewhere within ``size``."""
        width = (torch.rand(batch, generator=generator, device=features.device) * (limit + 1)).long()
        start = (torch.rand(batch, generator=generator, device=features.device) * (size - width + 1).clamp(min=1)).long()
        position = torch.arange(length, device=features.device)
        return (position >= start[:, None]) & (position < (start + width)[:, None])

    for _ in range(config.freq_masks):
        size = torch.full_like(lengths, bins)
        hidden |= stretch(size, torch.full_like(lengths, config.freq_width), bins)[:, None, :]
    masks = max(1, int(frames * config.time_mask_share / (config.time_width / 2)))
    limit = (lengths * config.time_mask_share / masks * 2).clamp(max=config.time_width).long()
    for _ in range(masks):
        hidden |= stretch(lengths, limit, frames)[:, :, None]
    return torch.where(hidden, mean, features)
