"""Lists of entities, from a file or from Python. The package's docstring has the table of outcomes."""
from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Protocol, Sequence, Tuple, Union

from ctcb.collecting import paused
from ctcb.entities.duplicates import key_of, merged
from ctcb.entities.entity import Entity
from ctcb.entities.entries import checked, doubts, from_line, from_python, from_record, is_bare_name, printable
from ctcb.entities.fields import Record, Rejected, check_languages
from ctcb.entities.formats import FILE_FORMATS, FORMATS, LINE_FORMATS
from ctcb.entities.kept import LONG, load_file, long_content, save_file
from ctcb.entities.report import CHANGED, MERGED, REJECTED, WARNING, LineNote, LoadReport
from ctcb.entities.shapes import Suspicion, suspect
from ctcb.errors import InputError
from ctcb.io import PathOrStr, read_lines

if TYPE_CHECKING:
    from ctcb.entities.changes import ListChange

_Item = Union[str, Entity]  # an entry: a line of a file, or an item from Python
# Makes an entity of an entry; appends a note on each change to a list; raises Rejected.
_Reader = Callable[[Any, List[str]], Entity]


class Places(Protocol):
    """The places of entities in a list."""

    def get(self, key: str) -> Optional[int]:
        """The place of the entity with a key; None where there is none."""


@dataclass(frozen=True)
class EntityList:
    """Entities with different normal forms, in their list's order."""

    entities: Sequence[Entity]
    lines: Sequence[int] = field(default=(), compare=False)  # line number of each entity
    report: Optional[LoadReport] = field(default=None, compare=False)  # outcomes of all lines
    change: Optional[ListChange] = field(default=None, compare=False, repr=False)  # what :meth:`changed` did

    def __iter__(self) -> Iterator[Entity]:
        return iter(self.entities)

    def __len__(self) -> int:
        return len(self.entities)

    def find(self, text: str) -> Optional[int]:
        """The index of the entity that a text was loaded as or merged into; None where there is none."""
        return self.places.get(key_of(Entity(" ".join(printable(text, []).split()))))

    @cached_property
    def places(self) -> Places:
        """The place of each entity, by its key."""
        return {key: place for place, key in enumerate(self.keys)}

    @cached_property
    def keys(self) -> Tuple[str, ...]:
        """What is different of any two entities: their normal forms."""
        return tuple(map(key_of, self.entities))

    def changed(self, add: Union[Iterable[_Item], Mapping[_Item, float]] = (), remove: Iterable[str] = ()) -> EntityList:
        """The list with some entities gone and others behind those that are left.

        A decoder that has prepared this list last prepares the changed one in a fraction of the time that a new one takes.

        Parameters
        ----------
        add : as :meth:`of` takes them. One with the normal form of another entity is merged with it.
        remove : texts of entities, or of what was merged into them.

        Raises InputError as :meth:`of` does, and for a text that is not on the list.
        """
        from ctcb.entities.changes import changed  # here: it makes lists

        return changed(self, add, remove)

    @classmethod
    def read(cls, path: PathOrStr, format: str = "plain") -> EntityList:
        """Read a list as :meth:`load` does, and require at least one entity.

        Raises
        ------
        InputError : as :meth:`load`, and where no entity was loaded.
        """
        entities = cls.load(path, format)
        entities.require()
        return entities

    @classmethod
    def load(cls, path: PathOrStr, format: str = "plain") -> EntityList:
        """Read a list in one of ``FORMATS``. In those of one entity a line, lines that are blank or start with
        ``# `` are skipped; ``report`` has the outcome of all others.

        Raises
        ------
        InputError : a file that cannot be read, or is not UTF-8; an unknown format; a language (``lang=``) that there is not.
        """
        if format not in FORMATS:
            raise InputError(f"{format!r} is not a list format", hint=f"choose from {', '.join(FORMATS)}")
        content = long_content(path)
        kept = None if content is None else load_file(content, format, str(Path(path)))
        if kept is not None:
            return cls(*kept)
        made = cls._read(path, format)
        if len(made) >= LONG and made.report is not None and content is not None and content == long_content(path):
            save_file(content, format, made.entities, made.lines, made.report)
        return made

    @classmethod
    def _read(cls, path: PathOrStr, format: str) -> EntityList:
        if format in FILE_FORMATS:
            return _collect(FILE_FORMATS[format](path), from_record, str(Path(path)), format)
        rows = [(number, line) for number, line in read_lines(path) if _is_entry(line)]
        suspicion = suspect([line for _, line in rows]) if format == "plain" else None
        return _collect(rows, partial(from_line, LINE_FORMATS[format]), str(Path(path)), format, suspicion)

    @classmethod
    def of(cls, items: Union[Iterable[_Item], Mapping[_Item, float]]) -> EntityList:
        """A list from Python: strings, each in its printed form, and entities; or a mapping of these to their
        weights. They are checked like a file's lines, and ``report`` numbers them from 1. The list may be empty.

        Raises
        ------
        InputError : an item that is neither a string nor an Entity; one string, or no iterable at all; an unknown language.
        """
        return cls.numbered(enumerate(entries_of(items), start=1))

    @classmethod
    def numbered(cls, items: Iterable[Tuple[int, _Item]], file: Optional[str] = None) -> EntityList:
        """:meth:`of` for items with their line numbers; ``file`` is named in errors and in the report."""
        entries = []
        for number, item in items:
            if isinstance(item, str):
                item = Entity(item)
            if not isinstance(item, Entity) or not isinstance(item.text, str):
                problem = f"entity {number} is of the type {type(getattr(item, 'text', item)).__name__}"
                raise InputError(problem, file=file, hint="give strings or ctcb.entities.Entity")
            entries.append((number, item))
        return _collect(entries, from_python, file)

    def require(self) -> None:
        """Raise InputError, with the first line's reason, where no entity was loaded."""
        if self.entities:
            return
        file = self.report.file if self.report else None
        rejected = [note for note in self.report.notes if note.outcome == REJECTED] if self.report else []
        if not rejected:
            raise InputError("holds no entity", file=file, hint="write one entity a line")
        more = f"; the {len(rejected) - 1:,} others were rejected too" if len(rejected) > 1 else ""
        raise InputError(f"no entity is left: {rejected[0].reason}{more}", file=file, line=rejected[0].line)


def entries_of(entities: Union[Iterable[_Item], Mapping[_Item, float]]) -> Tuple[_Item, ...]:
    """The entries of a list from a caller; a mapping's values are the weights of its keys.

    Raises InputError for one string (iterating over its letters is never meant) and for a value that is
    not iterable.
    """
    if isinstance(entities, str):
        raise InputError(f"the entities are one string, {entities!r}", hint="give a list of strings (EntityList.read reads a file)")
    if isinstance(entities, Mapping):
        return tuple(_weighted(item, weight) for item, weight in entities.items())
    try:
        return tuple(entities)
    except TypeError:
        raise InputError(
            f"the entities are of the type {type(entities).__name__}", hint="give a list of strings (EntityList.read reads a file)"
        ) from None


def _weighted(item: _Item, weight: float) -> _Item:
    """An entry of a mapping with its weight; an invalid item is returned unchanged, to be rejected later."""
    if isinstance(item, str):
        return Entity(item, weight)
    return replace(item, weight=weight) if isinstance(item, Entity) else item


def _is_entry(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("# ") and line.rstrip() != "#"


@paused()
def _collect(
    entries: Iterable[Tuple[int, Union[_Item, Record]]], read: _Reader, file: Optional[str],
    format: Optional[str] = None, suspicion: Optional[Suspicion] = None,
) -> EntityList:
    """Read each entry (with its line number), check it, and merge it with an earlier one of the same normal form."""
    notes: List[LineNote] = []
    entities: List[Entity] = []
    lines: List[int] = []
    places: Dict[str, int] = {}  # normal form -> index in entities
    count = 0
    for count, (number, item) in enumerate(entries, start=1):
        if format == "plain" and isinstance(item, str) and is_bare_name(item):
            entity = Entity(item)
        else:
            changes: List[str] = []
            try:
                entity = checked(read(item, changes), changes)
            except Rejected as reason:
                name = item if isinstance(item, str) else item.text
                notes.append(LineNote(number, REJECTED, name, str(reason)))
                continue
            if entity.languages:
                check_languages(entity, file, number)
            if changes:
                notes += [LineNote(number, CHANGED, entity.text, change) for change in changes]
        place = places.setdefault(key_of(entity), len(entities))
        if place == len(entities):
            notes += [LineNote(number, WARNING, entity.text, doubt) for doubt in doubts(entity)]
            entities.append(entity)
            lines.append(number)
            continue
        joined, how = merged(entities[place], entity)
        notes.append(LineNote(number, MERGED, entity.text, f"has the normal form of {entities[place].text!r} in line {lines[place]}{how}"))
        entities[place] = joined
    warnings, looks_like = ((suspicion.warning(),), suspicion.format) if suspicion else ((), None)
    report = LoadReport(file, format, count, len(entities), tuple(notes), warnings, looks_like)
    made = EntityList(tuple(entities), tuple(lines), report)
    vars(made)["keys"] = tuple(places)  # worked out once
    return made
