"""Lists of entities, from a file or from Python. The package's docstring has the table of outcomes."""
from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Iterable, Iterator, List, Mapping, Optional, Protocol, Sequence, Tuple, Union

import numpy as np

from ctcb.entities.collected import Item, collect
from ctcb.entities.duplicates import key_of, keys_of
from ctcb.entities.entity import Entity
from ctcb.entities.entries import are_bare_names, from_line, from_python, from_record, printable
from ctcb.entities.formats import FILE_FORMATS, FORMATS, LINE_FORMATS
from ctcb.entities.kept import LONG, load_file, long_content, save_file
from ctcb.entities.report import REJECTED, LoadReport
from ctcb.entities.shapes import suspect
from ctcb.errors import InputError
from ctcb.io import PathOrStr, lines_of

if TYPE_CHECKING:
    from ctcb.entities.changes import ListChange


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
        return tuple(keys_of(self.entities))

    def changed(self, add: Union[Iterable[Item], Mapping[Item, float]] = (), remove: Iterable[str] = ()) -> EntityList:
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
            records = list(FILE_FORMATS[format](path))
            numbers, items = [number for number, _ in records], [record for _, record in records]
            return cls(*collect(numbers, items, from_record, str(Path(path)), format))
        lines = lines_of(path)
        bare = are_bare_names(lines)
        others = [place for place in np.flatnonzero(~bare).tolist() if _is_entry(lines[place])]
        places = np.sort(np.append(np.flatnonzero(bare), others).astype(np.int64))
        entries = lines if len(places) == len(lines) else [lines[place] for place in places.tolist()]
        plain = format == "plain"
        suspicion = suspect(entries[:2], [lines[place] for place in others], len(entries)) if plain else None
        read = partial(from_line, LINE_FORMATS[format])
        return cls(*collect(places + 1, entries, read, str(Path(path)), format, suspicion, bare[places] if plain else None))

    @classmethod
    def of(cls, items: Union[Iterable[Item], Mapping[Item, float]]) -> EntityList:
        """A list from Python: strings, each in its printed form, and entities; or a mapping of these to their
        weights. They are checked like a file's lines, and ``report`` numbers them from 1. The list may be empty.

        Raises
        ------
        InputError : an item that is neither a string nor an Entity; one string, or no iterable at all; an unknown language.
        """
        return cls.numbered(enumerate(entries_of(items), start=1))

    @classmethod
    def numbered(cls, items: Iterable[Tuple[int, Item]], file: Optional[str] = None) -> EntityList:
        """:meth:`of` for items with their line numbers; ``file`` is named in errors and in the report."""
        numbers: List[int] = []
        entries: List[Item] = []
        for number, item in items:
            if not isinstance(item, str) and not (isinstance(item, Entity) and isinstance(item.text, str)):
                problem = f"entity {number} is of the type {type(getattr(item, 'text', item)).__name__}"
                raise InputError(problem, file=file, hint="give strings or ctcb.entities.Entity")
            numbers.append(number)
            entries.append(item)
        return cls(*collect(numbers, entries, from_python, file, bare=are_bare_names(entries)))

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


def entries_of(entities: Union[Iterable[Item], Mapping[Item, float]]) -> Tuple[Item, ...]:
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


def _weighted(item: Item, weight: float) -> Item:
    """An entry of a mapping with its weight; an invalid item is returned unchanged, to be rejected later."""
    if isinstance(item, str):
        return Entity(item, weight)
    return replace(item, weight=weight) if isinstance(item, Entity) else item


def _is_entry(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("# ") and line.rstrip() != "#"
