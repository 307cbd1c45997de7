"""Tokenizer: ids, full letter cover, the two files on disk, sampling checked against brute force."""
from __future__ import annotations

import pickle
import random
from collections import Counter
from pathlib import Path
from typing import List, Tuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctcb.errors import InputError
from ctcb.text.normalize import normalize
from ctcb.text.tokenizer import MIN_VOCAB_SIZE, Tokenizer


def training_lines() -> List[str]:
    """Made-up speech without the letters j, q, x, z and the apostrophe."""
    words = "the parliament has voted on her report and we thank all members for their good work today".split()
    rng = random.Random(7)
    words += [word[:cut] for word in words for cut in range(2, len(word))]
    words += [word[cut:] for word in words for cut in range(1, len(word) - 1)]
    return [" ".join(rng.choices(words, k=8)) for _ in range(300)]


TOKENIZER = Tokenizer.train(training_lines(), vocab_size=130)


def test_special_ids_and_vocabulary_size() -> None:
    assert TOKENIZER.pieces[:2] == ("<blk>", "<unk>")
    assert len(TOKENIZER) == len(TOKENIZER.pieces) == 130


@given(st.text())
def test_decode_inverts_encode_without_unknowns(text: str) -> None:
    ids = TOKENIZER.encode(text)
    assert 0 not in ids and 1 not in ids
    assert TOKENIZER.decode(ids) == normalize(text)
    assert "".join(TOKENIZER.pieces[i] for i in ids).replace("▁", " ").strip() == normalize(text)


def test_letters_absent_from_the_training_text() -> None:
    assert TOKENIZER.decode(TOKENIZER.encode("Jazz's quixotic")) == "jazz's quixotic"
    assert TOKENIZER.decode(TOKENIZER.encode("<blk> <unk>")) == "blk unk"
    smallest = Tokenizer.train(["a b"], vocab_size=MIN_VOCAB_SIZE)
    assert sorted(smallest.pieces[2:]) == sorted("abcdefghijklmnopqrstuvwxyz'▁")


def test_decode_skips_blanks_and_refuses_other_ids() -> None:
    ids = TOKENIZER.encode("the work")
    assert TOKENIZER.decode([0, *ids[:1], 0, 0, *ids[1:]]) == "the work"
    with pytest.raises(IndexError):
        TOKENIZER.decode([130])


def test_encode_all_equals_encode() -> None:
    texts = ["the work", "", "Łódź 21"]
    assert TOKENIZER.encode_all(texts) == [TOKENIZER.encode(text) for text in texts]


def test_training_is_deterministic() -> None:
    assert Tokenizer.train(training_lines(), vocab_size=130).pieces == TOKENIZER.pieces


def test_long_lines_are_not_left_out() -> None:
    """sentencepiece drops lines over 4,192 bytes by default."""
    line = " ".join(["zyzzyva"] * 1000)
    assert max(map(len, Tokenizer.train([line, "a b"], vocab_size=32).pieces[2:])) > 1


@pytest.mark.parametrize("lines, size", [([], 500), (["..."], 500), (["a b"], 500), (["a b"], MIN_VOCAB_SIZE - 1)])
def test_impossible_training_is_refused(lines: List[str], size: int) -> None:
    with pytest.raises(InputError):
        Tokenizer.train(lines, vocab_size=size)


def test_save_load_and_pickle(tmp_path: Path) -> None:
    TOKENIZER.save(tmp_path / "new")
    assert (tmp_path / "new" / "tokens.txt").read_text("utf-8").splitlines() == list(TOKENIZER.pieces)
    for copy in (Tokenizer.load(tmp_path / "new"), pickle.loads(pickle.dumps(TOKENIZER))):
        assert copy.pieces == TOKENIZER.pieces
        assert copy.encode("thank members") == TOKENIZER.encode("thank members")


def test_load_errors_name_file_and_line(tmp_path: Path) -> None:
    def problem() -> str:
        with pytest.raises(InputError) as caught:
            Tokenizer.load(tmp_path)
        return str(caught.value)

    assert f"{tmp_path / 'tokens.model'}: no such file" in problem()
    TOKENIZER.save(tmp_path)
    tokens = tmp_path / "tokens.txt"
    whole = tokens.read_text("utf-8").splitlines()

    tokens.write_text("\n".join([*whole[:4], "other", *whole[5:]]), "utf-8")
    assert f"{tokens}:5: piece 4 is 'other'" in problem()
    tokens.write_text("\n".join(whole[:-1]), "utf-8")
    assert f"{tokens}: has 129 pieces" in problem()
    tokens.unlink()
    assert f"{tokens}: no such file" in problem()
    TOKENIZER.save(tmp_path)
    (tmp_path / "tokens.model").write_bytes(b"no model")
    assert f"{tmp_path / 'tokens.model'}: not a sentencepiece model" in problem()


def segmentations(word: str) -> List[List[int]]:
    """Every way to write a word in pieces."""
    if not word:
        return [[]]
    return [
        [i, *rest]
        for i, piece in enumerate(TOKENIZER.pieces)
        if i > 1 and word.startswith(piece)
        for rest in segmentations(word[len(piece) :])
    ]


def test_sampling_follows_its_distribution() -> None:
    """Frequencies of single draws against p ** alpha over all segmentations, found by brute force."""
    alpha, draws = 0.3, 2000
    every = segmentations("▁parliament")
    assert 4 < len(every) < 64
    weights = [sum(TOKENIZER._sp.get_score(i) for i in ids) for ids in every]
    weights = [2.718281828459045 ** (alpha * weight) for weight in weights]
    counts = Counter(tuple(TOKENIZER.sample("parliament", 1, alpha, seed)[0]) for seed in range(draws))
    for ids, weight in zip(every, weights):
        share = weight / sum(weights)
        assert counts[tuple(ids)] / draws == pytest.approx(share, abs=4 * (share / draws) ** 0.5 + 0.002)


def test_sampling_repeats_under_a_seed_and_spells_the_text() -> None:
    several = TOKENIZER.sample("parliament members", 20, 0.1, seed=3)
    assert several == TOKENIZER.sample("parliament members", 20, 0.1, seed=3)
    assert several != TOKENIZER.sample("parliament members", 20, 0.1, seed=4)
    assert len({tuple(ids) for ids in several}) == len(several) > 2
    assert {TOKENIZER.decode(ids) for ids in several} == {"parliament members"}
    assert TOKENIZER.sample("parliament members", 5, alpha=1e6) == [TOKENIZER.encode("parliament members")]
    assert TOKENIZER.sample("...", 3) == [[]]


def drawn_by_sentencepiece(text: str, n: int, alpha: float) -> List[Tuple[int, ...]]:
    """What `sample` has to draw, from the 64 best segmentations that sentencepiece finds."""
    words = text.split()
    draws = np.random.Generator(np.random.PCG64(0)).random(n * len(words)).reshape(n, len(words))
    ways = []
    for word, own in zip(words, draws.T):
        found = TOKENIZER._sp.nbest_encode_as_ids(word, 64)
        scores = np.array([sum(map(TOKENIZER._sp.get_score, ids)) for ids in found])
        weights = np.cumsum(np.exp(alpha * (scores - scores[0])))
        ways.append([found[place] for place in np.searchsorted(weights, own * weights[-1], side="right")])
    return list(dict.fromkeys(tuple(token for part in parts for token in part) for parts in zip(*ways)))


def test_many_texts_are_sampled_as_sentencepiece_ranks_them() -> None:
    rng = random.Random(0)
    words = sorted({"".join(rng.choices("aeionrstlmkp'", k=rng.randint(1, 11))).strip("'") or "a" for _ in range(300)})
    words = [word for word in words if normalize(word) == word]
    texts = [*words, *(" ".join(rng.sample(words, rng.randint(2, 4))) for _ in range(100)), "..."]
    found = TOKENIZER.sample_all(texts, 8)
    assert found == [list(map(tuple, TOKENIZER.sample(text, 8))) for text in texts[:-1]] + [[]]
    # Segmentations of equal probability may change places.
    same = [own == drawn_by_sentencepiece(text, 8, 0.2) for text, own in zip(texts[:-1], found)]
    assert sum(same) > 0.9 * len(same) and {TOKENIZER.decode(own[0]) for own in found[:-1]} == set(texts[:-1])
