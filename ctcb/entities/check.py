"""What a model makes of each entity: its pieces, its pronunciations, and what may go wrong."""
from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, product
from typing import Any, Dict, Iterator, List, Sequence, Tuple

from ctcb.entities.entity import Entity
from ctcb.entities.lists import EntityList
from ctcb.text.lang import Lang
from ctcb.text.lexicon import Lexicon, Pronunciation
from ctcb.text.tokenizer import WORD_START

# Our judgement, not measured: what has fewer letters turns up inside or instead of common words.
FEW_LETTERS = 4
MAX_PRONUNCIATIONS = 8
_CHUNK = 512  # entities whose unknown words go through G2P together


@dataclass(frozen=True)
class EntityCheck:
    """One entity as a model sees it."""

    line: int
    entity: Entity
    pieces: Tuple[Tuple[str, ...], ...]  # best segmentation of each of the entity's spoken forms
    pronunciations: Tuple[str, ...]  # phones one space apart
    origin: str  # where these come from: "pron=", or the words' origins in the lexicon
    warnings: Tuple[str, ...]

    def to_dict(self) -> Dict[str, Any]:
        """All of it as plain values, ready for JSON."""
        entity = self.entity
        return {
            "line": self.line, "text": entity.text, "weight": entity.weight, "aliases": list(entity.aliases),
            "spoken_forms": list(entity.spoken_forms), "pieces": [" ".join(pieces) for pieces in self.pieces],
            "pronunciations": list(self.pronunciations), "origin": self.origin, "warnings": list(self.warnings),
        }  # fmt: skip


def pronunciations(entity: Entity, lexicon: Lexicon, limit: int = MAX_PRONUNCIATIONS) -> Tuple[Pronunciation, ...]:
    """How an entity may sound: its own ``pron=``, or else up to ``limit`` of its spoken forms, taken in
    turns: the dictionary's first choice of every word of each form, then the others.

    Without stress marks where the lexicon has none. At least one, none twice.
    """
    if entity.prons:
        own = (tuple(pron.split()) for pron in entity.prons)
        if not lexicon.stress:
            own = (tuple(phone.rstrip("012") for phone in phones) for phones in own)
        return tuple(dict.fromkeys(own))
    forms = [product(*map(lexicon.pronunciations, form.split())) for form in entity.spoken_forms]
    return tuple(islice(dict.fromkeys(_in_turns(forms, limit)), limit))


def check_entities(entities: EntityList, lang: Lang) -> Iterator[EntityCheck]:
    """Check the entities of a list one by one, in its order; a few hundred words ahead of the caller."""
    said_by = _first_by_form(entities)
    for start in range(0, len(entities), _CHUNK):
        chunk = entities.entities[start : start + _CHUNK]
        lang.lexicon.prepare({word for entity in chunk if not entity.prons for word in _words(entity)})
        for line, entity in zip(entities.lines[start:], chunk):
            yield _check(line, entity, lang, said_by)


def _check(line: int, entity: Entity, lang: Lang, said_by: Dict[str, Entity]) -> EntityCheck:
    tokenizer = lang.tokenizer
    pieces = tuple(tuple(tokenizer.pieces[token] for token in tokenizer.encode(form)) for form in entity.spoken_forms)
    origins = dict.fromkeys(lang.lexicon.origin(word) for word in _words(entity))
    return EntityCheck(
        line,
        entity,
        pieces,
        tuple(map(" ".join, pronunciations(entity, lang.lexicon))),
        "pron=" if entity.prons else ", ".join(origins),
        tuple(_warnings(entity, pieces, said_by)),
    )


def _warnings(entity: Entity, pieces: Sequence[Sequence[str]], said_by: Dict[str, Entity]) -> Iterator[str]:
    for form, spelled in zip(entity.spoken_forms, pieces):
        letters = sum(map(str.isalpha, form))
        if list(spelled) == [WORD_START + form]:
            # Pieces that are whole words are the commonest of the text that the tokenizer was trained on.
            yield f"{form!r} is one of the model's own pieces, so a common word: it may come out where it was not said"
        elif letters < FEW_LETTERS:
            yield f"{form!r} has {letters} letter{'s' * (letters > 1)}: it may come out where it was not said"
        if said_by[form] is not entity:
            yield f"{form!r} is also how {said_by[form].text!r} is said: only one of them can come out"


def _first_by_form(entities: EntityList) -> Dict[str, Entity]:
    """Spoken form -> the first entity that is said so."""
    first: Dict[str, Entity] = {}
    for entity in entities:
        for form in entity.spoken_forms:
            first.setdefault(form, entity)
    return first


def _words(entity: Entity) -> List[str]:
    return " ".join(entity.spoken_forms).split()


def _in_turns(forms: Sequence[Iterator[Tuple[Pronunciation, ...]]], limit: int) -> Iterator[Pronunciation]:
    """The first of each form, then the second of each, to ``limit`` of each; words joined."""
    for row in range(limit):
        for form in forms:
            for words in islice(form, 1):
                yield tuple(phone for phones in words for phone in phones)
