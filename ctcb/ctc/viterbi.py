"""CTC's best paths: the one forced alignment that training, the adapter, the phone techniques and word times share.

A sequence of tokens becomes a chain of states, the tokens with blanks between them (Graves et al. 2006, section 4.1).
A path stays in its state, goes on to the next, or skips a blank between two different tokens. All functions take the
best path (the maximum over all paths, never their sum) and differ in what is asked of it:

- :func:`align_tokens`: at which frame each token of a known transcript begins;
- :func:`spotting_scores`: how well each of many sequences fits, begin and end being free within some frames;
- :func:`best_spans`: where each of many sequences fits best, begin and end being free;
- :func:`state_scores`: how well a sequence fits if its path must pass a given state at a given frame;
- :func:`best_path`: the same as the first for a graph of states, in which a word may have several pronunciations;
- :func:`chain_path`: that for one sequence.

All but the last two share one recursion over chains; a graph's states carry their predecessors with them, which costs time
that chains need not spend.
"""
from __future__ import annotations

from typing import Optional, Sequence, Tuple

import numpy as np

from ctcb.compiled import compiled

BLANK = 0
IMPOSSIBLE = np.float32(-1e9)  # score of a path that does not exist; finite, so that differences of scores are numbers
ROUNDING = np.float32(0.01)  # of sums in another order, nats


@compiled
def chain(tokens: np.ndarray, blank: int, edges: bool) -> np.ndarray:
    """The states' labels ``[S]`` int64 of tokens ``[L]``: a blank between any two, and with ``edges`` before and behind."""
    first = 1 if edges else 0
    labels = np.full(max(0, 2 * len(tokens) - 1 + 2 * first), blank, np.int64)
    for i in range(len(tokens)):
        labels[first + 2 * i] = tokens[i]
    return labels


def chains(sequences: Sequence[Sequence[int]], blank: int = BLANK) -> Tuple[np.ndarray, np.ndarray]:
    """The chains of N sequences one behind the other: labels ``[S]`` int64, and where each begins ``[N + 1]`` int64."""
    lengths = np.array([len(sequence) for sequence in sequences], np.int64)
    return chains_of(np.array([token for sequence in sequences for token in sequence], np.int64), lengths, blank)


def chains_of(tokens: np.ndarray, lengths: np.ndarray, blank: int = BLANK) -> Tuple[np.ndarray, np.ndarray]:
    """:func:`chains` of N sequences that stand one behind the other in ``tokens``, int64, and have these ``lengths [N]``, int64."""
    starts = np.concatenate([[0], np.cumsum(np.maximum(2 * lengths - 1, 0))]).astype(np.int64)
    labels = np.full(starts[-1], blank, np.int64)
    first = np.repeat(np.cumsum(lengths) - lengths, lengths)  # of each token's sequence, among all tokens
    labels[np.repeat(starts[:-1], lengths) + 2 * (np.arange(len(tokens)) - first)] = tokens
    return labels, starts


@compiled
def _skips(labels: np.ndarray, blank: int) -> np.ndarray:
    """``[S]`` float32: 0 where a state can be reached from the last but one, minus infinity where it cannot."""
    skips = np.full(len(labels), -np.inf, np.float32)
    for s in range(2, len(labels)):
        if labels[s] != blank and labels[s] != labels[s - 2]:
            skips[s] = 0.0
    return skips


@compiled(inner=True)
def _of_chains(labels: np.ndarray, starts: np.ndarray, blank: int) -> Tuple[np.ndarray, int]:
    """The skips (:func:`_skips`) of all chains, none of which is reached from the one before, and how many states the longest has;
    at least 1."""
    skips, longest = _skips(labels, blank), 1
    for n in range(len(starts) - 1):
        skips[starts[n] : min(starts[n] + 2, starts[n + 1])] = -np.inf
        longest = max(longest, starts[n + 1] - starts[n])
    return skips, longest


@compiled(inner=True, inline="always")
def _advance(scores: np.ndarray, skips: np.ndarray, now: np.ndarray) -> None:
    """The best of the last frame's scores from which each state is reached.

    ``scores`` and ``now [2 + S]``, the states' behind two that are never reached, so that nothing here depends on a
    condition and the loop is vectorised.
    """
    for s in range(len(skips)):
        stay, go_on, skip = scores[s + 2], scores[s + 1], scores[s] + skips[s]
        best = go_on if go_on > stay else stay
        now[s + 2] = skip if skip > best else best


@compiled
def align_tokens(log_probs: np.ndarray, tokens: np.ndarray, blank: int) -> np.ndarray:
    """First frames of the tokens on the best path that spells them over all frames.

    ``log_probs [T, V]`` float32, ``tokens [N]`` int64. Returns ``[N]`` int64 rising frames, or N
    times -1 where the sequence does not fit into the frames.
    """
    labels = chain(tokens, blank, True)
    skips = _skips(labels, blank)
    frames, states = log_probs.shape[0], len(labels)
    first = np.full(len(tokens), -1, np.int64)
    if frames == 0 or len(tokens) == 0:
        return first
    back = np.zeros((frames, states), np.int8)  # states back to where the path came from
    scores, now = np.full(2 + states, -np.inf), np.full(2 + states, -np.inf)  # float64: hours of frames add up
    scores[2], scores[3] = log_probs[0, labels[0]], log_probs[0, labels[1]]
    for t in range(1, frames):
        _advance(scores, skips, now)
        for s in range(states):
            back[t, s] = 0 if now[s + 2] == scores[s + 2] else (1 if now[s + 2] == scores[s + 1] else 2)
        for s in range(states):
            now[s + 2] += log_probs[t, labels[s]]
        scores, now = now, scores
    s = states - 1 if scores[states + 1] > scores[states] else states - 2
    if scores[s + 2] == -np.inf:
        return first
    for t in range(frames - 1, -1, -1):
        if s % 2 == 1:
            first[s // 2] = t
        s -= back[t, s]
    return first


@compiled
def spotting_scores(frame_scores: np.ndarray, labels: np.ndarray, starts: np.ndarray, slack: int, blank: int) -> np.ndarray:
    """The score ``[N]`` float32 of each chain's best path (:func:`chains`) through ``frame_scores [T, V]`` float32.

    The path begins on one of the first ``slack + 1`` frames and ends on one of the last; the frames before and behind
    it cost nothing, for which ``frame_scores`` must not be above 0. IMPOSSIBLE for a chain without states, or with more
    tokens than there are frames.
    """
    frames, count = frame_scores.shape[0], len(starts) - 1
    best_scores = np.full(count, IMPOSSIBLE, np.float32)
    all_skips, longest = _of_chains(labels, starts, blank)
    first, second = np.empty(2 + longest, np.float32), np.empty(2 + longest, np.float32)
    for n in range(count):
        own, skips = labels[starts[n] : starts[n + 1]], all_skips[starts[n] : starts[n + 1]]
        states = len(own)
        if states == 0:
            continue
        scores, now = first, second
        scores[: 2 + states] = IMPOSSIBLE
        now[:2] = IMPOSSIBLE
        for t in range(frames):
            _advance(scores, skips, now)
            if t <= slack and now[2] < 0.0:
                now[2] = 0.0  # begins here
            for s in range(states):
                now[s + 2] += frame_scores[t, own[s]]
            scores, now = now, scores
            if t >= frames - 1 - slack:
                best_scores[n] = max(best_scores[n], scores[states + 1])
    return best_scores


def best_spans(
    frame_scores: np.ndarray, labels: np.ndarray, starts: np.ndarray, blank: int, least: Optional[np.ndarray] = None
) -> Tuple[np.ndarray, np.ndarray]:
    """Where each of N chains (:func:`chains`) fits best into ``frame_scores [T, V]`` float32, which are not above 0.

    A path may begin and end at any frame; the frames outside it cost nothing. Returns the best paths' scores ``[N]``
    float32, and their first and end frames ``[N, 2]`` int64; IMPOSSIBLE, and -1, for a chain without states, or with more
    tokens than there are frames. Of equal paths the one that ends first counts.

    Scores below ``least [N]`` float32 are IMPOSSIBLE, too: where it is near the best scores, it saves most of the time.
    """
    if least is None:
        least = np.full(len(starts) - 1, -np.inf, np.float32)
    return _best_spans(frame_scores, labels, starts, blank, least)


@compiled
def _best_spans(frame_scores: np.ndarray, labels: np.ndarray, starts: np.ndarray, blank: int, least: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    frames, count = frame_scores.shape[0], len(starts) - 1
    best_scores, spans = np.full(count, IMPOSSIBLE, np.float32), np.full((count, 2), -1, np.int64)
    all_skips, longest = _of_chains(labels, starts, blank)
    scores, began, needed = np.empty(longest, np.float32), np.empty(longest, np.int64), np.empty(longest, np.float32)
    highest = np.full(frame_scores.shape[1], np.float32(-np.inf))
    for t in range(frames):
        for label in range(len(highest)):
            highest[label] = max(highest[label], frame_scores[t, label])
    for n in range(count):
        own, skips = labels[starts[n] : starts[n + 1]], all_skips[starts[n] : starts[n + 1]]
        states = len(own)
        if states == 0:
            continue
        # What a path must have in each state, since each token that follows adds no more than its highest score.
        lowest = least[n] - ROUNDING
        for s in range(states - 1, -1, -1):
            needed[s] = lowest
            if own[s] != blank:
                lowest -= highest[own[s]]
        if lowest > 0.0:
            continue
        scores[:states] = IMPOSSIBLE
        began[:states] = -1
        bottom, top = 1, 0  # no path is in a state outside of these, but for the first one
        for t in range(frames):
            top = min(states - 1, top + 2)
            low, high = states, 0
            for s in range(top, -1, -1):  # downwards, so that the states before still have the last frame's score
                if 0 < s < bottom:
                    continue
                origin = s
                if s >= 1 and scores[s - 1] > scores[origin]:
                    origin = s - 1
                if s >= 2 and skips[s] == 0.0 and scores[s - 2] > scores[origin]:
                    origin = s - 2
                score, first = scores[origin], began[origin]
                if s == 0 and score < 0.0:
                    score, first = np.float32(0.0), t  # begins here
                score += frame_scores[t, own[s]]
                if score < needed[s]:
                    score, first = IMPOSSIBLE, -1
                scores[s], began[s] = score, first
                if first >= 0:
                    low, high = s, max(high, s)
            bottom, top = max(1, low), high
            if began[states - 1] >= 0 and scores[states - 1] > best_scores[n]:
                best_scores[n] = scores[states - 1]
                spans[n, 0], spans[n, 1] = began[states - 1], t + 1
        if best_scores[n] < least[n]:
            best_scores[n], spans[n, 0], spans[n, 1] = IMPOSSIBLE, -1, -1
    return best_scores, spans


@compiled(inner=True)
def _forward(own: np.ndarray, skips: np.ndarray) -> np.ndarray:
    """``[T, S]`` float32: the best path that begins in the first state at any frame and is in a state at a frame."""
    frames, states = own.shape
    scores, now = np.full(2 + states, IMPOSSIBLE, np.float32), np.full(2 + states, IMPOSSIBLE, np.float32)
    table = np.empty((frames, states), np.float32)
    for t in range(frames):
        _advance(scores, skips, now)
        if now[2] < 0.0:
            now[2] = 0.0
        for s in range(states):
            now[s + 2] += own[t, s]
            table[t, s] = now[s + 2]
        scores, now = now, scores
    return table


@compiled
def state_scores(frame_scores: np.ndarray, more: np.ndarray, tokens: np.ndarray, blank: int) -> np.ndarray:
    """``[T, S]`` float32: the score of the best whole path that is in a state at a frame, a chain without outer blanks.

    ``frame_scores [T, V]`` float32 are not above 0; ``more [T, S]`` float32 adds to them state by state. Begin and end
    are free.
    """
    labels = chain(tokens, blank, False)
    frames, states = frame_scores.shape[0], len(labels)
    own = np.empty((frames, states), np.float32)
    for t in range(frames):
        for s in range(states):
            own[t, s] = frame_scores[t, labels[s]] + more[t, s]
    forward = _forward(own, _skips(labels, blank))
    backward = _forward(own[::-1, ::-1].copy(), _skips(labels[::-1].copy(), blank))
    through = np.empty((frames, states), np.float32)
    for t in range(frames):
        for s in range(states):
            through[t, s] = forward[t, s] + (backward[frames - 1 - t, states - 1 - s] - own[t, s])
    return through


@compiled
def best_path(
    log_probs: np.ndarray, labels: np.ndarray, before: np.ndarray, starts: np.ndarray, ends: np.ndarray
) -> Tuple[float, np.ndarray]:
    """The best path through a graph of S states over all frames: its score, and the state ``[T]`` int64 at each frame.

    ``log_probs [T, V]`` float32, at least one frame; ``labels [S]``; ``before [S, K]``, the states from which each is
    reached, none of a higher number, S where there are fewer than K; ``starts`` and ``ends``, where a path may begin
    and end. The score is minus infinity, and the states are -1, where no path is so short.
    """
    frames, states, ways = len(log_probs), len(labels), before.shape[1]
    scores = np.full(states + 1, -np.inf, np.float32)  # the last is the state S, which is never reached
    for s in starts:
        scores[s] = log_probs[0, labels[s]]
    back = np.zeros((frames, states), np.int64)
    for t in range(1, frames):
        for s in range(states - 1, -1, -1):  # downwards, so that predecessors still have the last frame's score
            origin = before[s, 0]
            for k in range(1, ways):
                if scores[before[s, k]] > scores[origin]:
                    origin = before[s, k]
            back[t, s] = origin
            scores[s] = scores[origin] + log_probs[t, labels[s]]
    state = ends[0]
    for s in ends[1:]:
        if scores[s] > scores[state]:
            state = s
    best = scores[state]
    path = np.full(frames, -1, np.int64)
    if best > -np.inf:
        for t in range(frames - 1, -1, -1):
            path[t] = state
            state = back[t, state]
    return best, path


def chain_path(log_probs: np.ndarray, tokens: np.ndarray, blank: int) -> Tuple[float, np.ndarray]:
    """The best path that spells ``tokens [N]`` int64 over all frames of ``log_probs [T, V]`` float32: its score, and the label
    ``[T]`` int64 at each frame. The score is minus infinity where the sequence does not fit into the frames."""
    labels = chain(tokens, blank, True)
    states = np.arange(len(labels))
    before = np.stack([states, states - 1, states - 2], axis=1)
    before[_skips(labels, blank) < 0, 2] = len(labels)
    before[before < 0] = len(labels)
    ends = np.array([len(labels) - 1, len(labels) - 2])
    score, path = best_path(log_probs, labels, before, np.array([0, 1]), ends)
    return float(score), labels[path]
