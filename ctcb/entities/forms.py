"""An entity in a model's writing: the forms that its tokens spell, and those that a transcript prints."""
from __future__ import annotations

from typing import Tuple

from ctcb.entities.entity import Entity
from ctcb.text.writing import Writing


def spoken_forms(entity: Entity, writing: Writing) -> Tuple[str, ...]:
    """The different forms of an entity but for case: of what is spoken, or else of its text; then of its aliases."""
    if entity.has_text_alone:
        return writing.forms(entity.normal if writing.is_plain else entity.text)
    texts = (*(entity.spoken or (entity.text,)), *entity.aliases)
    return tuple(dict.fromkeys(form for text in texts for form in writing.forms(text)))


def printed_forms(entity: Entity, writing: Writing) -> Tuple[str, ...]:
    """How a transcript may print an entity: the text's own form first, then those of what is spoken."""
    firsts = (form for text in entity.surface_forms for form in writing.forms(text)[:1])
    return tuple(dict.fromkeys(map(writing.of_model, firsts)))
