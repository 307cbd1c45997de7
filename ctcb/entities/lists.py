"""Lists of entities, from a file or from Python; the outcomes are in the package's docstring."""
from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple, Union

from ctcb.entities.entity import Entity
from ctcb.entities.formats import FIELDS, FORMATS, Format, Rejected, check_pron, check_weight, suspect, tidy
from ctcb.entities.report import CHANGED, MERGED, REJECTED, WARNING, LineNote, LoadReport
from ctcb.errors import JOINERS, InputError
from ctcb.io import PathOrStr, read_lines
from ctcb.text.normalize import normalize

MANY_WORDS = 20
LONGEST = 1000  # characters; what is longer is no name, and would be slow to spell and to find
_FIELD_IN_TEXT = re.compile(rf"\s(?:{'|'.join(FIELDS)})=").search

_Item = Union[str, Entity]  # an entry: a file's line, or what came from Python
# Makes an entity of an entry; adds what it changed to a list; raises Rejected.
_Reader = Callable[[Any, List[str]], Entity]


@dataclass(frozen=True)
class EntityList:
    """Entities that read differently from one another, in their list's order."""

    entities: Tuple[Entity, ...]
    lines: Tuple[int, ...] = field(default=(), compare=False)  # where each stands
    report: Optional[LoadReport] = field(default=None, compare=False)  # what became of the rest

    def __iter__(self) -> Iterator[Entity]:
        return iter(self.entities)

    def __len__(self) -> int:
        return len(self.entities)

    def find(self, text: str) -> Optional[int]:
        """The place of the entity that a text was loaded as or merged into; None where it was rejected."""
        return self._places.get(_reading(Entity(" ".join(_printable(text, []).split()))))

    @cached_property
    def _places(self) -> Dict[str, int]:
        return {_reading(entity): place for place, entity in enumerate(self.entities)}

    @classmethod
    def read(cls, path: PathOrStr, format: str = "plain") -> EntityList:
        """Read a list as :meth:`load` does, and insist on an entity.

        Raises
        ------
        InputError : as :meth:`load`, and where no entity was loaded.
        """
        entities = cls.load(path, format)
        entities.require()
        return entities

    @classmethod
    def load(cls, path: PathOrStr, format: str = "plain") -> EntityList:
        """Read a list, one entity a line, in one of ``FORMATS``; lines that are blank or start with
        ``# `` are passed over. ``report`` says what became of all the others.

        Raises
        ------
        InputError : a file that cannot be read, or is not UTF-8; an unknown format.
        """
        if format not in FORMATS:
            raise InputError(f"{format!r} is no format of lists", hint=f"choose from {', '.join(FORMATS)}")
        rows = [(number, line) for number, line in read_lines(path) if _is_entry(line)]
        warning = suspect([line for _, line in rows]) if format == "plain" else None
        return _collect(rows, partial(_from_line, FORMATS[format]), str(Path(path)), format, (warning,) if warning else ())

    @classmethod
    def of(cls, items: Union[Iterable[_Item], Mapping[_Item, float]]) -> EntityList:
        """A list from Python: strings, each as it should be printed, and entities; or a mapping of them to their
        weights. They are checked as a file's lines are, and ``report`` numbers them from 1. It may be empty.

        Raises
        ------
        InputError : something that is neither a string nor an Entity; one string, or what is no list at all.
        """
        return cls.numbered(enumerate(entries_of(items), start=1))

    @classmethod
    def numbered(cls, items: Iterable[Tuple[int, _Item]], file: Optional[str] = None) -> EntityList:
        """:meth:`of` for items that bring the numbers of their lines, and the file they stand in."""
        entries = []
        for number, item in items:
            if isinstance(item, str):
                item = Entity(item)
            if not isinstance(item, Entity) or not isinstance(item.text, str):
                what = f"entity {number} is of the type {type(getattr(item, 'text', item)).__name__}"
                raise InputError(what, file=file, hint="give strings or ctcb.entities.Entity")
            entries.append((number, item))
        return _collect(entries, _from_python, file)

    def require(self) -> None:
        """Raise InputError, with the first reason there is, where no entity was loaded."""
        if self.entities:
            return
        file = self.report.file if self.report else None
        rejected = [note for note in self.report.notes if note.outcome == REJECTED] if self.report else []
        if not rejected:
            raise InputError("holds no entity", file=file, hint="write one entity a line")
        more = f"; neither could any of the {len(rejected) - 1:,} others be loaded" if len(rejected) > 1 else ""
        raise InputError(f"no entity is left: {rejected[0].reason}{more}", file=file, line=rejected[0].line)


def entries_of(given: Union[Iterable[_Item], Mapping[_Item, float]]) -> Tuple[_Item, ...]:
    """The entries of a list that a caller handed in; a mapping's values are the weights of its keys.

    Raises InputError for one string, whose letters are no entities, and for what is no list.
    """
    if isinstance(given, str):
        raise InputError(f"the entities are one string, {given!r}", hint="give a list of strings (EntityList.read reads a file)")
    if isinstance(given, Mapping):
        return tuple(_weighted(item, weight) for item, weight in given.items())
    try:
        return tuple(given)
    except TypeError:
        raise InputError(
            f"the entities are of the type {type(given).__name__}", hint="give a list of strings (EntityList.read reads a file)"
        ) from None


def _weighted(item: _Item, weight: float) -> _Item:
    """An entry of a mapping; what is no entry stays what it is, to be turned away."""
    if isinstance(item, str):
        return Entity(item, weight)
    return replace(item, weight=weight) if isinstance(item, Entity) else item


def _is_entry(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("# ") and line.rstrip() != "#"


def _collect(
    entries: Iterable[Tuple[int, _Item]], read: _Reader, file: Optional[str],
    format: Optional[str] = None, warnings: Tuple[str, ...] = (),
) -> EntityList:
    """Read each entry (its line's number comes with it), check it and merge it with its equals."""
    notes: List[LineNote] = []
    entities: List[Entity] = []
    lines: List[int] = []
    places: Dict[str, int] = {}  # reading -> place in entities
    count = 0
    for count, (number, item) in enumerate(entries, start=1):
        changes: List[str] = []
        try:
            entity = _checked(read(item, changes), changes)
        except Rejected as reason:
            name = item if isinstance(item, str) else item.text
            notes.append(LineNote(number, REJECTED, name, str(reason)))
            continue
        if changes:
            notes += [LineNote(number, CHANGED, entity.text, change) for change in changes]
        reading = _reading(entity)
        place = places.setdefault(reading, len(entities))
        if place == len(entities):
            notes += [LineNote(number, WARNING, entity.text, doubt) for doubt in _doubts(entity)]
            entities.append(entity)
            lines.append(number)
            continue
        joined, how = _merged(entities[place], entity)
        notes.append(LineNote(number, MERGED, entity.text, f"reads as {entities[place].text!r} in line {lines[place]}{how}"))
        entities[place] = joined
    report = LoadReport(file, format, count, len(entities), tuple(notes), warnings)
    return EntityList(tuple(entities), tuple(lines), report)


def _from_line(parse: Format, line: str, changes: List[str]) -> Entity:
    """The entity of a file's line, not yet checked."""
    if "\r" in line:
        raise Rejected("carriage returns inside the line; save the list with line feeds")
    return parse(_printable(line, changes, keep="\t"), changes)


def _from_python(item: Entity, changes: List[str]) -> Entity:
    """An entity whose fields come from a caller: what the formats see to, seen to here."""
    for name in ("aliases", "prons", "spoken"):
        values = getattr(item, name)
        if not isinstance(values, (tuple, list)) or not all(isinstance(value, str) for value in values):
            raise Rejected(f"{name} are {values!r}; give a tuple of strings")
    prons = (check_pron(pron, changes) for pron in item.prons)
    return Entity(
        tidy(_printable(item.text, changes), changes),
        check_weight(item.weight),
        aliases=tuple(" ".join(alias.split()) for alias in item.aliases),
        prons=tuple(pron for pron in prons if pron is not None),
        spoken=tuple(" ".join(spoken.split()) for spoken in item.spoken),
    )


def _printable(text: str, changes: List[str], keep: str = "") -> str:
    """Without control characters and invisible ones; rarer kinds of white space become spaces."""
    if text.isprintable() or (keep and text.replace(keep, " ").isprintable()):
        return text
    kept, odd = [], []
    for char in text:
        category = unicodedata.category(char)
        if char in JOINERS or char in keep:
            kept.append(char)
        elif category in ("Cc", "Zs", "Zl", "Zp"):
            kept.append(" ")
            if char != " ":
                odd.append(char)
        elif category in ("Cf", "Cs"):
            odd.append(char)
        else:
            kept.append(char)
    if odd:
        names = ", ".join(sorted({f"U+{ord(char):04X}" for char in odd}))
        changes.append(f"control or invisible characters taken out: {names}")
    return "".join(kept)


def _checked(entity: Entity, changes: List[str]) -> Entity:
    """Without the aliases and spoken forms that hold no word; Rejected where nothing can be matched."""
    longest = max(map(len, (entity.text, *entity.aliases, *entity.prons, *entity.spoken)))
    if longest > LONGEST:
        raise Rejected(f"is {longest:,} characters long, and no name is longer than {LONGEST:,}; write one entity a line")
    if entity.aliases or entity.spoken:
        aliases, spoken = (
            _with_words(name, values, changes) for name, values in (("alias", entity.aliases), ("spoken", entity.spoken))
        )
        entity = replace(entity, aliases=aliases, spoken=spoken)
    if not entity.text:
        raise Rejected("is empty")
    if not entity.normal and not entity.spoken:
        raise Rejected("holds no letter or digit that could be said; give spoken= if it is said")
    return entity


def _with_words(name: str, values: Tuple[str, ...], changes: List[str]) -> Tuple[str, ...]:
    kept: List[str] = []
    for value in values:
        if normalize(value):
            kept.append(value)
        else:
            changes.append(f"{name}={value} ignored: it holds no letter or digit")
    return tuple(kept)


def _reading(entity: Entity) -> str:
    """What duplicates have in common; a text without a word is known by itself."""
    return entity.normal or entity.text


def _merged(first: Entity, second: Entity) -> Tuple[Entity, str]:
    """Two entities of one reading as one, the same in either order but for the order of the fields;
    and what to say of it."""
    text = min(first.text, second.text, key=_plainness)
    weight = max(first.weight, second.weight)
    said = "" if text == first.text else f"; printed {text!r}"
    said += "" if first.weight == second.weight else f"; the larger weight, {weight:g}, is taken"
    aliases, prons, spoken = (
        tuple(dict.fromkeys(one + other))
        for one, other in ((first.aliases, second.aliases), (first.prons, second.prons), (first.spoken, second.spoken))
    )
    if bool(first.spoken) != bool(second.spoken) and first.normal:
        spoken = tuple(dict.fromkeys((*spoken, first.normal)))  # the other line is said as it is written
    return Entity(text, weight, aliases, prons, spoken), said


def _plainness(text: str) -> Tuple[int, str]:
    """Orders printed forms: those with most capitals, accents, digits and signs first, then by code point."""
    return sum(char == " " or "a" <= char <= "z" for char in text) - len(text), text


def _doubts(entity: Entity) -> Iterator[str]:
    """Why an entity is likely not what was meant, though it can be loaded as it stands."""
    words = entity.normal.count(" ") + 1
    if words > MANY_WORDS:
        yield f"{words} words: it is matched only where all of them are said in a row; is it a sentence?"
    if "=" in entity.text and _FIELD_IN_TEXT(entity.text):
        yield "holds a field after a space: put a tab before it"
    if not entity.text.isascii() and not entity.spoken:
        other = [char for char in entity.text if char.isalpha() and "LATIN" not in unicodedata.name(char, "LATIN")]
        if other:
            yield f"not in Latin letters: matched as {entity.normal!r}; give spoken= where it is said otherwise"
