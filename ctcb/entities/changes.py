"""Lists that come out of others: some entities gone, others new."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Iterable, List, Sequence, Tuple, TypeVar

from ctcb.entities.entity import Entity
from ctcb.entities.lists import EntityList, entries_of, merged
from ctcb.entities.report import MERGED, REJECTED, LineNote, LoadReport
from ctcb.errors import InputError

_T = TypeVar("_T")


@dataclass(frozen=True)
class ListChange:
    """How a list came out of another one."""

    before: Tuple[Entity, ...]  # the other one
    removed: Tuple[int, ...]  # the places in it of those that are gone, rising
    added: int  # how many stand behind those that are left


def changed(entities: EntityList, add: Any, remove: Iterable[str]) -> EntityList:
    """:meth:`EntityList.changed`."""
    gone = set(_places(entities, [remove] if isinstance(remove, str) else remove))
    lines = entities.lines or tuple(range(1, len(entities) + 1))
    more = EntityList.numbered(enumerate(entries_of(add), start=max(lines, default=0) + 1))
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
    left = without(entities.entities, removed) + tuple(added)
    lines = without(lines, removed) + more.lines
    made = EntityList(left, lines, _report(entities, lines, len(left), notes), ListChange(entities.entities, removed, len(added)))
    vars(made)["keys"] = without(entities.keys, removed) + more.keys  # worked out once
    return made


def without(values: Tuple[_T, ...], places: Sequence[int]) -> Tuple[_T, ...]:
    """The values that do not stand at some places, which rise."""
    kept: List[_T] = []
    for first, end in zip([-1, *places], [*places, len(values)]):
        kept += values[first + 1 : end]
    return tuple(kept)


def _places(entities: EntityList, texts: Iterable[str]) -> Iterable[int]:
    for text in texts:
        place = entities.find(text)
        if place is None:
            raise InputError(f"{text!r} cannot be removed: it is not on the list", hint="name entities as the list has them")
        yield place


def _report(before: EntityList, lines: Sequence[int], loaded: int, notes: Sequence[LineNote]) -> LoadReport:
    """The report of a list that has these lines of another one, and what is to be said of others."""
    report = before.report or LoadReport(None, None, len(before), len(before))
    there = set(lines) if report.notes else set()
    kept = [note for note in report.notes if note.line in there or note.outcome == REJECTED]
    every = (*kept, *notes)
    lost = sum(note.outcome in (REJECTED, MERGED) for note in every)
    return replace(report, entries=loaded + lost, loaded=loaded, notes=every)
