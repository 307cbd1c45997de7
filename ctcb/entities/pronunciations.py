"""The pronunciations of an entity."""
from __future__ import annotations

from collections import defaultdict
from itertools import chain, count, islice, product
from typing import Dict, Iterator, List, Mapping, Sequence, Set, Tuple

import numpy as np

from ctcb.entities.entity import Entity
from ctcb.entities.rows import others_of, texts_of
from ctcb.sequences import limits_of
from ctcb.text import espeak
from ctcb.text.lexicon import Lexicon, Pronunciation

MAX_PRONUNCIATIONS = 8


def pronounced_forms(entity: Entity, lexicon: Lexicon) -> Tuple[str, ...]:
    """The texts, in the lexicon's words, whose words' pronunciations are an entity's.

    Where the entity has ``pron=``, the text itself is not among them; its aliases are.
    """
    if entity.has_text_alone:
        form = lexicon.form(entity.text)
        return (form,) if form else ()
    texts = entity.aliases if entity.prons else (*(entity.spoken or (entity.text,)), *entity.aliases)
    forms = map(lexicon.form, texts)
    return tuple(dict.fromkeys(filter(None, forms)))


def words_to_pronounce(entity: Entity, lexicon: Lexicon) -> Set[str]:
    """The words that :func:`pronunciations` looks up. Passing those of many entities to the lexicon's ``prepare`` saves time."""
    return set(" ".join(pronounced_forms(entity, lexicon)).split())


def pronunciations(entity: Entity, lexicon: Lexicon, limit: int = MAX_PRONUNCIATIONS) -> Tuple[Pronunciation, ...]:
    """Up to ``limit`` different pronunciations of an entity, in the lexicon's phones; none where it is unpronounceable.

    First come all of its ``pron=``, then those of its languages (:func:`of_languages`), then those of
    :func:`pronounced_forms` in turns, at least one: for each form the first pronunciation of every word, then the next
    combination of each form. Stress marks are removed where the lexicon has none. Raises as :func:`of_language` does.
    """
    own = (lexicon.adapted(pron.split()) for pron in entity.prons)
    given = list(filter(None, dict.fromkeys((*own, *of_languages(entity, lexicon)))))
    combinations = [product(*map(lexicon.pronunciations, form.split())) for form in pronounced_forms(entity, lexicon)]
    unique = dict.fromkeys((*given, *_in_turns(combinations, limit)))
    return tuple(islice(unique, max(limit, len(given) + bool(entity.languages))))


def pronounce_all(
    entities: Sequence[Entity], lexicon: Lexicon, ids: Mapping[str, int], limit: int = MAX_PRONUNCIATIONS
) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """:func:`pronunciations` of each of N entities, many times faster than one by one: M of them, in no particular order.

    ``ids`` are the phones' numbers. Returns the phones of all, one behind the other (uint16), where each begins there
    (``[M + 1]`` int64), and the place of its entity (``[M]`` int64).
    """
    from ctcb.text.combined import combine  # here: imports numba

    own = lexicon.forms(texts_of(entities))
    counts = np.fromiter(map(bool, own), np.int64, len(own))  # forms of each entity
    given: List[int] = []
    for place, entity in others_of(entities).items():
        some: Tuple[str, ...] = ()
        if entity.prons or entity.languages:
            given.append(place)
        else:
            some = pronounced_forms(entity, lexicon)
        own[place], counts[place] = "\n".join(some), len(some)
    forms = list(filter(None, own if counts.max(initial=0) <= 1 else "\n".join(own).split("\n")))
    words: Dict[str, int] = defaultdict(count().__next__)
    flat = np.fromiter(map(words.__getitem__, chain.from_iterable(map(str.split, forms))), np.int64)
    lexicon.prepare(words)
    by_word = list(map(lexicon.pronunciations, words))
    phones, begins = _flat([pron for prons in by_word for pron in prons], ids)
    forms_at = limits_of([form.count(" ") + 1 for form in forms])
    found, found_at, owners = combine(phones, begins, limits_of(list(map(len, by_word))), flat, forms_at, limits_of(counts), limit)
    if not given:
        return found, found_at, owners
    more = [(place, pron) for place in given for pron in pronunciations(entities[place], lexicon, limit)]
    others, others_at = _flat([pron for _, pron in more], ids)
    return (
        np.concatenate([found, others]), np.concatenate([found_at, found_at[-1] + others_at[1:]]),
        np.concatenate([owners, np.array([place for place, _ in more], np.int64)]),
    )


def _flat(prons: Sequence[Pronunciation], ids: Mapping[str, int]) -> Tuple[np.ndarray, np.ndarray]:
    """Phones one behind the other (uint16), and where each pronunciation begins there (int64)."""
    at = np.cumsum([0, *map(len, prons)])
    return np.fromiter(map(ids.__getitem__, chain.from_iterable(prons)), np.uint16, int(at[-1])), at


def of_languages(entity: Entity, lexicon: Lexicon) -> List[Pronunciation]:
    """The pronunciations of an entity in the languages that the list names for it (``lang=``)."""
    return [phones for language in entity.languages for phones in of_language(entity, language, lexicon)]


def of_language(entity: Entity, language: str, lexicon: Lexicon) -> List[Pronunciation]:
    """The pronunciations in one language, by espeak-ng, in the lexicon's phones; none where the language cannot read the text.

    Raises InputError for an unknown language, RunError where espeak-ng is not installed.
    """
    return list(filter(None, map(lexicon.adapted, _by_espeak(entity, language, lexicon.stress))))


def words_of_languages(entity: Entity, lexicon: Lexicon) -> List[List[Pronunciation]]:
    """As :func:`of_languages`, word by word: for each language and text the phones of its words."""
    texts = [text.split() for text in entity.spoken or (entity.text,)]
    found = [[lexicon.adapted(phones) for phones in espeak.pronounce(words, language)] for language in entity.languages for words in texts]
    return [words for words in found if all(words)]


def in_ipa(entity: Entity) -> List[str]:
    """All that a list says of an entity's pronunciation, phones one space apart: its ``pron=``, and what its languages make of it."""
    spoken = (phones for language in entity.languages for phones in _by_espeak(entity, language))
    return [*entity.prons, *filter(None, map(" ".join, spoken))]


def _by_espeak(entity: Entity, language: str, stress: bool = False) -> List[Pronunciation]:
    return espeak.pronounce(entity.spoken or (entity.text,), language, stress)


def _in_turns(forms: Sequence[Iterator[Tuple[Pronunciation, ...]]], limit: int) -> Iterator[Pronunciation]:
    """The first combination of each form, then the second of each, up to ``limit``; words concatenated."""
    for row in range(limit):
        for form in forms:
            for words in islice(form, 1):
                yield tuple(phone for phones in words for phone in phones)
