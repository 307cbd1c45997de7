"""From a list to what decoding with it needs: spelled, prepared by every technique, compiled for the search."""
from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Callable, Iterable, Mapping, Optional, Sequence

from ctcb.biasing.prepared_list import Context, Setting, SpelledList
from ctcb.biasing.technique import EncoderTechnique, Technique
from ctcb.collecting import paused
from ctcb.entities import Entity, EntityList, LoadReport
from ctcb.entities.per_utt import EntitiesPerUtt
from ctcb.search.protocol import Search
from ctcb.text.spelling import MAX_VARIED_FORMS

if TYPE_CHECKING:
    from ctcb.adapter.encoded_list import EncodedList


@dataclass(frozen=True)
class Contexts:
    """Each utterance's list, prepared."""

    of: Callable[[str], Optional[Context]]  # utterance id -> its own; None for no list
    encoded: Optional[EncodedList] = None  # of all entities, where an encoder is biased,
    places: Optional[Mapping[str, Sequence[int]]] = None  # and each utterance's own among them; None: all of them

    @classmethod
    def alike(cls, context: Optional[Context]) -> Contexts:
        """The same list for all."""
        return cls(lambda utt_id: context, None if context is None else context.encoded)


def warn_of(report: LoadReport, callers: int) -> None:
    """Warn of entities that cannot be used, and of a file that looks like another format; so many callers up."""
    if report.rejected or report.warnings:
        warnings.warn(report.render(limit=5).rstrip(), stacklevel=callers + 1)


class ListPreparation:
    """What is done once for a list, however many utterances are decoded with it."""

    def __init__(self, search: Search, techniques: Sequence[Technique], setting: Setting) -> None:
        """``techniques`` in the order in which they act; ``setting``: what they may need to know of the model."""
        self.search, self.techniques, self.setting = search, tuple(techniques), setting
        self.no_list = Context((), (), None, (), (), setting)  # prepared, without any entity

    @property
    def biases_encoder(self) -> bool:
        """Whether a technique acts on the encoder."""
        return any(isinstance(technique, EncoderTechnique) for technique in self.techniques)

    @paused()
    def spell(self, entities: EntityList) -> SpelledList:
        """A list's entities in the model's tokens, and the load report with what these lack."""
        return SpelledList.of(entities, self.setting.spelling)

    def prepare(self, spelled: SpelledList) -> Context:
        """A list as decoding takes it. Raises InputError for an entity that cannot be searched for."""
        return self._prepared(Context.of(spelled, self.setting), self.techniques)

    @paused()
    def update(self, before: Context, entities: EntityList) -> Optional[Context]:
        """:meth:`prepare` of a long list that came out of another long one, which was prepared before, in a fraction of the time.

        None where the list has to be prepared as a whole: short ones, with more spellings of each name, those with names
        to push away, and where a technique asks for it. Raises as :meth:`prepare` does; warns of entities that came and cannot be used.
        """
        change = entities.change
        if change is None or before.pushed or min(len(change.before), len(entities)) <= MAX_VARIED_FORMS:
            return None
        first = len(entities) - change.added
        more = EntityList(entities.entities[first:], entities.lines[first:])
        if any(entity.weight < 0 for entity in more):
            return None
        spelled = SpelledList.of(more, self.setting.spelling, len(entities))
        context: Optional[Context] = before.changed(spelled, change)
        for technique in self.techniques:
            context = technique.update(context, before, change)
            if context is None:
                return None
        warn_of(spelled.report, callers=5)
        return replace(context, graph=self.search.recompile(before.graph, context, change))

    def prepare_each(self, spelled: SpelledList, lists: EntitiesPerUtt) -> Contexts:
        """Each utterance's own entities of a list that was spelled, and encoded, once; none where the table lacks it."""
        decoder = [technique for technique in self.techniques if not isinstance(technique, EncoderTechnique)]
        whole = Context.of(spelled, self.setting)
        for technique in self.techniques:
            whole = technique.prepare(whole) if isinstance(technique, EncoderTechnique) else whole
        prepare = lru_cache(maxsize=16)(lambda places: self._prepared(Context.of(spelled, self.setting, places), decoder))
        return Contexts(
            lambda utt_id: prepare(lists.places[utt_id]) if utt_id in lists.places else None, whole.encoded, lists.places
        )

    def prepare_instead(self, context: Context, entities: Sequence[Entity]) -> Context:
        """A prepared list with other entities, as the techniques behind the encoder see it; what it pushes away stays.

        Raises InputError for an entity that cannot be searched for.
        """
        changed = Context.of(self.spell(EntityList(tuple(entities))), self.setting)
        decoder = [technique for technique in self.techniques if not isinstance(technique, EncoderTechnique)]
        return self._prepared(replace(changed, pushed=context.pushed), decoder)

    def with_weight(self, context: Context, place: int, weight: float) -> Context:
        """A prepared list in which an entity has another weight; encoded as it was."""
        entities = (*context.entities[:place], replace(context.entities[place], weight=weight), *context.entities[place + 1 :])
        changed = replace(context, entities=entities)
        return replace(changed, graph=self.search.compile(changed))

    @paused()
    def _prepared(self, context: Context, techniques: Iterable[Technique]) -> Context:
        for technique in techniques:
            context = technique.prepare(context)
        context = replace(context, graph=self.search.compile(context))
        if not context.pushed:
            return context
        alone = replace(context, entities=(), lines=(), phrases=(), costs=None, boosted=False, in_class=False)
        return replace(context, without_list=self.search.compile(alone))
