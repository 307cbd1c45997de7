"""Names that a list brought in, verified by their phones: those that were likelier not spoken are withdrawn."""
from __future__ import annotations

from dataclasses import replace
from typing import List, Sequence, Tuple

import numpy as np
from rapidfuzz.distance import Levenshtein

from ctcb.biasing.phone_rescoring import units_of
from ctcb.biasing.prepared_list import Context
from ctcb.biasing.technique import Rescorer, SearchedEmissions
from ctcb.phones.graph import PhoneGraph, align, floored
from ctcb.phones.verification import PhoneScore, probability, score_name
from ctcb.transcript.hypothesis import FoundEntity, Reading

Words = Tuple[int, int]  # words[first:end]


class Verification(Rescorer):
    """What the list changed is undone around names that are not likely enough to have been spoken."""

    name = "verify"
    summary = "withdraws names that the phones do not support"
    needs_phones = needs_unbiased = verifies = True

    def rescore(self, nbest: List[Reading], emissions: SearchedEmissions, context: Context) -> List[Reading]:
        """The best reading without the names that fail, and what it was without the list in their place."""
        best, setting = nbest[0], context.setting
        if not best.entities:
            return nbest
        threshold = setting.options.verify.threshold
        scores = self.phone_scores(best, emissions, context)
        confidences = [probability(one, len(context.entities)) for one in scores]
        best = replace(best, entities=tuple(replace(found, confidence=p) for found, p in zip(best.entities, confidences)))
        if min(confidences) < threshold:
            best = _withdrawn(best, emissions.unbiased_nbest()[0], threshold)
        return [best, *(other for other in nbest[1:] if other.text != best.text)]

    def phone_scores(self, reading: Reading, emissions: SearchedEmissions, context: Context) -> List[PhoneScore]:
        """How well each of a reading's entities fits the phones."""
        setting = context.setting
        phonetics, options = setting.phonetics, setting.options.phonetic
        words = [word.word for word in reading.words]
        units = units_of(reading, dict(zip(words, phonetics.words(words, options.pronunciations))), context)
        log_probs = floored(emissions.phones, options.floor)
        score, spans = align(log_probs, PhoneGraph.build([unit.ways for unit in units]))
        if not np.isfinite(score):
            return [PhoneScore.none() for _ in reading.entities]
        # A unit's frames reach to the middle of the blanks around it.
        cuts = np.r_[0, (spans[:-1, 1] + spans[1:, 0]) // 2, len(log_probs)]
        own = {unit.first: place for place, unit in enumerate(units)}
        places = [own[found.words[0]] for found in reading.entities]
        return [score_name(log_probs[cuts[place] : cuts[place + 1]], units[place].ways) for place in places]


def _withdrawn(best: Reading, unbiased: Reading, assurance: float) -> Reading:
    """``best`` with the words of ``unbiased`` wherever the two differ and the names' confidence is below ``assurance``.

    Names that are recognised without the list as well stay: there is nothing to put in their place.
    """
    words, entities = list(best.words), list(best.entities)
    withdrawn: List[FoundEntity] = []
    # From the last one, so that the places of those still to come stay what they are.
    for (a, b), (c, d) in reversed(_stretches(best, unbiased, assurance)):
        inside = [found for found in entities if c <= found.words[0] and found.words[1] <= d]
        if not inside:
            continue
        words[c:d] = unbiased.words[a:b]
        more = (b - a) - (d - c)
        entities = [_moved(found, more) if found.words[0] >= d else found for found in entities if found not in inside]
        withdrawn = [*(replace(found, words=(c, c + b - a)) for found in inside), *(_moved(found, more) for found in withdrawn)]
    gone = sum(found.bonus for found in withdrawn)
    return replace(best, words=tuple(words), entities=tuple(entities), withdrawn=tuple(withdrawn), score=best.score - gone)


def _stretches(best: Reading, unbiased: Reading, assurance: float) -> List[Tuple[Words, Words]]:
    """Where ``best`` differs from ``unbiased``, without the names whose confidence suffices and what was recognised while these were spoken."""
    texts = [[word.word for word in reading.words] for reading in (unbiased, best)]
    middles = np.array([(word.start + word.end) / 2 for word in unbiased.words])
    stretches = []
    for (a, b), (c, d) in _differences(*texts, [found.words for found in best.entities]):
        for found in best.entities:
            if c <= found.words[0] and found.words[1] <= d and found.confidence >= assurance:
                until, behind = (a + int((middles[a:b] < time).sum()) for time in (found.start, found.end))
                stretches.append(((a, until), (c, found.words[0])))
                a, c = behind, found.words[1]
        stretches.append(((a, b), (c, d)))
    return stretches


def _differences(old: Sequence[str], new: Sequence[str], entities: Sequence[Words]) -> List[Tuple[Words, Words]]:
    """Where ``new`` differs from ``old``, as places in both, in order; an entity is within one stretch or in none."""
    steps = [step for step in Levenshtein.opcodes(old, new) if step.tag == "equal"]
    same = {step.dest_start + i: step.src_start + i for step in steps for i in range(step.dest_end - step.dest_start)}
    for first, end in entities:
        inside = [place for place in range(first, end) if place in same]
        if len(inside) < end - first:
            for place in inside:
                del same[place]
    edges = [(-1, -1), *((a, c) for c, a in sorted(same.items())), (len(old), len(new))]
    return [((a + 1, b), (c + 1, d)) for (a, c), (b, d) in zip(edges, edges[1:]) if (b - a, d - c) != (1, 1)]


def _moved(found: FoundEntity, by: int) -> FoundEntity:
    return replace(found, words=(found.words[0] + by, found.words[1] + by))
