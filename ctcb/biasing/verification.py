"""Names that a list brought in, verified by their phones, or by their tokens: those that were likelier not spoken are withdrawn."""
from __future__ import annotations

from dataclasses import replace
from typing import List, Optional

import numpy as np

from ctcb.biasing import token_evidence
from ctcb.biasing.phone_rescoring import pronounced_units
from ctcb.biasing.prepared_list import Context
from ctcb.biasing.restoration import restored
from ctcb.biasing.technique import Rescorer, SearchedEmissions
from ctcb.biasing.token_verification import token_scores, with_token_pool
from ctcb.entities.changes import ListChange
from ctcb.phones.graph import PhoneGraph, align, floored
from ctcb.phones.verification import PhoneScore, probability, score_name
from ctcb.transcript.hypothesis import Reading


class Verification(Rescorer):
    """What the list changed is undone around names that are not likely enough to have been spoken.

    A phone head is asked where there is one. A name that the model's phones cannot pronounce, or its tokens cannot spell, is
    not judged: it stays, without a confidence.
    """

    name = "verify"
    summary = "withdraws names that the phones, or without a phone head the tokens, do not support"
    uses_phones = verifies = True

    def prepare(self, context: Context) -> Context:
        """Without a phone head, the tokens that random names are drawn from are added."""
        return with_token_pool(context) if context.setting.phonetics is None else context

    def update(self, context: Context, before: Context, change: ListChange) -> Context:
        """As :meth:`prepare` does, which takes no time."""
        return self.prepare(context)

    def rescore(self, nbest: List[Reading], emissions: SearchedEmissions, context: Context) -> List[Reading]:
        """The best reading without the names that fail, and what it was without the list in their place."""
        best, setting = nbest[0], context.setting
        if not best.entities:
            return nbest
        threshold = setting.options.verify.threshold
        confidences = self.confidences(best, emissions, context)
        best = replace(best, entities=tuple(replace(found, confidence=p) for found, p in zip(best.entities, confidences)))
        if any(p is not None and p < threshold for p in confidences):
            best = restored(best, emissions.unbiased_nbest()[0], lambda entity: entity.confidence is None or entity.confidence >= threshold)
        return [best, *(other for other in nbest[1:] if other.text != best.text)]

    def confidences(self, reading: Reading, emissions: SearchedEmissions, context: Context) -> List[Optional[float]]:
        """How likely each of a reading's entities was spoken; None for one that cannot be judged."""
        names = len(context.entities)
        if context.setting.phonetics is None:
            by_tokens = token_scores(reading, emissions, context)
            return [None if one is None else token_evidence.probability(one, names) for one in by_tokens]
        return [None if one is None else probability(one, names) for one in self.phone_scores(reading, emissions, context)]

    def phone_scores(self, reading: Reading, emissions: SearchedEmissions, context: Context) -> List[Optional[PhoneScore]]:
        """How well each of a reading's entities fits the phones; None for one without a pronunciation."""
        units = pronounced_units(reading, context)
        log_probs = floored(emissions.phones, context.setting.options.phonetic.floor)
        score, spans = align(log_probs, PhoneGraph.build([unit.ways for unit in units]))
        if not np.isfinite(score):
            return [PhoneScore.none() for _ in reading.entities]
        # A unit's frames reach to the middle of the blanks around it.
        cuts = np.r_[0, (spans[:-1, 1] + spans[1:, 0]) // 2, len(log_probs)]
        own = {unit.first: place for place, unit in enumerate(units)}
        places = [own[found.words[0]] for found in reading.entities]
        return [score_name(log_probs[cuts[place] : cuts[place + 1]], units[place].ways) if units[place].ways else None for place in places]

