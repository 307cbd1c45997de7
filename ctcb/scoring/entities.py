"""Entity precision, recall and F1: listed names in the reference against those in the hypothesis.

An occurrence is an entity's whole sequence of words in a text. Texts are scanned from left to right; at
each word the longest entity that starts there is taken, and scanning continues after it, so that
occurrences do not overlap. For each utterance and entity, the true positives are the smaller of its
counts in the reference and in the hypothesis; further occurrences in the reference are misses, and
further ones in the hypothesis are false alarms. So a listed name that is recognised as another listed
name is one miss and one false alarm. Counts are summed over the corpus (micro average).

A possessive on an entity's last word (*Brion's*, *James'*) belongs to the sentence and not to the name, where
``possessives`` asks for it (:mod:`ctcb.text.possessives`). In scripts without spaces the words are characters; an entity does not end within one, before a
vowel sign or a tone mark.
"""
from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple

from ctcb.text.possessives import possessive_of


class Occurrence(NamedTuple):
    """An entity in a text: words ``start`` to ``end`` (not included)."""

    start: int
    end: int
    entity: str


class EntityMatcher:
    """Finds the entities of a list in texts, in time independent of the list's length.

    Parameters
    ----------
    entities : pairs of an entity's name, as it is reported, and its words. Where two have the same
        words, the first one's name is reported for both. Entities without words are ignored.
    possessives : also find an entity with ``'s`` or ``'`` on its last word, unless the list has that form of its own.
    """

    def __init__(self, entities: Iterable[Tuple[str, Sequence[str]]], possessives: bool = False) -> None:
        self._names: Dict[Tuple[str, ...], str] = {}
        self._possessives = possessives
        lengths: Dict[str, Set[int]] = defaultdict(set)
        for name, words in entities:
            if words:
                self._names.setdefault(tuple(words), name)
                lengths[words[0]].add(len(words))
        self._lengths: Dict[str, Sequence[int]] = {first: sorted(sizes, reverse=True) for first, sizes in lengths.items()}

    def __len__(self) -> int:
        """The number of different word sequences that are looked for."""
        return len(self._names)

    def occurrences(self, words: Sequence[str]) -> List[Occurrence]:
        """The entities in a text, from left to right, longest first, not overlapping."""
        words = tuple(words)
        occurrences: List[Occurrence] = []
        start = 0
        while start < len(words):
            for length in self._lengths_at(words[start]):
                name = self._name(words, start, start + length)
                if name is not None:
                    occurrences.append(Occurrence(start, start + length, name))
                    start += length
                    break
            else:
                start += 1
        return occurrences

    def _lengths_at(self, first: str) -> Sequence[int]:
        """The lengths of the entities that may begin with a word, longest first."""
        lengths = self._lengths.get(first, ())
        if self._possessives and (first,) not in self._names and (self._owner(first),) in self._names:
            return (*lengths, 1)
        return lengths

    def _name(self, words: Tuple[str, ...], start: int, end: int) -> Optional[str]:
        """The entity that stands at these places; None where none does."""
        if end > len(words) or (end < len(words) and unicodedata.category(words[end][0]).startswith("M")):
            return None
        name = self._names.get(words[start:end])
        if name is None and self._possessives:
            owner = self._owner(words[end - 1])
            if owner != words[end - 1]:
                name = self._names.get((*words[start : end - 1], owner))
        return name

    @staticmethod
    def _owner(word: str) -> str:
        """A word without the possessive at its end."""
        return word[: len(word) - len(possessive_of(word))]


@dataclass(frozen=True)
class EntityCounts:
    """Numbers of found, missed and false entity occurrences, and the rates that follow from them."""

    found: int = 0  # true positives
    missed: int = 0  # false negatives
    false: int = 0  # false positives

    @property
    def precision(self) -> Optional[float]:
        """found / (found + false); None where the hypotheses hold no entity."""
        return _ratio(self.found, self.found + self.false)

    @property
    def recall(self) -> Optional[float]:
        """found / (found + missed); None where the references hold no entity."""
        return _ratio(self.found, self.found + self.missed)

    @property
    def f1(self) -> Optional[float]:
        """The harmonic mean of precision and recall; None where neither side holds an entity."""
        return _ratio(2 * self.found, 2 * self.found + self.missed + self.false)

    def __add__(self, other: EntityCounts) -> EntityCounts:
        return EntityCounts(self.found + other.found, self.missed + other.missed, self.false + other.false)


@dataclass(frozen=True)
class UtteranceEntities:
    """The entities of one utterance; each name is repeated for each of its occurrences."""

    found: Tuple[str, ...] = ()
    missed: Tuple[str, ...] = ()
    false: Tuple[str, ...] = ()

    @property
    def counts(self) -> EntityCounts:
        """The numbers of occurrences."""
        return EntityCounts(len(self.found), len(self.missed), len(self.false))


def compare_entities(ref: Iterable[Occurrence], hyp: Iterable[Occurrence]) -> UtteranceEntities:
    """Compare the occurrences in one utterance's reference and hypothesis."""
    in_ref = Counter(occurrence.entity for occurrence in ref)
    in_hyp = Counter(occurrence.entity for occurrence in hyp)
    return UtteranceEntities(
        tuple((in_ref & in_hyp).elements()), tuple((in_ref - in_hyp).elements()), tuple((in_hyp - in_ref).elements())
    )


def count_entities(utterances: Iterable[UtteranceEntities]) -> EntityCounts:
    """The counts of a corpus, summed over utterances."""
    return sum((utterance.counts for utterance in utterances), EntityCounts())


def count_each_entity(utterances: Iterable[UtteranceEntities]) -> Dict[str, EntityCounts]:
    """The counts of each entity that occurs in a reference or a hypothesis, those with most errors first."""
    found: Counter = Counter()
    missed: Counter = Counter()
    false: Counter = Counter()
    for utterance in utterances:
        found.update(utterance.found)
        missed.update(utterance.missed)
        false.update(utterance.false)
    each = {name: EntityCounts(found[name], missed[name], false[name]) for name in {**found, **missed, **false}}
    return dict(sorted(each.items(), key=lambda item: (-item[1].missed - item[1].false, -item[1].found, item[0])))


def _ratio(part: int, whole: int) -> Optional[float]:
    return part / whole if whole else None
