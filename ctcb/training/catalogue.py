"""The lists of training: one a batch, of the batch's own phrases and of distractors.

A phrase is a rare word of the training transcripts with up to two of its neighbours. A list holds a random number of
phrases that are spoken in the batch, some with a similar pronunciation or spelling, and others at random. Some lists
hold nothing that is spoken.
"""
from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import ClassVar, Dict, Iterable, List, Mapping, NamedTuple, Sequence, Set, Tuple

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from ctcb.adapter.entries import Entry, EntrySpeller
from ctcb.errors import InputError
from ctcb.scoring.entities import EntityMatcher

PHRASES_A_TEXT = 2  # of each transcript, among those from which others' lists draw
CANDIDATES = 1000  # phrases, drawn at random, among which the most alike are looked for


@dataclass(frozen=True)
class CatalogueConfig:
    """The distribution from which a batch's list is drawn."""

    RENAMED_KEYS: ClassVar[Mapping[str, str]] = {"said": "true_entities", "none_said": "no_true_entity"}

    smallest: int = 5  # entries; sizes are drawn evenly on a log scale
    largest: int = 300
    commonest: int = 1000  # words of the transcripts that no phrase is built around
    shortest: int = 4  # letters of a word that one is built around
    longest: int = 3  # words a phrase
    true_entities: float = 0.7  # share of the utterances with a rare word that put a phrase on the list
    no_true_entity: float = 0.15  # share of the lists that hold nothing that is spoken
    alike: float = 0.3  # share of the rest with a pronunciation or spelling like one that is spoken

    def __post_init__(self) -> None:
        if not 1 <= self.smallest <= self.largest:
            raise InputError(f"catalogue sizes from {self.smallest} to {self.largest}", hint="give 1 <= smallest <= largest")
        if self.longest < 1:
            raise InputError(f"catalogue.longest is {self.longest}", hint="it must be at least 1")


class Occurrence(NamedTuple):
    """A listed phrase in a batch's transcript."""

    row: int  # the utterance
    first: int  # its words `first` to `end` (not included)
    end: int
    entry: int  # its place on the list


class DrawnList(NamedTuple):
    """A list for one batch, and where its phrases occur there."""

    phrases: List[str]
    entries: List[Entry]
    occurrences: List[Occurrence]


class CatalogueSampler:
    """Draws lists; holds the training transcripts' phrases."""

    def __init__(self, texts: Iterable[str], config: CatalogueConfig, speller: EntrySpeller, seed: int) -> None:
        """``texts``: all training transcripts, normal words. Raises InputError where none has a rare word."""
        self.config, self.speller = config, speller
        texts = [text.split() for text in texts]
        counts = Counter(word for words in texts for word in words)
        common = {word for word, _ in counts.most_common(config.commonest)}
        self.rare: Set[str] = {word for word in counts if word not in common and len(word) >= config.shortest}
        rng = random.Random(seed)
        drawn = {phrase for words in texts for _ in range(PHRASES_A_TEXT) for phrase in self._phrase(words, rng)}
        self.pool: List[str] = sorted(self.rare | drawn)
        if not self.pool:
            raise InputError(
                f"no word of the transcripts is outside of their {config.commonest} commonest", hint="lower catalogue.commonest"
            )
        self._sounds: Dict[str, str] = {}

    def draw(self, texts: Sequence[str], seed: int) -> DrawnList:
        """A list for a batch's transcripts; the same for the same seed."""
        config, rng = self.config, random.Random(seed)
        words = [text.split() for text in texts]
        size = round(config.smallest * (config.largest / config.smallest) ** rng.random())
        own = [phrase for row in words if rng.random() < config.true_entities for phrase in self._phrase(row, rng)]
        own = list(dict.fromkeys(own))[:size]
        taboo = _phrases_in(words, config.longest)
        listed = [] if rng.random() < config.no_true_entity else own
        others = self._alike(own, round(config.alike * (size - len(listed))), taboo, rng) if own else []
        others += rng.sample(self.pool, min(len(self.pool), size + CANDIDATES // 2))
        listed += [phrase for phrase in dict.fromkeys(others) if phrase not in taboo][: size - len(listed)]
        if not listed:  # a tiny corpus: all phrases are spoken
            listed = own[:1] or [self.pool[0]]
        rng.shuffle(listed)
        matcher = EntityMatcher((str(place), phrase.split()) for place, phrase in enumerate(listed))
        occurrences = [
            Occurrence(row, place.start, place.end, int(place.entity))
            for row, spoken in enumerate(words)
            for place in matcher.occurrences(spoken)
        ]
        self.speller.prepare(listed)
        return DrawnList(listed, [self.speller.entry(phrase) for phrase in listed], occurrences)

    def _phrase(self, words: Sequence[str], rng: random.Random) -> List[str]:
        """A rare word of a text with some of its neighbours; none where it has no rare word."""
        at = [place for place, word in enumerate(words) if word in self.rare]
        if not at:
            return []
        length = 1
        while length < self.config.longest and rng.random() < 0.5:
            length += 1
        centre = rng.choice(at)
        first = max(0, centre - rng.randrange(length))
        return [" ".join(words[first : first + length])]

    def _alike(self, own: Sequence[str], count: int, taboo: Set[str], rng: random.Random) -> List[str]:
        """``count`` phrases of the pool, in turns those with the most similar pronunciation or spelling to each of ``own``."""
        if count <= 0:
            return []
        candidates = [p for p in rng.sample(self.pool, min(CANDIDATES, len(self.pool))) if p not in taboo]
        if not candidates:
            return []
        likeness = cdist(own, candidates, scorer=Levenshtein.normalized_similarity, dtype=np.float32)
        sounds = [list(map(self._sound, phrases)) for phrases in (own, candidates)]
        likeness = np.maximum(likeness, cdist(*sounds, scorer=Levenshtein.normalized_similarity, dtype=np.float32))
        most = np.argsort(-likeness, axis=1, kind="stable")[:, : -(-count // len(own)) + 1]
        return list(dict.fromkeys(candidates[place] for place in most.T.ravel()))[:count]

    def _sound(self, phrase: str) -> str:
        """A phrase's phones, a character each; its letters where phones are not wanted."""
        if phrase not in self._sounds:
            phones = self.speller.entry(phrase).phones
            self._sounds[phrase] = "".join(map(chr, phones)) if phones else phrase
        return self._sounds[phrase]


def _phrases_in(texts: Sequence[Sequence[str]], longest: int) -> Set[str]:
    """All runs of up to ``longest`` words."""
    spans: List[Tuple[Sequence[str], int, int]] = [
        (words, first, first + length) for words in texts for length in range(1, longest + 1) for first in range(len(words) - length + 1)
    ]
    return {" ".join(words[first:end]) for words, first, end in spans}
