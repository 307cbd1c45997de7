"""The adapter's loss: CTC through the leaned stream, and attention told by the base's forced alignment."""
from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import torch
from torch import Tensor, nn

from ctcb.adapter.alignment import evidence_of, match
from ctcb.adapter.catalogue import by_entry
from ctcb.adapter.competition import recognise
from ctcb.adapter.entries import Entry, collate
from ctcb.adapter.network import ContextualAdapter
from ctcb.ctc.viterbi import BLANK, align_tokens
from ctcb.data.loader import Batch
from ctcb.errors import InputError
from ctcb.models.conformer import frame_mask
from ctcb.models.ctc import CtcModel, Encoded, in_float32
from ctcb.training.catalogue import CatalogueSampler, Said
from ctcb.training.encoder_cache import FrozenEncodings
from ctcb.training.losses import ctc_loss

NO_BIAS = 0  # its place among the attention weights


class SaidToken(NamedTuple):
    """A token of a listed phrase where it was said."""

    row: int  # the utterance
    frame: int  # of the token, by forced alignment
    after: int  # the frame of the phrase's next token; `frame` for its last
    entry: int  # place on the list
    place: int  # which token of the entry


def said_tokens(
    said: Sequence[Said], words: Sequence[Sequence[Tuple[int, int]]], frames: Sequence[Sequence[int]]
) -> List[SaidToken]:
    """Where the tokens of the listed phrases were said.

    ``words``: of each utterance, how many phones and tokens its words have; ``frames``: of each, the
    frames of its tokens, -1 where it could not be aligned.
    """
    found: List[SaidToken] = []
    for row, first, end, entry in said:
        before = sum(tokens for _, tokens in words[row][:first])
        count = sum(tokens for _, tokens in words[row][first:end])
        at = list(frames[row][before : before + count])
        if -1 not in at:
            found += [SaidToken(row, here, after, entry, j) for j, (here, after) in enumerate(zip(at, [*at[1:], at[-1]]))]
    return found


def allowed_keys(tokens: Sequence[SaidToken], owner: Tensor, stride: int, lengths: Tensor, frames: int) -> Tuple[Tensor, Tensor]:
    """What each frame may attend to: ``allowed [B, T, 1 + K]`` and ``told [B, T]``, both bool.

    ``stride``: keys from one token of an entry to the next.

    A listed token's frame must attend to that token's key. On the frames between a phrase's first and
    last token, and one before and after, `<no-bias>` and all of the phrase's keys are right; on any
    other, `<no-bias>` alone. ``told`` marks the listed tokens' frames.
    """
    batch = len(lengths)
    allowed = torch.zeros(batch, frames, 1 + len(owner), dtype=torch.bool)
    allowed[..., NO_BIAS] = True
    told = torch.zeros(batch, frames, dtype=torch.bool)
    first_key = torch.searchsorted(owner, torch.arange(int(owner[-1]) + 2 if len(owner) else 1)).tolist()
    for row, frame, after, entry, _ in tokens:
        keys = slice(1 + first_key[entry], 1 + first_key[entry + 1])
        allowed[row, max(0, frame - 1) : after + 2, keys] = True
    for row, frame, _, entry, place in tokens:
        if not told[row, frame]:
            allowed[row, frame] = False
            told[row, frame] = True
        allowed[row, frame, 1 + first_key[entry] + place * stride] = True
    return allowed, told


class Attended(NamedTuple):
    """How attention did on a batch."""

    loss: Tensor  # nats a frame, listed tokens' frames and the others weighing alike
    hits: int  # listed tokens' frames on which the right entry had more weight than any other, or `<no-bias>`
    told: int  # such frames
    quiet: int  # frames away from listed phrases on which `<no-bias>` had the most
    others: int  # such frames


def attention_loss(weights: Tensor, tokens: Sequence[SaidToken], owner: Tensor, stride: int, lengths: Tensor) -> Attended:
    """The negative log of the weight on allowed keys; ``weights [B, T, 1 + K]``, ``owner [K]``."""
    allowed, told = allowed_keys(tokens, owner, stride, lengths, weights.shape[1])
    real = frame_mask(lengths, weights.shape[1])
    cost = -(weights * allowed).sum(dim=-1).clamp(min=1e-8).log()
    others = real & ~told
    loss = 0.5 * (_mean(cost[told]) + _mean(cost[others]))
    with torch.no_grad():
        best = by_entry(weights, owner).argmax(dim=-1)
        away = others & (allowed.sum(dim=-1) == 1)
        hits = sum(int(best[row, frame]) == 1 + entry for row, frame, _, entry, _ in tokens)
        return Attended(loss, hits, len(tokens), int((best[away] == NO_BIAS).sum()), int(away.sum()))


class AdapterObjective(nn.Module):
    """The adapter with a base that learns nothing, is no part of its weights, and hears without dropout."""

    def __init__(
        self, adapter: ContextualAdapter, base: CtcModel, sampler: CatalogueSampler, attention_weight: float,
        encodings: Optional[FrozenEncodings] = None,
    ) -> None:
        """With a ``encodings`` batches hold what these pack, in the place of features."""
        super().__init__()
        if encodings is not None and adapter.inner is not None:
            raise InputError("adapter.inner_bias changes what the base makes of speech", hint="leave --cache out, or turn it off")
        self.adapter, self.sampler, self.attention_weight, self.encodings = adapter, sampler, attention_weight, encodings
        # In a tuple, so that neither checkpoints nor optimisers nor train() find it.
        self._base = (base.eval().requires_grad_(False),)

    @property
    def base(self) -> CtcModel:
        return self._base[0]

    def forward(self, batch: Batch, step: int) -> Tuple[Tensor, Dict[str, float]]:
        """The loss to minimise, and its parts for the log: CTC in nats a token, attention in nats a frame."""
        drawn = self.sampler.draw(batch.texts, int(torch.randint(2**31, ())))
        if self.encodings is not None:
            encoded = self.encodings.unpack(batch.features, batch.lengths)
        else:
            encoded = encode(self.base, self.adapter, drawn.entries, batch.features, batch.lengths)
        found = lean(self.base, self.adapter, encoded, drawn.entries, drawn.said)
        targets, target_lengths = batch.targets["subword"], batch.target_lengths["subword"]
        loss = ctc_loss(found.log_probs, encoded.lengths, targets, target_lengths) / target_lengths.sum().clamp(min=1)
        frames = align(self.base, encoded, targets, target_lengths)
        attended = attention_loss_of(found, said_tokens(drawn.said, batch.words, frames), self.adapter, encoded.lengths)
        parts = {
            "ctc": float(loss.detach()), "attention": float(attended.loss.detach()), "entries": len(drawn.entries),
            "told": attended.told, "hits": attended.hits, "quiet": attended.quiet / max(1, attended.others),
        }
        return loss + self.attention_weight * attended.loss, parts


class Leaned(NamedTuple):
    """What a list made of a batch."""

    log_probs: Tensor  # [B, T, V]
    weights: Tensor  # [B, T, 1 + K], `<no-bias>` first
    owner: Tensor  # [K] int64, keys' entries, as numbered in `entries`
    entries: List[int]  # those of the list that took part, rising


def encode(base: CtcModel, adapter: ContextualAdapter, entries: Sequence[Entry], features: Tensor, lengths: Tensor) -> Encoded:
    """The base's encoding, leaned before its second inner head where the adapter does that."""
    if adapter.inner is None:
        return base.encode(features, lengths)
    catalogue = adapter.encode(collate(entries))

    def inner(x: Tensor, taps: List[Tensor], _: List[Tensor]) -> Tensor:
        return adapter.bias_inner(x, taps, catalogue)

    return base.encode(features, lengths, inner)


def lean(
    base: CtcModel, adapter: ContextualAdapter, encoded: Encoded, entries: Sequence[Entry], said: Sequence[Said] = (),
    recognition: bool = False,
) -> Leaned:
    """Lean a batch toward a list; with `alignment` what was ``said`` takes part however badly it fits.

    ``recognition``: under the rules of :func:`ctcb.adapter.competition.recognise`, but without penalties.
    """
    logits = in_float32(base.head, encoded.last)
    evidence, chosen = None, list(range(len(entries)))
    if adapter.config.alignment:
        phones, pieces = (
            x.detach().log_softmax(dim=-1).numpy() for x in (encoded.inter_logits[base.config.phone_head], logits)
        )
        rows = [
            match(phones[row, :count], pieces[row, :count], entries, [one.entry for one in said if one.row == row])
            for row, count in enumerate(encoded.lengths.tolist())
        ]
        chosen = sorted({entry for row in rows for entry in row.entries}) or [0]
        evidence = evidence_of(rows, chosen, [adapter.keys_of(len(entries[i].tokens)) for i in chosen], logits)
    catalogue = adapter.encode(collate([entries[i] for i in chosen]))
    stream = encoded.last, encoded.taps, catalogue
    if recognition and evidence is not None:
        last, weights = recognise(adapter, *stream, evidence, adapter.final.entry_scores(evidence))
    else:
        last, weights = adapter.bias(*stream, evidence)
    return Leaned(in_float32(base.head, last).log_softmax(dim=-1), weights, catalogue.owner, chosen)


def attention_loss_of(found: Leaned, tokens: Sequence[SaidToken], adapter: ContextualAdapter, lengths: Tensor) -> Attended:
    """:func:`attention_loss`; entries that took no part are counted as told and not hit."""
    number = {entry: i for i, entry in enumerate(found.entries)}
    there = [token._replace(entry=number[token.entry]) for token in tokens if token.entry in number]
    attended = attention_loss(found.weights, there, found.owner, adapter.stride, lengths)
    return attended._replace(told=len(tokens))


def align(base: CtcModel, encoded: Encoded, targets: Tensor, target_lengths: Tensor) -> List[List[int]]:
    """The frames of each utterance's tokens by the base's own head, -1 where they do not fit."""
    with torch.no_grad():
        log_probs = in_float32(base.head, encoded.last).log_softmax(dim=-1).numpy()
    return [
        align_tokens(log_probs[row, : int(encoded.lengths[row])], ids.numpy(), BLANK).tolist()
        for row, ids in enumerate(targets.split(target_lengths.tolist()))
    ]


def _mean(values: Tensor) -> Tensor:
    return values.mean() if len(values) else values.sum()
