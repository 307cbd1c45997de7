"""The compiled search against a plain one, and both against all alignments."""
from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from beam_reference import Entities, Sequence_, beam_search, brute_force

from ctcb.search.beam.context_graph import LEAST, ContextGraph, unboosted_letters
from ctcb.search.beam.decoder import BeamDecoder
from ctcb.search.greedy import greedy
from ctcb.search.options import ALIGNMENTS, BeamOptions, SubwordOptions
from ctcb.search.vocabulary import Vocabulary

UNPRUNED = dict(beam=3000, nbest=3000, top_k=99, token_gap=math.inf, boost_top_k=99, blank_skip=2.0)


def random_vocabulary(rng, size):
    """Words by marked first tokens, by separators, or both; the blank anywhere."""
    blank = int(rng.integers(size))
    starts, between = rng.random(size) < 0.4, rng.random(size) < rng.choice([0.0, 0.3])
    starts[blank] = between[blank] = False
    return Vocabulary(size, blank, starts & ~between, between, rng.integers(0, 4, size))


def random_emissions(rng, frames, vocabulary, blanks=0.3):
    logits = rng.normal(0, rng.choice([0.5, 2, 4]), (frames, vocabulary.size))
    logits[rng.random(frames) < blanks, vocabulary.blank] += 9
    logits[rng.random(logits.shape) < 0.05] = -math.inf
    logits[:, vocabulary.blank] = np.maximum(logits[:, vocabulary.blank], -20)
    return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)


def random_list(rng, vocabulary):
    """Short sequences over few tokens, so that they nest, overlap and share beginnings and ends."""
    usable = [c for c in range(vocabulary.size) if c != vocabulary.blank]
    edge = [c for c in usable if not vocabulary.is_separator[c]]
    start = edge if vocabulary.is_separator.any() else [c for c in edge if vocabulary.starts_word[c]]
    phrases, costs = [], []
    for _ in range(rng.integers(0, 7) if start else 0):
        phrases.append([])
        for _ in range(rng.integers(1, 3)):
            length = rng.integers(1, 5)
            sequence = [int(rng.choice(start)), *map(int, rng.choice(usable, max(0, length - 2)))]
            phrases[-1].append(sequence + ([int(rng.choice(edge))] if length > 1 else []))
        costs.append([float(rng.choice([0, 0, 0.3])) for _ in phrases[-1]])
    # With 1, all tokens whose gap is filled and whose surplus is full would end at one score.
    weights = [float(rng.choice([0, 0.5, 1.05, 2])) for _ in phrases]
    return phrases, weights, costs


def decoder_of(entities, lm=None, **changed):
    """The search with the options of a reference, some of the beam's changed."""
    return BeamDecoder(entities.vocabulary, replace(entities.options, **changed), lm, entities.subword, entities.unigram)


def random_case(seed, sizes, frames, pushes=False, **pruning):
    """``pushes``: about half of the entities are phrases to push away."""
    rng = np.random.default_rng(seed)
    vocabulary = random_vocabulary(rng, int(rng.integers(*sizes)))
    phrases, weights, costs = random_list(rng, vocabulary)
    subword = SubwordOptions(alpha=rng.random(), beta=rng.normal(), cap=4 * rng.random(), surplus=rng.choice([0.37, 1.1, 99.0]))
    options = BeamOptions(boost_gap=rng.choice([3, 8, math.inf]), alignments=ALIGNMENTS[seed % 3 == 0], **pruning)
    entities = Entities(
        [Sequence_(e, tuple(sequence), weights[e], cost) for e, phrase in enumerate(phrases)
         for sequence, cost in zip(phrase, costs[e])], vocabulary, options, subword)
    if not pushes:
        graph = ContextGraph.build(phrases, vocabulary, weights, costs, short=0)
        return random_emissions(rng, int(rng.integers(*frames)), vocabulary), entities, graph
    away = [bool(rng.random() < 0.5) for _ in phrases]
    penalties = [float(rng.choice([0.4, 1.5, 6.0])) for _ in phrases]
    kept = [e for e in range(len(phrases)) if not away[e]]
    entities.sequences = [
        s._replace(weight=-penalties[s.entity]) if away[s.entity] else s._replace(entity=kept.index(s.entity)) for s in entities.sequences]
    pushed = [(phrase, penalties[e]) for e, phrase in enumerate(phrases) if away[e]]
    graph = ContextGraph.build(
        [phrases[e] for e in kept], vocabulary, [weights[e] for e in kept], [costs[e] for e in kept], short=0, pushed=pushed)
    return random_emissions(rng, int(rng.integers(*frames)), vocabulary), entities, graph


def assert_same(found, expected, entities, close=1e-6):
    """The same n-best list; hypotheses that score the same may swap places."""
    assert len(found) == len(expected)
    np.testing.assert_allclose([h.score for h in found], [a.score for a in expected], atol=close)
    by_tokens = {answer.tokens: answer for answer in expected}
    for hypothesis in found:
        answer = by_tokens[hypothesis.tokens]
        assert hypothesis.acoustic == pytest.approx(answer.acoustic, abs=1e-6)
        assert hypothesis.bonus == pytest.approx(answer.bonus, abs=1e-6)
        assert hypothesis.lm == pytest.approx(answer.lm, abs=close)
        assert hypothesis.penalty == pytest.approx(answer.penalty, abs=1e-9)
        assert hypothesis.token_frames == answer.frames
        assert_accounted(hypothesis, entities)


def assert_accounted(hypothesis, entities):
    """The entities named are in the tokens, at word boundaries, apart, and earned the whole bonus.

    With an LM's class one that added less may have made way for a unit that it overlaps.
    """
    earned = sum(span.bonus for span in hypothesis.entities)
    assert earned == pytest.approx(hypothesis.bonus, abs=1e-6) or (entities.lm and earned < hypothesis.bonus)
    end = 0
    for span in hypothesis.entities:
        tokens = hypothesis.tokens[span.first : span.end]
        assert any(s.entity == span.entity and s.tokens == tokens and s.weight >= 0 for s in entities.sequences)
        assert entities.begins_word(hypothesis.tokens, span.first) and entities.ends_word(hypothesis.tokens, span.end)
        assert span.first >= end
        end = span.end


def test_surely_heard_ending_is_not_swallowed():
    """Each letter of a name is its frame's best: the boosts pay for the lost last letter unless their surplus is bounded."""
    vocabulary = Vocabulary(5, 0, [False, True, False, False, False], [False] * 5)
    emissions = np.full((7, 5), 0.00075)
    for frame, token in enumerate([1, 2, 3, 2, 3, 4, 0]):
        emissions[frame, token] = 0.997
    emissions = np.log(emissions).astype(np.float32)
    graph = ContextGraph.build([[(1, 2, 3, 2, 3)]], vocabulary, short=0)
    texts = {}
    for surplus in (3.0, 99.0):
        decoder = BeamDecoder(vocabulary, BeamOptions(), subword=SubwordOptions(surplus=surplus))
        texts[surplus] = decoder.decode(emissions, graph)[0].tokens
    assert texts == {3.0: (1, 2, 3, 2, 3, 4), 99.0: (1, 2, 3, 2, 3)}


@pytest.mark.parametrize("block", range(4))
def test_unpruned_search_equals_the_sum_over_all_alignments(block):
    boosted = 0
    for seed in range(block * 100, block * 100 + 100):
        emissions, entities, graph = random_case(seed, (2, 5), (1, 6), **UNPRUNED)
        expected = brute_force(emissions, entities)
        assert_same(decoder_of(entities).decode(emissions, graph), expected, entities)
        boosted += any(answer.bonus > 0 for answer in expected)
        if seed % 4 == 0:  # the plain search too
            answers = beam_search(emissions, entities)
            assert [a.tokens for a in answers] == [a.tokens for a in expected]
            np.testing.assert_allclose([a[2:] for a in answers], [a[2:] for a in expected], atol=1e-6)
    assert boosted > 15


@pytest.mark.parametrize("block", range(8))
def test_pruned_search_equals_the_reference(block):
    boosted = differs = 0
    for seed in range(10_000 + block * 300, 10_000 + block * 300 + 300):
        rng = np.random.default_rng(seed)
        beam = int(rng.integers(1, 7))
        emissions, entities, graph = random_case(
            seed, (3, 8), (1, 14), beam=beam, nbest=int(rng.integers(1, beam + 1)), top_k=int(rng.integers(1, 4)),
            token_gap=float(rng.choice([1, 4, math.inf])), boost_top_k=int(rng.integers(1, 8)),
            blank_skip=float(rng.choice([0.9, 2.0])))
        decoder = decoder_of(entities)
        found = decoder.decode(emissions, graph)
        assert_same(found, beam_search(emissions, entities)[: len(found)], entities)
        boosted += any(h.bonus > 0 for h in found)
        differs += found[0].tokens != decoder.decode(emissions)[0].tokens
    assert boosted > 30 and differs > 0


@pytest.mark.parametrize("block", range(2))
def test_phrases_are_pushed_away_as_the_sum_over_all_alignments_says(block):
    pushed = differs = 0
    for seed in range(50_000 + block * 100, 50_000 + block * 100 + 100):
        emissions, entities, graph = random_case(seed, (2, 5), (1, 6), pushes=True, **UNPRUNED)
        expected = brute_force(emissions, entities)
        found = decoder_of(entities).decode(emissions, graph)
        assert_same(found, expected, entities)
        pushed += any(answer.penalty > 0 for answer in expected)
        differs += found[0].tokens != decoder_of(entities).decode(emissions)[0].tokens
    assert pushed > 15 and differs > 5


@pytest.mark.parametrize("block", range(4))
def test_pruned_search_that_pushes_away_equals_the_reference(block):
    pushed = 0
    for seed in range(60_000 + block * 200, 60_000 + block * 200 + 200):
        rng = np.random.default_rng(seed)
        beam = int(rng.integers(1, 7))
        emissions, entities, graph = random_case(
            seed, (3, 8), (1, 14), pushes=True, beam=beam, nbest=int(rng.integers(1, beam + 1)), top_k=int(rng.integers(1, 4)),
            token_gap=float(rng.choice([1, 4, math.inf])), boost_top_k=int(rng.integers(1, 8)), blank_skip=float(rng.choice([0.9, 2.0])))
        found = decoder_of(entities).decode(emissions, graph)
        assert_same(found, beam_search(emissions, entities)[: len(found)], entities)
        pushed += any(h.penalty > 0 for h in found)
    assert pushed > 15


def test_pushed_away_by_hand():
    """Words `ab` and `a` (tokens ▁a 1, b 2): `ab` is said with .9, and 3 nats are more than the ln 9 that it leads by; once a
    word goes on (`abb`), nothing is lost, and of `ab ab` each is charged."""
    vocabulary = Vocabulary.from_tokens(["<blank>", "\u2581a", "b"])
    graph = ContextGraph.build([], vocabulary, pushed=[([[1, 2]], 3.0)])
    decoder = BeamDecoder(vocabulary, BeamOptions(nbest=8))

    def found(*frames):
        return {h.tokens: h for h in decoder.decode(np.log(np.array(frames, np.float32)), graph)}

    never, sure_a = 1e-9, [1e-9, 1 - 2e-9, 1e-9]
    heard = found(sure_a, [0.1, never, 0.9 - never])
    assert list(heard) [:2] == [(1,), (1, 2)]
    assert heard[1, 2].penalty == 3.0 and heard[1, 2].score == pytest.approx(math.log(0.9) - 3, abs=1e-5)
    assert heard[1,].penalty == 0.0 and heard[1, 2].entities == () and heard[1, 2].bonus == 0.0
    blank = [1 - 2e-9, 1e-9, 1e-9]
    sure_b = [1e-9, 1e-9, 1 - 2e-9]
    assert next(iter(found(sure_a, sure_b, blank, sure_b).values())).penalty == 0.0
    twice = next(iter(found(sure_a, sure_b, sure_a, sure_b).values()))
    assert twice.tokens == (1, 2, 1, 2) and twice.penalty == 6.0


def test_long_utterances_equal_the_reference():
    """Prefixes that are pruned and return must stay one hypothesis with their children."""
    for seed in range(30):
        emissions, entities, graph = random_case(
            seed, (3, 5), (40, 60), beam=4, nbest=4, top_k=3, token_gap=6.0, boost_top_k=4, blank_skip=0.95)
        found = decoder_of(entities).decode(emissions, graph)
        assert len({h.tokens for h in found}) == len(found)
        assert_same(found, beam_search(emissions, entities)[: len(found)], entities)


def test_best_alignments_without_a_list_are_those_of_greedy_decoding():
    differs = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        vocabulary = random_vocabulary(rng, 6)
        emissions = random_emissions(rng, 12, vocabulary)
        expected = tuple(greedy(emissions, vocabulary.blank).tokens)
        assert BeamDecoder(vocabulary, BeamOptions(alignments="best", blank_skip=2.0)).decode(emissions)[0].tokens == expected
        differs += BeamDecoder(vocabulary).decode(emissions)[0].tokens != expected
    assert differs > 0


def test_no_list_equals_the_empty_list():
    rng = np.random.default_rng(0)
    vocabulary = random_vocabulary(rng, 6)
    emissions = random_emissions(rng, 20, vocabulary)
    decoder = BeamDecoder(vocabulary, BeamOptions(nbest=4))
    found = decoder.decode(emissions)
    assert found == decoder.decode(emissions, ContextGraph.empty(vocabulary))
    assert all(h.bonus == 0 and not h.entities and h.score == h.acoustic for h in found)


def test_bonus_by_hand():
    """Tokens: ▁a 1, b 2, ▁c 3. Entity `ab` (weight 2); the second frame holds b 2.0 below ▁c.

    Boosts with alpha 0.5, beta 0.2: ▁a is its frame's best, so 0.2; b is 2.0 below, so 1.2. The
    entity earns 2 * (0.2 + 1.2) = 2.8, more than the 2.0 that b lacks.
    """
    vocabulary = Vocabulary.from_tokens(["<blank>", "\u2581a", "b", "\u2581c"])
    never = -math.inf
    emissions = np.array([
        [never, 0.0, never, never],
        [never, never, math.log(1 / (1 + math.e**2)), math.log(1 / (1 + math.e**-2))]])
    options, subword = BeamOptions(nbest=2, boost_gap=9), SubwordOptions(alpha=0.5, beta=0.2, cap=5)
    graph = ContextGraph.build([[[1, 2]]], vocabulary, weights=[2.0], short=0)
    best, second = BeamDecoder(vocabulary, options, subword=subword).decode(emissions, graph)
    assert best.tokens == (1, 2) and best.token_frames == (0, 1)
    assert best.bonus == pytest.approx(2.8, abs=1e-6)
    assert best.acoustic == pytest.approx(-math.log(1 + math.e**2), abs=1e-6)
    assert [(s.entity, s.first, s.end) for s in best.entities] == [(0, 0, 2)]
    assert (second.tokens, second.bonus, second.entities) == ((1, 3), 0.0, ())
    capped = BeamDecoder(vocabulary, options, subword=replace(subword, cap=0.9)).decode(emissions, graph)  # 2 * (0.2 + 0.9)
    assert [h for h in capped if h.tokens == (1, 2)][0].bonus == pytest.approx(2.2, abs=1e-6)
    far = BeamDecoder(vocabulary, replace(options, boost_gap=1.9), subword=subword).decode(emissions, graph)  # b is 2.0 below
    assert [h for h in far if h.tokens == (1, 2)][0].bonus == pytest.approx(0.4, abs=1e-6)


def test_unsure_model_boosts_by_less_by_hand():
    """Entity `ab`: two frames, in each of which four tokens have a quarter each, and so an entropy of ln 4."""
    vocabulary = Vocabulary.from_tokens(["<blank>", "\u2581a", "b", "\u2581c", "d"])
    emissions = np.log([[1e-9, 0.25, 0.25, 0.25, 0.25]] * 2)
    graph = ContextGraph.build([[[1, 2]]], vocabulary, short=0)

    def bonus(entropy, frames=emissions):
        subword = SubwordOptions(alpha=0.0, beta=1.5, cap=9, entropy=entropy)
        return BeamDecoder(vocabulary, subword=subword).decode(frames, graph)[0].bonus

    after_one, after_two = (5 * 0.35 + math.log(4)) / 6, (5 * 0.35 + 2 * math.log(4)) / 7
    assert bonus(0.35) == pytest.approx(1.5 * ((0.35 / after_one) ** 0.75 + (0.35 / after_two) ** 0.75), abs=1e-5)
    assert bonus(0.0) == bonus(1.4) == pytest.approx(1.5 * 2, abs=1e-6)  # never by less; no frame has more than ln 4
    sure = np.log([[1e-9, 1 - 3e-9, 1e-9, 1e-9, 1e-9], [0.5, 1e-9, 0.5 - 3e-9, 1e-9, 1e-9]])
    assert bonus(0.35, sure) == pytest.approx(1.5 * 2, abs=1e-6)
    blank = np.log([[0.6, 0.1, 0.1, 0.1, 0.1]])  # a frame whose best is the blank does not count
    assert bonus(0.35, np.concatenate([blank, sure])) == pytest.approx(1.5 * 2, abs=1e-6)


def test_boosts_grow_with_letters_and_short_names_need_more():
    """Entities `abcd` in two tokens of two letters each, nearly certain, and `ab` in one."""
    vocabulary = Vocabulary.from_tokens(["<blank>", "\u2581ab", "cd"])
    subword = SubwordOptions(alpha=0.0, beta=0.5, cap=9)

    def bonus(tokens, **settings):
        graph = ContextGraph.build([[tokens]], vocabulary, **settings)
        return BeamDecoder(vocabulary, subword=subword).decode(spell(3, *tokens), graph)[0].bonus

    assert bonus([1, 2], short=0) == pytest.approx(4 * 0.5, abs=1e-6)
    assert bonus([1, 2], short=1) == pytest.approx(3 / 4 * 4 * 0.5, abs=1e-6)
    assert bonus([1, 2]) == bonus([1, 2], short=1)  # a list of one
    assert bonus([1], short=5) == pytest.approx(LEAST * 2 * 0.5, abs=1e-6)
    assert unboosted_letters(1000) - unboosted_letters(100) == pytest.approx(0.5)


def test_letters_of_ideographs_and_syllables():
    vocabulary = Vocabulary.from_tokens(["-", "\u2581", "\u2581new", "s", "\u6771", "\u2581\ud55c\uad6d", "\u00e9"])
    assert vocabulary.letters.tolist() == [1, 0, 3, 1, 3, 6, 1]


def spell(vocabulary_size, *tokens):
    """One token a frame, nearly certain."""
    emissions = np.full((len(tokens), vocabulary_size), 1e-9)
    emissions[np.arange(len(tokens)), tokens] = 1
    return np.log(emissions / emissions.sum(axis=1, keepdims=True))


def entities_of(hypothesis):
    return [(span.entity, span.first, span.end) for span in hypothesis.entities]


def test_nested_entities_and_word_ends():
    """▁new ▁york ▁city s: each entry is found where it stands, and never inside a word."""
    new, york, city, s = 1, 2, 3, 4
    vocabulary = Vocabulary.from_tokens(["<blank>", "\u2581new", "\u2581york", "\u2581city", "s"])
    graph = ContextGraph.build([[[new, york]], [[new, york, city]], [[york]]], vocabulary)
    decoder = BeamDecoder(vocabulary, BeamOptions())

    def found(*tokens):
        hypothesis = decoder.decode(spell(5, *tokens), graph)[0]
        assert hypothesis.tokens == tokens
        return entities_of(hypothesis)

    assert found(new, york) == [(0, 0, 2)]
    assert found(new, york, city) == [(1, 0, 3)]
    assert found(new, york, city, s) == [(0, 0, 2)]  # `citys` is another word: back to what was complete
    assert found(new, york, s) == []  # `yorks`
    assert found(city, york, new) == [(2, 1, 2)]
    assert found(city, new, york, city, york) == [(1, 1, 4), (2, 4, 5)]


def test_separators_bound_words_in_character_vocabularies():
    """`ann` is in `ann` and `ann|b`, not in `banna` or `annb`."""
    a, n, b, bar = 1, 2, 3, 4
    vocabulary = Vocabulary.from_tokens(["-", "a", "n", "b", "|"], separators=["|"])
    graph = ContextGraph.build([[[a, n, n]], [[b, bar, a]]], vocabulary)
    decoder = BeamDecoder(vocabulary)

    def found(*tokens):
        spread = [token for one in tokens for token in (one, 0)]  # blanks between doubled letters
        hypothesis = decoder.decode(spell(5, *spread), graph)[0]
        assert hypothesis.tokens == tokens
        return entities_of(hypothesis)

    assert found(a, n, n) == [(0, 0, 3)]
    assert found(a, n, n, bar, b) == [(0, 0, 3)]
    assert found(b, bar, a, n, n) == [(0, 2, 5)]
    assert found(b, bar, a, bar, a, n, n) == [(1, 0, 3), (0, 4, 7)]
    assert found(b, a, n, n) == [] and found(a, n, n, b) == [] and found(a, bar, n, n) == []


def test_boosted_token_survives_pruning():
    vocabulary = Vocabulary.from_tokens(["<blank>", "\u2581a", "b", "c"])
    emissions = np.log(np.array([[0.01, 0.97, 0.01, 0.01], [0.005, 0.005, 0.03, 0.96]]))
    options, subword = BeamOptions(top_k=1), SubwordOptions(alpha=1.0, beta=1.0)
    graph = ContextGraph.build([[[1, 2]]], vocabulary, short=0)
    decoder = BeamDecoder(vocabulary, options, subword=subword)
    assert decoder.decode(emissions)[0].tokens == (1, 3)
    assert decoder.decode(emissions, graph)[0].tokens == (1, 2)


def test_times_and_confidence():
    vocabulary = Vocabulary.from_tokens(["<blank>", "\u2581a", "b"])
    a, b, nothing = [0.1, 0.8, 0.1], [0.2, 0.1, 0.7], [0.98, 0.01, 0.01]
    emissions = np.log(np.array([nothing, [0.2, 0.7, 0.1], a, nothing, nothing, b, nothing]))
    best = BeamDecoder(vocabulary).decode(emissions)[0]
    assert (best.tokens, best.token_frames, best.token_ends) == ((1, 2), (1, 5), (3, 6))
    assert np.exp(best.token_log_probs) == pytest.approx([0.8, 0.7], abs=1e-6)
