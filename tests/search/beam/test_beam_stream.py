"""The beam search of a stream against that of the whole: whatever the pieces, every field of every hypothesis is the same."""
from __future__ import annotations

import math

import numpy as np
import pytest
from test_beam_search import decoder_of, random_case
from test_lm_fusion import random_lm_case

from ctcb.errors import InputError
from ctcb.search.beam import stream as beam_stream
from ctcb.search.beam.decoder import BeamDecoder
from ctcb.search.options import BeamOptions
from ctcb.search.vocabulary import Vocabulary


def pieces(rng, log_probs):
    """Random stretches of all frames in order, empty ones among them."""
    cuts = np.sort(rng.integers(0, len(log_probs) + 1, rng.integers(0, 2 + len(log_probs) // 2)))
    return np.split(log_probs, cuts)


@pytest.fixture
def small_memory(monkeypatch):
    """So little room that memories are compacted every few frames."""
    monkeypatch.setattr(beam_stream, "NODES", 2)
    monkeypatch.setattr(beam_stream, "ROWS", 3)
    monkeypatch.setattr(beam_stream, "BLOCK", 4)


def settings(seed, beam):
    rng = np.random.default_rng(seed)
    return dict(
        beam=beam, nbest=int(rng.integers(1, beam + 1)), top_k=int(rng.integers(1, 4)), token_gap=float(rng.choice([1, 4, math.inf])),
        boost_top_k=int(rng.integers(1, 8)), blank_skip=float(rng.choice([0.2, 0.9, 2.0])),
    )


def check(rng, decoder, graph, emissions, nbest):
    """Equality at the end, and that what was settled on the way stays. Returns how many tokens were settled before the end."""
    stream = decoder.stream(graph, nbest)
    promises = []
    for piece in pieces(rng, emissions):
        stream.accept(np.ascontiguousarray(piece))
        count = stream.settled()
        best = stream.hypotheses(1)[0]
        promises.append((count, best))
        assert best == decoder.decode(emissions[: stream.frames], graph, nbest)[0]
    found = stream.hypotheses(nbest)
    assert found == decoder.decode(emissions, graph, nbest)
    for hypothesis in found:
        for count, early in promises:
            for field in ("tokens", "token_frames", "token_ends", "token_log_probs"):
                assert getattr(hypothesis, field)[:count] == getattr(early, field)[:count]
            before, after = ([span for span in one.entities if span.first < count] for one in (early, hypothesis))
            assert before == after and all(span.end <= count for span in before)
    return max((count for count, _ in promises[:-1]), default=0)


@pytest.mark.parametrize("block", range(3))
def test_stream_equals_the_whole(block, small_memory):
    settled = with_entities = 0
    for seed in range(block * 60, block * 60 + 60):
        rng = np.random.default_rng(seed)
        emissions, entities, graph = random_case(seed, (3, 8), (1, 60), pushes=seed % 2 == 0, **settings(seed, int(rng.integers(1, 7))))
        decoder = decoder_of(entities)
        settled += check(rng, decoder, graph, emissions, entities.options.nbest) > 0
        with_entities += any(one.entities for one in decoder.decode(emissions, graph))
    assert settled > 10 and with_entities > 10


@pytest.mark.parametrize("block", range(3))
def test_stream_with_lm_and_class_equals_the_whole(block, small_memory, tmp_path):
    settled = units = 0
    for seed in range(30_000 + block * 60, 30_000 + block * 60 + 60):
        rng = np.random.default_rng(seed)
        emissions, entities, graph, lm = random_lm_case(
            seed, (3, 8), (1, 60), tmp_path, **settings(seed, int(rng.integers(1, 7))))
        decoder = decoder_of(entities, lm, histories=int(rng.choice([1, 4])))
        settled += check(rng, decoder, graph, emissions, entities.options.nbest) > 0
        units += any(span.unit is not None for one in decoder.decode(emissions, graph) for span in one.entities)
    assert settled > 5 and units > 5


def speech(rng, words, tokens, blanks):
    """Frames of ``words`` times a word of two tokens, with noise, and blanks behind each."""
    logits = rng.normal(0, 1, (words * (2 + blanks), tokens))
    for word in range(words):
        first = word * (2 + blanks)
        logits[first, 1 + int(rng.integers(3))] += 6
        logits[first + 1, 4 + int(rng.integers(3))] += 6
        logits[first + 2 : first + 2 + blanks, 0] += 6
    return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)


@pytest.mark.parametrize("blank_skip", [0.9, 2.0])
def test_memory_of_an_endless_stream_is_bounded(blank_skip):
    vocabulary = Vocabulary(7, 0, np.array([0, 1, 1, 1, 0, 0, 0]), np.zeros(7))
    stream = BeamDecoder(vocabulary, BeamOptions(beam=4, blank_skip=blank_skip)).stream()
    rng, sizes = np.random.default_rng(0), []
    for _ in range(40):
        stream.accept(speech(rng, 100, 7, 5))
        stream.accept(np.tile(speech(rng, 1, 7, 5)[3:], (200, 1)))  # a long pause
        sizes.append(stream.held)
    tokens = len(stream.hypotheses(1)[0].tokens)
    assert stream.frames == 40 * (700 + 800) and tokens > 7000
    assert stream.settled() > tokens - 10
    nodes, rows = max(sizes)
    assert nodes < 2 * tokens + 10_000  # what settled words take, and no more
    assert max(rows for _, rows in sizes) < 1000


def test_more_hypotheses_than_the_stream_was_made_for_are_refused():
    stream = BeamDecoder(Vocabulary(3, 0, np.array([0, 1, 1]), np.zeros(3))).stream(nbest=2)
    assert len(stream.hypotheses(2)) == 1
    with pytest.raises(InputError, match="3 hypotheses of a search for 2"):
        stream.hypotheses(3)
