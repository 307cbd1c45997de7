"""The entries of a list as entities: read one by one where there is anything to be said of them, and those that are the same merged."""
from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np

from ctcb.collecting import paused
from ctcb.entities.duplicates import keys_of, merged
from ctcb.entities.entity import Entity
from ctcb.entities.entries import checked, doubts
from ctcb.entities.fields import Record, Rejected, check_languages
from ctcb.entities.kept import LONG
from ctcb.entities.report import CHANGED, MERGED, REJECTED, WARNING, LineNote, LoadReport
from ctcb.entities.rows import EntityRow
from ctcb.entities.shapes import Suspicion
from ctcb.sequences import Lines, Numbers

Item = Union[str, Entity]  # an entry: a line of a file, or an item from Python
# Makes an entity of an entry; appends a note on each change to a list; raises Rejected.
Reader = Callable[[Any, List[str]], Entity]
_Notes = List[Tuple[int, LineNote]]  # with the places of their entries


@paused()
def collect(
    numbers: Union[Sequence[int], np.ndarray], items: Sequence[Union[Item, Record]], read: Reader, file: Optional[str],
    format: Optional[str] = None, suspicion: Optional[Suspicion] = None, bare: Optional[np.ndarray] = None,
) -> Tuple[Sequence[Entity], Sequence[int], LoadReport]:
    """Read each entry, check it, and merge it with an earlier one of the same normal form.

    ``numbers``: the entries' line numbers; ``bare``: which of them are texts that are entities as they stand (``[N]`` bool), by default none.
    Returns the entities, the line number of each, and the report.
    """
    lines = np.asarray(numbers, np.int64)
    loaded = np.zeros(len(items), bool) if bare is None else bare.copy()
    notes: _Notes = []
    odd: Dict[int, Entity] = {}
    for place in np.flatnonzero(~loaded).tolist():
        entity = _entity(items[place], place, int(lines[place]), read, file, notes)
        if entity is not None:
            odd[place], loaded[place] = entity, True
    places = np.flatnonzero(loaded)
    left = items if len(places) == len(items) else [items[place] for place in places.tolist()]
    read_ones = {int(number): entity for number, entity in zip(np.searchsorted(places, list(odd)), odd.values())}
    entities, stays = _different(_entities(left, read_ones), places, lines, notes)
    for place in filter(odd.__contains__, places[stays].tolist()):
        notes += [(place, LineNote(int(lines[place]), WARNING, odd[place].text, doubt)) for doubt in doubts(odd[place])]
    warnings, looks_like = ((suspicion.warning(),), suspicion.format) if suspicion else ((), None)
    every = tuple(note for _, note in sorted(notes, key=lambda one: one[0]))
    report = LoadReport(file, format, len(items), len(entities), every, warnings, looks_like)
    own = lines[places[stays]]
    return entities, Numbers(own) if len(own) >= LONG else tuple(own.tolist()), report


def _entity(item: Union[Item, Record], place: int, line: int, read: Reader, file: Optional[str], notes: _Notes) -> Optional[Entity]:
    """The entity of an entry, checked; None for one that is rejected."""
    changes: List[str] = []
    try:
        entity = checked(read(item, changes), changes)
    except Rejected as reason:
        notes.append((place, LineNote(line, REJECTED, item if isinstance(item, str) else item.text, str(reason))))
        return None
    if entity.languages:
        check_languages(entity, file, line)
    notes += [(place, LineNote(line, CHANGED, entity.text, change)) for change in changes]
    return entity


def _entities(items: Sequence[Any], read: Mapping[int, Entity]) -> Sequence[Entity]:
    """Entries as entities: those that were read one by one, and texts that are entities as they stand."""
    if len(items) < LONG:
        return tuple(read.get(place) or Entity(item) for place, item in enumerate(items))
    if read:
        items = [read[place].text if place in read else item for place, item in enumerate(items)]
    return EntityRow(Lines.of(items), {place: entity for place, entity in read.items() if not entity.has_text_alone})


def _different(entities: Sequence[Entity], places: np.ndarray, lines: np.ndarray, notes: _Notes) -> Tuple[Sequence[Entity], np.ndarray]:
    """The entities without repeated ones, which are merged with the first of the same key; and which these are not (``[N]`` bool).

    ``places``: of the entities' entries, in order; ``lines``: the line number of each entry.
    """
    keys = keys_of(entities)
    stays = np.ones(len(keys), bool)
    if len(set(keys)) == len(keys):
        return entities, stays
    first: Dict[str, int] = {}
    joined: Dict[int, Entity] = {}
    for number, key in enumerate(keys):
        known = first.setdefault(key, number)
        if known != number:
            stays[number] = False
            before, this = joined.get(known) or entities[known], entities[number]
            joined[known], how = merged(before, this)
            reason = f"has the normal form of {before.text!r} in line {lines[places[known]]}{how}"
            notes.append((int(places[number]), LineNote(int(lines[places[number]]), MERGED, this.text, reason)))
    left = np.flatnonzero(stays).tolist()
    if not isinstance(entities, EntityRow):
        return tuple(joined.get(place) or entities[place] for place in left), stays
    texts = list(entities.texts)
    for place, entity in joined.items():
        texts[place] = entity.text
    others = {**entities.others, **joined}
    kept = {number: others[place] for number, place in enumerate(left) if place in others and not others[place].has_text_alone}
    return EntityRow(Lines.of([texts[place] for place in left]), kept), stays
