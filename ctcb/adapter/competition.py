"""Which entries are heard, at recognition, of those that fit: one where several fit the same frames, whole or not at all."""
from __future__ import annotations

import torch
from torch import Tensor

WHOLE = 0.5  # a piece's highest weight below which its entry is not heard at all, rather than written in part


def unrivalled(judged: Tensor, scores: Tensor, owner: Tensor) -> Tensor:
    """Which entries ``[B, N]`` (bool) have no rival that is judged better.

    ``judged [B, N]``, the keys' alignment scores ``[B, T, K]`` and their entries ``owner [K]``, rising. Two
    entries are rivals where the middle of one's best path lies within the other's; one that has lost
    beats no other. Without this, names that sound alike share their frames' attention, and the longer
    the list the more seldom one of them has enough to be heard.
    """
    entries = torch.arange(judged.shape[1])
    first, last = torch.searchsorted(owner, entries), torch.searchsorted(owner, entries, right=True) - 1
    begin, end = scores[..., first].argmax(dim=1), scores[..., last].argmax(dim=1)
    middle = (begin + end) // 2
    # [B, N, N]: the second's middle in the first
    inside = (begin[:, :, None] <= middle[:, None]) & (middle[:, None] <= end[:, :, None])
    rivals = inside | inside.transpose(1, 2)
    kept = torch.ones_like(judged, dtype=torch.bool)
    for row, order in enumerate(judged.argsort(dim=1, descending=True, stable=True).tolist()):
        for entry in order:
            if kept[row, entry]:
                kept[row] &= ~rivals[row, entry]
                kept[row, entry] = True
    return kept


def whole(weights: Tensor, owner: Tensor, symbols: Tensor) -> Tensor:
    """Weights ``[B, T, 1 + K]`` of which `<no-bias>` gets those of entries with a piece that no frame attends to."""
    faint = (weights[..., 1:].amax(dim=1) < WHOLE) & (symbols != 0)
    lacking = weights.new_zeros(len(weights), int(owner[-1]) + 1).index_add_(-1, owner, faint.to(weights.dtype))
    entries = weights[..., 1:] * (lacking == 0)[:, None, owner]
    return torch.cat([1.0 - entries.sum(dim=-1, keepdim=True).clamp(max=1.0), entries], dim=-1)
