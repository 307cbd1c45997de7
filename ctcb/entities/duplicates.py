"""When two entities of a list are the same one, and what is made of both."""
from __future__ import annotations

import unicodedata
from typing import List, Sequence, Tuple

import regex

from ctcb.entities.entity import Entity
from ctcb.entities.rows import normals_of, texts_of

_WORDS = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}]+)*")


def key_of(entity: Entity) -> str:
    """The key by which duplicates are recognised: of English letters the normal form; else the words in lower case, with
    their accents, which may tell names apart; the text itself where there is none."""
    if entity.text.isascii():
        return entity.normal or entity.text
    words = _WORDS.findall(unicodedata.normalize("NFKC", entity.text).lower())
    return " ".join(words) or entity.text


def keys_of(entities: Sequence[Entity]) -> List[str]:
    """:func:`key_of` each entity."""
    texts, keys = texts_of(entities), list(normals_of(entities))
    for place, text in enumerate(texts):
        if not keys[place] or not text.isascii():
            keys[place] = key_of(Entity(text))
    return keys


def merged(first: Entity, second: Entity) -> Tuple[Entity, str]:
    """Two entities of the same normal form as one, and the rest of a note on it. Swapping them changes only
    the order of the fields."""
    text = min(first.text, second.text, key=plainness)
    weight = max(first.weight, second.weight)
    note = "" if text == first.text else f"; printed {text!r}"
    note += "" if first.weight == second.weight else f"; the larger weight, {weight:g}, is used"
    aliases, prons, spoken, languages = (
        tuple(dict.fromkeys(getattr(first, name) + getattr(second, name))) for name in ("aliases", "prons", "spoken", "languages")
    )
    if bool(first.spoken) != bool(second.spoken) and first.normal:
        spoken = tuple(dict.fromkeys((*spoken, first.normal)))  # the line without spoken= is read as written
    return Entity(text, weight, aliases, prons, spoken, languages), note


def plainness(text: str) -> Tuple[int, str]:
    """The sort key of printed forms: those with most capitals, accents, digits and signs first, then by code point."""
    return sum(char == " " or "a" <= char <= "z" for char in text) - len(text), text
