"""An entry of a list, as an entity: a line of a file, a record, or an item from Python, tidied and checked."""
from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import Iterator, List, Sequence, Tuple, Union

import numpy as np

from ctcb.entities.entity import Entity
from ctcb.entities.fields import FIELDS, Record, Rejected, check_pron, check_weight, tidy
from ctcb.entities.formats import LineParser
from ctcb.errors import JOINERS
from ctcb.sequences import Lines, line_ends
from ctcb.text.in_bulk import are_words, line_sums
from ctcb.text.normalize import normalize

MANY_WORDS = 20
MAX_CHARACTERS = 1000  # of a field; a longer text is not a name, and would be slow to spell and to match
_FIELD_IN_TEXT = re.compile(rf"(?:\W|\\t)(?:{'|'.join(FIELDS)})=").search  # behind a space, a comma, an arrow, "\t" in letters


def are_bare_names(entries: Sequence[object]) -> np.ndarray:
    """Which entries are texts that are entities as they stand, without anything to be said of them, as most of long lists are: ``[N]`` bool."""
    content = Lines.pack([entry if isinstance(entry, str) else "" for entry in entries])
    ends = line_ends(content)
    if len(ends) != len(entries):  # none, or one with a line feed
        return np.zeros(len(entries), bool)
    few = np.diff(ends, prepend=-1) <= MAX_CHARACTERS + 1
    return are_words(content) & few & (line_sums(content == ord(" "), ends) < MANY_WORDS)


def from_line(parse: LineParser, line: str, changes: List[str]) -> Entity:
    """The entity of a line of a file, not yet checked."""
    if "\r" in line:
        raise Rejected("carriage returns inside the line; save the list with line feeds")
    return parse(printable(line, changes, keep="\t"), changes)


def from_record(item: Record, changes: List[str]) -> Entity:
    """The entity of a record of a file that is read as a whole."""
    if item.problem is not None:
        raise Rejected(item.problem)
    changes.extend(item.changes)
    return from_python(item.entity, changes)


def from_python(item: Union[str, Entity], changes: List[str]) -> Entity:
    """An entity, or its text, from a caller, with the checks that the formats make for a file's lines."""
    item = Entity(item) if isinstance(item, str) else item
    if item.has_text_alone:
        text = tidy(printable(item.text, changes), changes)
        return item if text == item.text else Entity(text)
    for name in ("aliases", "prons", "spoken", "languages"):
        values = getattr(item, name)
        if not isinstance(values, (tuple, list)) or not all(isinstance(value, str) for value in values):
            raise Rejected(f"{name} are {values!r}; give a tuple of strings")
    prons = (check_pron(pron, changes) for pron in item.prons)
    return Entity(
        tidy(printable(item.text, changes), changes),
        check_weight(item.weight),
        aliases=tuple(" ".join(printable(alias, changes).split()) for alias in item.aliases),
        prons=tuple(pron for pron in prons if pron is not None),
        spoken=tuple(" ".join(printable(spoken, changes).split()) for spoken in item.spoken),
        languages=tuple(language.strip() for language in item.languages),
    )


def printable(text: str, changes: List[str], keep: str = "") -> str:
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


def checked(entity: Entity, changes: List[str]) -> Entity:
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


def doubts(entity: Entity) -> Iterator[str]:
    """Warnings for an entity that can be loaded but is likely a mistake."""
    words = entity.normal.count(" ") + 1
    if words > MANY_WORDS:
        yield f"{words} words: it is matched only where all of them occur in a row; is it a sentence?"
    if "=" in entity.text and _FIELD_IN_TEXT(entity.text):
        yield "holds a field without a tab before it: put one there"
