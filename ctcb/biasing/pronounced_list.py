"""A list's pronunciations, indexed once for the techniques that look for them."""
from __future__ import annotations

from dataclasses import replace
from typing import Sequence

from ctcb.biasing.prepared_list import Context
from ctcb.entities import Entity
from ctcb.entities.changes import ListChange
from ctcb.entities.entity import Texts
from ctcb.entities.pronunciations import pronounce_all
from ctcb.phones.index import SoundIndex, Sounds
from ctcb.phones.phonetics import Phonetics

MOST_SOUNDS = 4  # pronunciations of an entity that are indexed


def with_sounds(context: Context) -> Context:
    """Index the pronunciations of the entities, unless that was done.

    Those of spelling variants are not indexed: most are no pronunciation of the name (measured in results/notes/boosting.md).
    """
    if context.sounds is not None:
        return context
    phonetics = context.setting.phonetics
    index = SoundIndex.build(Texts(context.entities), _sounds(context.entities, phonetics), len(phonetics.symbols))
    return replace(context, sounds=index)


def with_changed_sounds(context: Context, before: Context, change: ListChange) -> Context:
    """:func:`with_sounds` of a list that came out of another one: the index without the entities that are gone, and with those that came."""
    if context.sounds is not None:
        return context
    first = len(context.entities) - change.added
    phones, begins, owners = _sounds(context.entities[first:], context.setting.phonetics)
    return replace(context, sounds=before.sounds.changed(Texts(context.entities), change.removed, (phones, begins, owners + first)))


def _sounds(entities: Sequence[Entity], phonetics: Phonetics) -> Sounds:
    return pronounce_all(entities, phonetics.lexicon, phonetics.ids, MOST_SOUNDS)
