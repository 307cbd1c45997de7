"""One entry of a list: how it is printed, how it may be said, and how much it counts."""
from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Tuple

from ctcb.text.normalize import normalize


@dataclass(frozen=True)
class Entity:
    """One entry of a list."""

    text: str  # as it should be printed
    weight: float = 1.0  # multiplies every boost
    aliases: Tuple[str, ...] = ()  # other spellings that sound right
    prons: Tuple[str, ...] = ()  # pronunciations, CMU phones one space apart
    spoken: Tuple[str, ...] = ()  # what is said where the text cannot be read aloud

    @cached_property
    def normal(self) -> str:
        """The text's normal words; ``""`` where it holds none (then ``spoken`` says how it is read)."""
        return normalize(self.text)

    @cached_property
    def spoken_forms(self) -> Tuple[str, ...]:
        """The normal texts that a decoder matches, each once: ``spoken``, or else the text's own
        reading; then the aliases."""
        readings = map(normalize, self.spoken) if self.spoken else (self.normal,)
        return tuple(dict.fromkeys(form for form in (*readings, *map(normalize, self.aliases)) if form))

    @property
    def surface_forms(self) -> Tuple[str, ...]:
        """What a reference may hold where this entity was said: the text and what ``spoken`` gives,
        not normalised. Not the aliases: they sound right, but are not how it is written."""
        return (self.text, *self.spoken)

    @cached_property
    def written_forms(self) -> Tuple[str, ...]:
        """The surface forms as normal texts, each once: what a transcript may hold. At least one."""
        return tuple(dict.fromkeys(form for form in map(normalize, self.surface_forms) if form))
