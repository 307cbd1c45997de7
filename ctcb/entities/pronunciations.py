"""The pronunciations of an entity."""
from __future__ import annotations

from itertools import islice, product
from typing import Iterator, List, Sequence, Set, Tuple

from ctcb.entities.entity import Entity
from ctcb.text.lexicon import Lexicon, Pronunciation
from ctcb.text.normalize import normalize

MAX_PRONUNCIATIONS = 8


def pronounced_forms(entity: Entity, variants: Sequence[str] = ()) -> Tuple[str, ...]:
    """The normal texts whose words' pronunciations are an entity's.

    Where the entity has ``pron=``, the text itself is not among them; its aliases and the ``variants`` are.
    """
    base_forms = tuple(filter(None, map(normalize, entity.aliases))) if entity.prons else entity.spoken_forms
    return tuple(dict.fromkeys((*base_forms, *variants)))


def words_to_pronounce(entity: Entity, variants: Sequence[str] = ()) -> Set[str]:
    """The words that :func:`pronunciations` looks up. Passing those of many entities to the lexicon's ``prepare`` saves time."""
    return set(" ".join(pronounced_forms(entity, variants)).split())


def pronunciations(
    entity: Entity, lexicon: Lexicon, limit: int = MAX_PRONUNCIATIONS, variants: Sequence[str] = ()
) -> Tuple[Pronunciation, ...]:
    """Up to ``limit`` different pronunciations of an entity, at least one.

    First come all of its ``pron=``, then those of :func:`pronounced_forms` in turns: for each form the
    first pronunciation of every word, then the next combination of each form. Stress marks are removed
    where the lexicon has none.
    """
    given_prons: List[Pronunciation] = [tuple(pron.split()) for pron in entity.prons]
    if not lexicon.stress:
        given_prons = [tuple(phone.rstrip("012") for phone in phones) for phones in given_prons]
    given_prons = list(dict.fromkeys(given_prons))
    combinations = [product(*map(lexicon.pronunciations, form.split())) for form in pronounced_forms(entity, variants)]
    unique = dict.fromkeys((*given_prons, *_in_turns(combinations, limit)))
    return tuple(islice(unique, max(limit, len(given_prons))))


def _in_turns(forms: Sequence[Iterator[Tuple[Pronunciation, ...]]], limit: int) -> Iterator[Pronunciation]:
    """The first combination of each form, then the second of each, up to ``limit``; words concatenated."""
    for row in range(limit):
        for form in forms:
            for words in islice(form, 1):
                yield tuple(phone for phones in words for phone in phones)
