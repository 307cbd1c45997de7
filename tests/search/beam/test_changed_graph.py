"""A context graph that came out of another one is the one that is built of the changed list."""
from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcb.search.beam.context_graph import ContextGraph
from ctcb.search.vocabulary import Vocabulary

VOCABULARY = Vocabulary.from_tokens(["<blank>", "\u2581a", "\u2581b", "a", "b", "c"])
SEQUENCES = st.builds(lambda first, others: (first, *others), st.sampled_from((1, 2)), st.lists(st.integers(1, 5), max_size=4))
PHRASES = st.lists(st.lists(SEQUENCES, max_size=2), max_size=8)


WEIGHTS = st.sampled_from((0.5, 1.0, 3.0))


def check_changes(phrases, changes):
    """Apply changes, each the places that go, the phrases that come and their weight, and compare with what is built."""
    weights = [1.0] * len(phrases)
    graph = ContextGraph.build(phrases, VOCABULARY, weights)
    for removed, added, weight in changes:
        removed = {place for place in removed if place < len(phrases)}
        graph = graph.changed(sorted(removed), added, [weight] * len(added), None, None)
        phrases = [own for place, own in enumerate(phrases) if place not in removed] + added
        weights = [own for place, own in enumerate(weights) if place not in removed] + [weight] * len(added)
        built = ContextGraph.build(phrases, VOCABULARY, weights)
        for name, array in built.arrays._asdict().items():
            assert np.array_equal(array, getattr(graph.arrays, name)), name
        assert np.array_equal(built.end, graph.end)


@given(phrases=PHRASES, changes=st.lists(st.tuples(st.sets(st.integers(0, 15)), PHRASES, WEIGHTS), min_size=1, max_size=4))
@settings(deadline=None, max_examples=150)
def test_changed_graphs_are_built_ones(phrases, changes):
    check_changes(phrases, changes)


@given(pairs=st.lists(st.tuples(st.lists(SEQUENCES, max_size=2), st.lists(SEQUENCES, max_size=2)), min_size=1, max_size=12), data=st.data())
@settings(deadline=None, max_examples=150)
def test_where_as_many_come_as_go(pairs, data):
    """Then a name's weight does not change with the number of names."""
    phrases, others = map(list, zip(*pairs))
    changes = []
    while others:
        removed = data.draw(st.sets(st.integers(0, len(phrases) - 1), min_size=1, max_size=len(others)))
        changes.append((removed, others[: len(removed)], data.draw(WEIGHTS)))
        others = others[len(removed) :]
    check_changes(phrases, changes)
