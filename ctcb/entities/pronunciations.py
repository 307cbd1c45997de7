"""How an entity may sound."""
from __future__ import annotations

from itertools import islice, product
from typing import Iterator, List, Sequence, Set, Tuple

from ctcb.entities.entity import Entity
from ctcb.text.lexicon import Lexicon, Pronunciation
from ctcb.text.normalize import normalize

MAX_PRONUNCIATIONS = 8


def said_forms(entity: Entity, variants: Sequence[str] = ()) -> Tuple[str, ...]:
    """The normal texts whose reading aloud gives an entity's pronunciations.

    ``pron=`` stands in the place of the text's own reading; aliases are other ways in which it
    sounds, and so are ``variants``.
    """
    own = tuple(filter(None, map(normalize, entity.aliases))) if entity.prons else entity.spoken_forms
    return tuple(dict.fromkeys((*own, *variants)))


def words_to_pronounce(entity: Entity, variants: Sequence[str] = ()) -> Set[str]:
    """What the lexicon will be asked for: hand those of many entities to its ``prepare`` first."""
    return set(" ".join(said_forms(entity, variants)).split())


def pronunciations(
    entity: Entity, lexicon: Lexicon, limit: int = MAX_PRONUNCIATIONS, variants: Sequence[str] = ()
) -> Tuple[Pronunciation, ...]:
    """Up to ``limit`` ways in which an entity may sound: all of its ``pron=``, then the forms that are
    read aloud, taken in turns: the dictionary's first choice of every word of each form, then the others.

    Without stress marks where the lexicon has none. At least one, none twice.
    """
    own: List[Pronunciation] = [tuple(pron.split()) for pron in entity.prons]
    if not lexicon.stress:
        own = [tuple(phone.rstrip("012") for phone in phones) for phones in own]
    own = list(dict.fromkeys(own))
    read = [product(*map(lexicon.pronunciations, form.split())) for form in said_forms(entity, variants)]
    every = dict.fromkeys((*own, *_in_turns(read, limit)))
    return tuple(islice(every, max(limit, len(own))))


def _in_turns(forms: Sequence[Iterator[Tuple[Pronunciation, ...]]], limit: int) -> Iterator[Pronunciation]:
    """The first of each form, then the second of each, to ``limit`` of each; words joined."""
    for row in range(limit):
        for form in forms:
            for words in islice(form, 1):
                yield tuple(phone for phones in words for phone in phones)
