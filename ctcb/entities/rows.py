"""Entities of long lists, without an object for each; and what is asked of all entities of a list at once."""
from __future__ import annotations

from functools import cached_property
from typing import Dict, Iterator, Mapping, Sequence

import numpy as np

from ctcb.entities.entity import Entity
from ctcb.sequences import Lines, Row
from ctcb.text.in_bulk import normalize_all


class EntityRow(Row[Entity]):
    """Entities by their texts; the few that have more than a text are there as they are."""

    def __init__(self, texts: Lines, others: Mapping[int, Entity]) -> None:
        self.texts, self.others = texts, others

    def __len__(self) -> int:
        return len(self.texts)

    def item(self, place: int) -> Entity:
        """The entity at a place."""
        return self.others.get(place) or Entity(self.texts.item(place))

    def __iter__(self) -> Iterator[Entity]:
        return (self.others.get(place) or Entity(text) for place, text in enumerate(self.texts))

    @cached_property
    def normals(self) -> Lines:
        """The texts in normal form."""
        return Lines.of(normalize_all(list(self.texts)))


def texts_of(entities: Sequence[Entity]) -> Sequence[str]:
    """The entities' texts."""
    return entities.texts if isinstance(entities, EntityRow) else [one.text for one in entities]


def normals_of(entities: Sequence[Entity]) -> Sequence[str]:
    """The texts in normal form."""
    return entities.normals if isinstance(entities, EntityRow) else [one.normal for one in entities]


def others_of(entities: Sequence[Entity]) -> Mapping[int, Entity]:
    """The entities that have more than a text, by their places."""
    if isinstance(entities, EntityRow):
        return entities.others
    return {place: one for place, one in enumerate(entities) if not one.has_text_alone}


def weights_of(entities: Sequence[Entity]) -> np.ndarray:
    """The entities' weights: ``[N]`` float64."""
    weights = np.ones(len(entities))
    others: Dict[int, float] = {place: one.weight for place, one in others_of(entities).items()}
    weights[list(others)] = list(others.values())
    return weights
