"""The prefilter against all paths, one by one."""
import itertools

import numpy as np

from ctcb.decoding.prefilter import FLOOR, GAIN, REACH, SURELY_BLANK, Prefilter


def all_paths(name, log_probs):
    heard = log_probs[log_probs[:, 0] < np.log(SURELY_BLANK)]
    scores = [-np.inf]
    for frames in itertools.combinations(range(len(heard)), len(name)):
        if all(b - a <= REACH for a, b in zip(frames, frames[1:])):
            scores.append(sum(max(heard[t, symbol], FLOOR) + GAIN for t, symbol in zip(frames, name)))
    return max(scores) if name else -np.inf


def random_log_probs(rng, frames, symbols):
    logits = 3 * rng.standard_normal((frames, symbols))
    logits[:, 0] += 8 * (rng.random(frames) < 0.3)
    return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)


def test_scores_are_those_of_the_best_paths():
    rng = np.random.default_rng(0)
    for frames in (0, 1, 7, 10, 10, 10):
        log_probs = random_log_probs(rng, frames, 4)
        names = [tuple(rng.integers(1, 4, rng.integers(1, 5)).tolist()) for _ in range(12)]
        names += [names[3], names[5][:1], ()]
        found = Prefilter(names).scores(log_probs)
        for name, score in zip(names, found):
            wanted = all_paths(name, log_probs)
            assert abs(score - wanted) < 1e-4 if np.isfinite(wanted) else score < -1e8


def test_frames_that_are_surely_blank_do_not_part_a_name():
    quiet = np.log(np.array([[0.997, 0.001, 0.001, 0.001]], np.float32))
    said = [np.log(np.array([[0.1 if k != symbol else 0.7 for k in range(4)]], np.float32)) for symbol in (1, 2, 3)]
    near = np.concatenate(said)
    far = np.concatenate([part for one in said for part in (one, *[quiet] * 9)])
    names = [(1, 2, 3), (3, 2, 1)]
    assert np.allclose(Prefilter(names).scores(near), Prefilter(names).scores(far))
    assert Prefilter(names).scores(far).argmax() == 0


def test_nothing_heard_is_no_reason():
    assert np.isneginf(Prefilter([(1,), (2,)]).scores(np.log(np.full((3, 3), [0.998, 0.001, 0.001], np.float32)))).all()
    assert Prefilter([]).scores(np.zeros((3, 3), np.float32)).shape == (0,)
