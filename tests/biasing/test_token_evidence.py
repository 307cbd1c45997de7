"""`verify` without a phone head: token scores by brute force, spoken names kept, absent names withdrawn, in several scripts."""
from __future__ import annotations

import itertools
import math
import random

import numpy as np
import pytest
from constructed import log_probs

from ctcb.biasing.token_evidence import (
    DRAWS,
    LARGEST_POOL,
    MANY_NAMES,
    SMALLEST_POOL,
    TokenScore,
    TokenWeights,
    log_odds,
    probability,
    score_name,
    token_pool,
    utterance_uncertainty,
)
from ctcb.decoding.ctc_decoder import CtcDecoder
from ctcb.search.vocabulary import Vocabulary

WEIGHTS = TokenWeights(base=1.0, z=0.5, relative_loss=2.0, short=3.0, uncertainty=4.0, names=0.25)


def collapsed(path, blank):
    return tuple(token for token, _ in itertools.groupby(path) if token != blank)


def brute_force_loss(frames, sequence, blank):
    """Nats by which the best path that spells a sequence is below the best path of all, over every path there is."""
    paths = [path for path in itertools.product(range(frames.shape[1]), repeat=len(frames)) if collapsed(path, blank) == tuple(sequence)]
    best = max((sum(frame[token] for frame, token in zip(frames, path)) for path in paths), default=-math.inf)
    return frames.max(axis=1).sum() - best


@pytest.mark.parametrize("blank", [0, 2])
def test_losses_are_those_of_all_paths(blank):
    rng = np.random.default_rng(blank)
    vocabulary = Vocabulary(4, blank, np.ones(4) - np.eye(4)[blank], np.zeros(4), letters=np.array([1, 1, 2, 1]))
    tokens = [token for token in range(4) if token != blank]
    for _ in range(10):
        frames = np.log(rng.dirichlet(np.ones(4), size=5)).astype(np.float32)
        names = [tuple(rng.choice(tokens, size)) for size in (1, 2, 3)]
        losses = [brute_force_loss(frames, name, blank) for name in names]
        # A pool of one token makes every random sequence the same.
        found = score_name(frames, names, np.array([tokens[0]]), vocabulary, 0.5)
        best = int(np.argmin(losses))
        assert found.loss == pytest.approx(losses[best], abs=1e-4) and found.letters == sum(vocabulary.letters[list(names[best])])
        repeated = brute_force_loss(frames, tokens[:1] * len(names[best]), blank)
        assert found.random_loss == pytest.approx(repeated, abs=1e-4) and found.spread == pytest.approx(0, abs=1e-4)


def test_random_losses_are_those_of_drawn_sequences():
    """With two tokens in the pool, a name of one token is compared with a mean between the losses of both."""
    frames = np.log(np.array([[0.1, 0.6, 0.3], [0.5, 0.3, 0.2]], np.float32))
    vocabulary = Vocabulary(3, 0, np.array([0, 1, 1]), np.zeros(3))
    one, other = (brute_force_loss(frames, [token], 0) for token in (1, 2))
    found = score_name(frames, [(1,)], np.array([1, 2]), vocabulary, 0.5)
    share = (found.random_loss - one) / (other - one)
    assert 0.2 < share < 0.8 and share * DRAWS == pytest.approx(round(share * DRAWS), abs=1e-3)
    assert found.spread == pytest.approx((other - one) * math.sqrt(share * (1 - share)), abs=1e-4)


def test_name_that_does_not_fit_into_the_frames_has_no_score():
    frames = np.log(np.full((2, 3), 1 / 3, np.float32))
    vocabulary = Vocabulary(3, 0, np.array([0, 1, 1]), np.zeros(3))
    assert score_name(frames, [(1, 2, 1)], np.array([1, 2]), vocabulary, 1.0) is None
    assert score_name(frames, [(1, 2, 1), (1, 2)], np.array([1, 2]), vocabulary, 1.0).letters == 2
    # 1 1 needs a blank between, and so a third frame; no other sequence can be drawn.
    assert score_name(frames, [(1, 2)], np.array([1]), vocabulary, 1.0).spread == 0


def test_uncertainty_by_hand():
    """Three letters in two tokens; the first token stays for two frames and is one."""
    symbols = ["<blk>", "▁ab", "c"]
    vocabulary = Vocabulary.from_tokens(symbols)
    frames = np.log(np.array([[0.1, 0.8, 0.1], [0.2, 0.7, 0.1], [0.9, 0.05, 0.05], [0.2, 0.2, 0.6]]))
    assert utterance_uncertainty(frames, vocabulary) == pytest.approx(-math.log(0.8 * 0.7 * 0.9 * 0.6) / 3)
    certain = np.log(np.array([[1.0, 1e-30, 1e-30]] * 3))
    assert utterance_uncertainty(certain, vocabulary) > 0


def test_log_odds_by_hand():
    score = TokenScore(letters=6, loss=3.0, random_loss=30.0, spread=4.5, uncertainty=0.25)
    z, relative = 27 / (4.5 + 6.0), math.log(1 + 3 / 6 / 0.25)
    expected = 1 + 0.5 * z - 2 * relative - 3 / 6 - 4 * 0.25 - 0.25 * math.log(100)
    assert log_odds(score, 100, WEIGHTS) == pytest.approx(expected)
    assert log_odds(score, MANY_NAMES, WEIGHTS) == log_odds(score, 10**6, WEIGHTS) < log_odds(score, MANY_NAMES - 1, WEIGHTS)
    assert probability(score, 100, WEIGHTS) == pytest.approx(1 / (1 + math.exp(-expected)))
    assert probability(TokenScore(1, 1e9, 0.0, 0.0, 1e-9), 1, WEIGHTS) == 0


def test_fitted_weights_have_the_expected_signs():
    good = TokenScore(letters=8, loss=2.0, random_loss=50.0, spread=8.0, uncertainty=0.2)
    at = probability(good, 100)
    assert at > 0.5
    worse = [(8, 20.0, 50.0, 8.0, 0.2), (3, 2.0, 50.0, 8.0, 0.2), (8, 2.0, 20.0, 8.0, 0.2), (8, 2.0, 50.0, 8.0, 1.0)]
    assert all(probability(TokenScore(*values), 100) < at for values in worse) and probability(good, 10_000) < at


def test_pool_keeps_shares_and_forgets_the_order():
    sequences = [(1, 2, 2), (3,), (2,)]
    assert token_pool(sequences, []).tolist() == token_pool(sequences[::-1], []).tolist() == [1, 2, 2, 2, 3]
    large = token_pool([(1,) * 9000, (2,) * 1000], range(5, 500))
    assert len(large) == LARGEST_POOL and np.mean(large == 2) == pytest.approx(0.1, abs=0.01) and large.max() == 2


def test_small_pool_is_filled_up_from_the_vocabulary():
    assert token_pool([(7, 9)], range(5, 10)).tolist() == [7, 9, 5, 6, 7, 8, 9]
    filled = token_pool([(7, 9)], range(1000))
    assert len(filled) == SMALLEST_POOL and set(np.diff(filled[2:])) <= {5, 6}


# A sentence, the name that ends it, and a name of which only the beginning sounds like it.
SCRIPTS = {
    "English": ("they met yesterday with", "zelenskyy", "zelaquorp"),
    "French": ("on a vu hier", "françois", "frambésüœjk"),
    "Russian": ("вчера мы видели", "сидорова", "сидкягумжэ"),
    "Greek": ("χθες είδαμε τον", "παπαδόπουλο", "παπξεώνθικλ"),
    "Arabic": ("رأينا أمس", "البرادعي", "البظثغذقضطخ"),
    "Hindi": ("कल हमने देखा", "अमिताभकर", "अमिजढछठषङझ"),
    "Korean": ("어제 우리는 만났다", "이순신장군", "이튀쾌궐즈"),
    "Japanese": ("きのうはここで", "たなかさくら", "たなほねめゆぬへ"),
}


SYLLABLES = ("Korean", "Japanese")
KINDS = {"characters": 0.003, "pieces": 0.001}  # how likely what was not spoken may be for boosts to bring it out


def spelled(text, kind):
    """A text's tokens: characters with a separator or, without spaces in it, alone; or pieces of one and two letters."""
    if kind == "pieces":
        return [piece for word in text.split() for piece in [f"▁{word[:2]}", *(word[at : at + 2] for at in range(2, len(word), 2))]]
    return list(text.replace(" ", "|"))


STRONG = {"subword.alpha": 1.0, "subword.cap": 10.0, "subword.surplus": 40.0, "beam.boost_gap": 8.0}  # boosts that bring out anything


def emitted(tokens, first, share, doubtful, symbols, rng):
    """Emissions of tokens, a blank behind each. Of those behind the ``first``, so many are ``share`` likely, and others likelier."""
    frames = []
    for place, token in enumerate(tokens):
        wrong = [one for one in symbols[1:] if one not in (token, tokens[place - 1], "|") and not one.startswith("▁")]
        heard = {token: share, rng.choice(wrong): 0.9 - share} if first < place <= first + doubtful else {token: 0.9}
        frames += [heard, {"<blk>": 0.95}]
    return log_probs(symbols, frames)


@pytest.mark.parametrize("language, kind", [(language, kind) for language in SCRIPTS for kind in KINDS if kind == "characters" or language not in SYLLABLES])
def test_spoken_name_is_kept_and_absent_name_is_withdrawn(language, kind):
    """Boosts bring out both: one that was mostly recognised, and one of which only the beginning was."""
    sentence, name, absent = SCRIPTS[language]
    rng, apart = random.Random(0), "" if language == "Japanese" else " "
    letters = sorted(set((sentence + name + absent).replace(" ", "")))
    listed = [name, absent, *("".join(rng.choice(letters) for _ in name) for _ in range(300))]
    symbols = ["<blk>", *dict.fromkeys(token for one in listed for token in spelled(f"{sentence}{apart}{one}", kind))]
    first = len(spelled(sentence + apart, kind))
    spoken = emitted(spelled(f"{sentence}{apart}{name}", kind), first, 0.3, 2, symbols, rng)
    unspoken = emitted(spelled(f"{sentence}{apart}{absent}", kind), first, KINDS[kind], 99, symbols, rng)
    boosting, verifying = (
        CtcDecoder(symbols, bias="none", with_=["subword", "verify"], settings={**STRONG, **settings}) for settings in ({"verify.threshold": 0.0}, {})
    )
    boosted, kept = (decoder.decode(spoken, listed, compared=True) for decoder in (boosting, verifying))
    assert boosted.before != boosted.text == kept.text == f"{sentence}{apart}{name}" and kept.entities[0].confidence > 0.5
    boosted, withdrawn = (decoder.decode(unspoken, listed, compared=True) for decoder in (boosting, verifying))
    assert boosted.text == f"{sentence}{apart}{absent}" and boosted.entities[0].confidence < 0.5
    assert withdrawn.text == withdrawn.before != boosted.text and not withdrawn.entities
    assert [found.entity for found in withdrawn.withdrawn] == [absent]
