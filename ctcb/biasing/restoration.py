"""A list touches its names and nothing else: outside accepted names, the words are those recognised without the list.

A biased search tries every name at every place. What it finds around and between names differs from the unbiased
search by chance: wrong words become other wrong words, and some right ones become wrong. So the final transcript
takes from the biased search the accepted names alone, each in the place of the unbiased words that were spoken while
it was, and everything else from the unbiased search.
"""
from __future__ import annotations

from dataclasses import replace
from typing import Callable, List, Tuple

from ctcb.scoring.collateral import Words, differences
from ctcb.transcript.hypothesis import FoundEntity, Reading, Word

Accepts = Callable[[FoundEntity], bool]
# Seconds by which the middle of a word may lie outside of the name that it was spoken with: two searches place the
# tokens of one word some frames apart.
TOLERANCE = 0.1


def restored(biased: Reading, unbiased: Reading, accepts: Accepts = lambda entity: True) -> Reading:
    """``biased`` with the words of ``unbiased`` everywhere but in the entities that ``accepts`` is true of.

    Entities that are not accepted move to ``withdrawn``, with the places of the words that took theirs. A rejected
    entity whose words both readings share stays: there is nothing to put in its place.
    """
    words: List[Word] = []
    kept: List[FoundEntity] = []
    withdrawn: List[FoundEntity] = []
    stretches = differences(*_texts(unbiased, biased), [entity.words for entity in biased.entities])
    after_old = after_new = 0
    for (a, b), (c, d) in [*stretches, ((len(unbiased.words),) * 2, (len(biased.words),) * 2)]:
        shift = len(words) - after_new
        words += unbiased.words[after_old:a]
        for entity in _within(biased, after_new, c):  # the same words in both
            words[entity.words[0] + shift : entity.words[1] + shift] = biased.words[slice(*entity.words)]
            kept.append(_moved(entity, shift))
        inside = _within(biased, c, d)
        accepted = [entity for entity in inside if accepts(entity)]
        gaps: List[Words] = []  # before, between and behind the accepted entities
        for place, unbiased_words in enumerate(_around(biased, unbiased.words[a:b], (c, d), accepted)):
            gaps.append((len(words), len(words) + len(unbiased_words)))
            words += unbiased_words
            if place < len(accepted):
                kept.append(_moved(accepted[place], len(words) - accepted[place].words[0]))
                words += biased.words[slice(*accepted[place].words)]
        for entity in inside:
            if entity not in accepted:
                withdrawn.append(replace(entity, words=gaps[sum(other.words < entity.words for other in accepted)]))
        after_old, after_new = b, d
    score = biased.score - sum(entity.bonus for entity in withdrawn)
    return replace(biased, words=tuple(words), entities=tuple(kept), withdrawn=(*biased.withdrawn, *withdrawn), score=score)


def _around(biased: Reading, old: Tuple[Word, ...], stretch: Words, accepted: List[FoundEntity]) -> List[List[Word]]:
    """The unbiased words of a stretch that stay: those before each accepted entity, in turn, and those behind the last.

    A word gives way to an entity if of the stretch's biased words one of the entity's is nearest in time, and its
    middle lies within the entity, give or take `TOLERANCE`.
    """
    places = range(*stretch)
    slots: List[List[Word]] = [[] for _ in range(len(accepted) + 1)]
    for word in old:
        middle = _middle(word)
        nearest = min(places, key=lambda place: abs(_middle(biased.words[place]) - middle), default=-1)
        if not any(
            entity.words[0] <= nearest < entity.words[1] and entity.start - TOLERANCE <= middle <= entity.end + TOLERANCE
            for entity in accepted
        ):
            slots[sum(entity.start + entity.end < 2 * middle for entity in accepted)].append(word)
    return slots


def _texts(*readings: Reading) -> List[List[str]]:
    return [[word.word for word in reading.words] for reading in readings]


def _middle(word: Word) -> float:
    return (word.start + word.end) / 2


def _within(reading: Reading, first: int, end: int) -> List[FoundEntity]:
    return [entity for entity in reading.entities if first <= entity.words[0] and entity.words[1] <= end]


def _moved(entity: FoundEntity, by: int) -> FoundEntity:
    return replace(entity, words=(entity.words[0] + by, entity.words[1] + by))
