"""The beam search with a word LM and its entity class, against plain Python and all alignments."""
from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from beam_reference import beam_search, brute_force
from lm_reference import LN10, LmPart, PlainLm, random_lm
from test_beam_search import UNPRUNED, assert_same, decoder_of, random_case, spell

from ctcb.errors import InputError
from ctcb.lm.arrays import ArrayLm
from ctcb.search.beam.context_graph import ContextGraph
from ctcb.search.beam.decoder import BeamDecoder
from ctcb.search.beam.word_lm import WordLm, letters_of
from ctcb.search.options import BeamOptions, UnigramOptions
from ctcb.search.vocabulary import Vocabulary
from ctcb.text.tokens import TokenTable


def load(plain, letters, folder):
    (folder / "lm.arpa").write_text(plain.arpa())
    return WordLm.build(ArrayLm.load(folder / "lm.arpa"), letters)


def random_lm_case(seed, sizes, frames, folder, **pruning):
    """As `random_case`, with tokens that spell one or two letters, so that words have several segmentations."""
    rng = np.random.default_rng(seed + 10**6)
    pruning.update(
        lm_weight=float(rng.choice([0, 0.5, 1.5])), word_bonus=float(rng.choice([-1, 0, 0.7])))
    class_cap, class_bonus = 4 * float(rng.random()), float(rng.choice([0, 2]))
    pruning.update(
        piece_bonus=float(rng.choice([0, -0.7])), look_ahead=bool(rng.random() < 0.5), histories=99)
    emissions, entities, graph = random_case(seed, sizes, frames, **pruning)
    entities.subword, entities.unigram = replace(entities.subword, class_cap=class_cap), UnigramOptions(class_bonus=class_bonus)
    vocabulary = graph.vocabulary
    letters = [str(rng.choice(["a", "b", "ab"])) for _ in range(vocabulary.size)]
    for token in range(vocabulary.size):
        if token == vocabulary.blank or vocabulary.is_separator[token]:
            letters[token] = ""
    spellings = [word for word in ("a", "b", "ab", "ba", "aab", "abab") if set(word) <= set("".join(letters))]
    plain = random_lm(rng, spellings, int(rng.integers(1, 4)))
    weights = dict.fromkeys(range(graph.num_entities), 0.0)
    weights.update({sequence.entity: sequence.weight for sequence in entities.sequences})
    with np.errstate(divide="ignore"):
        scores = np.log([weights[entity] for entity in range(graph.num_entities)])
    if rng.random() < 0.8:
        graph = graph.with_class(scores)
    else:
        scores[:] = -math.inf
    entities.lm = LmPart(plain, letters, [scores[sequence.entity] for sequence in entities.sequences], entities)
    return emissions, entities, graph, load(plain, letters, folder)


def units(hypotheses):
    return sum(span.unit is not None for hypothesis in hypotheses for span in hypothesis.entities)


@pytest.mark.parametrize("block", range(3))
def test_unpruned_search_equals_all_alignments_and_entity_sets(block, tmp_path):
    with_units = 0
    for seed in range(block * 100, block * 100 + 100):
        emissions, entities, graph, lm = random_lm_case(seed, (2, 5), (1, 6), tmp_path, **UNPRUNED)
        expected = brute_force(emissions, entities)
        found = decoder_of(entities, lm).decode(emissions, graph)
        assert_same(found, expected, entities, close=1e-5)
        with_units += units(found) > 0
        if seed % 4 == 0:  # the plain search too
            answers = beam_search(emissions, entities)
            np.testing.assert_allclose([a.score for a in answers], [a.score for a in expected], atol=1e-6)
    assert with_units > 10


@pytest.mark.parametrize("block", range(6))
def test_pruned_search_equals_the_reference(block, tmp_path):
    with_units = differs = 0
    for seed in range(20_000 + block * 200, 20_000 + block * 200 + 200):
        rng = np.random.default_rng(seed)
        beam = int(rng.integers(1, 7))
        emissions, entities, graph, lm = random_lm_case(
            seed, (3, 8), (1, 12), tmp_path, beam=beam, nbest=int(rng.integers(1, beam + 1)), top_k=int(rng.integers(1, 4)),
            token_gap=float(rng.choice([1, 4, math.inf])), boost_top_k=int(rng.integers(1, 8)),
            blank_skip=float(rng.choice([0.9, 2.0])))
        found = decoder_of(entities, lm).decode(emissions, graph)
        assert_same(found, beam_search(emissions, entities)[: entities.options.nbest], entities, close=1e-5)
        with_units += units(found) > 0
        differs += found[0].tokens != decoder_of(entities).decode(emissions, graph)[0].tokens
    assert with_units > 20 and differs > 20


# ▁new y ork city: cut up in several ways.
TOKENS = TokenTable.of(["<blank>", "▁new", "▁y", "ork", "▁york", "▁city", "n", "▁"])
NEW, Y, ORK, YORK, CITY, N, START = range(1, 8)
LETTERS = letters_of(TOKENS)
VOCABULARY = Vocabulary.from_tokens(TOKENS.symbols)
BY_HAND = PlainLm({
    ("<unk>",): (-4.0, 0.0), ("<s>",): (-99.0, -0.5), ("</s>",): (-1.0, 0.0),
    ("new",): (-2.0, -0.25), ("york",): (-3.0, -0.125),
    ("<s>", "new"): (-1.5, 0.0), ("new", "york"): (-0.5, 0.0), ("york", "</s>"): (-0.75, 0.0)})


def decode(folder, *tokens, phrases=(), weights=None, **options):
    """The best hypothesis for emissions with certain tokens."""
    graph = ContextGraph.build(list(phrases), VOCABULARY, weights, boosted=False)
    with np.errstate(divide="ignore"):
        graph = graph.with_class(np.log(np.ones(len(phrases)) if weights is None else weights))
    unigram = UnigramOptions(class_bonus=options.pop("class_bonus", 0.0))
    options = BeamOptions(**{"lm_weight": 0.5, "word_bonus": 0.25, "piece_bonus": 0.0, **options})
    decoder = BeamDecoder(VOCABULARY, options, load(BY_HAND, LETTERS, folder), unigram=unigram)
    found = decoder.decode(spell(len(TOKENS), *tokens), graph)[0]
    assert found.tokens == tokens and found.score == pytest.approx(found.acoustic + found.bonus + found.lm)
    return found


@pytest.mark.parametrize("tokens, log10, words", [
    ((NEW, YORK), -1.5 - 0.5 - 0.75, 2),
    ((NEW, Y, ORK), -1.5 - 0.5 - 0.75, 2),  # another segmentation is the same word
    ((START, N, NEW, YORK), -0.5 - 4.0 - 2.0 - 0.5 - 0.75, 3),  # "n": no word of the LM
    ((YORK,), -0.5 - 3.0 - 0.75, 1),
    ((NEW, N), -0.5 - 4.0 - 1.0, 1),  # "newn"
    ((NEW, START), -1.5 - 0.25 - 1.0, 1),  # a word start that nothing follows is no word
    ((Y,), -0.5 - 4.0 - 1.0, 1),  # a beginning of a word is not the word
    ((), -0.5 - 1.0, 0),
])
def test_word_scores_by_hand(tmp_path, tokens, log10, words):
    for look_ahead in (False, True):
        found = decode(tmp_path, *tokens, look_ahead=look_ahead)
        assert found.lm == pytest.approx(0.5 * log10 * LN10 + 0.25 * words, abs=1e-5)


@pytest.mark.parametrize("tokens, unknown", [((NEW, YORK), 0), ((NEW, N), 2), ((START, N, NEW, CITY), 3), ((NEW, START), 0)])
def test_each_token_of_an_unknown_word_is_penalised(tmp_path, tokens, unknown):
    for look_ahead in (False, True):
        free = decode(tmp_path, *tokens, look_ahead=look_ahead)
        found = decode(tmp_path, *tokens, look_ahead=look_ahead, piece_bonus=-1.5)
        assert found.lm == pytest.approx(free.lm - 0.5 * 1.5 * unknown, abs=1e-5)
    # A listed name is a unit and does not pay; what it adds, it adds to the plain words that would.
    named = decode(tmp_path, NEW, CITY, phrases=[[[CITY]]], piece_bonus=-1.5)
    assert named.lm == pytest.approx(decode(tmp_path, NEW, CITY).lm, abs=1e-5)
    assert named.entities[0].unit == pytest.approx(0.5 * 1.5, abs=1e-5)


def test_class_unit_by_hand(tmp_path):
    """`york city` as one <unk>: ln P(new <unk> </s>) and ln 2 + 3, against new york <unk> </s>."""
    found = decode(tmp_path, NEW, YORK, CITY, phrases=[[[YORK, CITY]]], weights=[2.0], class_bonus=3.0)
    unit = (-0.25 - 4.0) * LN10 + math.log(2) + 3.0
    assert found.lm == pytest.approx(0.5 * ((-1.5 - 1.0) * LN10 + unit) + 0.75, abs=1e-5)
    (span,) = found.entities
    assert (span.entity, span.first, span.end, span.bonus) == (0, 1, 3, 0.0)
    assert span.unit == pytest.approx(0.5 * (unit - (-0.5 - 0.125 - 4.0) * LN10), abs=1e-5)
    # Plain words that the LM likes better are no unit.
    plain = decode(tmp_path, NEW, YORK, phrases=[[[NEW, YORK]]])
    assert plain.lm == pytest.approx(0.5 * -2.75 * LN10 + 0.5, abs=1e-5) and plain.entities[0].unit is None
    # Nor is what goes on inside a word, and a weight of 0 keeps an entity out.
    assert all(span.unit is None for span in decode(tmp_path, NEW, CITY, N, phrases=[[[CITY]]], class_bonus=9.0).entities)
    out = decode(tmp_path, NEW, CITY, phrases=[[[CITY]]], weights=[0.0], class_bonus=9.0)
    assert out.lm == pytest.approx(decode(tmp_path, NEW, CITY).lm) and out.entities[0].unit is None


def test_nested_and_adjacent_class_units(tmp_path):
    """The best set of entities that do not overlap: new + york city, new york + city, or the whole."""
    phrases = [[[NEW, YORK]], [[YORK, CITY]], [[CITY]], [[NEW, YORK, CITY]]]

    def found(**options):
        spans = decode(tmp_path, NEW, YORK, CITY, phrases=phrases, **options).entities
        return [(span.entity, span.unit is not None) for span in spans]

    assert found(class_bonus=0.0)[-1] == (3, True)  # one <unk> for all three costs least
    assert found(class_bonus=20.0) == [(0, True), (2, True)]  # the more units the better


def test_lm_decides_between_homophones(tmp_path):
    lm = load(BY_HAND, LETTERS, tmp_path)
    emissions = np.full((2, 8), 0.01)
    emissions[0, NEW], emissions[1, [YORK, CITY]] = 0.93, [0.4, 0.54]
    emissions = np.log(emissions)
    assert BeamDecoder(VOCABULARY).decode(emissions)[0].tokens == (NEW, CITY)
    options = BeamOptions(lm_weight=0.5, word_bonus=0, piece_bonus=0)
    assert BeamDecoder(VOCABULARY, options, lm).decode(emissions)[0].tokens == (NEW, YORK)
    assert BeamDecoder(VOCABULARY, BeamOptions(lm_weight=0), lm).decode(emissions)[0].tokens == (NEW, CITY)
    graph = ContextGraph.build([[[CITY]]], VOCABULARY, boosted=False).with_class([9.0])
    leaning = BeamDecoder(VOCABULARY, options, lm).decode(emissions, graph)[0]
    assert leaning.tokens == (NEW, CITY) and leaning.bonus == 0.0


def test_lm_of_another_case_or_vocabulary_is_refused(tmp_path):
    def refused(words, says):
        ngrams = {(word,): (-1.0, 0.0) for word in ("<s>", "</s>", "<unk>", *words)}
        with pytest.raises(InputError, match=says):
            load(PlainLm(ngrams), LETTERS, tmp_path)

    refused(["NEW", "YORK", "new"], "lm.arpa: 1 of its 3 words can be written in the model's tokens, but 3 in lower case")
    refused(["▁new", "▁york"], "0 of its 2 words can be written in the model's tokens; '▁new' cannot")
    lm = load(BY_HAND, LETTERS, tmp_path)
    assert lm.num_spelled == 2
    with pytest.raises(InputError, match="made ready for 8 tokens, but the vocabulary has 3"):
        BeamDecoder(Vocabulary.from_tokens(["-", "▁a", "b"]), lm=lm)


def test_upper_case_tokens_match_a_lower_case_lm(tmp_path):
    table = TokenTable.of(["<pad>", "|", "N", "E", "W"])
    assert letters_of(table) == ["", "", "n", "e", "w"]
    lm = load(BY_HAND, letters_of(table), tmp_path)
    vocabulary = Vocabulary.from_tokens(table.symbols, separators=["|"])
    new = -1.5 - 0.25 - 1.0
    for tokens, log10 in (((2, 3, 4), new), ((1, 2, 3, 4, 1), new), ((2, 1, 2), -0.5 - 4 - 4 - 1)):
        found = BeamDecoder(vocabulary, BeamOptions(lm_weight=0.1, word_bonus=0, piece_bonus=0), lm).decode(spell(5, *tokens))[0]
        assert found.tokens == tokens and found.lm == pytest.approx(0.1 * log10 * LN10, abs=1e-5)


def test_four_histories_are_nearly_always_enough(tmp_path):
    same = count = 0
    for seed in range(150):
        emissions, entities, graph, lm = random_lm_case(seed, (3, 7), (4, 12), tmp_path, beam=6)
        all_of_them = decoder_of(entities, lm).decode(emissions, graph)[0]
        few = decoder_of(entities, lm, histories=4).decode(emissions, graph)[0]
        assert few.lm <= all_of_them.lm + 1e-5 or few.tokens != all_of_them.tokens
        same += few == all_of_them
        count += 1
    assert same > 0.95 * count
