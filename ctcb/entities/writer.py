"""Writing lists in the plain format."""
from __future__ import annotations

from typing import Iterable

from ctcb.entities.entity import Entity
from ctcb.io import PathOrStr, atomic_write


def write_list(path: PathOrStr, entities: Iterable[Entity]) -> None:
    """Write entities as a list in the plain format, which :meth:`EntityList.read` reads as the same entities."""
    with atomic_write(path) as file:
        file.writelines(f"{line_of(entity)}\n" for entity in entities)


def line_of(entity: Entity) -> str:
    """An entity's line in the plain format."""
    fields = [] if entity.weight == 1.0 else [f"weight={entity.weight!r}"]
    for name, values in (("alias", entity.aliases), ("pron", entity.prons), ("spoken", entity.spoken), ("lang", entity.languages)):
        fields += [f"{name}={value}" for value in values]
    # A space in front keeps a text that begins with "# " from being a comment.
    text = f" {entity.text}" if entity.text.startswith("# ") else entity.text
    return "\t".join([text, *fields])
