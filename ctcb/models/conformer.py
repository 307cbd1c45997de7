"""The conformer encoder (Gulati et al. 2020), small enough for two CPU cores.

Three departures from the paper, each for speed or exactness: two strided 1-D convolutions over
time in place of the 2-D front end, which cost more than the whole encoder; rotary positions (Su et
al. 2021) in place of Transformer-XL's; layer norm in place of batch norm, so that a result never
depends on what else is in the batch. Padded frames are zeroed before whatever mixes frames.
"""
from __future__ import annotations

import math
from typing import Tuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ctcb.models.config import EncoderConfig
from ctcb.models.dropout import Dropout

T = TypeVar("T", Tensor, int)


def frame_mask(lengths: Tensor, frames: int) -> Tensor:
    """``[B]`` lengths to ``[B, frames]`` bool, true on real frames."""
    return torch.arange(frames, device=lengths.device)[None, :] < lengths[:, None]


def subsampled(lengths: T) -> T:
    """Lengths after `Subsampling`: a tensor, or a number."""
    return ((lengths + 1) // 2 + 1) // 2


class Subsampling(nn.Module):
    """Two convolutions of stride 2 over time: ``[B, T, F]`` to ``[B, ceil(T / 4), D]``."""

    def __init__(self, num_mel_bins: int, dim: int, dropout: float) -> None:
        super().__init__()
        self.first = nn.Conv1d(num_mel_bins, dim, 3, stride=2, padding=1)
        self.second = nn.Conv1d(dim, dim, 3, stride=2, padding=1)
        self.out = nn.Linear(dim, dim)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """``x [B, T, F]`` and its lengths ``[B]`` to ``[B, ceil(T / 4), D]`` and theirs."""
        x = F.silu(self.first(x.transpose(1, 2)))
        lengths = (lengths + 1) // 2
        x = F.silu(self.second(x * frame_mask(lengths, x.shape[2])[:, None]))
        lengths = (lengths + 1) // 2
        return self.dropout(self.out(x.transpose(1, 2))), lengths


def rotary_table(frames: int, head_dim: int, device: torch.device) -> Tuple[Tensor, Tensor]:
    """Cosines and sines ``[frames, head_dim / 2]`` of the rotary angles."""
    rates = torch.exp(torch.arange(0, head_dim, 2, device=device) * (-math.log(10000.0) / head_dim))
    angles = torch.arange(frames, device=device)[:, None] * rates[None]
    return angles.cos(), angles.sin()


def rotate(x: Tensor, table: Tuple[Tensor, Tensor]) -> Tensor:
    """Turn the pairs (first half, second half) of ``[B, H, T, d]`` by their position's angles."""
    cos, sin = table[0].to(x.dtype), table[1].to(x.dtype)
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * cos - b * sin, a * sin + b * cos], dim=-1)


class SelfAttention(nn.Module):
    """Multi-head attention with rotary positions; padded frames are never attended to, nothing may be."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.norm = nn.LayerNorm(config.dim)
        self.qkv = nn.Linear(config.dim, 3 * config.dim)
        self.out = nn.Linear(config.dim, config.dim)

    def forward(self, x: Tensor, mask: Tensor, table: Tuple[Tensor, Tensor]) -> Tensor:
        """``[B, T, D]`` to ``[B, T, D]``; ``mask [B, T]`` is true on real frames, ``table`` is :func:`rotary_table`'s."""
        batch, frames, dim = x.shape
        q, k, v = self.qkv(self.norm(x)).view(batch, frames, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        q, k = rotate(q, table), rotate(k, table)
        scores = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(q.shape[-1]))
        scores = scores.masked_fill(~mask[:, None, None, :], torch.finfo(scores.dtype).min)
        # One more key of score 0 and value 0 lets a head attend to nothing. Without it heads chose one
        # frame of the utterance for that, on which the gradients of all frames then piled up: 20 times
        # those of any other frame, and mostly noise.
        weights = F.pad(scores, (0, 1)).softmax(dim=-1, dtype=torch.float32)[..., :-1].to(v.dtype)
        return self.out((weights @ v).transpose(1, 2).reshape(batch, frames, dim))


class Convolution(nn.Module):
    """Gated pointwise, depthwise and pointwise convolutions over time."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        dim, kernel = config.dim, config.conv_kernel
        self.norm = nn.LayerNorm(dim)
        self.gate = nn.Linear(dim, 2 * dim)
        self.depthwise = nn.Conv1d(dim, dim, kernel, padding=kernel // 2, groups=dim)
        self.mid_norm = nn.LayerNorm(dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """``[B, T, D]`` to ``[B, T, D]``; ``mask [B, T]`` is true on real frames."""
        x = F.glu(self.gate(self.norm(x)), dim=-1) * mask[..., None]
        x = self.depthwise(x.transpose(1, 2)).transpose(1, 2)
        return self.out(F.silu(self.mid_norm(x)))


class FeedForward(nn.Sequential):
    """Pre-norm feed-forward module."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__(
            nn.LayerNorm(config.dim),
            nn.Linear(config.dim, config.ff_dim),
            nn.SiLU(),
            Dropout(config.dropout),
            nn.Linear(config.ff_dim, config.dim),
        )


class ConformerLayer(nn.Module):
    """Half feed-forward, attention, convolution, half feed-forward, norm."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.ff_before, self.ff_after = FeedForward(config), FeedForward(config)
        self.attention, self.convolution = SelfAttention(config), Convolution(config)
        self.norm = nn.LayerNorm(config.dim)
        self.dropout = Dropout(config.dropout)

    def forward(self, x: Tensor, mask: Tensor, table: Tuple[Tensor, Tensor]) -> Tensor:
        """``[B, T, D]`` to ``[B, T, D]``; ``mask [B, T]`` is true on real frames."""
        x = x + 0.5 * self.dropout(self.ff_before(x))
        x = x + self.dropout(self.attention(x, mask, table))
        x = x + self.dropout(self.convolution(x, mask))
        x = x + 0.5 * self.dropout(self.ff_after(x))
        return self.norm(x)
