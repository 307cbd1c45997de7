"""How a model represents each entity: its pieces, its pronunciations, and warnings."""
from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from ctcb.entities.entity import Entity
from ctcb.entities.forms import spoken_forms
from ctcb.entities.lists import EntityList
from ctcb.entities.pronunciations import of_language, pronounced_forms, pronunciations, words_to_pronounce
from ctcb.text.g2g import Variant, variants
from ctcb.text.lexicon import Lexicon
from ctcb.text.spelling import Spelling, why_unspellable
from ctcb.text.tokens import WORD_START
from ctcb.text.writing import Writing

# By judgement, not measured: shorter names are recognised inside or instead of common words.
FEW_LETTERS = 4
# Entities whose unknown words go through G2P in one batch: the first batch is small, so that the first results come
# soon; each further batch is twice as large, up to the limit.
_FIRST_BATCH, _MAX_BATCH = 32, 512


@dataclass(frozen=True)
class EntityCheck:
    """One entity in a model's pieces and phones."""

    line: int
    entity: Entity
    forms: Tuple[str, ...]  # the entity's spoken forms, as the model writes them
    pieces: Tuple[Tuple[str, ...], ...]  # best segmentation of each of them
    pronunciations: Tuple[str, ...]  # phones one space apart; none for a model without a phone head
    origin: str  # of the pronunciations: "pron=", "lang=", and the words' origins in the lexicon
    variants: Tuple[Variant, ...]  # spellings that sound alike, of each spoken form, cheapest first
    warnings: Tuple[str, ...]

    def to_dict(self) -> Dict[str, Any]:
        """The check as plain values for JSON."""
        entity = self.entity
        return {
            "line": self.line, "text": entity.text, "weight": entity.weight, "aliases": list(entity.aliases),
            "spoken_forms": list(self.forms), "pieces": [" ".join(pieces) for pieces in self.pieces],
            **({"languages": list(entity.languages)} if entity.languages else {}),
            "pronunciations": list(self.pronunciations), "origin": self.origin,
            "variants": [{"text": variant.text, "cost": variant.cost} for variant in self.variants], "warnings": list(self.warnings),
        }  # fmt: skip


def check_entities(entities: EntityList, spelling: Spelling, lexicon: Optional[Lexicon] = None, g2g: int = 0) -> Iterator[EntityCheck]:
    """Check the entities of a list one by one, in its order; at most a few hundred are prepared in advance.

    Parameters
    ----------
    spelling : of words in the model's tokens.
    lexicon : of a model with a phone head.
    g2g : the number of spelling variants (G2G) of each spoken form.
    """
    first_by_form = _first_by_form(entities, spelling.writing)
    start, size = 0, _FIRST_BATCH
    while start < len(entities):
        chunk = entities.entities[start : start + size]
        if lexicon is not None:
            lexicon.prepare(set().union(*(words_to_pronounce(entity, lexicon) for entity in chunk)))
        for line, entity in zip(entities.lines[start:], chunk):
            yield _check(line, entity, spelling, lexicon, first_by_form, g2g)
        start, size = start + size, min(2 * size, _MAX_BATCH)


def _check(
    line: int, entity: Entity, spelling: Spelling, lexicon: Optional[Lexicon], first_by_form: Dict[str, Entity], g2g: int
) -> EntityCheck:
    forms = spoken_forms(entity, spelling.writing)
    pieces = tuple(tuple(spelling.table.symbols[token] for token in spelling.best(form)) for form in forms)
    knows = (lexicon or Lexicon()).knows
    variants_of_forms = (variants(form, g2g, knows) for form in forms if g2g and spelling.writing.is_english)
    spoken: Sequence[str] = ()
    origins: List[str] = []
    warnings = list(_warnings(entity, forms, pieces, first_by_form, spelling))
    if lexicon is not None:
        spoken = tuple(map(" ".join, pronunciations(entity, lexicon)))
        origins = ["pron="] * bool(entity.prons) + [f"lang={language}" for language in entity.languages]
        origins += dict.fromkeys(lexicon.origin(word) for form in pronounced_forms(entity, lexicon) for word in form.split())
        warnings += _unpronounced(entity, lexicon, bool(spoken))
    return EntityCheck(
        line, entity, forms, pieces, tuple(spoken), ", ".join(origins), tuple(chain.from_iterable(variants_of_forms)), tuple(warnings)
    )


def _warnings(
    entity: Entity, forms: Sequence[str], pieces: Sequence[Sequence[str]], first_by_form: Dict[str, Entity], spelling: Spelling
) -> Iterator[str]:
    for form, spelled in zip(forms, pieces):
        if not spelled:
            yield why_unspellable(spelling, form)
    for form, spelled in zip(forms, pieces) if entity.weight > 0 else ():  # what is pushed away is not found
        letters = sum(map(str.isalpha, form))
        if list(spelled) == [WORD_START + form]:
            # Pieces that are whole words are the commonest words of the tokenizer's training text.
            yield f"{form!r} is one of the model's pieces, so a common word: false alarms are likely"
        elif letters < FEW_LETTERS:
            yield f"{form!r} has {letters} letter{'s' * (letters > 1)}: false alarms are likely"
        if first_by_form[form] is not entity:
            yield f"{form!r} is also a spoken form of {first_by_form[form].text!r}: only one of them can be recognised"


def _unpronounced(entity: Entity, lexicon: Lexicon, any_way: bool) -> Iterator[str]:
    if not any_way:
        yield "has no pronunciation in the model's phones: phones, lookup and verify leave it out; give pron= or lang="
    for language in entity.languages:
        if not of_language(entity, language, lexicon):
            yield f"cannot be pronounced by lang={language}: write it, with spoken=, in letters that this language has"


def _first_by_form(entities: EntityList, writing: Writing) -> Dict[str, Entity]:
    """Spoken form -> the first entity that has it."""
    first: Dict[str, Entity] = {}
    for entity in entities:
        for form in spoken_forms(entity, writing):
            first.setdefault(form, entity)
    return first
