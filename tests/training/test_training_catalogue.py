"""Lists for training: entries that they must and must not have, checked word by word."""
import itertools

import pytest
from rapidfuzz.distance import Levenshtein
from tones import WORDS, sentences

from ctcb.adapter.entries import EntrySpeller
from ctcb.errors import InputError
from ctcb.text.lang import Lang
from ctcb.training.catalogue import CatalogueConfig, CatalogueSampler

CONFIG = CatalogueConfig(smallest=4, largest=8, commonest=2, shortest=3)
TEXTS = sentences(60, seed=3)


@pytest.fixture(scope="module")
def speller(lang_dir):
    return EntrySpeller(Lang.load(lang_dir), True)


def sampler(speller, **changes):
    return CatalogueSampler(TEXTS, CatalogueConfig(**{**CONFIG.__dict__, **changes}), speller, seed=1)


def test_spoken_entries_are_marked_and_others_are_absent(speller):
    drawn_sizes = set()
    for seed in range(40):
        batch = TEXTS[seed : seed + 3]
        drawn = sampler(speller).draw(batch, seed)
        assert len(set(drawn.phrases)) == len(drawn.phrases) == len(drawn.entries)
        assert [speller.entry(phrase) for phrase in drawn.phrases] == drawn.entries
        drawn_sizes.add(len(drawn.phrases))
        for row, first, end, entry in drawn.said:
            assert batch[row].split()[first:end] == drawn.phrases[entry].split()
        marked = {(row, place) for row, first, end, _ in drawn.said for place in range(first, end)}
        for row, text in enumerate(batch):
            words = text.split()
            for first, end in itertools.combinations(range(len(words) + 1), 2):
                if " ".join(words[first:end]) in drawn.phrases:
                    assert any((row, place) in marked for place in range(first, end))
    assert drawn_sizes <= set(range(4, 9)) and len(drawn_sizes) > 2


def test_lists_without_spoken_entries(speller):
    for seed in range(20):
        drawn = sampler(speller, none_said=1.0).draw(TEXTS[:1], seed)
        padded = f" {TEXTS[0]} "
        assert not drawn.said and not any(f" {phrase} " in padded for phrase in drawn.phrases)


def test_the_same_seed_draws_the_same_list(speller):
    one, other = sampler(speller), sampler(speller)
    assert one.draw(TEXTS[:4], 5) == other.draw(TEXTS[:4], 5) != one.draw(TEXTS[:4], 6)


def test_similar_distractors_are_the_nearest(speller):
    """With the whole pool as candidates and one spoken phrase, no other phrase is nearer."""
    config = {"said": 1.0, "none_said": 0.0, "alike": 1.0, "largest": 4, "longest": 1}
    one = sampler(speller, **config)

    def likeness(a, b):
        sounds = ["".join(map(chr, speller.entry(phrase).phones)) for phrase in (a, b)]
        return max(Levenshtein.normalized_similarity(a, b), Levenshtein.normalized_similarity(*sounds))

    for seed in range(10):
        drawn = one.draw(["the " + sorted(one.rare)[seed]], seed)
        (said,) = {drawn.phrases[found.entry] for found in drawn.said}
        others = [phrase for phrase in drawn.phrases if phrase != said]
        left = [phrase for phrase in one.pool if phrase not in drawn.phrases]
        assert min(likeness(said, phrase) for phrase in others) >= max(likeness(said, phrase) for phrase in left)


def test_phrases_are_built_around_rare_words(speller):
    one = sampler(speller, commonest=5)
    counts = {word: sum(text.split().count(word) for text in TEXTS) for word in WORDS}
    assert len(one.rare) == len(WORDS) - 5
    assert min(counts[word] for word in set(WORDS) - one.rare) >= max(counts[word] for word in one.rare)
    assert all(set(phrase.split()) & one.rare and len(phrase.split()) <= 3 for phrase in one.pool)
    assert all(any(f" {phrase} " in f" {text} " for text in TEXTS) for phrase in one.pool)


def test_wrong_configurations_are_refused(speller):
    with pytest.raises(InputError, match="no word of the transcripts"):
        sampler(speller, commonest=1000)
    with pytest.raises(InputError, match="catalogue sizes from 9 to 8"):
        CatalogueConfig(smallest=9, largest=8)
