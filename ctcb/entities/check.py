"""What a model makes of each entity: its pieces, its pronunciations, and what may go wrong."""
from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Any, Dict, Iterator, Sequence, Tuple

from ctcb.entities.entity import Entity
from ctcb.entities.lists import EntityList
from ctcb.entities.pronunciations import pronunciations, said_forms, words_to_pronounce
from ctcb.text.g2g import Variant, variants
from ctcb.text.lang import Lang
from ctcb.text.tokens import WORD_START

# Our judgement, not measured: what has fewer letters turns up inside or instead of common words.
FEW_LETTERS = 4
# Entities whose unknown words go through G2P together: first so many, then twice as many each time up to
# the other, so that whoever looks at the first few does not wait for hundreds.
_CHUNK = 32, 512


@dataclass(frozen=True)
class EntityCheck:
    """One entity as a model sees it."""

    line: int
    entity: Entity
    pieces: Tuple[Tuple[str, ...], ...]  # best segmentation of each of the entity's spoken forms
    pronunciations: Tuple[str, ...]  # phones one space apart
    origin: str  # where these come from: "pron=", and the words' origins in the lexicon
    variants: Tuple[Variant, ...]  # spellings that sound alike, of each spoken form, cheapest first
    warnings: Tuple[str, ...]

    def to_dict(self) -> Dict[str, Any]:
        """All of it as plain values, ready for JSON."""
        entity = self.entity
        return {
            "line": self.line, "text": entity.text, "weight": entity.weight, "aliases": list(entity.aliases),
            "spoken_forms": list(entity.spoken_forms), "pieces": [" ".join(pieces) for pieces in self.pieces],
            "pronunciations": list(self.pronunciations), "origin": self.origin,
            "variants": [{"text": variant.text, "cost": variant.cost} for variant in self.variants], "warnings": list(self.warnings),
        }  # fmt: skip


def check_entities(entities: EntityList, lang: Lang, g2g: int = 0) -> Iterator[EntityCheck]:
    """Check the entities of a list one by one, in its order; a few hundred at most ahead of the caller.

    ``g2g``: how many spellings that sound alike are made of each.
    """
    said_by = _first_by_form(entities)
    start, size = 0, _CHUNK[0]
    while start < len(entities):
        chunk = entities.entities[start : start + size]
        lang.lexicon.prepare(set().union(*map(words_to_pronounce, chunk)))
        for line, entity in zip(entities.lines[start:], chunk):
            yield _check(line, entity, lang, said_by, g2g)
        start, size = start + size, min(2 * size, _CHUNK[1])


def _check(line: int, entity: Entity, lang: Lang, said_by: Dict[str, Entity], g2g: int) -> EntityCheck:
    tokenizer = lang.tokenizer
    pieces = tuple(tuple(tokenizer.pieces[token] for token in tokenizer.encode(form)) for form in entity.spoken_forms)
    origins = ["pron="] * bool(entity.prons)
    origins += dict.fromkeys(lang.lexicon.origin(word) for form in said_forms(entity) for word in form.split())
    others = (variants(form, g2g, lang.lexicon.knows) for form in entity.spoken_forms if g2g)
    return EntityCheck(
        line,
        entity,
        pieces,
        tuple(map(" ".join, pronunciations(entity, lang.lexicon))),
        ", ".join(origins),
        tuple(chain.from_iterable(others)),
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
