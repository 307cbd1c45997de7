"""Lists in JSON: an array, an object, or an object a line, as many tools' vocabularies are."""
from __future__ import annotations

import json
import re
from bisect import bisect_left
from typing import Any, Iterator, Tuple

from ctcb.entities.entity import Entity
from ctcb.entities.fields import Record
from ctcb.entities.named_fields import field_name, plain_title, record
from ctcb.errors import InputError
from ctcb.io import PathOrStr, read_text

# The keys under which other tools keep their list.
LIST_KEYS = frozenset(
    "entities entries names words wordboost phrases keyphrases keywords keyterms hotwords terms items vocabulary additionalvocab customvocabulary".split()
)


def read_json(path: PathOrStr) -> Iterator[Tuple[int, Record]]:
    """The entries of a JSON file with their line numbers. Raises InputError for what is not JSON, or holds no list.

    An entry is a string, or an object with a text (``{"text": "Brixby", "weight": 2, "alias": ["bricks bee"]}``). A list is an
    array of entries, an object with the list under a usual key (``{"phrases": [...]}``), an object of names (``{"Brixby": 2}``;
    the value is a weight, an alias, a list of aliases, an object of fields, or null), or one entry a line.
    """
    text = read_text(path)
    try:
        yield from _entries(path, text)
    except json.JSONDecodeError as error:
        raise InputError(f"is not JSON ({error.msg}, column {error.colno})", file=path, line=error.lineno, hint="correct it there") from None
    except RecursionError:
        raise InputError("its values are nested too deeply", file=path, hint="give an array of names") from None


def _entries(path: PathOrStr, text: str) -> Iterator[Tuple[int, Record]]:
    values = list(_values(text))
    line_ends = [match.start() for match in re.finditer("\n", text)]

    def line_of(place: int) -> int:
        return bisect_left(line_ends, place) + 1

    if len(values) > 1:  # one a line
        yield from ((line_of(at), _entry(value)) for at, value in values)
        return
    for at, value in values:
        if isinstance(value, dict) and not _has_text(value):
            places = dict(_members(text, at))
            inner = [key for key in value if plain_title(key) in LIST_KEYS and isinstance(value[key], (list, dict))]
            if inner:
                at, value = places[inner[0]], value[inner[0]]
        if isinstance(value, list):
            yield from ((line_of(place), _entry(item)) for (_, place), item in zip(_members(text, at), value))
        elif isinstance(value, dict) and not _has_text(value):
            places = dict(_members(text, at))  # as in json, the last of equal keys counts
            yield from ((line_of(places[name]), _named(name, fields)) for name, fields in value.items())
        elif isinstance(value, dict):
            yield line_of(at), _entry(value)
        else:
            hint = 'write ["Brixby", {"text": "Zelenskyy", "weight": 2}]'
            raise InputError("holds no list of names", file=path, line=line_of(at), hint=hint)


def _values(text: str) -> Iterator[Tuple[int, Any]]:
    """The values of a text, which follow each other, and their places. Raises JSONDecodeError."""
    decoder, at = json.JSONDecoder(), _after_space(text, 0)
    while at < len(text):
        value, end = decoder.raw_decode(text, at)
        yield at, value
        at = _after_space(text, end)


def _members(text: str, at: int) -> Iterator[Tuple[str, int]]:
    """The members of the array or object at ``at``: keys ("" in an array), and where their values begin. It is valid JSON."""
    decoder, named = json.JSONDecoder(), text[at] == "{"
    at = _after_space(text, at + 1)
    while text[at] not in "]}":
        key = ""
        if named:
            key, at = decoder.raw_decode(text, at)
            at = _after_space(text, _after_space(text, at) + 1)  # the colon
        yield key, at
        _, at = decoder.raw_decode(text, at)
        at = _after_space(text, at)
        if text[at] == ",":
            at = _after_space(text, at + 1)


def _after_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _has_text(value: Any) -> bool:
    return any(field_name(key) == "text" and isinstance(inner, str) for key, inner in value.items())


def _entry(value: Any) -> Record:
    if isinstance(value, str):
        return Record(Entity(value))
    if isinstance(value, dict):
        return record(value)
    return Record(Entity(json.dumps(value, ensure_ascii=False)), problem="is neither a string nor an object with a text")


def _named(name: str, value: Any) -> Record:
    """The entry of one member of an object of names."""
    if isinstance(value, dict):
        return record(value, name)
    return record({"alias" if isinstance(value, (str, list)) else "weight": value}, name)
