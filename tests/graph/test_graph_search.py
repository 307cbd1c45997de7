"""The graph search against its definition, on tiny vocabularies; and pitfalls of k2."""
from __future__ import annotations

import numpy as np
import pytest
from graph_reference import Reference, random_lm, write_arpa

from ctcb.errors import InputError
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
        self.full = put_in(self.static, phrases, weights, texts, self.options)
        self.ready = ReadyGraph(self.full)

    def search(self, log_probs, nbest=1):
        texts = spelled_by_words(self.full, self.lm.words, self.names)
        return search(self.ready, [log_probs], self.options, texts, nbest)[0]

    def tokens(self, path):
        found = self.full.meaning(path.arcs)
        return tuple(found.label[found.new_token])

    def words(self, path):
        """The words as the reference calls them, but for open words, which are all <unk>."""
        found = []
        arcs = self.full.meaning(path.arcs)
        for entity, word in zip(arcs.entity, arcs.word):
            if entity >= 0:
                found.append(self.names[entity])
            elif word >= 0:
                found.append(self.lm.words[word])
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
def test_best_path_equals_brute_force(tmp_path, open_vocabulary, with_list):
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
            found_entities += (built.full.meaning(path.arcs).entity >= 0).sum()
    assert (found_entities > 0) == with_list


def test_nbest_texts_equal_brute_force(tmp_path):
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


def plain_lm(tmp_path, entities, spellings=((1,), (2,)), **options):
    """Two words, a and b, as probable as <unk>."""
    probabilities = {("<s>",): -99.0, ("</s>",): -0.6, ("a",): -0.6, ("b",): -0.6, ("<unk>",): -0.6}
    lexicon = {"a": [spellings[0]], "b": [spellings[1]]}
    chosen = {"word_bonus": 0.0, "class_bonus": 0.0, **options, **EXACT}
    return Built(tmp_path, Reference(probabilities, {}, lexicon, entities=entities, options=GraphOptions(**chosen)), 5)


def certain(*tokens, count=5):
    table = np.full((len(tokens), count), 1e-3)
    table[np.arange(len(tokens)), tokens] = 1
    return np.log(table / table.sum(axis=1, keepdims=True)).astype(np.float32)


def test_blanks_are_optional(tmp_path):
    """An epsilon left in the graph would be a blank frame."""
    rng = np.random.default_rng(5)
    for _ in range(4):
        built = random_case(rng, tmp_path, False, True)
        log_probs = noise(rng, 5, 5)
        log_probs[:, 0] = -1e3
        (path,), wanted = built.search(log_probs), built.reference.search(log_probs)
        assert path.score == pytest.approx(wanted[0][0], abs=1e-2) and path.score > -500


def test_repeated_frames_are_one_token(tmp_path):
    """With a bonus on tokens, counting a repeated token twice would raise the score."""
    built = plain_lm(tmp_path, [("double", [(1, 4, 4)], 1.0), ("single", [(1, 4)], 1.0)], token_bonus=3.0)
    assert built.words(built.search(certain(1, 4, 4, 4))[0]) == ("single",)
    assert built.words(built.search(certain(1, 4, 0, 4))[0]) == ("double",)
    twice = plain_lm(tmp_path, [], spellings=((1,), (1, 4)), word_bonus=4.0)
    assert twice.words(twice.search(certain(1, 1, 1))[0]) == ("a",)
    assert twice.words(twice.search(certain(1, 0, 1))[0]) == ("a", "a")


@pytest.mark.parametrize("turn", [1, -1])
def test_name_that_is_a_prefix_of_another_is_found(tmp_path, turn):
    entities = [("short", [(1, 4)], 1.0), ("long", [(1, 4, 3)], 1.0), ("longer", [(1, 4, 3, 4)], 1.0)][::turn]
    built = plain_lm(tmp_path, entities, token_bonus=3.0)
    for tokens, word in (((1, 4), "short"), ((1, 4, 3), "long"), ((1, 4, 3, 4), "longer")):
        assert built.words(built.search(certain(*tokens))[0]) == (word,)
        assert built.words(built.search(certain(*tokens, 2))[0]) == (word, "b")


def test_result_does_not_depend_on_list_order(tmp_path):
    entities = [("x", [(1, 4)], 1.0), ("y", [(1, 4)], 2.0), ("z", [(1, 3), (4,)], 1.0), ("w", [(1, 3)], 1.0)]
    found = [plain_lm(tmp_path, list(turned)) for turned in (entities, entities[::-1])]
    for tokens in ((1, 4), (1, 3), (4,)):
        one, other = (built.search(certain(*tokens))[0] for built in found)
        assert found[0].words(one) == found[1].words(other) and one.score == pytest.approx(other.score)
    assert found[0].words(found[0].search(certain(1, 4))[0]) == ("y",)  # the heavier one


def test_empty_class_leaves_the_graph_unchanged(tmp_path):
    built = plain_lm(tmp_path, [])
    for phrases in ([], [()], [(), ()]):
        full = put_in(built.static, phrases, [1.0] * len(phrases), ["x"] * len(phrases))
        plain = without_list(built.static)
        assert all(np.array_equal(one, other) for one, other in zip(full[:2], plain[:2])) and not len(full.own.label)
    assert built.words(built.search(certain(1, 0, 2))[0]) == ("a", "b")


@pytest.mark.parametrize("sequence", [(), (1, 0), (1, 5), (-1,)])
def test_tokens_out_of_range_are_refused(tmp_path, sequence):
    """k2 does not check them."""
    with pytest.raises(InputError, match="entity 1 is spelled"):
        put_in(plain_lm(tmp_path, []).static, [[(1,)], [sequence]], [1.0, 1.0], ["x", "y"])


def test_batch_equals_single_utterances(tmp_path):
    rng = np.random.default_rng(1)
    built = random_case(rng, tmp_path, True, True)
    several = [noise(rng, frames, 5) for frames in (2, 6, 4)]
    texts = spelled_by_words(built.full, built.lm.words, built.names)
    for nbest in (1, 3):
        together = search(built.ready, several, built.options, texts, nbest)
        for log_probs, paths in zip(several, together):
            alone = built.search(log_probs, nbest)
            assert [path.score for path in paths] == pytest.approx([path.score for path in alone], abs=1e-4)
            assert all(np.array_equal(one.arcs, other.arcs) for one, other in zip(paths, alone))


def test_end_within_a_word_is_retried_with_a_wider_beam(tmp_path):
    built = plain_lm(tmp_path, [], spellings=((1, 4, 4), (2,)))
    narrow = GraphOptions(search_beam=4.0, lattice_beam=1.0, min_active=0, max_active=2)
    texts = spelled_by_words(built.full, built.lm.words, ())
    path, = search(built.ready, [certain(1, 4)], narrow, texts)[0]
    assert path.score > -40 and len(path.arcs) == 3
