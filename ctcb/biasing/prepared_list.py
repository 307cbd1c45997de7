"""Lists prepared for a decoder: spelled in a model's tokens, then handed to the techniques."""
from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Iterator, Mapping, Optional, Sequence, Tuple

import numpy as np

from ctcb.biasing.options import TechniqueOptions
from ctcb.biasing.segmentations import Segmentations
from ctcb.entities import Entity, EntityList, LineNote, LoadReport
from ctcb.entities.changes import ListChange
from ctcb.entities.forms import Forms, printed_forms
from ctcb.entities.pronunciations import in_ipa
from ctcb.entities.report import CHANGED, REJECTED
from ctcb.entities.rows import texts_of, weights_of
from ctcb.errors import InputError
from ctcb.phones.index import SoundIndex
from ctcb.phones.phonetics import Phonetics
from ctcb.scoring.entities import EntityMatcher
from ctcb.scoring.text import comparable, units_of
from ctcb.search.protocol import PushedAway
from ctcb.search.vocabulary import Vocabulary
from ctcb.sequences import limits_of, spliced_alike
from ctcb.text.possessives import has_possessives
from ctcb.text.spelling import SoundSpelling, Spelling, why_unspellable
from ctcb.text.token_sequences import TokenIds, TokenSequences

if TYPE_CHECKING:
    from ctcb.adapter.base import ModelWithAdapter
    from ctcb.adapter.encoded_list import EncodedList


LIST, MODEL, EXACT = "list", "model", "exact"
# How a transcript prints names: spelled as the list has them, in the model's letters and case; as the model wrote them;
# exactly as the list has them.
PRINT_AS = (LIST, MODEL, EXACT)


@dataclass(frozen=True)
class SpelledList:
    """A list and the token sequences of each of its entities' forms."""

    entities: EntityList
    forms: Sequence[Tuple[str, ...]]  # by the entity's place: as the model may write it, but for case
    phrases: TokenSequences  # by the entity's place; () where it cannot be spelled
    report: LoadReport  # the list's, and what the tokens lack

    @classmethod
    def of(cls, entities: EntityList, spelling: Spelling, among: Optional[int] = None) -> SpelledList:
        """Spell all entities of a list; ``among``: how many entities the list has that these belong to.

        An entity that the tokens cannot spell is reported as rejected, one that they can spell only
        in some of its own forms, or only with other letters, as changed.
        """
        before = entities.report or LoadReport(None, None, len(entities), len(entities))
        if not entities.entities:
            return cls(entities, (), TokenSequences.of(()), before)
        forms = Forms.of(entities.entities, spelling.writing)
        each, counts = forms.joined()
        spelled = spelling.sequences(each, among)
        phrases = spelled.grouped(counts)
        if isinstance(spelling, SoundSpelling):
            prons = [[tokens for tokens in map(spelling.tokens_of_pron, in_ipa(entity)) if tokens] for entity in entities]
            phrases, _ = phrases.followed_by(TokenSequences.of(prons))
        if len(phrases) < len(each) or len(phrases.starts) > len(spelled.starts):  # else the sequences of an entity are those of a form
            phrases = phrases.kept(phrases.are_new())
        found = phrases.counts > 0
        notes = [*_folded(entities, counts, spelled, spelling), *_lost(entities, each, counts, spelled, found, spelling)]
        if not notes:
            return cls(entities, forms, phrases, before)
        own = (note for _, note in sorted(notes, key=lambda one: one[0]))
        every = tuple(sorted((*before.notes, *own), key=lambda note: note.line))
        return cls(entities, forms, phrases, replace(before, notes=every, loaded=int(found.sum())))

    def require(self) -> None:
        """Raise InputError where no entity is left that could be found."""
        self.entities.require()
        if not len(self.phrases.starts):
            note = next(note for note in self.report.notes if note.outcome == REJECTED)
            raise InputError(
                f"no entity is left: {note.entry!r}: {note.reason}", file=self.report.file, line=note.line,
                hint="give spoken= in letters that the model's tokens have",
            )


def _lines(entities: EntityList) -> Sequence[int]:
    """Where the entities stand; their order where the list was put together by hand."""
    return entities.lines or range(1, len(entities) + 1)


def _folded(entities: EntityList, counts: Sequence[int], spelled: TokenSequences, spelling: Spelling) -> Iterator[Tuple[int, LineNote]]:
    """Notes on entities that the tokens can spell with other letters alone, and the places of these."""
    lines, writing = _lines(entities), spelling.writing
    found = spelled.grouped(counts).counts > 0
    texts = texts_of(entities.entities)
    if writing.is_plain and all(map(str.isascii, texts)):
        return
    for place, text in enumerate(texts):
        folded = writing.folded(text) if found[place] and not entities.entities[place].spoken else ""
        if folded:
            yield place, LineNote(lines[place], CHANGED, text, f"the model's tokens lack some of its letters: {folded}")


def _lost(
    entities: EntityList, forms: Sequence[str], counts: Sequence[int], spelled: TokenSequences, found: np.ndarray, spelling: Spelling
) -> Iterator[Tuple[int, LineNote]]:
    """Notes on forms that the tokens cannot spell, and the places of their entities; ``found``: which of these have sequences."""
    lines, limits, last = _lines(entities), limits_of(counts), -1
    for number in np.flatnonzero(spelled.counts == 0).tolist():
        place = int(np.searchsorted(limits, number, side="right")) - 1
        if found[place] or place != last:  # an entity is rejected once, however many forms it has
            outcome, reason = CHANGED if found[place] else REJECTED, _why(spelling, forms[number], bool(found[place]))
            yield place, LineNote(lines[place], outcome, entities.entities[place].text, reason)
        last = place


def _why(spelling: Spelling, form: str, others: bool) -> str:
    return why_unspellable(spelling, form) + ("; its other forms are used" if others else "")


@dataclass(frozen=True)
class Setting:
    """What techniques may need to know of the model, and of what the user chose."""

    vocabulary: Vocabulary
    spelling: Spelling
    phonetics: Optional[Phonetics] = None  # of the phone head; None where the model has none
    options: TechniqueOptions = TechniqueOptions()
    frame_shift: float = 1.0  # seconds
    encoder: Optional[ModelWithAdapter] = None  # that encodes lists; None where no encoder is biased
    print_as: str = LIST  # one of PRINT_AS

    @cached_property
    def segmentations(self) -> Segmentations:
        """Finds all segmentations of phrases."""
        return Segmentations(self.spelling.table.symbols, self.vocabulary)


@dataclass(frozen=True)
class Context:
    """A list prepared for one model, search and choice of techniques; each technique adds its part."""

    entities: Sequence[Entity]
    lines: Sequence[int]  # where they stand in `file`
    file: Optional[str]
    forms: Sequence[Tuple[str, ...]]  # as in SpelledList
    phrases: Sequence[Tuple[TokenIds, ...]]
    setting: Setting
    costs: Optional[Sequence[Tuple[float, ...]]] = None  # of the phrases, by entity; None: no phrase costs anything
    boosted: bool = False  # whether the search boosts the entities' tokens,
    in_class: bool = False  # and whether each counts as one word of the LM's class
    graph: Any = None  # what the search compiled of this context; its entities are numbered as here
    variants: Tuple[Tuple[str, ...], ...] = ()  # spellings that sound like each entity, where some were made
    owners: Mapping[str, int] = field(default_factory=dict)  # and whose each of them is
    spellings: Sequence[Tuple[TokenIds, ...]] = ()  # the sequences that spell each entity itself, where it has others or these are raised
    sounds: Optional[SoundIndex] = None  # the entities' pronunciations, numbered as here
    encoded: Optional[EncodedList] = None  # by the adapter
    token_pool: Sequence[int] = ()  # from which the verification by tokens draws random names
    pushed: Tuple[PushedAway, ...] = ()  # what has a negative weight; none of the entities
    without_list: Any = None  # what the search compiled of `pushed` alone; None where there is none

    @property
    def searched(self) -> bool:
        """Whether the search looks for the entities."""
        return self.boosted or self.in_class

    @cached_property
    def matcher(self) -> EntityMatcher:
        """Finds the entities in :meth:`units` of words, by their places."""
        language = self.setting.spelling.writing.language
        units = ((str(place), self.units(form)) for place, own in enumerate(self.forms) for form in own)
        return EntityMatcher(units, possessives=has_possessives(language))

    def units(self, text: str) -> Tuple[str, ...]:
        """A text as scoring compares it, without punctuation: its words, and the characters of scripts without spaces."""
        return units_of(comparable(self.key(text)))

    def keys(self, place: int) -> Tuple[str, ...]:
        """:meth:`key` of the forms of an entity."""
        return tuple(map(self.key, self.forms[place]))

    def key(self, text: str) -> str:
        """What two texts have in common that differ in case alone."""
        return self.setting.spelling.writing.lower(text)

    def printed(self, place: int, text: str = "") -> str:
        """How a transcript prints an entity that was recognised as ``text``."""
        entity, writing, print_as = self.entities[place], self.setting.spelling.writing, self.setting.print_as
        if print_as == EXACT:
            return entity.text
        forms = printed_forms(entity, writing)
        if text in forms or (text and print_as == MODEL and self.key(text) in self.keys(place)):
            return text
        return forms[0] if forms else entity.text

    def variants_of(self, place: int) -> Tuple[str, ...]:
        """The spellings that were made of an entity."""
        return self.variants[place] if self.variants else ()

    def changed(self, more: SpelledList, change: ListChange) -> Context:
        """A list that came out of this one, of which nothing is pushed away; ``more``: the entities that came. No technique has added to it yet."""
        own = [self.entities, self.lines, self.forms, self.phrases]
        others = [more.entities.entities, more.entities.lines, more.forms, more.phrases]
        entities, lines, forms, phrases = spliced_alike(own, change.removed, others)
        return Context(entities, lines, self.file, forms, phrases, self.setting)

    @classmethod
    def of(cls, spelled: SpelledList, setting: Setting, places: Optional[Sequence[int]] = None) -> Context:
        """Of a whole list, or of the entities at some places in it; no technique has added to it yet.

        Techniques see the entities with positive weights; the others are only pushed away.
        """
        entities, lines, forms, phrases = spelled.entities.entities, _lines(spelled.entities), spelled.forms, spelled.phrases
        weights = weights_of(entities)
        every = np.arange(len(entities)) if places is None else np.asarray(places, np.int64)
        pushed = []
        for place in every[weights[every] < 0].tolist():
            pushed.append(PushedAway(entities[place].text, lines[place], setting.segmentations.of(phrases[place]), -entities[place].weight))
        if pushed or places is not None:
            own = every[~(weights[every] < 0)]
            entities, lines, forms = (tuple(map(values.__getitem__, own.tolist())) for values in (entities, lines, forms))
            phrases = phrases.at(own)
        return cls(entities, lines, spelled.report.file, forms, phrases, setting, pushed=tuple(pushed))
