"""The adapter's loss: CTC through the biased stream, and attention supervised by the base's forced alignment."""
from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import torch
from torch import Tensor, nn

from ctcb.adapter.alignment import align_entries, batch_alignment
from ctcb.adapter.catalogue import by_entry
from ctcb.adapter.competition import recognise
from ctcb.adapter.entries import Entry, collate
from ctcb.adapter.network import ContextualAdapter
from ctcb.ctc.viterbi import BLANK, align_tokens
from ctcb.data.loader import Batch
from ctcb.errors import InputError
from ctcb.models.ctc import CtcModel, Encoded, in_float32
from ctcb.models.normalization import frame_mask
from ctcb.training.catalogue import CatalogueSampler, Occurrence
from ctcb.training.encoder_cache import FrozenEncodings
from ctcb.training.losses import ctc_loss

NO_BIAS = 0  # its place among the attention weights


class EntityToken(NamedTuple):
    """A token of a listed phrase where it is spoken."""

    row: int  # the utterance
    frame: int  # of the token, by forced alignment
    after: int  # the frame of the phrase's next token; `frame` for its last
    entry: int  # place on the list
    place: int  # which token of the entry


def entity_tokens(
    occurrences: Sequence[Occurrence], words: Sequence[Sequence[Tuple[int, int]]], frames: Sequence[Sequence[int]]
) -> List[EntityToken]:
    """The tokens of the listed phrases with their frames.

    ``words``: of each utterance, how many phones and tokens its words have; ``frames``: of each, the
    frames of its tokens, -1 where it could not be aligned.
    """
    tokens: List[EntityToken] = []
    for row, first, end, entry in occurrences:
        before = sum(count for _, count in words[row][:first])
        count = sum(count for _, count in words[row][first:end])
        at = list(frames[row][before : before + count])
        if -1 not in at:
            tokens += [EntityToken(row, here, after, entry, j) for j, (here, after) in enumerate(zip(at, [*at[1:], at[-1]]))]
    return tokens


def allowed_keys(tokens: Sequence[EntityToken], owner: Tensor, stride: int, lengths: Tensor, frames: int) -> Tuple[Tensor, Tensor]:
    """The keys that each frame may attend to: ``allowed [B, T, 1 + K]`` and ``spoken [B, T]``, both bool and on the CPU.

    ``stride``: keys from one token of an entry to the next.

    A listed token's frame must attend to that token's key. On the frames between a phrase's first and
    last token, and one before and after, `<no-bias>` and all of the phrase's keys are right; on any
    other, `<no-bias>` alone. ``spoken`` marks the listed tokens' frames.
    """
    batch = len(lengths)
    allowed, owner = torch.zeros(batch, frames, 1 + len(owner), dtype=torch.bool), owner.cpu()
    allowed[..., NO_BIAS] = True
    spoken = torch.zeros(batch, frames, dtype=torch.bool)
    first_key = torch.searchsorted(owner, torch.arange(int(owner[-1]) + 2 if len(owner) else 1)).tolist()
    for row, frame, after, entry, _ in tokens:
        keys = slice(1 + first_key[entry], 1 + first_key[entry + 1])
        allowed[row, max(0, frame - 1) : after + 2, keys] = True
    for row, frame, _, entry, place in tokens:
        if not spoken[row, frame]:
            allowed[row, frame] = False
            spoken[row, frame] = True
        allowed[row, frame, 1 + first_key[entry] + place * stride] = True
    return allowed, spoken


class AttentionLoss(NamedTuple):
    """The attention loss of a batch, and what the attention gets right."""

    loss: Tensor  # nats a frame, listed tokens' frames and the others weighing alike
    hits: int  # listed tokens' frames on which the right entry had more weight than any other, or `<no-bias>`
    total: int  # such frames
    quiet: int  # frames away from listed phrases on which `<no-bias>` had the most
    others: int  # such frames


def attention_loss(weights: Tensor, tokens: Sequence[EntityToken], owner: Tensor, stride: int, lengths: Tensor) -> AttentionLoss:
    """The negative log of the weight on allowed keys; ``weights [B, T, 1 + K]``, ``owner [K]``."""
    allowed, spoken = (keys.to(weights.device) for keys in allowed_keys(tokens, owner, stride, lengths, weights.shape[1]))
    real = frame_mask(lengths, weights.shape[1])
    cost = -(weights * allowed).sum(dim=-1).clamp(min=1e-8).log()
    others = real & ~spoken
    loss = 0.5 * (_mean(cost[spoken]) + _mean(cost[others]))
    with torch.no_grad():
        best = by_entry(weights, owner).argmax(dim=-1)
        away = others & (allowed.sum(dim=-1) == 1)
        found = best.tolist()
        hits = sum(found[row][frame] == 1 + entry for row, frame, _, entry, _ in tokens)
        return AttentionLoss(loss, hits, len(tokens), int((best[away] == NO_BIAS).sum()), int(away.sum()))


class AdapterObjective(nn.Module):
    """The adapter with a base that learns nothing, is no part of its weights, and runs without dropout."""

    def __init__(
        self, adapter: ContextualAdapter, base: CtcModel, sampler: CatalogueSampler, attention_weight: float,
        encodings: Optional[FrozenEncodings] = None,
    ) -> None:
        """With ``encodings`` batches hold these in the place of features.

        Raises InputError where the adapter's inner site changes the encodings.
        """
        super().__init__()
        if encodings is not None and adapter.inner is not None:
            raise InputError("adapter.inner_bias changes the base's encodings", hint="leave --cache out, or turn it off")
        self.adapter, self.sampler, self.attention_weight, self.encodings = adapter, sampler, attention_weight, encodings
        # In a tuple, so that neither checkpoints nor optimisers nor train() find it.
        self._base = (base.eval().requires_grad_(False),)

    @property
    def base(self) -> CtcModel:
        """The frozen base."""
        return self._base[0]

    def forward(self, batch: Batch, step: int) -> Tuple[Tensor, Dict[str, float]]:
        """The loss to minimise, and its parts for the log: CTC in nats a token, attention in nats a frame.

        A batch has a list of its own. Where it is a part of another, its losses weigh as much as its share of the tokens.
        """
        drawn = self.sampler.draw(batch.texts, int(torch.randint(2**31, ())))
        if self.encodings is not None:
            encoded = self.encodings.unpack(batch.features, batch.lengths)
        else:
            encoded = encode(self.base, self.adapter, drawn.entries, batch.features, batch.lengths)
        biased = bias_batch(self.base, self.adapter, encoded, drawn.entries, drawn.occurrences)
        targets, target_lengths = batch.targets["subword"], batch.target_lengths["subword"]
        loss = ctc_loss(biased.log_probs, encoded.lengths, targets, target_lengths) / batch.all_lengths("subword").sum().clamp(min=1)
        frames = align(self.base, encoded, targets, target_lengths)
        attended = attention_loss_of(biased, entity_tokens(drawn.occurrences, batch.words, frames), self.adapter, encoded.lengths)
        share = batch.share
        parts = {
            "ctc": float(loss.detach()), "attention": share * float(attended.loss.detach()), "entries": share * len(drawn.entries),
            "total": attended.total, "hits": attended.hits, "quiet": share * attended.quiet / max(1, attended.others),
        }
        return loss + share * self.attention_weight * attended.loss, parts


class BiasedBatch(NamedTuple):
    """A batch biased toward a list."""

    log_probs: Tensor  # [B, T, V]
    weights: Tensor  # [B, T, 1 + K], `<no-bias>` first
    owner: Tensor  # [K] int64, keys' entries, as numbered in `entries`
    entries: List[int]  # those of the list that took part, rising


def encode(base: CtcModel, adapter: ContextualAdapter, entries: Sequence[Entry], features: Tensor, lengths: Tensor) -> Encoded:
    """The base's encoding, biased before its second inner head where the adapter has an inner site."""
    if adapter.inner is None:
        return base.encode(features, lengths)
    catalogue = adapter.encode(collate(entries))

    def inner(x: Tensor, taps: List[Tensor], _: List[Tensor]) -> Tensor:
        return adapter.bias_inner(x, taps, catalogue)

    return base.encode(features, lengths, inner)


def bias_batch(
    base: CtcModel, adapter: ContextualAdapter, encoded: Encoded, entries: Sequence[Entry], occurrences: Sequence[Occurrence] = (),
    recognition: bool = False,
) -> BiasedBatch:
    """Bias a batch toward a list; with `alignment` its ``occurrences`` take part however badly they fit.

    ``recognition``: under the rules of :func:`ctcb.adapter.competition.recognise`, but without penalties.
    """
    logits = in_float32(base.head, encoded.last)
    alignment, chosen = None, list(range(len(entries)))
    if adapter.config.alignment:
        phones, pieces = (
            x.detach().log_softmax(dim=-1).cpu().numpy() for x in (encoded.inter_logits[base.config.phone_head], logits)
        )
        rows = [
            align_entries(phones[row, :count], pieces[row, :count], entries, [spoken.entry for spoken in occurrences if spoken.row == row])
            for row, count in enumerate(encoded.lengths.tolist())
        ]
        chosen = sorted({entry for row in rows for entry in row.entries}) or [0]
        alignment = batch_alignment(rows, chosen, [adapter.keys_of(len(entries[i].tokens)) for i in chosen], logits)
    catalogue = adapter.encode(collate([entries[i] for i in chosen]))
    stream = encoded.last, encoded.taps, catalogue
    if recognition and alignment is not None:
        last, weights = recognise(adapter, *stream, alignment, adapter.final.entry_scores(alignment))
    else:
        last, weights = adapter.bias(*stream, alignment)
    return BiasedBatch(in_float32(base.head, last).log_softmax(dim=-1), weights, catalogue.owner, chosen)


def attention_loss_of(biased: BiasedBatch, tokens: Sequence[EntityToken], adapter: ContextualAdapter, lengths: Tensor) -> AttentionLoss:
    """:func:`attention_loss`; entries that took no part count among the total and not among the hits."""
    number = {entry: i for i, entry in enumerate(biased.entries)}
    there = [token._replace(entry=number[token.entry]) for token in tokens if token.entry in number]
    attended = attention_loss(biased.weights, there, biased.owner, adapter.stride, lengths)
    return attended._replace(total=len(tokens))


def align(base: CtcModel, encoded: Encoded, targets: Tensor, target_lengths: Tensor) -> List[List[int]]:
    """The frames of each utterance's tokens by the base's own head, -1 where they do not fit."""
    with torch.no_grad():
        log_probs = in_float32(base.head, encoded.last).log_softmax(dim=-1).cpu().numpy()
    spoken = targets.cpu().split(target_lengths.tolist())
    return [
        align_tokens(log_probs[row, :count], ids.numpy(), BLANK).tolist()
        for row, (ids, count) in enumerate(zip(spoken, encoded.lengths.tolist()))
    ]


def _mean(values: Tensor) -> Tensor:
    return values.mean() if len(values) else values.sum()
