"""A list a call, without preparing the same list twice."""
from __future__ import annotations

from threading import Lock
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

from ctcb.biasing.prepared_list import Context
from ctcb.decoding.kept_lists import KeptLists
from ctcb.decoding.list_preparation import warn_of
from ctcb.decoding.pipeline import Pipeline
from ctcb.entities import Entity, EntityList, LoadReport
from ctcb.entities.lists import entries_of

# None and an empty list: no list. A mapping has the entities' weights.
Entities = Union[EntityList, Iterable[Union[str, Entity]], Mapping[str, float], None]
Items = Sequence[Union[str, Entity]]

KEPT = 4  # lists


class ListCache:
    """The last few lists that a caller handed in, prepared. Serves any number of threads."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline, self._lock = pipeline, Lock()
        self._kept = KeptLists(pipeline)
        self._ready: List[Tuple[Items, Context]] = []  # the last used one last

    def __call__(self, entities: Entities) -> Optional[Context]:
        """The list, prepared; None for an empty one.

        Warns, once a list, of entities that cannot be used and of a file that looks like another format. Raises InputError where none can be.
        """
        items = as_items(entities)
        if not items:
            return None
        with self._lock:
            place = self._place(items, entities)
            if place is not None:
                self._ready.append(self._ready.pop(place))
                return self._ready[-1][1]
            made = self._updated(entities) or self._prepared(as_list(entities, items))
            self._ready = [*self._ready[-(KEPT - 1) :], (items, made)]
            return made

    def _place(self, items: Items, entities: Entities) -> Optional[int]:
        """Where among the lists that are ready this one is. One that came out of one of these is no other, whose names would be compared one by one."""
        for place, (known, _) in enumerate(self._ready):
            if known is items:
                return place
        if self._before(entities) is not None:
            return None
        return next((place for place, (known, _) in enumerate(self._ready) if known == items), None)

    def _prepared(self, entities: EntityList) -> Context:
        reports: List[LoadReport] = []
        made = self._kept.prepared(entities, reports.append)
        warn_of(reports[0], callers=4)
        return made

    def _updated(self, entities: Entities) -> Optional[Context]:
        """A list that came out of one that is ready, where that is enough to prepare it."""
        before = self._before(entities)
        return None if before is None or not isinstance(entities, EntityList) else self._pipeline.update(before, entities)

    def _before(self, entities: Entities) -> Optional[Context]:
        """The list that another one came out of, where it is ready."""
        if not isinstance(entities, EntityList) or entities.change is None:
            return None
        return next((context for known, context in self._ready if known is entities.change.before), None)

    def __getstate__(self) -> Dict[str, Any]:
        """All but the lock, with the prepared lists: copies in other processes do not prepare them again."""
        with self._lock:
            return {**vars(self), "_lock": None, "_ready": list(self._ready)}

    def __setstate__(self, state: Dict[str, Any]) -> None:
        vars(self).update(state, _lock=Lock())

    def report(self, entities: Entities) -> LoadReport:
        """What becomes of each entity of a list: loaded, changed, merged or rejected, and why."""
        items = as_list(entities, as_items(entities))
        kept = self._kept.load(items)
        return self._pipeline.spell(items).report if kept is None else kept[0]


def as_items(entities: Entities) -> Items:
    """What was handed in, one by one. Raises InputError for what is no list, and a list that lost all it had."""
    if entities is None:
        return ()
    if not isinstance(entities, EntityList):
        return entries_of(entities)
    if entities.report is not None and entities.report.entries:
        entities.require()
    return entities.entities


def as_list(entities: Entities, items: Items) -> EntityList:
    """A list as it is, or one of what was handed in, checked."""
    return entities if isinstance(entities, EntityList) else EntityList.of(items)
