"""The list of names toward which a recogniser leans: one entity a line, optional fields after tabs."""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Dict, Iterator, List, Tuple

from ctcb.errors import InputError
from ctcb.io import PathOrStr, read_lines

FIELDS = ("weight", "alias", "pron", "spoken")


@dataclass(frozen=True)
class Entity:
    """One entry of a list."""

    text: str  # as it should be printed
    weight: float = 1.0  # multiplies every boost
    aliases: Tuple[str, ...] = ()  # other spellings that sound right
    prons: Tuple[str, ...] = ()  # pronunciations, phones one space apart
    spoken: Tuple[str, ...] = ()  # what is said where the text cannot be read aloud


@dataclass(frozen=True)
class EntityList:
    """The entities of one file, in its order."""

    entities: Tuple[Entity, ...]

    def __iter__(self) -> Iterator[Entity]:
        return iter(self.entities)

    def __len__(self) -> int:
        return len(self.entities)

    @classmethod
    def read(cls, path: PathOrStr) -> EntityList:
        """Read a list: one entity a line, then tab-separated ``name=value`` fields in any order.

        Blank lines and lines that start with ``# `` are passed over.

        Raises
        ------
        InputError : an unreadable file, an entity without text, a field that is unknown, empty or
            wrong, or no entity at all.
        """
        entities: List[Entity] = []
        for number, line in read_lines(path):
            if not line.strip() or line.startswith("# ") or line.strip() == "#":
                continue
            text, *fields = line.split("\t")
            if not text.strip():
                raise InputError(
                    "fields without an entity before them", file=path, line=number, mend="begin the line with the entity"
                )
            entities.append(_entity(" ".join(text.split()), fields, path, number))
        if not entities:
            raise InputError("holds no entity", file=path, mend="write one entity a line")
        return cls(tuple(entities))


def _entity(text: str, fields: List[str], path: PathOrStr, number: int) -> Entity:
    values: Dict[str, List[str]] = {name: [] for name in FIELDS}
    for field in fields:
        if not field.strip():  # a tab at the end of the line
            continue
        name, equals, value = field.partition("=")
        name, value = name.strip(), " ".join(value.split())
        if not equals or name not in values:
            raise InputError(
                f"{field.strip()!r} is no field", file=path, line=number,
                mend=f"fields are {', '.join(f'{known}=...' for known in FIELDS)}, each after a tab",
            )
        if not value:
            raise InputError(f"{name}= is empty", file=path, line=number, mend="give it a value or take it out")
        values[name].append(value)
    if len(values["weight"]) > 1:
        raise InputError("weight= stands there more than once", file=path, line=number, mend="keep one of them")
    return Entity(
        text,
        weight=_weight(values["weight"][0], path, number) if values["weight"] else 1.0,
        aliases=tuple(values["alias"]),
        prons=tuple(values["pron"]),
        spoken=tuple(values["spoken"]),
    )


def _weight(value: str, path: PathOrStr, number: int) -> float:
    try:
        weight = float(value)
    except ValueError:
        weight = math.nan
    if not 0.0 < weight < math.inf:
        raise InputError(
            f"weight={value} is no positive number", file=path, line=number, mend="write for example weight=2.0"
        )
    return weight
