"""Phonetic rescoring: the n-best in the order of how they fit the tokens and the phones."""
from __future__ import annotations

from dataclasses import replace
from typing import List, Mapping, NamedTuple, Sequence

import numpy as np

from ctcb.biasing.prepared_list import Context, Setting
from ctcb.biasing.technique import Rescorer, SearchedEmissions
from ctcb.entities.changes import ListChange
from ctcb.entities.pronunciations import pronunciations
from ctcb.phones.graph import PhoneGraph, Pronunciations, align, floored
from ctcb.phones.rescoring import phone_scores
from ctcb.text.lexicon import Pronunciation, with_s
from ctcb.text.possessives import possessive_of
from ctcb.transcript.hypothesis import FoundEntity, Reading, timed


class PhoneticRescoring(Rescorer):
    """The n-best in the order of how they fit the emissions of tokens and phones."""

    name = "phones"
    summary = "reorders the n-best by how well its phones fit the phone head"
    needs_phones = needs_nbest = True
    needs_list = False

    def update(self, context: Context, before: Context, change: ListChange) -> Context:
        """The list as it is: nothing is prepared."""
        return context

    def rescore(self, nbest: List[Reading], emissions: SearchedEmissions, context: Context) -> List[Reading]:
        """The readings in their new order, with the phone scores in theirs; the best one's words timed by its phones."""
        setting = context.setting
        options, phonetics = setting.options, setting.phonetics
        every = sorted({word.word for reading in nbest for word in reading.words})
        spoken = dict(zip(every, phonetics.words(every, options.phonetic.pronunciations)))
        units = [units_of(reading, spoken, context) for reading in nbest]
        fits = self.fits(nbest, units, emissions.phones, setting)
        invented = [sum(unit.invented for unit in some) for some in units]
        scored = [
            replace(one, score=one.score + options.phones.weight * float(fit) - options.phonetic.oov_penalty * count)
            for one, fit, count in zip(nbest, fits, invented)
        ]
        order = sorted(range(len(scored)), key=lambda place: -scored[place].score)
        best = order[0]
        scored[best] = self.timed(scored[best], units[best], emissions.phones, setting)
        return [scored[place] for place in order]

    def fits(self, readings: Sequence[Reading], units: Sequence[Sequence[Unit]], phones: np.ndarray, setting: Setting) -> np.ndarray:
        """How well each reading's units fit the phone head's ``[T, P]``: ``[N]`` float32 nats (``phone_scores``)."""
        ways = [[unit.ways for unit in some] for some in units]
        return phone_scores(ways, phones, setting.phonetics, setting.options.phones, setting.options.phonetic.floor)

    def timed(self, reading: Reading, units: Sequence[Unit], phones: np.ndarray, setting: Setting) -> Reading:
        """The reading with its words where the phone head's ``[T, P]`` has them."""
        log_probs = floored(phones, setting.options.phonetic.floor)
        score, spans = align(log_probs, PhoneGraph.build([unit.ways for unit in units]))
        if not np.isfinite(score):
            return reading
        for unit, (first, end) in zip(units, spans.tolist()):
            reading = timed(reading, (unit.first, unit.end), first * setting.frame_shift, end * setting.frame_shift)
        return reading


class Unit(NamedTuple):
    """Words of a reading that are spoken as one: a word, or an entity."""

    first: int
    end: int
    ways: Pronunciations
    invented: bool  # neither the lexicon nor the list knows it


def _as_spoken(prons: Sequence[Pronunciation], found: FoundEntity, setting: Setting) -> Sequence[Pronunciation]:
    """The pronunciations of an entity, with the ``s`` of an English possessive behind it."""
    if not (setting.spelling.writing.is_english and possessive_of(found.entity[-3:] + found.suffix[:2]).lower().endswith("s")):
        return prons
    longer = [pron for pron in map(with_s, prons) if setting.phonetics.ids.keys() >= set(pron)]
    return longer or prons


def pronounced_units(reading: Reading, context: Context) -> List[Unit]:
    """:func:`units_of` a reading whose words nothing has pronounced yet."""
    words, setting = [word.word for word in reading.words], context.setting
    return units_of(reading, dict(zip(words, setting.phonetics.words(words, setting.options.phonetic.pronunciations))), context)


def units_of(reading: Reading, spoken: Mapping[str, Pronunciations], context: Context) -> List[Unit]:
    """A reading's words, spoken as ``spoken`` has them; its entities with their own pronunciations."""
    setting = context.setting
    entities = {found.words[0]: found for found in reading.entities}
    units: List[Unit] = []
    place = 0
    while place < len(reading.words):
        if place in entities:
            end = entities[place].words[1]
            entity = context.entities[entities[place].place]
            own = pronunciations(entity, setting.phonetics.lexicon, setting.options.phonetic.pronunciations)
            ways = setting.phonetics.spell(_as_spoken(own, entities[place], setting))
            invented = False
        else:
            word = reading.words[place].word
            end, ways, invented = place + 1, spoken[word], not setting.phonetics.knows(word)
        units.append(Unit(place, end, ways, invented))
        place = end
    return units
