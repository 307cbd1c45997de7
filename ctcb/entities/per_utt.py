"""A list for each utterance: lines ``utt_id TAB entity|entity|...``, or a biasing list of is21_deep_bias.

The tables of is21_deep_bias (https://github.com/facebookresearch/fbai-speech) have the fields id,
reference, JSON list of the reference's rare words, JSON list of all words to bias toward. The first line
that is not blank decides the format: only the second one has more than two fields.
"""
from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Tuple, Union

from ctcb.entities.entity import Entity
from ctcb.entities.lists import EntityList, entries_of
from ctcb.errors import InputError
from ctcb.io import PathOrStr, read_lines

Names = Tuple[str, ...]


class Is21Row(NamedTuple):
    """One utterance of an is21 biasing list."""

    reference: str
    rare: Names  # rare words in the reference
    biasing: Optional[Names]  # rare words and distractors; None where the table lacks the field


def read_entities_per_utt(path: PathOrStr) -> Dict[str, Names]:
    """Utterance id -> its entities as text, from either format; a list may be empty.

    Raises
    ------
    InputError : an unreadable or empty file, a malformed line, a repeated id, an is21 table without the
        biasing lists.
    """
    return {utterance: names for utterance, (_, names) in _read(path).items()}


@dataclass(frozen=True)
class EntitiesPerUtt:
    """One list of all utterances' entities, each checked once, and the indices of each utterance's own.

    A decoder tokenises the whole list once and selects each utterance's entities from it.
    """

    entities: EntityList  # its report has the table's line numbers
    places: Mapping[str, Tuple[int, ...]]  # utterance id -> different indices into `entities`

    @classmethod
    def read(cls, path: PathOrStr) -> EntitiesPerUtt:
        """Read either format. Raises InputError as :func:`read_entities_per_utt` does."""
        table = _read(path)
        first: Dict[str, int] = {}  # name -> line of its first occurrence
        for line, names in table.values():
            for name in names:
                first.setdefault(name, line)
        entities = EntityList.numbered(((line, name) for name, line in first.items()), str(path))
        indices = ((name, entities.find(name)) for name in first)
        place = {name: index for name, index in indices if index is not None}
        lists = {
            utterance: tuple(dict.fromkeys(place[name] for name in names if name in place))
            for utterance, (_, names) in table.items()
        }
        return cls(entities, lists)

    @classmethod
    def of_lists(cls, lists: Mapping[str, Iterable[Union[str, Entity]]]) -> EntitiesPerUtt:
        """Lists from Python: utterance id -> its names, as :meth:`EntityList.of` takes them; a list may be empty.

        A name of several lists is one entity; if it comes with several weights, with the largest. Raises InputError as
        :meth:`EntityList.of` does.
        """
        given = {utterance: entries_of(own) for utterance, own in lists.items()}
        every = {repr(item): item for own in given.values() for item in own}
        entities = EntityList.of(every.values())
        text = {key: item if isinstance(item, str) else item.text for key, item in every.items()}
        place = {key: entities.find(text[key]) for key in every}
        places = {utterance: dict.fromkeys(place[repr(item)] for item in own) for utterance, own in given.items()}
        return cls(entities, {utterance: tuple(one for one in own if one is not None) for utterance, own in places.items()})

    def of(self, utterance: str) -> Tuple[Entity, ...]:
        """The entities of one utterance. Raises KeyError where the table lacks it."""
        return tuple(self.entities.entities[place] for place in self.places[utterance])


def read_is21(path: PathOrStr) -> Dict[str, Is21Row]:
    """Read an is21 biasing list: utterance id -> its row. Raises InputError as :func:`read_entities_per_utt` does."""
    return {utterance: row for utterance, (_, row) in _collect(_rows(path), _is21, path).items()}


def is_is21_line(line: str) -> bool:
    """Whether a line has the form of is21_deep_bias: id, text, JSON list(s)."""
    fields = line.split("\t")
    return len(fields) in (3, 4) and all(field.lstrip().startswith("[") for field in fields[2:])


def _read(path: PathOrStr) -> Dict[str, Tuple[int, Names]]:
    rows = _rows(path)
    return _collect(rows, _is21_names if is_is21_line(rows[0][1]) else _joined, path)


def _rows(path: PathOrStr) -> List[Tuple[int, str]]:
    rows = [(number, line) for number, line in read_lines(path) if line.strip()]
    if not rows:
        raise InputError("the file is empty", file=path, hint="it needs one utterance a line")
    return rows


def _collect(
    rows: Iterable[Tuple[int, str]], parse: Callable[[str, PathOrStr, int], Any], path: PathOrStr
) -> Dict[str, Tuple[int, Any]]:
    """Utterance id -> (line number, the line parsed by ``parse``)."""
    table: Dict[str, Tuple[int, Any]] = {}
    for number, line in rows:
        value = parse(line, path, number)
        utterance = line.partition("\t")[0].strip()
        if not utterance:
            raise InputError("no utterance id before the tab", file=path, line=number, hint="begin the line with the id")
        if utterance in table:
            raise InputError(
                f"utterance {utterance!r} is already in line {table[utterance][0]}", file=path, line=number,
                hint="keep one line of it",
            )
        table[utterance] = number, value
    return table


def _joined(line: str, path: PathOrStr, number: int) -> Names:
    _, tab, names = line.partition("\t")
    if "\t" in names:
        raise InputError(
            "more than two tab-separated fields", file=path, line=number, hint="join the entities of an utterance by |"
        )
    if not tab and len(line.split()) > 1:
        raise InputError(
            "no tab between the utterance and its entities", file=path, line=number, hint="write utt_id TAB entity|entity"
        )
    return tuple(" ".join(name.split()) for name in names.split("|") if name.strip())


def _is21(line: str, path: PathOrStr, number: int) -> Is21Row:
    hint = 'write utt_id TAB reference TAB ["rare", "words"] (TAB ["the", "whole", "list"])'
    if not is_is21_line(line):
        raise InputError("not a line of an is21 biasing list", file=path, line=number, hint=hint)
    _, reference, *fields = line.split("\t")
    lists = []
    for name, field in zip(("third", "fourth"), fields):
        try:
            words = json.loads(field)
        except json.JSONDecodeError as error:
            raise InputError(
                f"the {name} field is not JSON ({error.msg}, column {error.colno})", file=path, line=number, hint=hint
            ) from None
        if not all(isinstance(word, str) for word in words):
            raise InputError(f"the {name} field is not a list of strings", file=path, line=number, hint=hint)
        lists.append(tuple(words))
    return Is21Row(reference, lists[0], lists[1] if len(lists) > 1 else None)


def _is21_names(line: str, path: PathOrStr, number: int) -> Names:
    names = _is21(line, path, number).biasing
    if names is None:
        raise InputError(
            "has no biasing list in a fourth field", file=path, line=number, hint="add it, or write utt_id TAB entity|entity"
        )
    return tuple(" ".join(name.split()) for name in names if name.strip())
