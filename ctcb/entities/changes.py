"""Lists that come out of others: some entities gone, others new."""
from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import Any, Iterable, List, Optional, Sequence, Tuple

import numpy as np

from ctcb.entities.duplicates import key_of, merged
from ctcb.entities.entity import Entity
from ctcb.entities.lists import EntityList, Places, entries_of
from ctcb.entities.report import MERGED, REJECTED, LineNote, LoadReport
from ctcb.errors import InputError
from ctcb.sequences import Spliced, spliced_alike


@dataclass(frozen=True)
class ListChange:
    """How a list came out of another one."""

    before: Sequence[Entity]  # the other one
    removed: Tuple[int, ...]  # the places in it of those that are gone, rising
    added: int  # how many stand behind those that are left


class ChangedPlaces:
    """The places of the entities of a changed list, by their keys, from those of the list that it came out of first."""

    def __init__(self, first: Places, entities: Spliced[Entity]) -> None:
        """``first``: the places in ``entities.base``, which is the first list's."""
        self.first, self._left = first, entities.places
        self._more = {key: place for place, key in enumerate(map(key_of, entities.more), start=len(entities.places))}

    def get(self, key: str) -> Optional[int]:
        """The place of an entity; None where there is none."""
        if key in self._more:
            return self._more[key]
        known = self.first.get(key)
        if known is None:
            return None
        place = int(np.searchsorted(self._left, known))
        return place if place < len(self._left) and self._left[place] == known else None


def changed(entities: EntityList, add: Any, remove: Iterable[str]) -> EntityList:
    """:meth:`EntityList.changed`."""
    gone = set(_places(entities, [remove] if isinstance(remove, str) else remove))
    lines = entities.lines or range(1, len(entities) + 1)
    more = EntityList.numbered(enumerate(entries_of(add), start=lines[-1] + 1 if lines else 1))
    added: List[Entity] = []
    notes = list(more.report.notes) if more.report else []
    for line, key, entity in zip(more.lines, more.keys, more):
        place = entities.places.get(key)
        if place is not None and place not in gone:
            gone.add(place)
            known = entities.entities[place]
            entity, how = merged(known, entity)
            notes.append(LineNote(line, MERGED, entity.text, f"has the normal form of {known.text!r} in line {lines[place]}{how}"))
        added.append(entity)
    removed = tuple(sorted(gone))
    left, lines = spliced_alike([entities.entities, lines], removed, [added, more.lines])
    made = EntityList(left, lines, _report(entities, lines, len(left), notes), ListChange(entities.entities, removed, len(added)))
    if isinstance(left, Spliced):  # else they are worked out when they are asked for
        places = entities.places
        vars(made)["places"] = ChangedPlaces(places.first if isinstance(places, ChangedPlaces) else places, left)
    return made


def _places(entities: EntityList, texts: Iterable[str]) -> Iterable[int]:
    for text in texts:
        place = entities.find(text)
        if place is None:
            raise InputError(f"{text!r} cannot be removed: it is not on the list", hint="name entities as the list has them")
        yield place


def _report(before: EntityList, lines: Sequence[int], loaded: int, notes: Sequence[LineNote]) -> LoadReport:
    """The report of a list that has these lines, which rise, of another one, and what is to be said of others."""
    report = before.report or LoadReport(None, None, len(before), len(before))

    def there(line: int) -> bool:
        place = bisect_left(lines, line)
        return place < len(lines) and lines[place] == line

    kept = [note for note in report.notes if note.outcome == REJECTED or there(note.line)]
    every = (*kept, *notes)
    lost = sum(note.outcome in (REJECTED, MERGED) for note in every)
    return replace(report, entries=loaded + lost, loaded=loaded, notes=every)
