"""An entity in a model's writing: the forms that its tokens spell, and those that a transcript prints."""
from __future__ import annotations

from typing import Iterator, List, Sequence, Tuple

import numpy as np

from ctcb.entities.entity import Entity
from ctcb.entities.rows import normals_of, others_of
from ctcb.sequences import Lines, Row, line_ends
from ctcb.text.in_bulk import line_sums
from ctcb.text.writing import Writing


def spoken_forms(entity: Entity, writing: Writing) -> Tuple[str, ...]:
    """The different forms of an entity but for case: of what is spoken, or else of its text; then of its aliases."""
    if entity.has_text_alone:
        return writing.forms(entity.normal if writing.is_plain else entity.text)
    texts = (*(entity.spoken or (entity.text,)), *entity.aliases)
    return tuple(dict.fromkeys(form for text in texts for form in writing.forms(text)))


class Forms(Row[Tuple[str, ...]]):
    """The forms of each entity of a list, which hold no tabs: one a line with tabs between them."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines

    def __len__(self) -> int:
        return len(self.lines)

    def item(self, place: int) -> Tuple[str, ...]:
        """Those of an entity."""
        return _split(self.lines.item(place))

    def __iter__(self) -> Iterator[Tuple[str, ...]]:
        return map(_split, self.lines)

    def joined(self) -> Tuple[List[str], np.ndarray]:
        """The forms of all entities behind one another, and how many each has: ``[N]`` int64."""
        content = self.lines.content
        ends = line_ends(content)
        counts = 1 + line_sums(content == ord("\t"), ends)
        counts[np.diff(ends, prepend=-1) == 1] = 0
        every = list(self.lines) if counts.max(initial=0) <= 1 else [form for line in self.lines for form in line.split("\t")]
        return (every if counts.all() else list(filter(None, every))), counts

    @classmethod
    def of(cls, entities: Sequence[Entity], writing: Writing) -> Forms:
        """:func:`spoken_forms` of each entity; of one at least."""
        if writing.is_plain:
            written: List[str] = list(normals_of(entities))
            for place, entity in others_of(entities).items():
                written[place] = "\t".join(spoken_forms(entity, writing))
        else:
            written = ["\t".join(spoken_forms(entity, writing)) for entity in entities]
        return cls(Lines.of(written))


def _split(line: str) -> Tuple[str, ...]:
    return tuple(line.split("\t")) if line else ()


def printed_forms(entity: Entity, writing: Writing) -> Tuple[str, ...]:
    """How a transcript may print an entity: the text's own form first, then those of what is spoken."""
    firsts = (form for text in entity.surface_forms for form in writing.forms(text)[:1])
    return tuple(dict.fromkeys(map(writing.of_model, firsts)))
