"""The prefilter against all paths, one by one."""
import itertools

import numpy as np

from ctcb.adapter.alignment import match
from ctcb.adapter.entries import Entry
from ctcb.adapter.prefilter import FLOOR, REACH, SURELY_BLANK, Prefilter


def all_paths(name, log_probs):
    heard = log_probs[log_probs[:, 0] < np.log(SURELY_BLANK)]
    lost = [[max(p, FLOOR) - max(row) for p in row] for row in heard]
    scores = [-np.inf]
    for frames in itertools.combinations(range(len(heard)), len(name)):
        if all(b - a <= REACH for a, b in zip(frames, frames[1:])):
            begun = sum(lost[t][symbol] for t, symbol in zip(frames, name))
            between = [(t, name[j]) for j, (a, b) in enumerate(zip(frames, frames[1:])) for t in range(a + 1, b)]
            scores.append((begun + sum(max(lost[t][symbol], lost[t][0]) for t, symbol in between)) / max(1, len(name)))
    return max(scores) if name else -np.inf


def random_log_probs(rng, frames, symbols):
    logits = 3 * rng.standard_normal((frames, symbols))
    logits[:, 0] += 8 * (rng.random(frames) < 0.3)
    return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)


def test_scores_equal_the_best_paths():
    rng = np.random.default_rng(0)
    for frames in (0, 1, 7, 10, 10, 10):
        log_probs = random_log_probs(rng, frames, 4)
        names = [tuple(rng.integers(1, 4, rng.integers(1, 5)).tolist()) for _ in range(12)]
        names += [names[3], names[5][:1], ()]
        found = Prefilter(names).scores(log_probs)
        for name, score in zip(names, found):
            wanted = all_paths(name, log_probs)
            assert abs(score - wanted) < 1e-4 if np.isfinite(wanted) else score < -1e8


def test_certain_blanks_do_not_split_a_name():
    quiet = np.log(np.array([[0.997, 0.001, 0.001, 0.001]], np.float32))
    said = [np.log(np.array([[0.1 if k != symbol else 0.7 for k in range(4)]], np.float32)) for symbol in (1, 2, 3)]
    near = np.concatenate(said)
    far = np.concatenate([part for one in said for part in (one, *[quiet] * 9)])
    names = [(1, 2, 3), (3, 2, 1)]
    assert np.allclose(Prefilter(names).scores(near), Prefilter(names).scores(far))
    assert Prefilter(names).scores(far).argmax() == 0


def test_prefilter_score_is_an_upper_bound_of_the_alignment():
    rng = np.random.default_rng(1)
    names = [tuple(rng.integers(1, 6, rng.integers(1, 4)).tolist()) for _ in range(8)]
    entries = [Entry(name, name, tuple(range(len(name)))) for name in names]
    for _ in range(20):
        log_probs = random_log_probs(rng, REACH + 1, 6)
        log_probs[0, 0] = -9.0  # something is heard
        heard = log_probs[log_probs[:, 0] < np.log(SURELY_BLANK)]
        fits = match(heard, heard, entries, keep=range(8)).features[:, 0]
        assert (Prefilter(names).scores(log_probs) >= fits - 1e-4).all()


def test_silence_and_empty_lists_score_nothing():
    assert np.isneginf(Prefilter([(1,), (2,)]).scores(np.log(np.full((3, 3), [0.998, 0.001, 0.001], np.float32)))).all()
    assert Prefilter([]).scores(np.zeros((3, 3), np.float32)).shape == (0,)
