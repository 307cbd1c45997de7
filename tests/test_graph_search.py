"""The graph search against its definition, on tiny vocabularies; and the traps that k2 sets."""
from __future__ import annotations

import numpy as np
import pytest
from graph_reference import Reference, random_lm, write_arpa

from ctcb.graph.entity_class import put_in, without_list
from ctcb.graph.grammar import OpenWords, build_grammar
from ctcb.graph.options import GraphOptions
from ctcb.graph.static import expand
from ctcb.lm.arrays import ArrayLm

pytest.importorskip("k2")

from ctcb.graph.search import ReadyGraph, search  # noqa: E402
from ctcb.graph.texts import spelled_by_words  # noqa: E402

EXACT = dict(search_beam=1e4, lattice_beam=1e3, min_active=0, max_active=10**6)


def noise(rng, frames, tokens):
    logits = 2 * rng.standard_normal((frames, tokens))
    return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)


class Built:
    """A reference and the graph that is to agree with it."""

    def __init__(self, folder, reference: Reference, num_tokens: int, open_words=None):
        write_arpa(folder / "lm.arpa", reference.probabilities, reference.backoffs)
        self.lm = ArrayLm.load(folder / "lm.arpa")
        spellings = [list(reference.lexicon.get(word, [])) for word in self.lm.words]
        self.options, self.reference = reference.options, reference
        self.static = expand(build_grammar(self.lm, spellings, open_words), num_tokens, 0, self.options)
        texts, phrases, weights = zip(*reference.entities) if reference.entities else ((), (), ())
        self.names = texts
        self.full = put_in(self.static, phrases, weights, [len(text.split()) for text in texts], self.options)
        self.ready = ReadyGraph(self.full)

    def search(self, log_probs, nbest=1):
        texts = spelled_by_words(self.full, self.lm.words, self.names)
        return search(self.ready, [log_probs], self.options, texts, nbest)[0]

    def tokens(self, path):
        return tuple(self.full.arcs[arc, 2] for arc in path.arcs if self.full.new_token[arc])

    def words(self, path):
        """The words as the reference calls them, but for open words, which are all <unk>."""
        found = []
        for arc in path.arcs:
            if self.full.entity[arc] >= 0:
                found.append(self.names[self.full.entity[arc]])
            elif self.full.word[arc] >= 0:
                found.append(self.lm.words[self.full.word[arc]])
        return tuple(found)


def as_unk(texts):
    return tuple("<unk>" if text.startswith("?") else text for text in texts)


def random_case(rng, tmp_path, open_vocabulary, with_list):
    """Tokens 1 and 2 begin words, 3 does so bare, 4 goes on."""
    spellings = [(1,), (1, 4), (2, 4, 4), (3, 4), (2,), (1, 4, 4)]
    chosen = [spellings[i] for i in rng.permutation(len(spellings))]
    lexicon = {"a": [chosen[0], chosen[1]], "b": [chosen[2]]}
    probabilities, backoffs = random_lm(rng, ["a", "b"], int(rng.integers(2, 4)))
    entities = [("x", [(2, 4), (3, 4, 4)], 1.5), ("y z", [(2, 4, 1)], float(rng.uniform(0.5, 3)))] if with_list else []
    options = GraphOptions(
        lm_weight=float(rng.uniform(0.2, 1)), word_bonus=float(rng.uniform(-1, 1)), piece_bonus=float(rng.uniform(-2, 0.5)),
        class_bonus=float(rng.uniform(-1, 2)), token_bonus=float(rng.uniform(0, 2)), **EXACT)
    loops = dict(begin=(1, 2), bare=(3,), inner=(4,)) if open_vocabulary else {}
    reference = Reference(probabilities, backoffs, lexicon, entities=entities, options=options, **loops)
    return Built(tmp_path, reference, 5, OpenWords(**loops) if loops else None)


@pytest.mark.parametrize("open_vocabulary", [False, True])
@pytest.mark.parametrize("with_list", [False, True])
def test_best_path_is_that_of_brute_force(tmp_path, open_vocabulary, with_list):
    rng = np.random.default_rng(7 + 2 * open_vocabulary + with_list)
    found_entities = 0
    for _ in range(8):
        built = random_case(rng, tmp_path, open_vocabulary, with_list)
        for frames in (1, 3, 5):
            log_probs = noise(rng, frames, 5)
            wanted = built.reference.search(log_probs)
            path, = built.search(log_probs)
            assert path.score == pytest.approx(wanted[0][0], abs=1e-3)
            same = {(tokens, as_unk(texts)) for score, tokens, texts in wanted if score > wanted[0][0] - 1e-3}
            assert (built.tokens(path), built.words(path)) in same
            found_entities += (built.full.entity[path.arcs] >= 0).sum()
    assert (found_entities > 0) == with_list


def test_nbest_texts_are_those_of_brute_force(tmp_path):
    rng = np.random.default_rng(3)
    for _ in range(6):
        built = random_case(rng, tmp_path, False, True)
        log_probs = noise(rng, 5, 5)
        wanted = {}
        for score, _, texts in built.reference.search(log_probs):
            wanted.setdefault(" ".join(texts), score)
        paths = built.search(log_probs, nbest=6)
        assert len(paths) == 6
        assert [path.score for path in paths] == pytest.approx(list(wanted.values())[:6], abs=1e-3)
        assert [" ".join(built.words(path)) for path in paths] == list(wanted)[:6]
