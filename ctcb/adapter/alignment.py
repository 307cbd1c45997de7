"""Forced alignment of a list's entries with the frozen heads' emissions: what the adapter's attention starts from.

An entry's phones are aligned with the phone head's emissions, then its pieces with the final head's
(`ctcb.ctc.viterbi`). A path's score is the sum over its frames of ``log p(symbol) - max log p``, so that 0 means that
the head's best symbol is the path's on every frame. The pieces' path is also drawn to the frames of the phones, which
are known even where the final head has all the pieces wrong.

Nothing here is learned, and nothing depends on which names training has seen.
"""
from __future__ import annotations

from typing import List, NamedTuple, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from ctcb.adapter.entries import Entry
from ctcb.ctc.viterbi import BLANK, chains, spotting_scores, state_scores

FLOOR = -8.0  # log-probability below which differences do not count
MIN_SCORE = -2.6  # nats a phone; an entry below it is excluded. True names seldom fall below it, in noise too
MAX_ALIGNED = 60  # entries of an utterance whose pieces are aligned, too
PHONE_PULL = 0.5  # factor on the phones' state scores that are added to the pieces'
REACH = 2  # frames between a piece and its phones at which these still pull
EXCLUDED = -1e4  # score of an excluded entry: its attention weight is exactly zero
FEATURES = 6


class UtteranceAlignment(NamedTuple):
    """The entries of a list that fit one utterance of T frames."""

    entries: List[int]  # M numbers of those that are not excluded, rising
    features: np.ndarray  # [M, FEATURES] float32: scores of the phones and of the pieces, a symbol and in all; lengths
    state_scores: List[np.ndarray]  # each one's [T, 2 L - 1] float32 nats: by how much the best path through a state
    # (piece, blank, piece, ..., piece) falls below the entry's best


class BatchAlignment(NamedTuple):
    """N entries with K states in all, entry by entry, aligned with B utterances."""

    features: Tensor  # [B, N, FEATURES]
    state_scores: Tensor  # [B, T, K]; EXCLUDED for entries that are excluded
    logits: Tensor  # [B, T, V] the final head's, without the list


def align_entries(phones: np.ndarray, pieces: np.ndarray, entries: Sequence[Entry], keep: Sequence[int] = ()) -> UtteranceAlignment:
    """Align entries with ``[T, P]`` natural-log probabilities of phones and ``[T, V]`` of pieces; T at least 1.

    At most ``MAX_ALIGNED`` entries come out, and those to ``keep``. An entry without phones is excluded.
    """
    by_phone, by_piece = below_best(phones), below_best(pieces)
    lengths = np.array([len(entry.phones) for entry in entries])
    scores = spotting_scores(by_phone, *chains([entry.phones for entry in entries]), len(by_phone), BLANK)
    per_phone = scores / np.maximum(lengths, 1)
    # Short names fit by chance more often than long ones that lose as much a phone: the order is that of the whole.
    likeliest = np.argsort((MIN_SCORE - per_phone) * lengths, kind="stable")[:MAX_ALIGNED]
    chosen = sorted({*likeliest[per_phone[likeliest] >= MIN_SCORE].tolist(), *(i for i in keep if lengths[i])})
    features, state_scores = np.zeros((len(chosen), FEATURES), np.float32), []
    for row, place in enumerate(chosen):
        entry = entries[place]
        phone_score, piece_score, states = _align(by_phone, by_piece, entry)
        num_phones, num_pieces = len(entry.phones), len(entry.tokens)
        features[row] = (
            phone_score / num_phones, piece_score / num_pieces, phone_score / 10, piece_score / 10, num_phones / 10, num_pieces / 10
        )
        state_scores.append(states)
    return UtteranceAlignment(chosen, features, state_scores)


def batch_alignment(rows: Sequence[UtteranceAlignment], entries: Sequence[int], states: Sequence[int], logits: Tensor) -> BatchAlignment:
    """The alignments of B utterances with some ``entries`` (rising) of so many ``states`` each, as tensors.

    ``logits [B, T, V]``: the final head's, on whose device the others are, too.
    """
    place = {entry: number for number, entry in enumerate(entries)}
    first = np.concatenate([[0], np.cumsum(states)]).astype(int)
    features = torch.zeros(len(rows), len(entries), FEATURES)
    state_scores = torch.full((len(rows), logits.shape[1], int(first[-1])), EXCLUDED)
    for row, alignment in enumerate(rows):
        for entry, feature, scores in zip(*alignment):
            number = place[entry]
            features[row, number] = torch.from_numpy(feature)
            state_scores[row, : len(scores), first[number] : first[number + 1]] = torch.from_numpy(scores)
    return BatchAlignment(features.to(logits.device), state_scores.to(logits.device), logits)


def below_best(log_probs: np.ndarray) -> np.ndarray:
    """``[T, V]`` log-probabilities, not below the floor, less the frame's best: float32, at most 0."""
    rows = np.maximum(log_probs, FLOOR) - log_probs.max(axis=1, keepdims=True)
    return np.ascontiguousarray(rows, dtype=np.float32)


def _align(by_phone: np.ndarray, by_piece: np.ndarray, entry: Entry) -> Tuple[float, float, np.ndarray]:
    """The scores of the phones' best path and of the pieces' (with the phones' pull), and the pieces' ``state_scores``."""
    phones, tokens = np.array(entry.phones, np.int64), np.array(entry.tokens, np.int64)
    through = state_scores(by_phone, np.zeros((len(by_phone), 2 * len(phones) - 1), np.float32), phones, BLANK)
    phone_score = float(through.max())
    here = np.maximum(through - phone_score, FLOOR)
    near = here.copy()
    for step in range(1, REACH + 1):
        near[step:] = np.maximum(near[step:], here[:-step])
        near[:-step] = np.maximum(near[:-step], here[step:])
    pull = np.empty((len(by_piece), 2 * len(tokens) - 1), np.float32)
    for j, (first, end) in enumerate(zip(entry.phone_at, [*entry.phone_at[1:], len(phones)])):
        pull[:, 2 * j] = near[:, 2 * first : max(2 * end - 1, 2 * first + 1)].max(axis=1)
    pull[:, 1::2] = np.maximum(pull[:, :-1:2], pull[:, 2::2])
    through = state_scores(by_piece, np.float32(PHONE_PULL) * pull, tokens, BLANK)
    piece_score = float(through.max())
    return phone_score, piece_score, through - np.float32(piece_score)
