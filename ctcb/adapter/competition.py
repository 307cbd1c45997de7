"""Recognition's rules, which training has not: which of the entries that fit bias the encoder, and that they do so whole.

Entries that fit the same frames compete, and one wins; a winner of which a piece is missing does not bias at all.
"""
from __future__ import annotations

from typing import List, Tuple

import torch
from torch import Tensor

from ctcb.adapter.alignment import EXCLUDED, BatchAlignment
from ctcb.adapter.catalogue import Catalogue
from ctcb.adapter.network import ContextualAdapter

MIN_PIECE_WEIGHT = 0.5  # attention that each piece must have on some frame, else its entry gets none


@torch.no_grad()
def recognise(
    adapter: ContextualAdapter, last: Tensor, taps: List[Tensor], catalogue: Catalogue, alignment: BatchAlignment, entry_scores: Tensor
) -> Tuple[Tensor, Tensor]:
    """:meth:`ContextualAdapter.bias` under these rules, for an adapter with `alignment`.

    ``entry_scores [B, N]`` in nats: the adapter's own (``adapter.final.entry_scores``), less any penalties.
    """
    won = winners(entry_scores, alignment.state_scores, catalogue.owner)
    weights = adapter.attention(last, taps, catalogue, alignment, entry_scores.masked_fill(~won, EXCLUDED))
    weights = whole_entries(weights, catalogue.owner, catalogue.symbols)
    return adapter.lifted(last, weights, catalogue, alignment), weights


def winners(entry_scores: Tensor, state_scores: Tensor, owner: Tensor) -> Tensor:
    """The entries ``[B, N]`` (bool) that have no competitor with a higher score.

    ``entry_scores [B, N]``, the keys' alignment scores ``[B, T, K]`` and their entries ``owner [K]``, rising. Two
    entries compete where the middle of one's best path lies within the other's; one that has lost
    excludes no other. Without this, names that sound alike share their frames' attention, and the longer
    the list the more seldom one of them has enough.
    """
    entries = torch.arange(entry_scores.shape[1], device=owner.device)
    first, last = torch.searchsorted(owner, entries), torch.searchsorted(owner, entries, right=True) - 1
    begin, end = state_scores[..., first].argmax(dim=1), state_scores[..., last].argmax(dim=1)
    middle = (begin + end) // 2
    # [B, N, N]: the second's middle in the first
    inside = (begin[:, :, None] <= middle[:, None]) & (middle[:, None] <= end[:, :, None])
    compete = inside | inside.transpose(1, 2)
    kept = torch.ones_like(entry_scores, dtype=torch.bool)
    for row, order in enumerate(entry_scores.argsort(dim=1, descending=True, stable=True).tolist()):
        for entry in order:
            if kept[row, entry]:
                kept[row] &= ~compete[row, entry]
                kept[row, entry] = True
    return kept


def whole_entries(weights: Tensor, owner: Tensor, symbols: Tensor) -> Tensor:
    """Weights ``[B, T, 1 + K]`` of which `<no-bias>` gets those of entries with a piece that no frame attends to.

    ``owner [K]`` and ``symbols [K]`` as in :class:`Catalogue`.
    """
    faint = (weights[..., 1:].amax(dim=1) < MIN_PIECE_WEIGHT) & (symbols != 0)
    missing = weights.new_zeros(len(weights), int(owner[-1]) + 1).index_add_(-1, owner, faint.to(weights.dtype))
    entries = weights[..., 1:] * (missing == 0)[:, None, owner]
    return torch.cat([1.0 - entries.sum(dim=-1, keepdim=True).clamp(max=1.0), entries], dim=-1)
