"""The beam search on extreme emissions, options and graphs, and with threads."""
from __future__ import annotations

import math
import resource
import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest
from beam_reference import Entities, brute_force
from numba.core.errors import NumbaError

from ctcb import compiled
from ctcb.errors import InputError
from ctcb.search.beam.context_graph import ContextGraph
from ctcb.search.beam.decoder import BeamDecoder, warm
from ctcb.search.beam.kernel import run
from ctcb.search.options import BeamOptions, SubwordOptions
from ctcb.search.vocabulary import Vocabulary
from ctcb.threads import in_order

VOCABULARY = Vocabulary.from_tokens(["<blank>", "\u2581a", "b", "\u2581c", "d"])


def emissions(frames=12, seed=0, size=5):
    return np.log(np.random.default_rng(seed).dirichlet(np.full(size, 0.4), frames) + 1e-12)


def spoilt(value, place=(3, 2)):
    array = emissions()
    array[place] = value
    return array


@pytest.mark.parametrize("wrong, says", [
    (spoilt(math.nan), "NaN or .inf at frame 3"),
    (spoilt(math.inf), "NaN or .inf at frame 3"),
    (spoilt(-math.inf, place=4), "no token any probability at frame 4"),
    (emissions(size=4), "4 tokens a frame, but the vocabulary has 5"),
    (emissions(size=6), "6 tokens a frame, but the vocabulary has 5"),
    (emissions()[0], r"shape \(5,\)"),
    (emissions()[None], r"shape \(1, 12, 5\)"),
    (emissions() + 3, "not natural-log probabilities"),
    (emissions() / math.log(10), "not natural-log probabilities"),
    (np.exp(emissions()), "not natural-log probabilities"),
    (-np.ones((4, 5), int), "emissions are int64"),
    ([["a", "b", "c", "d", "e"]], "emissions are <U1"),
])
def test_wrong_emissions_are_refused(wrong, says):
    with pytest.raises(InputError, match=says):
        BeamDecoder(VOCABULARY).decode(wrong)


def test_no_frames_give_an_empty_text():
    graph = ContextGraph.build([[[1, 2]]], VOCABULARY)
    for found in (BeamDecoder(VOCABULARY).decode(np.zeros((0, 5)), graph),
                  BeamDecoder(VOCABULARY, BeamOptions(nbest=5)).decode(np.zeros((0, 5), np.float32))):
        assert len(found) == 1
        assert (found[0].tokens, found[0].score, found[0].bonus, found[0].entities) == ((), 0.0, 0.0, ())


def test_one_frame_is_ranked_by_probability():
    one = emissions(1)
    options = BeamOptions(nbest=5, token_gap=math.inf)
    found = BeamDecoder(VOCABULARY, options).decode(one)
    order = np.argsort(-one[0])
    assert [h.tokens for h in found] == [(int(c),) if c else () for c in order]
    np.testing.assert_allclose([h.score for h in found], one[0, order], atol=1e-6)


def test_beam_of_one_equals_greedy_for_certain_alignments():
    path = [0, 1, 1, 0, 1, 2, 3, 3, 0, 4]
    certain = np.full((len(path), 5), 1e-6)
    certain[np.arange(len(path)), path] = 1
    certain = np.log(certain / certain.sum(axis=1, keepdims=True))
    assert BeamDecoder(VOCABULARY, BeamOptions(beam=1)).decode(certain)[0].tokens == (1, 1, 2, 3, 4)


@pytest.mark.parametrize("convert", [
    lambda x: x.astype(np.float64), lambda x: np.asfortranarray(x), lambda x: np.repeat(x, 2, axis=0)[::2],
    lambda x: np.frombuffer(x.tobytes(), np.float32).reshape(x.shape),  # read-only
    lambda x: np.frombuffer(b"-" + x.tobytes(), np.float32, offset=1).reshape(x.shape),  # not aligned
    lambda x: x.tolist()])
def test_other_layouts_and_types_do_not_recompile(convert):
    array = emissions(20).astype(np.float32)
    decoder = BeamDecoder(VOCABULARY, BeamOptions(nbest=4))
    assert decoder.decode(convert(array)) == decoder.decode(array)
    assert len(run.signatures) == 1


def test_half_precision_is_accepted():
    found = BeamDecoder(VOCABULARY).decode(emissions(20).astype(np.float16))
    assert found[0].tokens == BeamDecoder(VOCABULARY).decode(emissions(20))[0].tokens


def test_impossible_tokens_are_never_emitted():
    array = emissions(5)
    array[:, 2:] = -1e300  # beyond float32: impossible
    array[:, :2] -= np.log(np.exp(array[:, :2]).sum(axis=1, keepdims=True))
    options = BeamOptions(beam=100, nbest=100, top_k=9, token_gap=math.inf, blank_skip=2)
    found = BeamDecoder(VOCABULARY, options).decode(array, ContextGraph.build([[[1, 2]]], VOCABULARY))
    expected = brute_force(array[:, :2].astype(np.float32), Entities([], Vocabulary.from_tokens(["-", "\u2581a"]), options))
    assert {h.tokens: round(h.acoustic, 5) for h in found} == {a.tokens: round(a.acoustic, 5) for a in expected}


def test_input_is_not_modified():
    array = emissions(9).astype(np.float32)
    kept = array.copy()
    BeamDecoder(VOCABULARY).decode(array)
    assert (array == kept).all()


def test_context_graph_of_another_vocabulary_is_refused():
    other = ContextGraph.build([[[1]]], Vocabulary.from_tokens(["<blank>", "\u2581a", "b", "c", "d"]))
    with pytest.raises(InputError, match="another vocabulary"):
        BeamDecoder(VOCABULARY).decode(emissions(), other)
    equal = Vocabulary.from_tokens(["<blank>", "\u2581x", "y", "\u2581z", "w"])
    BeamDecoder(VOCABULARY).decode(emissions(), ContextGraph.build([[[1]]], equal))


@pytest.mark.parametrize("option, value", [
    ("beam", 0), ("nbest", 0), ("nbest", 17), ("top_k", 0), ("token_gap", -1), ("blank_skip", -0.1), ("boost_gap", -1)])
def test_options_out_of_range_are_refused(option, value):
    with pytest.raises(InputError, match=option):
        BeamOptions(**{option: value})


@pytest.mark.parametrize("option, value", [
    ("alpha", -1), ("beta", math.inf), ("cap", math.nan), ("cap", math.inf), ("class_cap", -1), ("short_name_penalty", -1)])
def test_options_of_subword_boosting_out_of_range_are_said(option, value):
    with pytest.raises(InputError, match=f"subword.{option}"):
        SubwordOptions(**{option: value})
    with pytest.raises(InputError, match=f"subword.{option}"):
        replace(SubwordOptions(), **{option: value})


@pytest.mark.parametrize("arguments, says", [
    ((3, 3, [0, 0, 0], [0, 0, 0]), "the blank's id is 3"),
    ((3, 0, [0, 0], [0, 0, 0]), "starts_word has the shape"),
    ((3, 0, [0, 0, 0], [1, 0, 0]), "is_separator marks the blank")])
def test_mismatched_vocabularies_are_refused(arguments, says):
    with pytest.raises(InputError, match=says):
        Vocabulary(*arguments)


def test_word_starts_are_never_guessed():
    with pytest.raises(InputError, match="none of the 3 tokens begins with"):
        Vocabulary.from_tokens(["<blank>", "a", "b"])
    unspaced = Vocabulary.from_tokens(["a", "b", "<blank>"], blank=2, unspaced=True)
    assert unspaced.starts_word.tolist() == [1, 1, 0]
    graph = ContextGraph.build([[[1]]], unspaced)
    certain = np.log(np.array([[0.998, 0.001, 0.001], [0.001, 0.998, 0.001], [0.998, 0.001, 0.001]]))
    assert [(s.first, s.end) for s in BeamDecoder(unspaced).decode(certain, graph)[0].entities] == [(1, 2)]


def test_works_without_a_cache_folder(monkeypatch):
    def nowhere(function):
        raise RuntimeError("cannot cache function: no locator available")

    monkeypatch.setattr(compiled, "PackageCache", nowhere)
    assert compiled.compiled(lambda x: x + 1)(2) == 3


def test_compiled_functions_without_the_runtime_make_no_arrays():
    with pytest.raises(NumbaError, match="NRT"):
        compiled.compiled(lambda size: np.zeros(size), allocates=False)(3)


def test_a_search_frees_its_memory():
    """Its inner functions count no references, so one too many would be kept for good, or one too few freed twice."""
    decoder = BeamDecoder(VOCABULARY, BeamOptions(beam=100))
    graph, array = ContextGraph.build([[[1, 2]]], VOCABULARY), emissions(400).astype(np.float32)
    held = (array, VOCABULARY.letters, *graph.arrays)
    expected, counts = decoder.decode(array, graph), [sys.getrefcount(one) for one in held]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(50):  # 3 MB each
        assert decoder.decode(array, graph) == expected
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB
    assert [sys.getrefcount(one) for one in held] == counts


def test_threads_give_the_same_results_in_order():
    rng = np.random.default_rng(1)
    decoder = BeamDecoder(VOCABULARY, BeamOptions(nbest=3))
    graphs = [None, ContextGraph.build([[[1, 2]]], VOCABULARY), ContextGraph.build([[[3, 4, 4]]], VOCABULARY)]
    batch = [(emissions(int(rng.integers(0, 40)), seed), graphs[seed % 3]) for seed in range(60)]
    expected = [decoder.decode(*utterance) for utterance in batch]

    def decode_many(utterances, jobs=1):
        return in_order(lambda utterance: decoder.decode(*utterance), utterances, jobs)

    assert list(decode_many(iter(batch))) == expected
    assert list(decode_many(iter(batch), jobs=3)) == expected
    with pytest.raises(InputError, match="NaN"):
        list(decode_many([batch[0], (spoilt(math.nan), None)], jobs=2))
    with pytest.raises(InputError, match="jobs is 0"):
        list(decode_many(batch, jobs=0))


def test_blank_frames_are_skipped_with_little_effect():
    """Inserted frames of nearly pure blank keep the tokens and, up to their own probability, the score."""
    array = emissions(20, seed=5)
    decoder = BeamDecoder(VOCABULARY, BeamOptions(nbest=3))
    quiet = np.log(np.array([[0.999, 0.00025, 0.00025, 0.00025, 0.00025]]))
    padded = np.concatenate([np.repeat(quiet, 30, axis=0), array, np.repeat(quiet, 30, axis=0)])
    skipped = decoder.decode(padded)
    exact = BeamDecoder(VOCABULARY, replace(decoder.options, blank_skip=2)).decode(padded)
    assert [h.tokens for h in skipped] == [h.tokens for h in decoder.decode(array)] == [h.tokens for h in exact]
    for quick, whole, bare in zip(skipped, exact, decoder.decode(array)):
        assert quick.acoustic == pytest.approx(bare.acoustic + 60 * quiet[0, 0], abs=1e-5)
        assert quick.acoustic == pytest.approx(whole.acoustic, abs=0.1)
        assert quick.token_frames == tuple(frame + 30 for frame in bare.token_frames)


def test_compiled_code_is_cached_for_one_signature(tmp_path):
    warm()
    BeamDecoder(VOCABULARY, BeamOptions(beam=3)).decode(emissions(), ContextGraph.build([[[1, 2]]], VOCABULARY))
    assert len(run.signatures) == 1  # so one warm() serves everybody
    folder = tmp_path / "ctcb"
    shutil.copytree(compiled.Path(compiled.__file__).parent, folder, ignore=shutil.ignore_patterns("__pycache__", "assets"))
    assert compiled.sources_digest(folder) == compiled.SOURCES
    for name in ("automaton.py", "resources.py"):  # compiled functions, and the records that they take
        file = folder / "search/beam" / name
        source = file.read_bytes()
        file.write_bytes(source + b"# changed\n")
        assert compiled.sources_digest(folder) != compiled.SOURCES
        file.write_bytes(source)
    assert compiled.SOURCES[:16] in run._cache._cache_file._index_path and compiled.is_kept(run)
