"""One entry of a biasing list: its printed form, its spoken forms and its weight."""
from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Sequence, Tuple

from ctcb.text.normalize import normalize


@dataclass(frozen=True)
class Entity:
    """One entry of a biasing list."""

    text: str  # as it should be printed
    weight: float = 1.0  # multiplies every boost; below 0: nats that each occurrence loses (pushed away, not found)
    aliases: Tuple[str, ...] = ()  # other spellings with the right sound
    prons: Tuple[str, ...] = ()  # pronunciations, phones of the CMU dictionary or of the IPA, one space apart
    spoken: Tuple[str, ...] = ()  # the words that are spoken, where the text cannot be read aloud
    languages: Tuple[str, ...] = ()  # codes of espeak-ng's languages in which it is pronounced too

    @cached_property
    def normal(self) -> str:
        """The text in normal form; ``""`` where it holds no word (then ``spoken`` gives the words)."""
        return normalize(self.text)

    @cached_property
    def spoken_forms(self) -> Tuple[str, ...]:
        """The different normal texts that a decoder matches: ``spoken``, or else the text itself; then
        the aliases."""
        readings = map(normalize, self.spoken) if self.spoken else (self.normal,)
        return tuple(dict.fromkeys(form for form in (*readings, *map(normalize, self.aliases)) if form))

    @property
    def has_text_alone(self) -> bool:
        """Whether all but the text is as it is by default, as for most entities: what it does not have needs no look."""
        return type(self.weight) is float and self.weight == 1.0 and self.aliases == self.prons == self.spoken == self.languages == ()

    @property
    def surface_forms(self) -> Tuple[str, ...]:
        """The texts that a reference may hold for this entity: the text and ``spoken``, not normalised.
        Aliases are not among them: they have the right sound, but not the right spelling."""
        return (self.text, *self.spoken)


@dataclass(frozen=True)
class Texts:
    """The texts of entities, looked up as they are needed: of long lists a few."""

    entities: Sequence[Entity]

    def __len__(self) -> int:
        return len(self.entities)

    def __getitem__(self, place: int) -> str:
        return self.entities[place].text
