"""A list's pronunciations, indexed once for the techniques that look for them."""
from __future__ import annotations

from dataclasses import replace

from ctcb.biasing.prepared_list import Context
from ctcb.entities.pronunciations import pronunciations, words_to_pronounce
from ctcb.phones.index import SoundIndex

MOST_SOUNDS = 4  # pronunciations of an entity that are indexed
# Longer lists are not indexed: words that no dictionary has take a quarter of a millisecond each to pronounce,
# and 100,000 entities are to be ready in 5 s.
MOST_INDEXED = 10_000


def with_sounds(context: Context) -> Context:
    """Index the pronunciations of the entities, unless that was done; not those of lists of more than 10,000.

    Those of spelling variants are not indexed: most are no pronunciation of the name (measured in results/notes/boosting.md).
    """
    if context.sounds is not None or len(context.entities) > MOST_INDEXED:
        return context
    phonetics = context.setting.phonetics
    phonetics.lexicon.prepare(set().union(*(words_to_pronounce(one, phonetics.lexicon) for one in context.entities)))
    sounds = [phonetics.spell(pronunciations(one, phonetics.lexicon, MOST_SOUNDS)) for one in context.entities]
    names = [entity.text for entity in context.entities]
    return replace(context, sounds=SoundIndex.build(sounds, names, len(phonetics.symbols)))
