"""Names that a list brought in, heard again: those that were likelier not said are taken back."""
from __future__ import annotations

from dataclasses import replace
from typing import List, Sequence, Tuple

import numpy as np
from rapidfuzz.distance import Levenshtein

from ctcb.biasing.phone_rescoring import units_of
from ctcb.biasing.prepared_list import Biasing
from ctcb.biasing.technique import Heard, Setting, Technique
from ctcb.phones.graph import PhoneGraph, align, floored
from ctcb.phones.verification import PhoneScore, probability, score_name
from ctcb.transcript.hypothesis import FoundEntity, Reading

Words = Tuple[int, int]  # words[first:end]


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
        sure = [probability(one, len(biasing.entities)) for one in evidence]
        best = replace(best, entities=tuple(replace(found, sure=p) for found, p in zip(best.entities, sure)))
        if min(sure) < setting.options.verify.threshold:
            best = _taken_back(best, heard.plain(), setting.options.verify.threshold)
        return [best, *(other for other in readings[1:] if other.text != best.text)]

    def evidence(self, reading: Reading, heard: Heard, biasing: Biasing, setting: Setting) -> List[PhoneScore]:
        """How well each of a reading's entities fits the phones."""
        phonetics, options = setting.phonetics, setting.options.phonetic
        words = [word.word for word in reading.words]
        units = units_of(reading, dict(zip(words, phonetics.words(words, options.pronunciations))), biasing, setting)
        log_probs = floored(heard.phones, options.floor)
        score, spans = align(log_probs, PhoneGraph.build([unit.ways for unit in units]))
        if not np.isfinite(score):
            return [PhoneScore.none() for _ in reading.entities]
        # A unit's frames reach to the middle of the blanks around it.
        cuts = np.r_[0, (spans[:-1, 1] + spans[1:, 0]) // 2, len(log_probs)]
        own = {unit.first: place for place, unit in enumerate(units)}
        places = [own[found.words[0]] for found in reading.entities]
        return [score_name(log_probs[cuts[place] : cuts[place + 1]], units[place].ways) for place in places]


def _taken_back(best: Reading, plain: Reading, assurance: float) -> Reading:
    """``best`` with ``plain``'s words wherever the two differ and names are not sure enough.

    Names that are heard without the list as well stay: there is nothing to put in their place.
    """
    words, entities = list(best.words), list(best.entities)
    taken: List[FoundEntity] = []
    # From the last one, so that the places of those still to come stay what they are.
    for (a, b), (c, d) in reversed(_stretches(best, plain, assurance)):
        inside = [found for found in entities if c <= found.words[0] and found.words[1] <= d]
        if not inside:
            continue
        words[c:d] = plain.words[a:b]
        more = (b - a) - (d - c)
        entities = [_moved(found, more) if found.words[0] >= d else found for found in entities if found not in inside]
        taken = [*(replace(found, words=(c, c + b - a)) for found in inside), *(_moved(found, more) for found in taken)]
    gone = sum(found.bonus for found in taken)
    return replace(best, words=tuple(words), entities=tuple(entities), taken_back=tuple(taken), score=best.score - gone)


def _stretches(best: Reading, plain: Reading, assurance: float) -> List[Tuple[Words, Words]]:
    """Where ``best`` differs from ``plain``, without the names that are sure enough and what was heard while these were said."""
    texts = [[word.word for word in reading.words] for reading in (plain, best)]
    middles = np.array([(word.start + word.end) / 2 for word in plain.words])
    stretches = []
    for (a, b), (c, d) in _differences(*texts, [found.words for found in best.entities]):
        for found in best.entities:
            if c <= found.words[0] and found.words[1] <= d and found.sure >= assurance:
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
