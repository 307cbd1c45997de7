"""Names that a list brought in, heard again: those that were likelier not said are taken back."""
from __future__ import annotations

from dataclasses import replace
from typing import List

import numpy as np

from ctcb.biasing.phone_rescoring import units_of
from ctcb.biasing.prepared_list import Biasing
from ctcb.biasing.restoration import restored
from ctcb.biasing.technique import Heard, Setting, Technique
from ctcb.phones.graph import PhoneGraph, align, floored
from ctcb.phones.verification import Evidence, likelihood, weigh
from ctcb.transcript.hypothesis import Reading


class Verification(Technique):
    """What the list changed is undone around names that are not likely enough to have been said."""

    name = "verify"
    summary = "takes back names that the phones do not bear out"
    needs_phones = refines = judges = True

    def refine(self, readings: List[Reading], heard: Heard, biasing: Biasing, setting: Setting) -> List[Reading]:
        """The best reading without the names that fail, and what it was without the list in their place."""
        best = readings[0]
        if not best.entities:
            return readings
        evidence = self.evidence(best, heard, biasing, setting)
        sure = [likelihood(one, len(biasing.entities)) for one in evidence]
        best = replace(best, entities=tuple(replace(found, sure=p) for found, p in zip(best.entities, sure)))
        if min(sure) < setting.phones.assurance:
            best = restored(best, heard.plain(), lambda entity: entity.sure >= setting.phones.assurance)
        return [best, *(other for other in readings[1:] if other.text != best.text)]

    def evidence(self, reading: Reading, heard: Heard, biasing: Biasing, setting: Setting) -> List[Evidence]:
        """How well each of a reading's entities fits the phones."""
        phonetics, options = setting.phonetics, setting.phones
        words = [word.word for word in reading.words]
        units = units_of(reading, dict(zip(words, phonetics.words(words, options.pronunciations))), biasing, setting)
        log_probs = floored(heard.phones, options.floor)
        score, spans = align(log_probs, PhoneGraph.build([unit.ways for unit in units]))
        if not np.isfinite(score):
            return [Evidence.none() for _ in reading.entities]
        # A unit's frames reach to the middle of the blanks around it.
        cuts = np.r_[0, (spans[:-1, 1] + spans[1:, 0]) // 2, len(log_probs)]
        own = {unit.first: place for place, unit in enumerate(units)}
        places = [own[found.words[0]] for found in reading.entities]
        return [weigh(log_probs[cuts[place] : cuts[place + 1]], units[place].ways) for place in places]
