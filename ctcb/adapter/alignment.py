"""How well a list's entries fit what the frozen heads heard, and where: the alignments that attention starts from.

An entry's phones are aligned with the phone head's emissions, then its pieces with the final head's, both
on CTC's topology and against the best that the frames could say: a path's score is the sum over its frames
of ``log p(symbol) - max log p``, so that 0 means that the head says nothing else. The pieces' path is also
drawn to where the phones are, which says where a name is even if the final head has all its pieces wrong.

Nothing here learns, and nothing depends on which names were heard in training.
"""
from __future__ import annotations

from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from ctcb.adapter.entries import Entry, Ids
from ctcb.compiled import compiled

FLOOR = -8.0  # log-probability below which a symbol is as good as not heard
WORST = -2.6  # nats a phone; an entry that fits worse is out. On noisy speech that true names seldom reach
MOST = 60  # entries of an utterance that are looked at closely
DRAW = 0.5  # of the phones' path on the pieces'
REACH = 2  # frames by which a piece may lie beside its phones
UNHEARD = -1e4  # score of what is out: its attention weight is exactly zero
FEATURES = 6
BLANK = 0
LOWEST = -1e9  # score of a path that there is not


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
    handicap: Optional[Tensor] = None  # [N] nats by which entries must fit better than they would have had to in training


def match(phones: np.ndarray, pieces: np.ndarray, entries: Sequence[Entry], keep: Sequence[int] = ()) -> Found:
    """What ``[T, P]`` log-probabilities of phones and ``[T, V]`` of pieces say of entries; T at least 1.

    At most ``MOST`` entries come out, and the ones to ``keep``. An entry without phones is out.
    """
    by_phone, by_piece = relative(phones), relative(pieces)
    symbols, starts = flat([entry.phones for entry in entries])
    lengths = np.diff(starts)
    fit = best_paths(by_phone, symbols, starts, len(by_phone)) / np.maximum(lengths, 1)
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
    through = _through(by_phone, np.zeros((len(by_phone), 2 * len(phones) - 1), np.float32), phones)
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
    through = _through(by_piece, np.float32(DRAW) * draw, tokens)
    spelled = float(through.max())
    return sound, spelled, through - np.float32(spelled)


def flat(sequences: Sequence[Ids]) -> Tuple[np.ndarray, np.ndarray]:
    """The symbols of N sequences one behind the other, and where each begins ``[N + 1]``, int64."""
    symbols = np.array([symbol for sequence in sequences for symbol in sequence], np.int64)
    return symbols, np.cumsum([0, *map(len, sequences)], dtype=np.int64)


@compiled
def best_paths(rows: np.ndarray, symbols: np.ndarray, starts: np.ndarray, about: int) -> np.ndarray:
    """The score ``[N]`` of each sequence's best path through ``rows [T, V]``, none of which is above 0.

    It begins on one of the first ``about + 1`` frames and ends on one of the last; what is before and behind it is free.
    LOWEST where a sequence has no symbols, or more than there are frames.
    """
    frames, count = rows.shape[0], len(starts) - 1
    lowest = np.float32(LOWEST)
    scores = np.full(count, lowest, np.float32)
    longest = 1
    for n in range(count):
        longest = max(longest, starts[n + 1] - starts[n])
    state = np.empty(2 * longest, np.float32)
    for n in range(count):
        begin = starts[n]
        last = 2 * (starts[n + 1] - begin) - 2
        if last < 0:
            continue
        state[: last + 1] = lowest
        for t in range(frames):
            for s in range(last, -1, -1):  # downwards, so that state[s - 1] is still the last frame's
                best = state[s]
                if s >= 1 and state[s - 1] > best:
                    best = state[s - 1]
                if s % 2 == 1:
                    state[s] = best + rows[t, BLANK]
                    continue
                symbol = symbols[begin + s // 2]
                if s >= 2 and symbol != symbols[begin + s // 2 - 1] and state[s - 2] > best:
                    best = state[s - 2]
                if s == 0 and t <= about and best < 0.0:
                    best = np.float32(0.0)  # begins here
                state[s] = best + rows[t, symbol]
            if t >= frames - 1 - about:
                scores[n] = max(scores[n], state[last])
    return scores


@compiled
def _through(rows: np.ndarray, more: np.ndarray, symbols: np.ndarray) -> np.ndarray:
    """``[T, S]``: the score of the best whole path that is in a state at a frame; ``more [T, S]`` adds to it there."""
    frames, last = rows.shape[0], 2 * len(symbols) - 2
    lowest, zero = np.float32(-1e9), np.float32(0.0)
    own = np.empty((frames, last + 1), np.float32)
    for t in range(frames):
        for s in range(last + 1):
            own[t, s] = rows[t, symbols[s // 2] if s % 2 == 0 else BLANK] + more[t, s]
    through = np.empty((frames, last + 1), np.float32)
    for t in range(frames):
        for s in range(last + 1):
            best = lowest
            if t > 0:
                best = through[t - 1, s]
                if s >= 1:
                    best = max(best, through[t - 1, s - 1])
                if s % 2 == 0 and s >= 2 and symbols[s // 2] != symbols[s // 2 - 1]:
                    best = max(best, through[t - 1, s - 2])
            if s == 0:
                best = max(best, zero)
            through[t, s] = best + own[t, s]
    after = np.full(last + 3, lowest, np.float32)  # the best from a state at the next frame to the end
    now = np.empty(last + 1, np.float32)
    for t in range(frames - 1, -1, -1):
        for s in range(last + 1):
            best = max(after[s], after[s + 1])
            if s % 2 == 0 and s + 2 <= last and symbols[s // 2] != symbols[s // 2 + 1]:
                best = max(best, after[s + 2])
            if s == last:
                best = max(best, zero)
            now[s] = best + own[t, s]
            through[t, s] += now[s] - own[t, s]
        after[: last + 1] = now
    return through
