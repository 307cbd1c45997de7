"""Lists of entities, from a file or from Python. The package's docstring has the table of outcomes."""
from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional, Protocol, Sequence, Tuple, Union

import regex

from ctcb.collecting import paused
from ctcb.entities.entity import Entity
from ctcb.entities.fields import FIELDS, Record, Rejected, check_languages, check_pron, check_weight, tidy
from ctcb.entities.formats import FILE_FORMATS, FORMATS, LINE_FORMATS, LineParser
from ctcb.entities.kept import LONG, load_file, long_content, save_file
from ctcb.entities.report import CHANGED, MERGED, REJECTED, WARNING, LineNote, LoadReport
from ctcb.entities.shapes import Suspicion, suspect
from ctcb.errors import JOINERS, InputError
from ctcb.io import PathOrStr, read_lines
from ctcb.text.normalize import normalize

if TYPE_CHECKING:
    from ctcb.entities.changes import ListChange

MANY_WORDS = 20
MAX_CHARACTERS = 1000  # of a field; a longer text is not a name, and would be slow to spell and to match
_WORDS = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*")
# A line that is an entity as it stands, without anything to be said of it: most lines of long lists are.
_BARE_NAME = re.compile(rf"[A-Za-z]+(?: [A-Za-z]+){{0,{MANY_WORDS - 1}}}").fullmatch
_FIELD_IN_TEXT = re.compile(rf"(?:\W|\\t)(?:{'|'.join(FIELDS)})=").search  # behind a space, a comma, an arrow, "\t" in letters

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
        return self.places.get(key_of(Entity(" ".join(_printable(text, []).split()))))

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
            return _collect(FILE_FORMATS[format](path), _from_record, str(Path(path)), format)
        rows = [(number, line) for number, line in read_lines(path) if _is_entry(line)]
        suspicion = suspect([line for _, line in rows]) if format == "plain" else None
        return _collect(rows, partial(_from_line, LINE_FORMATS[format]), str(Path(path)), format, suspicion)

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
        return _collect(entries, _from_python, file)

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
        if format == "plain" and isinstance(item, str) and _BARE_NAME(item) and len(item) <= MAX_CHARACTERS:
            entity = Entity(item)
        else:
            changes: List[str] = []
            try:
                entity = _checked(read(item, changes), changes)
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
            notes += [LineNote(number, WARNING, entity.text, doubt) for doubt in _doubts(entity)]
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


def _from_line(parse: LineParser, line: str, changes: List[str]) -> Entity:
    """The entity of a line of a file, not yet checked."""
    if "\r" in line:
        raise Rejected("carriage returns inside the line; save the list with line feeds")
    return parse(_printable(line, changes, keep="\t"), changes)


def _from_record(item: Record, changes: List[str]) -> Entity:
    """The entity of a record of a file that is read as a whole."""
    if item.problem is not None:
        raise Rejected(item.problem)
    changes.extend(item.changes)
    return _from_python(item.entity, changes)


def _from_python(item: Entity, changes: List[str]) -> Entity:
    """An entity from a caller, with the checks that the formats make for a file's lines."""
    if item.has_text_alone:
        text = tidy(_printable(item.text, changes), changes)
        return item if text == item.text else Entity(text)
    for name in ("aliases", "prons", "spoken", "languages"):
        values = getattr(item, name)
        if not isinstance(values, (tuple, list)) or not all(isinstance(value, str) for value in values):
            raise Rejected(f"{name} are {values!r}; give a tuple of strings")
    prons = (check_pron(pron, changes) for pron in item.prons)
    return Entity(
        tidy(_printable(item.text, changes), changes),
        check_weight(item.weight),
        aliases=tuple(" ".join(_printable(alias, changes).split()) for alias in item.aliases),
        prons=tuple(pron for pron in prons if pron is not None),
        spoken=tuple(" ".join(_printable(spoken, changes).split()) for spoken in item.spoken),
        languages=tuple(language.strip() for language in item.languages),
    )


def _printable(text: str, changes: List[str], keep: str = "") -> str:
    """``text`` without control and invisible characters; other kinds of white space become spaces."""
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
        changes.append(f"control or invisible characters removed: {names}")
    return "".join(kept)


def _checked(entity: Entity, changes: List[str]) -> Entity:
    """``entity`` without aliases and spoken forms that hold no word. Raises Rejected where nothing can be matched."""
    more = () if entity.has_text_alone else (*entity.aliases, *entity.prons, *entity.spoken, *entity.languages)
    longest = max(map(len, (entity.text, *more)))
    if longest > MAX_CHARACTERS:
        raise Rejected(f"is {longest:,} characters long, and the limit is {MAX_CHARACTERS:,}; write one entity a line")
    if entity.aliases or entity.spoken:
        aliases, spoken = (
            _with_words(name, values, changes) for name, values in (("alias", entity.aliases), ("spoken", entity.spoken))
        )
        entity = replace(entity, aliases=aliases, spoken=spoken)
    if not entity.text:
        raise Rejected("is empty")
    if not entity.normal and not entity.spoken:
        raise Rejected("holds no letter or digit; give its spoken form with spoken=")
    return entity


def _with_words(name: str, values: Tuple[str, ...], changes: List[str]) -> Tuple[str, ...]:
    kept: List[str] = []
    for value in values:
        if normalize(value):
            kept.append(value)
        else:
            changes.append(f"{name}={value} ignored: it holds no letter or digit")
    return tuple(kept)


def key_of(entity: Entity) -> str:
    """The key by which duplicates are recognised: of English letters the normal form; else the words in lower case, with
    their accents, which may tell names apart; the text itself where there is none."""
    if entity.text.isascii():
        return entity.normal or entity.text
    words = _WORDS.findall(unicodedata.normalize("NFKC", entity.text).lower())
    return " ".join(words) or entity.text


def merged(first: Entity, second: Entity) -> Tuple[Entity, str]:
    """Two entities of the same normal form as one, and the rest of a note on it. Swapping them changes only
    the order of the fields."""
    text = min(first.text, second.text, key=plainness)
    weight = max(first.weight, second.weight)
    note = "" if text == first.text else f"; printed {text!r}"
    note += "" if first.weight == second.weight else f"; the larger weight, {weight:g}, is used"
    aliases, prons, spoken, languages = (
        tuple(dict.fromkeys(getattr(first, name) + getattr(second, name))) for name in ("aliases", "prons", "spoken", "languages")
    )
    if bool(first.spoken) != bool(second.spoken) and first.normal:
        spoken = tuple(dict.fromkeys((*spoken, first.normal)))  # the line without spoken= is read as written
    return Entity(text, weight, aliases, prons, spoken, languages), note


def plainness(text: str) -> Tuple[int, str]:
    """The sort key of printed forms: those with most capitals, accents, digits and signs first, then by code point."""
    return sum(char == " " or "a" <= char <= "z" for char in text) - len(text), text


def _doubts(entity: Entity) -> Iterator[str]:
    """Warnings for an entity that can be loaded but is likely a mistake."""
    words = entity.normal.count(" ") + 1
    if words > MANY_WORDS:
        yield f"{words} words: it is matched only where all of them occur in a row; is it a sentence?"
    if "=" in entity.text and _FIELD_IN_TEXT(entity.text):
        yield "holds a field without a tab before it: put one there"
