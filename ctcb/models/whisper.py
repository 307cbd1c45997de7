"""Whisper's encoder (Radford et al. 2022) as the lower half of a CTC model.

Two departures from Whisper's own use. An utterance keeps its own length plus a short tail of silence, where Whisper
pads to 30 s. Padding of the batch is never attended to and enters no convolution, so that an utterance comes out the
same whatever it is batched with.
"""
from __future__ import annotations

import math
from typing import Tuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ctcb.errors import InputError
from ctcb.models.config import WhisperConfig
from ctcb.models.conformer import subsampled
from ctcb.models.dropout import Dropout
from ctcb.models.normalization import frame_mask

FLOOR = 8.0  # log10 units below the utterance's loudest bin; Whisper's own


def whisper_input(features: Tensor, lengths: Tensor, tail: int) -> Tuple[Tensor, Tensor]:
    """Natural-log mel energies ``[B, T, F]`` to Whisper's input ``[B, T + tail, F]``, and the new lengths ``[B]``.

    The maximum is that of the utterance's own frames. The tail holds the floor, which is what silence comes to. What
    lies beyond an utterance's tail is zero.
    """
    levels = F.pad(features * (1.0 / math.log(10.0)), (0, 0, 0, tail))
    real = frame_mask(lengths, levels.shape[1])[..., None]
    peak = levels.masked_fill(~real, float("-inf")).amax(dim=(1, 2), keepdim=True)
    floor = peak - FLOOR
    levels = torch.where(real, torch.maximum(levels, floor), floor.expand_as(levels))
    lengths = lengths + tail
    return (levels + 4.0) / 4.0 * frame_mask(lengths, levels.shape[1])[..., None], lengths


def sinusoids(positions: int, dim: int) -> Tensor:
    """Whisper's fixed positions ``[positions, dim]``: sines, then cosines."""
    rates = torch.exp(-math.log(10000.0) / (dim // 2 - 1) * torch.arange(dim // 2))
    angles = torch.arange(positions)[:, None] * rates[None]
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
    """Scaled dot-product attention ``[B, H, T, d]`` over the frames on which ``mask [B, T]`` is true.

    Written out for the CPU: there torch's fused kernel takes twice the time in bf16, four times that on short utterances.
    """
    if q.is_cuda:
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None])
    batch, heads, frames, dim = q.shape
    bias = torch.zeros_like(mask, dtype=q.dtype).masked_fill(~mask, -1e4)[:, None, None].expand(batch, heads, 1, frames)
    q, k, v = (part.reshape(batch * heads, frames, dim) for part in (q, k, v))
    scores = torch.baddbmm(bias.reshape(batch * heads, 1, frames), q, k.transpose(1, 2), alpha=dim ** -0.5)
    return (scores.softmax(dim=-1) @ v).view(batch, heads, frames, dim)


class WhisperBlock(nn.Module):
    """Pre-norm self-attention and feed-forward. No dropout: 0.05 of it raised the loss from 1.04 to 1.58."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm, self.ff_norm = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.up, self.down = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """``[B, T, D]`` to ``[B, T, D]``; ``mask [B, T]`` is true on real frames."""
        batch, frames, dim = x.shape
        q, k, v = self.qkv(self.attention_norm(x)).view(batch, frames, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        x = x + self.out(attend(q, k, v, mask).transpose(1, 2).reshape(batch, frames, dim))
        return x + self.down(F.gelu(self.up(self.ff_norm(x))))


class WhisperEncoder(nn.Module):
    """Two convolutions and the blocks: Whisper's input ``[B, T, F]`` to 50 frames a second."""

    def __init__(self, config: WhisperConfig, num_mel_bins: int) -> None:
        super().__init__()
        self.config = config
        self.conv1 = nn.Conv1d(num_mel_bins, config.dim, 3, padding=1)
        self.conv2 = nn.Conv1d(config.dim, config.dim, 3, stride=2, padding=1)
        self.register_buffer("positions", sinusoids(config.positions, config.dim), persistent=False)
        self.blocks = nn.ModuleList([WhisperBlock(config.dim, config.heads) for _ in range(config.layers)])
        self.norm = nn.LayerNorm(config.dim)

    def forward(self, x: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """The last block's output and that of block ``config.tap``, each ``[B, ceil(T / 2), D]`` and float32.

        Raises InputError for more frames than there are positions.
        """
        x = F.gelu(self.conv1(x.transpose(1, 2)))
        # GELU behind the transposition: its backward pass in torch 1.13 returns garbage for a transposed gradient.
        x = F.gelu(self.conv2(x * frame_mask(lengths, x.shape[2])[:, None]).transpose(1, 2))
        frames = x.shape[1]
        if frames > self.config.positions:
            raise InputError(
                f"{frames / 50:.1f} s at once, where the encoder takes {self.config.positions / 50:.1f} s with its tail",
                hint="decode in shorter windows",
            )
        x = x.float() + self.positions[:frames]
        mask = frame_mask((lengths + 1) // 2, frames)
        tap = x
        for number, block in enumerate(self.blocks, start=1):
            x = block(x, mask)
            if number == self.config.tap:
                tap = x
        return self.norm(x), tap


class WhisperFrontEnd(nn.Module):
    """Whisper's encoder and the way from it to the conformer: log-mel energies to 25 frames a second."""

    def __init__(self, config: WhisperConfig, num_mel_bins: int, dim: int, dropout: float) -> None:
        super().__init__()
        self.config = config
        self.encoder = WhisperEncoder(config, num_mel_bins)
        self.tap_norm = nn.LayerNorm(config.dim)
        self.out = nn.Linear(4 * config.dim, dim)
        self.dropout = Dropout(dropout)

    @property
    def width(self) -> int:
        """Values a frame of what `encode` returns."""
        return 4 * self.config.dim

    def encode(self, features: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """Features ``[B, T, F]`` to pairs of encoder frames ``[B, ceil(T / 4), 4 D]``, and their lengths.

        A frame holds two of the last block, then two of block ``tap``. The tail's frames are left out.
        """
        last, tap = self.encoder(*whisper_input(features, lengths, self.config.tail))
        frames, kept = subsampled(features.shape[1]), subsampled(lengths)
        pairs = [part[:, : 2 * frames].reshape(len(part), frames, 2 * self.config.dim) for part in (last, tap)]
        return torch.cat(pairs, dim=-1) * frame_mask(kept, frames)[..., None], kept

    def project(self, pairs: Tensor) -> Tensor:
        """The output of `encode`, projected to the conformer's width: ``[B, T, 4 D]`` to ``[B, T, dim]``."""
        last, tap = pairs.chunk(2, dim=-1)
        tap = self.tap_norm(tap.reshape(*tap.shape[:-1], 2, self.config.dim)).flatten(-2)
        return self.dropout(self.out(torch.cat([last, tap], dim=-1)))

    def forward(self, features: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """Features ``[B, T, F]`` to the conformer's input ``[B, ceil(T / 4), dim]``, and its lengths."""
        pairs, lengths = self.encode(features, lengths)
        return self.project(pairs), lengths
