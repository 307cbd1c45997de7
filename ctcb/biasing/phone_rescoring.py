"""The phonetic techniques: rescoring, lookup, and spellings that sound alike."""
from __future__ import annotations

from dataclasses import replace
from typing import Dict, List, Mapping, NamedTuple, Sequence, Tuple

import numpy as np

from ctcb.biasing.prepared_list import Biasing
from ctcb.biasing.technique import Heard, Setting, Technique
from ctcb.entities.pronunciations import pronunciations, words_to_pronounce
from ctcb.phones.graph import PhoneGraph, Ways, align, floored
from ctcb.phones.index import SoundIndex
from ctcb.phones.lookup import LONGEST, find
from ctcb.phones.rescoring import phone_scores
from ctcb.text.g2g import variants
from ctcb.text.lexicon import Lexicon
from ctcb.text.spelling import MOST_VARIED
from ctcb.transcript.transcript import FoundEntity, Reading, put, timed

MOST_SOUNDS = 4  # pronunciations of an entity that are indexed
# Longer lists are not looked up: words that no dictionary has take a quarter of a millisecond each to pronounce,
# and 100,000 entities are to be ready in 5 s.
MOST_LOOKED_UP = 10_000


class SpellingVariants(Technique):
    """Grapheme-to-grapheme variants under the entity's own name: in the context graph, and in what was found."""

    name = "g2g"
    summary = "also takes spellings that sound like the names for these"
    refines = True

    def prepare(self, biasing: Biasing, setting: Setting) -> Biasing:
        """Add each entity's variants to its token sequences, at their costs; lists of more than 2,000 have none."""
        count = setting.phones.g2g
        if not count or len(biasing.entities) > MOST_VARIED:
            return biasing
        lexicon = setting.phonetics.lexicon if setting.phonetics else Lexicon()
        taken = {form for entity in biasing.entities for form in entity.spoken_forms}
        made: List[Dict[str, float]] = []
        for entity in biasing.entities:
            costs: Dict[str, float] = {}
            for form in entity.spoken_forms:
                for variant in variants(form, count, lexicon.knows):
                    if variant.text not in taken:
                        costs[variant.text] = min(variant.cost, costs.get(variant.text, np.inf))
            best = sorted(costs.items(), key=lambda item: (item[1], item[0]))[:count]
            made.append(dict(best))
        spelled = iter(setting.spelling.spell([form for costs in made for form in costs]))
        phrases, costs_of = list(biasing.phrases), [[0.0] * len(ways) for ways in biasing.phrases]
        for place, costs in enumerate(made):
            known = set(phrases[place])
            for cost in costs.values():
                # The best segmentation alone: others of others would crowd the graph.
                more = [ids for ids in next(spelled)[:1] if ids not in known]
                phrases[place] += tuple(more)
                costs_of[place] += [setting.phones.g2g_cost * cost] * len(more)
        return replace(
            biasing, phrases=tuple(phrases), costs=tuple(map(tuple, costs_of)), variants=tuple(map(tuple, made)),
            owners=_owners(made, biasing),
        )

    def refine(self, readings: List[Reading], heard: Heard, biasing: Biasing, setting: Setting) -> List[Reading]:
        """The readings with entities in the place of their variants, where the search took these for words."""
        found: Dict[str, Reading] = {}
        for reading in readings:
            reading = _respelled(reading, biasing)
            found.setdefault(reading.text, reading)
        return list(found.values())


class PhoneticRescoring(Technique):
    """The n-best in the order of how they fit the tokens and the phones that were heard."""

    name = "phones"
    summary = "reorders the n-best by how well its phones fit what was heard"
    needs_phones = refines = reorders = True

    def refine(self, readings: List[Reading], heard: Heard, biasing: Biasing, setting: Setting) -> List[Reading]:
        """The readings in their new order, with the phone scores in theirs; the best one's words timed by its phones."""
        options, phonetics = setting.phones, setting.phonetics
        every = sorted({word.word for reading in readings for word in reading.words})
        said = dict(zip(every, phonetics.words(every, options.pronunciations)))
        units = [units_of(reading, said, biasing, setting) for reading in readings]
        fits = self.fits(readings, units, heard, setting)
        invented = [sum(unit.invented for unit in some) for some in units]
        scored = [
            replace(one, score=one.score + options.weight * float(fit) - options.invented * count)
            for one, fit, count in zip(readings, fits, invented)
        ]
        order = sorted(range(len(scored)), key=lambda place: -scored[place].score)
        best = order[0]
        scored[best] = self.timed(scored[best], units[best], heard, setting)
        return [scored[place] for place in order]

    def fits(self, readings: Sequence[Reading], units: Sequence[Sequence[Unit]], heard: Heard, setting: Setting) -> np.ndarray:
        """How well each reading's units fit the phones, ``[N]`` float32 nats (``phone_scores``)."""
        ways = [[unit.ways for unit in some] for some in units]
        return phone_scores(ways, heard.phones, setting.phonetics, setting.phones)

    def timed(self, reading: Reading, units: Sequence[Unit], heard: Heard, setting: Setting) -> Reading:
        """The reading with its words where the phone head heard them."""
        log_probs = floored(heard.phones, setting.phones.floor)
        score, spans = align(log_probs, PhoneGraph.build([unit.ways for unit in units]))
        if not np.isfinite(score):
            return reading
        for unit, (first, end) in zip(units, spans.tolist()):
            reading = timed(reading, (unit.first, unit.end), first * heard.frame_shift, end * heard.frame_shift)
        return reading


class Lookup(Technique):
    """Listed names in the place of words that sound less like what was heard."""

    name = "lookup"
    summary = "puts a listed name where the phones are its own and not the words'"
    needs_phones = refines = True

    def prepare(self, biasing: Biasing, setting: Setting) -> Biasing:
        """Index how the entities, and their likeliest variants, sound; lists of more than 10,000 are not looked up."""
        if len(biasing.entities) > MOST_LOOKED_UP:
            return biasing
        lexicon = setting.phonetics.lexicon
        others = [biasing.variants_of(place)[: MOST_SOUNDS - 1] for place in range(len(biasing.entities))]
        lexicon.prepare(set().union(*map(words_to_pronounce, biasing.entities, others)))
        sounds = [
            setting.phonetics.spell(pronunciations(one, lexicon, MOST_SOUNDS, variants))
            for one, variants in zip(biasing.entities, others)
        ]
        names = [entity.text for entity in biasing.entities]
        return replace(biasing, sounds=SoundIndex.build(sounds, names, len(setting.phonetics.symbols)))

    def refine(self, readings: List[Reading], heard: Heard, biasing: Biasing, setting: Setting) -> List[Reading]:
        """The best reading with names put in; the others as they are."""
        if biasing.sounds is None:
            return readings
        reading = readings[0]
        words = [word.word for word in reading.words]
        ways = setting.phonetics.words(words, setting.phones.pronunciations)
        taken = {place for found in reading.entities for place in range(*found.words)}
        # From the last one, so that the places of those still to come stay what they are.
        known = list(map(setting.phonetics.knows, words))
        for match in reversed(find(ways, known, taken, heard.phones, biasing.sounds, setting.phonetics, setting.phones)):
            entity, replaced = biasing.entities[match.entity], reading.words[match.first : match.end]
            found = FoundEntity(
                entity.text, match.entity, (match.first, match.end), replaced[0].start, replaced[-1].end, (self.name,),
                match.gain, " ".join(word.word for word in replaced),
            )
            reading = put(reading, found, entity.written_forms[0])
        return [reading, *readings[1:]]


def _owners(made: Sequence[Mapping[str, float]], biasing: Biasing) -> Dict[str, int]:
    """Whose each variant is: of several entities that it is likeliest for, or the first by name, whatever the list's order."""
    best: Dict[str, Tuple[float, str, int]] = {}
    for place, costs in enumerate(made):
        for variant, cost in costs.items():
            this = (cost, biasing.entities[place].text, place)
            best[variant] = min(this, best.get(variant, this))
    return {variant: place for variant, (_, _, place) in best.items()}


def _respelled(reading: Reading, biasing: Biasing) -> Reading:
    """A reading with entities for those variants that are no part of one yet."""
    words = [word.word for word in reading.words]
    taken = {place for found in reading.entities for place in range(*found.words)}
    matches: List[Tuple[int, int, int]] = []
    first = 0
    while first < len(words):
        for end in range(min(len(words), first + LONGEST), first, -1):
            place = biasing.owners.get(" ".join(words[first:end]))
            if place is not None and taken.isdisjoint(range(first, end)):
                matches.append((first, end, place))
                first = end - 1
                break
        first += 1
    # From the last one, so that the places of those still to come stay what they are.
    for first, end, place in reversed(matches):
        entity, replaced = biasing.entities[place], reading.words[first:end]
        found = FoundEntity(
            entity.text, place, (first, end), replaced[0].start, replaced[-1].end, (SpellingVariants.name,), 0.0,
            " ".join(words[first:end]),
        )
        reading = put(reading, found, entity.written_forms[0])
    return reading


class Unit(NamedTuple):
    """Words of a reading that are said as one: a word, or an entity."""

    first: int
    end: int
    ways: Ways
    invented: bool  # neither the lexicon nor the list knows it


def units_of(reading: Reading, said: Mapping[str, Ways], biasing: Biasing, setting: Setting) -> List[Unit]:
    """A reading's words, said as ``said`` has them; its entities with their own pronunciations."""
    entities = {found.words[0]: found for found in reading.entities}
    units: List[Unit] = []
    place = 0
    while place < len(reading.words):
        if place in entities:
            end = entities[place].words[1]
            entity = biasing.entities[entities[place].place]
            ways = setting.phonetics.spell(pronunciations(entity, setting.phonetics.lexicon, setting.phones.pronunciations))
            invented = False
        else:
            word = reading.words[place].word
            end, ways, invented = place + 1, said[word], not setting.phonetics.knows(word)
        units.append(Unit(place, end, ways, invented))
        place = end
    return units
