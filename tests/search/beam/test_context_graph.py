"""The context graph's arrays against suffixes looked up by hand, its order, its errors and its size."""
from __future__ import annotations

import numpy as np
import pytest
from growth import linear
from numba import njit

from ctcb.errors import InputError
from ctcb.search.beam.automaton import child, step
from ctcb.search.beam.context_graph import ContextGraph
from ctcb.search.beam.decoder import BeamDecoder
from ctcb.search.options import BeamOptions
from ctcb.search.vocabulary import Vocabulary

child_of = njit(lambda graph, state, token: child(graph, state, token))  # which only compiled functions call


def marked(size, starting):
    """Blank 0, then `starting` tokens that begin a word, then pieces that go on."""
    starts = np.zeros(size, bool)
    starts[1 : starting + 1] = True
    return Vocabulary(size, 0, starts, np.zeros(size, bool))


def path(graph, state):
    """The tokens that lead to a state."""
    tokens, states = [], graph.arrays.states
    while state:
        tokens.insert(0, int(graph.arrays.token[state]))
        state = int(np.searchsorted(states["first_child"], state, side="right")) - 1
    return tuple(tokens)


@pytest.mark.parametrize("seed", range(20))
def test_states_and_suffix_links_match_the_sequences(seed):
    rng = np.random.default_rng(seed)
    vocabulary = marked(90, 50)
    few = rng.choice(np.arange(1, 90), 4 if seed % 2 else 60, replace=False)
    few[:2] = 1, 2
    begin = few[few <= 50]
    sequences = [(int(rng.choice(begin)), *map(int, rng.choice(few, rng.integers(0, 5)))) for _ in range(60)]
    graph = ContextGraph.build([[sequence] for sequence in sequences], vocabulary)
    prefixes = {sequence[:n] for sequence in sequences for n in range(1, len(sequence) + 1)}
    paths = [path(graph, state) for state in range(graph.num_states)]
    assert paths[0] == () and sorted(paths[1:]) == sorted(prefixes)
    state_of = {tokens: state for state, tokens in enumerate(paths)}

    def longest(tokens):
        """The longest suffix of `tokens` that begins a word and is a prefix of a sequence."""
        return next((tokens[i:] for i in range(len(tokens))
                     if (vocabulary.starts_word[tokens[i]] or i == 0) and tokens[i:] in prefixes), ())

    for tokens, state in state_of.items():
        row = graph.arrays.states[state]
        shorter = next((tokens[i:] for i in range(1, len(tokens))
                        if vocabulary.starts_word[tokens[i]] and tokens[i:] in prefixes), ())
        assert paths[row["fail"]] == shorter and row["depth"] == len(tokens)
        assert graph.arrays.states[state + 1]["ends"] - row["ends"] == (tokens in sequences)
        for token in few:
            assert child_of(graph.arrays, state, token) == state_of.get((*tokens, int(token)), 0)
            fits = bool(vocabulary.starts_word[token])
            following = longest((*tokens, int(token)))
            if not tokens and not fits:
                following = ()
            assert paths[step(graph.arrays, state, token, fits)] == following


def test_shared_prefix_has_the_highest_weight():
    graph = ContextGraph.build([[[1, 2]], [[1, 2, 3]], [[2, 3]]], marked(5, 4), weights=[1.0, 3.0, 0.5], short=0)
    weight = {path(graph, state): float(graph.arrays.states[state]["weight"]) for state in range(graph.num_states)}
    assert weight == {(): 0, (1,): 3, (1, 2): 3, (1, 2, 3): 3, (2,): 0.5, (2, 3): 0.5}
    top = {path(graph, state): float(graph.arrays.states[state]["top_weight"]) for state in range(graph.num_states)}
    assert top[(2,)] == 0.5 and top[(1, 2)] == 3


def random_sequences(rng, count, size):
    return [[int(rng.integers(1, size // 2)), *map(int, rng.integers(1, size, rng.integers(0, 5)))] for _ in range(count)]


def test_result_does_not_depend_on_list_order():
    rng = np.random.default_rng(0)
    vocabulary = marked(12, 6)
    phrases = [[sequence] for sequence in random_sequences(rng, 60, 12)] + [[[1, 8]], [[1, 8]], [[1, 8], [1]]]
    weights = [*rng.choice([0.5, 1, 2], 60), 1, 1, 1]
    names = [f"name {i:02}" for i in range(len(phrases))]
    decoder = BeamDecoder(vocabulary, BeamOptions(nbest=8, boost_gap=20))
    emissions = [np.log(rng.dirichlet(np.full(12, 0.2), 30) + 1e-9) for _ in range(20)]
    emissions = [x - np.log(np.exp(x).sum(axis=1, keepdims=True)) for x in emissions]

    def answers(order):
        listed = [names[i] for i in order]
        graph = ContextGraph.build([phrases[i] for i in order], vocabulary, [weights[i] for i in order], names=listed)
        found = [decoder.decode(x, graph) for x in emissions]
        return [(h.tokens, h.score, h.token_frames, [(listed[s.entity], s.first, s.end, s.bonus) for s in h.entities])
                for hypotheses in found for h in hypotheses]

    expected = answers(range(len(phrases)))
    assert sum(bool(answer[3]) for answer in expected) > 20
    for _ in range(5):
        assert answers(rng.permutation(len(phrases))) == expected


def test_equal_entities_report_the_first_by_name():
    vocabulary = marked(4, 2)
    decoder = BeamDecoder(vocabulary)
    emissions = np.log(np.array([[0.01, 0.97, 0.01, 0.01], [0.01, 0.01, 0.01, 0.97]]))
    twins = [[[1, 3]], [[1, 3]]]
    for names, first in ((None, 0), (["b", "a"], 1), (["a", "b"], 0)):
        graph = ContextGraph.build(twins, vocabulary, names=names)
        assert [s.entity for s in decoder.decode(emissions, graph)[0].entities] == [first]
    heavier = ContextGraph.build(twins, vocabulary, weights=[1, 2], names=["a", "b"])
    assert [s.entity for s in decoder.decode(emissions, heavier)[0].entities] == [1]
    dearer = ContextGraph.build(twins, vocabulary, costs=[[0.2], [0.1]], names=["a", "b"])
    assert [s.entity for s in decoder.decode(emissions, dearer)[0].entities] == [1]


def test_every_sequence_belongs_to_its_entity():
    vocabulary = marked(6, 3)
    graph = ContextGraph.build([[[1, 4]], [[2, 5], [2, 4, 5], [3]]], vocabulary)
    decoder = BeamDecoder(vocabulary)
    for tokens, entity in (([1, 4], 0), ([2, 5], 1), ([2, 4, 5], 1), ([3], 1)):
        probabilities = np.full((len(tokens), 6), 1e-4)
        probabilities[np.arange(len(tokens)), tokens] = 1
        best = decoder.decode(np.log(probabilities / probabilities.sum(axis=1, keepdims=True)), graph)[0]
        assert list(best.tokens) == tokens and [s.entity for s in best.entities] == [entity]
    assert (graph.num_entities, graph.num_sequences) == (2, 4)


@pytest.mark.parametrize("phrases, options, says", [
    ([[[1]], [[]]], {}, "entity 1 has an empty token sequence"),
    ([[[1]], [[1], [2, 0]]], {}, "entity 1 holds token 0, which is the blank's id"),
    ([[[1, 9]]], {}, "entity 0 holds token 9, which is no id"),
    ([[[1, -1]]], {}, "entity 0 holds token -1"),
    ([[[3, 1]]], {}, "entity 0 begins or ends with a separator"),
    ([[[1, 3]]], {}, "entity 0 begins or ends with a separator"),
    ([[[1]], [[2]]], {"weights": [1, np.nan]}, "entity 1 has the weight nan"),
    ([[[1]], [[2]]], {"weights": [-1, 1]}, "entity 0 has the weight -1"),
    ([[[1]], [[2]]], {"weights": [1]}, "1 weights for 2 entities"),
    ([[[1]], [[2]]], {"names": ["a"]}, "1 names for 2 entities"),
    ([[[1]], [[1], [2]]], {"costs": [[0], [0, -1]]}, "entity 1 has the cost -1"),
    ([[[1]], [[1], [2]]], {"costs": [[0], [0]]}, "costs and phrases do not fit"),
])
def test_invalid_sequences_are_refused(phrases, options, says):
    vocabulary = Vocabulary.from_tokens(["-", "a", "b", "|"], separators=["|"])
    with pytest.raises(InputError, match=says):
        ContextGraph.build(phrases, vocabulary, **options)


def test_unreachable_entity_is_refused():
    with pytest.raises(InputError, match="entity 1 begins with token 3, which does not begin a word"):
        ContextGraph.build([[[1]], [[3, 1]]], marked(5, 2))


def test_empty_lists_and_entities_without_sequences():
    vocabulary = marked(4, 2)
    built, empty = ContextGraph.build([], vocabulary), ContextGraph.empty(vocabulary)
    assert built.num_states == 1 and (built.boosted, built.changeable) == (empty.boosted, empty.changeable)
    for a, b in zip((*built.arrays, *vars(built.table).values(), built.end), (*empty.arrays, *vars(empty.table).values(), empty.end)):
        assert np.array_equal(a, b) and np.asarray(a).dtype == np.asarray(b).dtype
    graph = ContextGraph.build([[], [[1, 3]], []], vocabulary)
    assert (graph.num_entities, graph.num_sequences, graph.num_states) == (3, 1, 3)


def test_graph_of_100000_entities():
    """Three segmentations each, about five tokens long: in linear time, in under 100 MB."""
    rng = np.random.default_rng(0)
    vocabulary = marked(500, 250)
    flat = random_sequences(rng, 300_000, 500)
    phrases = [flat[i : i + 3] for i in range(0, len(flat), 3)]
    names = [f"name {i}" for i in rng.permutation(len(phrases))]
    linear(lambda count: ContextGraph.build(phrases[:count], vocabulary, names=names[:count]), len(phrases) // 4)
    graph = ContextGraph.build(phrases, vocabulary, names=names)
    assert graph.num_bytes < 100e6 and graph.num_entities == 100_000


def test_changed_graph_is_the_graph_of_the_changed_list():
    """Entities that go and come, some with the sequences of others, in several rounds."""
    rng = np.random.default_rng(3)
    vocabulary = marked(12, 5)
    pool = random_sequences(rng, 400, 12)
    phrases = [pool[i : i + int(rng.integers(0, 4))] for i in range(0, 390, 2)]
    costs = [rng.choice([0.0, 0.5], len(ways)).tolist() for ways in phrases]
    weights, names = rng.choice([1.0, 2.0], len(phrases)).tolist(), [f"name {i}" for i in rng.permutation(len(phrases))]
    now = list(range(100))
    graph = ContextGraph.build(pick(now, phrases), vocabulary, pick(now, weights), pick(now, costs), pick(now, names))
    for _ in range(6):
        removed = sorted(rng.choice(len(now), int(rng.integers(0, 9)), replace=False).tolist())
        added = sorted(set(rng.choice(len(phrases), 12).tolist()) - set(now))
        now = [one for place, one in enumerate(now) if place not in removed] + added
        graph = graph.changed(removed, pick(added, phrases), pick(added, weights), pick(added, costs), pick(now, names))
        fresh = ContextGraph.build(pick(now, phrases), vocabulary, pick(now, weights), pick(now, costs), pick(now, names))
        for name, array in graph.arrays._asdict().items():
            assert np.array_equal(array, getattr(fresh.arrays, name)), name
    with pytest.raises(InputError, match="entity 1 holds token 0"):
        graph.changed([], [[[5]], [[0]]], [1, 1], None, None)


def pick(places, values):
    return [values[place] for place in places]
