"""Pronunciation lookup: listed names in the place of words that fit the phone head less well."""
from __future__ import annotations

from dataclasses import replace
from typing import List

from ctcb.biasing.prepared_list import Context
from ctcb.biasing.technique import Rescorer, SearchedEmissions
from ctcb.entities.pronunciations import pronunciations, words_to_pronounce
from ctcb.phones.index import SoundIndex
from ctcb.phones.lookup import find
from ctcb.transcript.hypothesis import FoundEntity, Reading, put

MOST_SOUNDS = 4  # pronunciations of an entity that are indexed
# Longer lists are not looked up: words that no dictionary has take a quarter of a millisecond each to pronounce,
# and 100,000 entities are to be ready in 5 s.
MOST_LOOKED_UP = 10_000


class Lookup(Rescorer):
    """Listed names in the place of words that fit the phone head less well."""

    name = "lookup"
    summary = "puts a listed name where the phones are its own and not the words'"
    needs_phones = True

    def prepare(self, context: Context) -> Context:
        """Index the pronunciations of the entities and their likeliest variants; lists of more than 10,000 are not looked up."""
        setting = context.setting
        if len(context.entities) > MOST_LOOKED_UP:
            return context
        lexicon = setting.phonetics.lexicon
        others = [context.variants_of(place)[: MOST_SOUNDS - 1] for place in range(len(context.entities))]
        lexicon.prepare(set().union(*(words_to_pronounce(one, lexicon, variants) for one, variants in zip(context.entities, others))))
        sounds = [
            setting.phonetics.spell(pronunciations(one, lexicon, MOST_SOUNDS, variants))
            for one, variants in zip(context.entities, others)
        ]
        names = [entity.text for entity in context.entities]
        return replace(context, sounds=SoundIndex.build(sounds, names, len(setting.phonetics.symbols)))

    def rescore(self, nbest: List[Reading], emissions: SearchedEmissions, context: Context) -> List[Reading]:
        """The best reading with names put in; the others as they are."""
        if context.sounds is None:
            return nbest
        reading, setting = nbest[0], context.setting
        words = [word.word for word in reading.words]
        ways = setting.phonetics.words(words, setting.options.phonetic.pronunciations)
        taken = {place for found in reading.entities for place in range(*found.words)}
        # From the last one, so that the places of those still to come stay what they are.
        known = list(map(setting.phonetics.knows, words))
        matches = find(
            ways, known, taken, emissions.phones, context.sounds, setting.phonetics, setting.options.lookup, setting.options.phonetic
        )
        for match in reversed(matches):
            entity, replaced = context.entities[match.entity], reading.words[match.first : match.end]
            found = FoundEntity(
                entity.text, match.entity, (match.first, match.end), replaced[0].start, replaced[-1].end, (self.name,),
                match.gain, " ".join(word.word for word in replaced),
            )
            reading = put(reading, found, context.printed(match.entity))
        return [reading, *nbest[1:]]
