"""Normalisation of log-mel energies: by the utterance as a whole, or by what came before, where a stream cannot wait for it."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LOG_RANGE = 16.0  # nats below the loudest bin at which features are floored (about 70 dB)
SCALE = 0.25  # brings natural-log mel energies to about unit variance

# The frames of Kaldi's online CMVN: of the running mean, and those of the prior that stand in at the beginning.
WINDOW, PRIOR_FRAMES = 600, 200
TYPICAL = -7.0  # the mean of natural-log mel energies of speech whose samples are in -1..1 (real_dev: -6.9)


def frame_mask(lengths: Tensor, frames: int) -> Tensor:
    """``[B]`` lengths to ``[B, frames]`` bool, true on real frames."""
    return torch.arange(frames, device=lengths.device)[None, :] < lengths[:, None]


def normalize_features(features: Tensor, lengths: Tensor) -> Tensor:
    """Floor, subtract each utterance's mean a mel bin, scale: ``[B, T, F]`` to ``[B, T, F]``.

    The floor lifts digital silence, which synthetic speech has and people's does not; the mean takes
    away the microphone. Padded frames come out as zeros.
    """
    mask = frame_mask(lengths, features.shape[1])[..., None]
    peak = features.masked_fill(~mask, float("-inf")).amax(dim=(1, 2), keepdim=True)
    features = torch.maximum(features, peak - LOG_RANGE) * mask
    mean = features.sum(dim=1, keepdim=True) / lengths.clamp(min=1)[:, None, None]
    return (features - mean) * SCALE * mask


@dataclass
class NormalizerState:
    """The frames before, at most ``WINDOW - 1``; None before the first."""

    floored: Optional[Tensor] = None  # [B, P, F]
    peaks: Optional[Tensor] = None  # [B, P] each frame's loudest bin


class RunningNormalizer(nn.Module):
    """Like :func:`normalize_features`, by a frame itself and the frames before it.

    Floor and mean are those of the last ``WINDOW`` frames. Where there are not so many yet, a learned mean stands in for up to
    ``PRIOR_FRAMES`` of them.
    """

    def __init__(self, num_mel_bins: int) -> None:
        super().__init__()
        self.prior = nn.Parameter(torch.full((num_mel_bins,), TYPICAL))

    def forward(self, features: Tensor, lengths: Tensor, state: Optional[NormalizerState] = None) -> Tensor:
        """``features [B, T, F]``, ``lengths [B]`` frames, to ``[B, T, F]``; padded frames come out as zeros.

        ``state``, which is brought up to date, holds the frames before; then all T frames are real.
        """
        batch, frames, bins = features.shape
        peaks = features.amax(dim=2)
        before = 0
        if state is not None and state.peaks is not None:
            before = state.peaks.shape[1]
            peaks = torch.cat([state.peaks, peaks], dim=1)
        highest = F.max_pool1d(F.pad(peaks[:, None], (WINDOW - 1, 0), value=-1e9), WINDOW, stride=1)[:, 0, before:]
        floored = torch.maximum(features, highest[..., None] - LOG_RANGE)
        known = floored
        if state is not None:
            if state.floored is not None:
                known = torch.cat([state.floored, floored], dim=1)
            first = max(0, before + frames - (WINDOW - 1))
            state.floored, state.peaks = known[:, first:], peaks[:, first:]
        sums = F.pad(known.double().cumsum(dim=1), (0, 0, WINDOW, 0))
        sums = (sums[:, WINDOW + before :] - sums[:, before : before + frames]).to(features.dtype)
        count = torch.arange(1 + before, 1 + before + frames, device=features.device).clamp(max=WINDOW)[:, None]
        prior = (WINDOW - count).clamp(max=PRIOR_FRAMES)
        mean = (sums + prior * self.prior) / (count + prior)
        return (floored - mean) * SCALE * frame_mask(lengths, frames)[..., None]
