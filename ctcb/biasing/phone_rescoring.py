"""Phonetic rescoring: the n-best in the order of how they fit the tokens and the phones."""
from __future__ import annotations

from dataclasses import replace
from typing import List, Mapping, NamedTuple, Sequence

import numpy as np

from ctcb.biasing.prepared_list import Biasing
from ctcb.biasing.technique import Heard, Setting, Technique
from ctcb.entities.pronunciations import pronunciations
from ctcb.phones.graph import PhoneGraph, Pronunciations, align, floored
from ctcb.phones.rescoring import phone_scores
from ctcb.transcript.hypothesis import Reading, timed


class PhoneticRescoring(Technique):
    """The n-best in the order of how they fit the tokens and the phones that were heard."""

    name = "phones"
    summary = "reorders the n-best by how well its phones fit what was heard"
    needs_phones = refines = reorders = True

    def refine(self, readings: List[Reading], heard: Heard, biasing: Biasing, setting: Setting) -> List[Reading]:
        """The readings in their new order, with the phone scores in theirs; the best one's words timed by its phones."""
        options, phonetics = setting.options, setting.phonetics
        every = sorted({word.word for reading in readings for word in reading.words})
        said = dict(zip(every, phonetics.words(every, options.phonetic.pronunciations)))
        units = [units_of(reading, said, biasing, setting) for reading in readings]
        fits = self.fits(readings, units, heard, setting)
        invented = [sum(unit.invented for unit in some) for some in units]
        scored = [
            replace(one, score=one.score + options.phones.weight * float(fit) - options.phonetic.oov_penalty * count)
            for one, fit, count in zip(readings, fits, invented)
        ]
        order = sorted(range(len(scored)), key=lambda place: -scored[place].score)
        best = order[0]
        scored[best] = self.timed(scored[best], units[best], heard, setting)
        return [scored[place] for place in order]

    def fits(self, readings: Sequence[Reading], units: Sequence[Sequence[Unit]], heard: Heard, setting: Setting) -> np.ndarray:
        """How well each reading's units fit the phones, ``[N]`` float32 nats (``phone_scores``)."""
        ways = [[unit.ways for unit in some] for some in units]
        return phone_scores(ways, heard.phones, setting.phonetics, setting.options.phones, setting.options.phonetic.floor)

    def timed(self, reading: Reading, units: Sequence[Unit], heard: Heard, setting: Setting) -> Reading:
        """The reading with its words where the phone head heard them."""
        log_probs = floored(heard.phones, setting.options.phonetic.floor)
        score, spans = align(log_probs, PhoneGraph.build([unit.ways for unit in units]))
        if not np.isfinite(score):
            return reading
        for unit, (first, end) in zip(units, spans.tolist()):
            reading = timed(reading, (unit.first, unit.end), first * heard.frame_shift, end * heard.frame_shift)
        return reading


class Unit(NamedTuple):
    """Words of a reading that are said as one: a word, or an entity."""

    first: int
    end: int
    ways: Pronunciations
    invented: bool  # neither the lexicon nor the list knows it


def units_of(reading: Reading, said: Mapping[str, Pronunciations], biasing: Biasing, setting: Setting) -> List[Unit]:
    """A reading's words, said as ``said`` has them; its entities with their own pronunciations."""
    entities = {found.words[0]: found for found in reading.entities}
    units: List[Unit] = []
    place = 0
    while place < len(reading.words):
        if place in entities:
            end = entities[place].words[1]
            entity = biasing.entities[entities[place].place]
            ways = setting.phonetics.spell(pronunciations(entity, setting.phonetics.lexicon, setting.options.phonetic.pronunciations))
            invented = False
        else:
            word = reading.words[place].word
            end, ways, invented = place + 1, said[word], not setting.phonetics.knows(word)
        units.append(Unit(place, end, ways, invented))
        place = end
    return units
