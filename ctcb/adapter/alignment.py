"""How well a list's entries fit what the frozen heads heard, and where: the alignments that attention starts from.

An entry's phones are aligned with the phone head's emissions, then its pieces with the final head's, both
on CTC's topology and against the best that the frames could say: a path's score is the sum over its frames
of ``log p(symbol) - max log p``, so that 0 means that the head says nothing else. The pieces' path is also
drawn to where the phones are, which says where a name is even if the final head has all its pieces wrong.

Nothing here learns, and nothing depends on which names were heard in training.
"""
from __future__ import annotations

from typing import List, NamedTuple, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from ctcb.adapter.entries import Entry
from ctcb.ctc.viterbi import BLANK, chains, spotting_scores, state_scores

FLOOR = -8.0  # log-probability below which a symbol is as good as not heard
WORST = -2.6  # nats a phone; an entry that fits worse is out. On noisy speech that true names seldom reach
MOST = 60  # entries of an utterance that are looked at closely
DRAW = 0.5  # of the phones' path on the pieces'
REACH = 2  # frames by which a piece may lie beside its phones
UNHEARD = -1e4  # score of what is out: its attention weight is exactly zero
FEATURES = 6


class Found(NamedTuple):
    """What one utterance says of a list."""

    entries: List[int]  # M numbers of those that are not out, rising
    features: np.ndarray  # [M, FEATURES] float32: the fit of the phones and of the pieces, a symbol and in all; lengths
    scores: List[np.ndarray]  # each one's [T, 2 L - 1] float32: by how much the best path through a state (piece,
    # blank, piece, ..., piece) falls below the entry's best


class Evidence(NamedTuple):
    """What a batch says of N entries with K states in all, entry by entry."""

    features: Tensor  # [B, N, FEATURES]
    scores: Tensor  # [B, T, K]; UNHEARD for entries that are out
    logits: Tensor  # [B, T, V] the final head's, without the list


def match(phones: np.ndarray, pieces: np.ndarray, entries: Sequence[Entry], keep: Sequence[int] = ()) -> Found:
    """What ``[T, P]`` log-probabilities of phones and ``[T, V]`` of pieces say of entries; T at least 1.

    At most ``MOST`` entries come out, and the ones to ``keep``. An entry without phones is out.
    """
    by_phone, by_piece = relative(phones), relative(pieces)
    lengths = np.array([len(entry.phones) for entry in entries])
    fit = spotting_scores(by_phone, *chains([entry.phones for entry in entries]), len(by_phone), BLANK) / np.maximum(lengths, 1)
    # Short names fit by chance more often than long ones that lose as much a phone, so that what counts is the whole.
    likeliest = np.argsort((WORST - fit) * lengths, kind="stable")[:MOST]
    chosen = sorted({*likeliest[fit[likeliest] >= WORST].tolist(), *(i for i in keep if lengths[i])})
    features, scores = np.zeros((len(chosen), FEATURES), np.float32), []
    for row, place in enumerate(chosen):
        entry = entries[place]
        sound, spelled, score = _align(by_phone, by_piece, entry)
        many, few = len(entry.phones), len(entry.tokens)
        features[row] = sound / many, spelled / few, sound / 10, spelled / 10, many / 10, few / 10
        scores.append(score)
    return Found(chosen, features, scores)


def evidence_of(rows: Sequence[Found], entries: Sequence[int], states: Sequence[int], logits: Tensor) -> Evidence:
    """What a batch's utterances say, as tensors, of some ``entries`` (rising) with so many ``states`` each."""
    place = {entry: number for number, entry in enumerate(entries)}
    first = np.concatenate([[0], np.cumsum(states)]).astype(int)
    features = torch.zeros(len(rows), len(entries), FEATURES)
    scores = torch.full((len(rows), logits.shape[1], int(first[-1])), UNHEARD)
    for row, found in enumerate(rows):
        for entry, feature, score in zip(found.entries, found.features, found.scores):
            number = place[entry]
            features[row, number] = torch.from_numpy(feature)
            scores[row, : len(score), first[number] : first[number + 1]] = torch.from_numpy(score)
    return Evidence(features, scores, logits)


def relative(log_probs: np.ndarray) -> np.ndarray:
    """``[T, V]`` log-probabilities as what each loses against the frame's best, not below the floor."""
    rows = np.maximum(log_probs, FLOOR) - log_probs.max(axis=1, keepdims=True)
    return np.ascontiguousarray(rows, dtype=np.float32)


def _align(by_phone: np.ndarray, by_piece: np.ndarray, entry: Entry) -> Tuple[float, float, np.ndarray]:
    """The scores of the phones' best path and of the pieces' (with what draws it), and the latter's states'."""
    phones, tokens = np.array(entry.phones, np.int64), np.array(entry.tokens, np.int64)
    through = state_scores(by_phone, np.zeros((len(by_phone), 2 * len(phones) - 1), np.float32), phones, BLANK)
    sound = float(through.max())
    here = np.maximum(through - sound, FLOOR)
    near = here.copy()
    for step in range(1, REACH + 1):
        near[step:] = np.maximum(near[step:], here[:-step])
        near[:-step] = np.maximum(near[:-step], here[step:])
    draw = np.empty((len(by_piece), 2 * len(tokens) - 1), np.float32)
    for j, (first, end) in enumerate(zip(entry.phone_at, [*entry.phone_at[1:], len(phones)])):
        draw[:, 2 * j] = near[:, 2 * first : max(2 * end - 1, 2 * first + 1)].max(axis=1)
    draw[:, 1::2] = np.maximum(draw[:, :-1:2], draw[:, 2::2])
    through = state_scores(by_piece, np.float32(DRAW) * draw, tokens, BLANK)
    spelled = float(through.max())
    return sound, spelled, through - np.float32(spelled)
