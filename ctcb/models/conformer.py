"""The conformer encoder (Gulati et al. 2020), small enough for two CPU cores.

Three departures from the paper, each for speed or exactness: two strided 1-D convolutions over
time in place of the 2-D front end, which cost more than the whole encoder; rotary positions (Su et
al. 2021) in place of Transformer-XL's; layer norm in place of batch norm, so that a result never
depends on what else is in the batch. Padded frames are zeroed before whatever mixes frames.

For streams (`StreamingConfig`) attention is chunked and convolutions are causal. The parts then also take an utterance
piece by piece: a state holds what they need of the frames before, and they bring it up to date.
"""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Optional, Tuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ctcb.models.config import EncoderConfig, StreamingConfig
from ctcb.models.dropout import Dropout
from ctcb.models.normalization import frame_mask

T = TypeVar("T", Tensor, int)


def subsampled(lengths: T) -> T:
    """Lengths after `Subsampling`: a tensor, or a number."""
    return ((lengths + 1) // 2 + 1) // 2


@dataclass
class SubsamplingState:
    """The inputs of both convolutions in the frame before; None before the first."""

    first: Optional[Tensor] = None  # [B, F, 1]
    second: Optional[Tensor] = None  # [B, D, 1]


@dataclass
class LayerState:
    """What a layer needs of the frames before; None before the first."""

    kept: int  # frames of them that attention reaches, at most
    keys: Optional[Tensor] = None  # [B, H, P, d] without their positions
    values: Optional[Tensor] = None  # [B, H, P, d]
    convolved: Optional[Tensor] = None  # [B, D, kernel - 1] the depthwise convolution's input

    @property
    def frames(self) -> int:
        """P, the frames that attention reaches."""
        return 0 if self.keys is None else self.keys.shape[2]

    def attended(self, keys: Tensor, values: Tensor) -> Tuple[Tensor, Tensor]:
        """Keys and values ``[B, H, P + T, d]`` with those before."""
        if self.keys is not None and self.values is not None:
            keys, values = torch.cat([self.keys, keys], dim=2), torch.cat([self.values, values], dim=2)
        first = max(0, keys.shape[2] - self.kept)
        self.keys, self.values = keys[:, :, first:], values[:, :, first:]
        return keys, values


def chunk_reach(frames: int, config: StreamingConfig, device: torch.device) -> Tensor:
    """``[frames, frames]`` bool: whether the row's frame attends to the column's, which is in its chunk or few chunks before."""
    chunk = torch.arange(frames, device=device) // config.chunk
    back = chunk[:, None] - chunk[None, :]
    return (back >= 0) & (back <= config.left_chunks)


class Subsampling(nn.Module):
    """Two convolutions of stride 2 over time: ``[B, T, F]`` to ``[B, ceil(T / 4), D]``.

    A frame sees its own four input frames and three before them.
    """

    def __init__(self, num_mel_bins: int, dim: int, dropout: float) -> None:
        super().__init__()
        self.first = nn.Conv1d(num_mel_bins, dim, 3, stride=2, padding=1)
        self.second = nn.Conv1d(dim, dim, 3, stride=2, padding=1)
        self.out = nn.Linear(dim, dim)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, lengths: Tensor, state: Optional[SubsamplingState] = None) -> Tuple[Tensor, Tensor]:
        """``x [B, T, F]`` and its lengths ``[B]`` to ``[B, ceil(T / 4), D]`` and theirs.

        With ``state`` all T frames are real, and T is a multiple of 4 but at an utterance's end.
        """
        state = SubsamplingState() if state is None else state
        x, state.first = _continued(self.first, x.transpose(1, 2), state.first)
        lengths = (lengths + 1) // 2
        x, state.second = _continued(self.second, x * frame_mask(lengths, x.shape[2])[:, None], state.second)
        lengths = (lengths + 1) // 2
        return self.dropout(self.out(x.transpose(1, 2))), lengths


def _continued(convolution: nn.Conv1d, x: Tensor, before: Optional[Tensor]) -> Tuple[Tensor, Tensor]:
    """A strided convolution of ``x [B, D, T]`` behind the frame ``before [B, D, 1]``, and the frame before what follows."""
    if before is None:
        return F.silu(convolution(x)), x[:, :, -1:]
    known = F.pad(torch.cat([before, x], dim=2), (0, 1))
    return F.silu(F.conv1d(known, convolution.weight, convolution.bias, stride=2)), x[:, :, -1:]


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

    def forward(
        self, x: Tensor, mask: Tensor, table: Tuple[Tensor, Tensor], reach: Optional[Tensor] = None, state: Optional[LayerState] = None
    ) -> Tensor:
        """``[B, T, D]`` to ``[B, T, D]``.

        ``mask [B, T]`` is true on real frames, ``table`` is :func:`rotary_table`'s, of the frames of ``state`` as well.
        ``reach [T, T]``: which frames each attends to; None for all.
        """
        batch, frames, dim = x.shape
        q, k, v = self.qkv(self.norm(x)).view(batch, frames, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        own = table
        if state is not None:
            own, mask = (table[0][state.frames :], table[1][state.frames :]), F.pad(mask, (state.frames, 0), value=True)
            k, v = state.attended(k, v)
        q, k = rotate(q, own), rotate(k, table)
        scores = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(q.shape[-1]))
        allowed = mask[:, None, None, :] if reach is None else mask[:, None, None, :] & reach
        scores = scores.masked_fill(~allowed, torch.finfo(scores.dtype).min)
        # One more key of score 0 and value 0 lets a head attend to nothing. Without it heads chose one
        # frame of the utterance for that, on which the gradients of all frames then piled up: 20 times
        # those of any other frame, and mostly noise.
        weights = F.pad(scores, (0, 1)).softmax(dim=-1, dtype=torch.float32)[..., :-1].to(v.dtype)
        return self.out((weights @ v).transpose(1, 2).reshape(batch, frames, dim))


class Convolution(nn.Module):
    """Gated pointwise, depthwise and pointwise convolutions over time."""

    def __init__(self, config: EncoderConfig, causal: bool = False) -> None:
        super().__init__()
        dim, kernel = config.dim, config.conv_kernel
        self.before = kernel - 1 if causal else 0  # frames before the first
        self.norm = nn.LayerNorm(dim)
        self.gate = nn.Linear(dim, 2 * dim)
        self.depthwise = nn.Conv1d(dim, dim, kernel, padding=0 if causal else kernel // 2, groups=dim)
        self.mid_norm = nn.LayerNorm(dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x: Tensor, mask: Tensor, state: Optional[LayerState] = None) -> Tensor:
        """``[B, T, D]`` to ``[B, T, D]``; ``mask [B, T]`` is true on real frames."""
        x = (F.glu(self.gate(self.norm(x)), dim=-1) * mask[..., None]).transpose(1, 2)
        if self.before:
            known = state is not None and state.convolved is not None
            x = torch.cat([state.convolved, x], dim=2) if known else F.pad(x, (self.before, 0))
            if state is not None:
                state.convolved = x[:, :, -self.before :]
        x = self.depthwise(x).transpose(1, 2)
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

    def __init__(self, config: EncoderConfig, causal: bool = False) -> None:
        super().__init__()
        self.ff_before, self.ff_after = FeedForward(config), FeedForward(config)
        self.attention, self.convolution = SelfAttention(config), Convolution(config, causal)
        self.norm = nn.LayerNorm(config.dim)
        self.dropout = Dropout(config.dropout)

    def forward(
        self, x: Tensor, mask: Tensor, table: Tuple[Tensor, Tensor], reach: Optional[Tensor] = None, state: Optional[LayerState] = None
    ) -> Tensor:
        """``[B, T, D]`` to ``[B, T, D]``; the arguments are those of :class:`SelfAttention`."""
        x = x + 0.5 * self.dropout(self.ff_before(x))
        x = x + self.dropout(self.attention(x, mask, table, reach, state))
        x = x + self.dropout(self.convolution(x, mask, state))
        x = x + 0.5 * self.dropout(self.ff_after(x))
        return self.norm(x)
