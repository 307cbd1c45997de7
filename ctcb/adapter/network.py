"""The contextual adapter: a network that biases a frozen encoder toward the names on a list.

After Sathyendra et al. 2022 and Dingliwal et al. 2022 (SLT): names are encoded by LSTMs, frames attend
to them or to a learned `<no-bias>` entry, and what they attend to changes the stream before a CTC head.
Where this departs from them, and why, stands in docs/adapter.md:

- scores are scaled cosines;
- a name has a key for each of its pieces, and with `alignment` for the blanks between them, not one for
  the whole (`per_token`);
- names are read by their phones beside their pieces (`phones`);
- attention starts from the names' forced alignment with the frozen heads' emissions (`alignment`, alignment.py);
  a small network scores how well an entry fits, the cosines refine it;
- with `alignment` a frame's change is along directions that raise the attended symbols' logits, by as much
  as these lie below the frame's best; without it ``out(silu(a + context(c)) - silu(a))`` for the attended
  value ``c`` and ``a = frame(norm(x))``. A projection of ``c`` alone would lift all of a name's pieces on all
  of its frames alike.

`<no-bias>` raises nothing and its value is zero, so that a frame with all its attention there is left
exactly as it was.
"""
from __future__ import annotations

import math
from typing import List, Optional, Sequence, Tuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ctcb.adapter.alignment import FEATURES, BatchAlignment
from ctcb.adapter.catalogue import Catalogue, Vectors
from ctcb.adapter.config import AdapterConfig
from ctcb.adapter.entries import EntryBatch
from ctcb.errors import InputError
from ctcb.models.config import ModelConfig
from ctcb.models.ctc import SECOND_HEAD, no_autocast
from ctcb.models.normalization import frame_mask

# Attention scores are cosines times a learned sharpness, and `<no-bias>` has a learned head start. With
# plain dot products both had to grow out of products of small numbers: after 400 steps no frame had yet
# learned to attend to `<no-bias>`.
SHARPNESS = 10.0
RESERVE = 5.0  # about the log of the number of keys in a list of middling size
# With `alignment` cosines only refine, and `<no-bias>` competes with entries that have been scored already.
REFINING = 1.0
HIDDEN = 16  # width of the network that scores entries


class Reader(nn.Module):
    """A bidirectional LSTM over ids."""

    def __init__(self, size: int, config: AdapterConfig) -> None:
        super().__init__()
        self.embedding = nn.Embedding(size, config.embedding)
        self.lstm = nn.LSTM(config.embedding, config.hidden, batch_first=True, bidirectional=True)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """``[N, L]`` ids to their states ``[N, L, 2H]`` and the last ones of both directions ``[N, 2H]``."""
        packed = pack_padded_sequence(self.embedding(ids), lengths, batch_first=True, enforce_sorted=False)
        states, (ends, _) = self.lstm(packed)
        return pad_packed_sequence(states, batch_first=True)[0], torch.cat([ends[0], ends[1]], dim=-1)


class Attention(nn.Module):
    """Attention of frames to keys or `<no-bias>`; the query reads some of the encoder's layers."""

    def __init__(self, dim: int, sources: int, states: int, config: AdapterConfig, sharpness: float, reserve: float) -> None:
        super().__init__()
        self.heads = config.heads
        self.source_norms = nn.ModuleList([nn.LayerNorm(dim) for _ in range(sources)])
        self.query = nn.Linear(sources * dim, config.dim)
        self.key = nn.Linear(states, config.dim)
        self.no_bias = nn.Parameter(torch.randn(config.dim))
        self.sharpness = nn.Parameter(torch.full((config.heads, 1, 1), math.log(sharpness)))
        self.reserve = nn.Parameter(torch.full((config.heads, 1, 1), reserve / SHARPNESS))

    def attend(self, sources: Sequence[Tensor], keys: Tensor, prior: Optional[Tensor] = None) -> Tensor:
        """The weights ``[B, H, T, 1 + K]`` for layers ``[B, T, D]`` and keys ``[K, D]``; ``prior [B, T, K]`` adds to
        the scores."""
        normed = [norm(source) for norm, source in zip(self.source_norms, sources)]
        query = self.by_head(self.query(torch.cat(normed, dim=-1)))
        keys = self.by_head(torch.cat([self.no_bias[None], keys]))
        scores = F.normalize(query, dim=-1) @ F.normalize(keys, dim=-1).transpose(-2, -1) * self.sharpness.exp()
        entries = scores[..., 1:] if prior is None else scores[..., 1:] + prior[:, None]
        # SHARPNESS once more, that the reserve learns as fast as the scores.
        return torch.cat([scores[..., :1] + SHARPNESS * self.reserve, entries], dim=-1).softmax(dim=-1)

    def by_head(self, y: Tensor) -> Tensor:
        """``[..., N, D]`` to ``[..., H, N, D / H]``."""
        return y.view(*y.shape[:-1], self.heads, -1).transpose(-3, -2)


class BiasSite(Attention):
    """Attention of frames to entries, and the change that their values make to the stream."""

    def __init__(self, dim: int, sources: int, states: int, config: AdapterConfig) -> None:
        super().__init__(dim, sources, states, config, SHARPNESS, RESERVE)
        self.value = nn.Linear(states, config.dim)
        self.norm = nn.LayerNorm(dim)
        self.frame = nn.Linear(dim, config.mix)
        self.context = nn.Linear(config.dim, config.mix, bias=False)
        self.out = nn.Linear(config.mix, dim, bias=False)
        nn.init.zeros_(self.out.weight)

    def vectors(self, states: Tensor) -> Vectors:
        """Keys and values of encoded entries ``[K, S]``."""
        return Vectors(self.key(states), self.value(states))

    def forward(self, x: Tensor, sources: Sequence[Tensor], vectors: Vectors) -> Tuple[Tensor, Tensor]:
        """The stream ``x [B, T, D]``, and the layers that the query reads, alike.

        Returns the change ``[B, T, D]`` and the weights ``[B, T, 1 + K]``, means over the heads,
        `<no-bias>` first.
        """
        batch, frames, _ = x.shape
        weights = self.attend(sources, vectors.keys)
        context = weights[..., 1:] @ self.by_head(vectors.values)
        context = context.transpose(-3, -2).reshape(batch, frames, -1)
        unbiased = self.frame(self.norm(x))
        change = self.out(F.silu(unbiased + self.context(context)) - F.silu(unbiased))
        return change, weights.mean(dim=1)


class LiftSite(Attention):
    """Attention that starts from alignments, and the lift of the attended symbols' logits."""

    def __init__(self, dim: int, sources: int, states: int, symbols: int, config: AdapterConfig) -> None:
        super().__init__(dim, sources, states, config, REFINING, 0.0)
        self.fit, self.judge = nn.Linear(FEATURES, 1), nn.Sequential(nn.Linear(FEATURES, HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, 1))
        # Near the result of a logistic regression between spoken entries and others on 64 training utterances.
        nn.init.ones_(self.fit.weight)
        nn.init.constant_(self.fit.bias, 2.5)
        nn.init.zeros_(self.judge[2].weight)
        self.steepness = nn.Parameter(torch.zeros(()))  # log of the factor on how far a path falls below its entry's best
        self.margin, self.gain = nn.Parameter(torch.ones(())), nn.Parameter(torch.ones(()))
        self.directions = nn.Parameter(torch.zeros(symbols, dim))

    def init_directions(self, head: nn.Linear) -> None:
        """Begin with the directions that raise one of the head's logits each, by 1, and leave the others."""
        with torch.no_grad():
            self.directions.copy_(torch.linalg.pinv(head.weight.double()).T)

    def vectors(self, states: Tensor) -> Vectors:
        """Keys of encoded entries ``[K, S]``; values they have none."""
        return Vectors(self.key(states), states.new_zeros(len(states), 0))

    def entry_scores(self, alignment: BatchAlignment) -> Tensor:
        """A score of each entry as a whole, ``[B, N]`` in nats, from its alignment's features."""
        return (self.fit(alignment.features) + self.judge(alignment.features))[..., 0]

    def weights(self, sources: Sequence[Tensor], catalogue: Catalogue, alignment: BatchAlignment, entry_scores: Tensor) -> Tensor:
        """The attention ``[B, T, 1 + K]``, `<no-bias>` first, means over the heads, of layers ``[B, T, D]`` to a catalogue.

        ``entry_scores [B, N]`` in nats are :meth:`entry_scores`, or what recognition makes of them.
        """
        prior = entry_scores[:, None, catalogue.owner] + self.steepness.exp() * alignment.state_scores
        return self.attend(sources, catalogue.final.keys, prior).mean(dim=1)

    def lift(self, weights: Tensor, symbols: Tensor, logits: Tensor) -> Tensor:
        """The change ``[B, T, D]`` that raises the logits of the attended symbols.

        ``weights [B, T, 1 + K]``, ``symbols [K]``, and the final head's ``logits [B, T, V]`` without the list.
        """
        attended = torch.zeros_like(logits).index_add_(-1, symbols, weights[..., 1:])
        gap = logits.amax(dim=-1, keepdim=True) - logits
        return (attended * (self.margin + self.gain * gap)) @ self.directions


class ContextualAdapter(nn.Module):
    """Encodes entries, and biases an encoder's stream toward those that fit. Works in float32."""

    def __init__(self, config: AdapterConfig, base: ModelConfig) -> None:
        """Raises InputError for a base that lacks what the configuration asks for."""
        super().__init__()
        self.config = config
        if config.inner_bias and len(base.inter_ctc) <= SECOND_HEAD:
            raise InputError("adapter.inner_bias needs a base with two inner heads", hint="turn it off")
        if config.alignment and base.phone_head is None:
            raise InputError("adapter.alignment needs a base with a phone head", hint="turn it off")
        dim, states = base.encoder.dim, 2 * config.hidden * (1 + config.phones)
        self.pieces = Reader(base.num_subwords, config)
        self.phones = Reader(base.num_phones, config) if config.phones else None
        inner = len(base.inter_ctc) if config.inner_layers else 0
        if config.alignment:
            self.final = LiftSite(dim, inner + 1, states, base.num_subwords, config)
        else:
            self.final = BiasSite(dim, inner + 1, states, config)
        self.inner = BiasSite(dim, SECOND_HEAD * config.inner_layers + 1, states, config) if config.inner_bias else None

    @property
    def stride(self) -> int:
        """Keys from one piece of an entry to the next; 0 where an entry has but one."""
        return int(self.config.per_token) + int(self.config.alignment)

    @property
    def picks_late(self) -> bool:
        """Whether vectors are needed of those entries alone that were found to align with an utterance."""
        return self.config.alignment and self.inner is None

    def keys_of(self, tokens: int) -> int:
        """The number of keys of an entry of so many pieces."""
        return self.stride * (tokens - 1) + 1

    def encode(self, entries: EntryBatch) -> Catalogue:
        """The catalogue of N entries, on the adapter's device; keys stand in the order of the entries and their pieces."""
        here = self.final.no_bias
        with no_autocast(here):
            entries = entries.to(here.device)
            parts, ends = zip(*self._read(entries))
            counts = (self.stride * (entries.lengths - 1) + 1).to(here.device)
            owner = torch.arange(len(counts), device=here.device).repeat_interleave(counts)
            if self.config.per_token:
                states, symbols = torch.cat(parts, dim=-1), entries.tokens
                if self.config.alignment:
                    states, symbols = _with_blanks(states, symbols)
                mask = frame_mask(counts, symbols.shape[1])
                states, symbols = states[mask], symbols[mask]
            else:
                states, symbols = torch.cat(ends, dim=-1), torch.zeros_like(owner)
            inner = None if self.inner is None else self.inner.vectors(states)
            return Catalogue(self.final.vectors(states), inner, owner, symbols)

    def bias(
        self, last: Tensor, taps: List[Tensor], catalogue: Catalogue, alignment: Optional[BatchAlignment] = None
    ) -> Tuple[Tensor, Tensor]:
        """The last layer's output ``[B, T, D]``, biased, and the attention ``[B, T, 1 + K]`` that did it.

        ``alignment``, that of the catalogue's entries, is needed with `config.alignment`. Recognition then has rules of its own between
        the two (:func:`ctcb.adapter.competition.recognise`), in training and without `alignment` there are none.
        """
        if self.config.alignment:
            weights = self.attention(last, taps, catalogue, alignment, self.final.entry_scores(alignment))
            return self.lifted(last, weights, catalogue, alignment), weights
        with no_autocast(last):
            change, weights = self.final(last, self._sources(last, taps), catalogue.final)
            return last + change, weights

    def attention(
        self, last: Tensor, taps: List[Tensor], catalogue: Catalogue, alignment: BatchAlignment, entry_scores: Tensor
    ) -> Tensor:
        """The attention ``[B, T, 1 + K]`` to entries that score ``[B, N]`` nats; only with `alignment`."""
        with no_autocast(last):
            return self.final.weights(self._sources(last, taps), catalogue, alignment, entry_scores)

    def lifted(self, last: Tensor, weights: Tensor, catalogue: Catalogue, alignment: BatchAlignment) -> Tensor:
        """The last layer's output ``[B, T, D]``, biased by an attention ``[B, T, 1 + K]``; only with `alignment`."""
        with no_autocast(last):
            return last + self.final.lift(weights, catalogue.symbols, alignment.logits)

    def bias_inner(self, x: Tensor, taps: List[Tensor], catalogue: Catalogue) -> Tensor:
        """The stream ``x [B, T, D]`` before the second inner head, biased; only with `inner_bias`."""
        with no_autocast(x):
            return x + self.inner(x, self._sources(x, taps), catalogue.inner)[0]

    def _sources(self, x: Tensor, taps: List[Tensor]) -> List[Tensor]:
        """The layers that the query reads."""
        return [*taps, x] if self.config.inner_layers else [x]

    def _read(self, entries: EntryBatch) -> List[Tuple[Tensor, Tensor]]:
        read = [self.pieces(entries.tokens, entries.lengths)]
        if self.phones is not None:
            states, ends = self.phones(entries.phones, entries.phone_lengths)
            at = entries.phone_at[..., None].expand(-1, -1, states.shape[-1])
            read.append((states.gather(1, at), ends))
        return read


def _with_blanks(states: Tensor, symbols: Tensor) -> Tuple[Tensor, Tensor]:
    """``[N, L, S]`` states and ``[N, L]`` pieces with a blank between any two, whose state is the mean of theirs."""
    count, length, size = states.shape
    both = states.new_zeros(count, 2 * length - 1, size)
    both[:, ::2], both[:, 1::2] = states, (states[:, :-1] + states[:, 1:]) / 2
    spread = symbols.new_zeros(count, 2 * length - 1)
    spread[:, ::2] = symbols
    return both, spread
