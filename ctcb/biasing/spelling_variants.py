"""Spellings that sound alike, as other ways to write a listed name."""
from __future__ import annotations

from dataclasses import replace
from itertools import chain, islice
from typing import AbstractSet, Dict, List, Mapping, Sequence, Tuple

import numpy as np

from ctcb.biasing.prepared_list import Context
from ctcb.biasing.technique import Rescorer, SearchedEmissions
from ctcb.entities.changes import ListChange
from ctcb.entities.pronunciations import words_of_languages
from ctcb.phones.lookup import LONGEST
from ctcb.text.g2g import spellings, variants_of_all
from ctcb.text.lexicon import Lexicon
from ctcb.text.normalize import normalize
from ctcb.text.spelling import MAX_VARIED_FORMS
from ctcb.transcript.hypothesis import FoundEntity, Reading, put


class SpellingVariants(Rescorer):
    """Grapheme-to-grapheme variants under the entity's own name: among the phrases that are searched, and in the n-best."""

    name = "g2g"
    summary = "also takes spellings that sound like the names for these"
    reach = LONGEST

    def prepare(self, context: Context) -> Context:
        """Add each entity's variants to its token sequences, at their costs; lists of more than 2,000 have none.

        Variants follow English spelling, so models of other languages get none. What another language makes of an entity
        (``lang=``) is spelled in English too: *Jorge* as *horhay*.
        """
        setting = context.setting
        count = setting.options.g2g.count
        english = setting.spelling.writing.is_english
        if not count or not english or len(context.entities) > MAX_VARIED_FORMS:
            return context
        lexicon = setting.phonetics.lexicon if setting.phonetics else Lexicon()
        taken = {form for own in context.forms for form in own}
        made: List[Dict[str, float]] = []
        normal = [list(dict.fromkeys(map(normalize, own))) for own in context.forms]
        of_forms = iter(variants_of_all([form for own in normal for form in own], count, lexicon.knows))
        for entity, own in zip(context.entities, normal):
            ways = list(islice(of_forms, len(own)))
            if entity.languages:
                ways += [dict(spellings(words, count, lexicon.knows)) for words in words_of_languages(entity, lexicon)]
            made.append(_cheapest(ways, taken, count))
        # The best segmentation alone: others of others would crowd the graph.
        spelled = iter(setting.spelling.spell([form for costs in made for form in costs], MAX_VARIED_FORMS + 1))
        phrases, costs_of = list(context.phrases), [(0.0,) * len(ways) for ways in context.phrases]
        for place, costs in enumerate(made):
            known, more, their_costs = set(phrases[place]), [], []
            for cost in costs.values():
                for ids in next(spelled)[:1]:
                    if ids not in known:
                        more.append(ids)
                        their_costs.append(setting.options.g2g.cost_weight * cost)
            phrases[place] += tuple(more)
            costs_of[place] += tuple(their_costs)
        return replace(
            context, phrases=tuple(phrases), costs=tuple(costs_of), variants=tuple(map(tuple, made)), owners=_owners(made, context),
            spellings=context.phrases,
        )

    def update(self, context: Context, before: Context, change: ListChange) -> Context:
        """The list as it is: long ones have no variants."""
        return context

    def rescore(self, nbest: List[Reading], emissions: SearchedEmissions, context: Context) -> List[Reading]:
        """The readings with entities in the place of their variants, where the search took these for words."""
        found: Dict[str, Reading] = {}
        for reading in nbest:
            reading = _respelled(reading, context)
            found.setdefault(reading.text, reading)
        return list(found.values())


def _cheapest(ways: Sequence[Mapping[str, float]], taken: AbstractSet[str], count: int) -> Dict[str, float]:
    """The ``count`` cheapest of several sorted rows of spellings that are not ``taken``, and their costs."""
    if len(ways) == 1:
        return {text: cost for text, cost in ways[0].items() if text not in taken}
    costs: Dict[str, float] = {}
    for text, cost in chain.from_iterable(way.items() for way in ways):
        if text not in taken:
            costs[text] = min(cost, costs.get(text, np.inf))
    return dict(sorted(costs.items(), key=lambda item: (item[1], item[0]))[:count])


def _owners(made: Sequence[Mapping[str, float]], context: Context) -> Dict[str, int]:
    """Whose each variant is: of several entities that it is likeliest for, or the first by name, whatever the list's order."""
    best: Dict[str, Tuple[float, str, int]] = {}
    for place, costs in enumerate(made):
        name = context.entities[place].text
        for variant, cost in costs.items():
            this, other = (cost, name, place), best.get(variant)
            if other is None or this < other:
                best[variant] = this
    return {variant: place for variant, (_, _, place) in best.items()}


def _respelled(reading: Reading, context: Context) -> Reading:
    """A reading with entities for those variants that are no part of one yet."""
    words = [word.word for word in reading.words]
    taken = {place for found in reading.entities for place in range(*found.words)}
    matches: List[Tuple[int, int, int]] = []
    first = 0
    while first < len(words):
        for end in range(min(len(words), first + LONGEST), first, -1):
            place = context.owners.get(" ".join(words[first:end]))
            if place is not None and taken.isdisjoint(range(first, end)):
                matches.append((first, end, place))
                first = end - 1
                break
        first += 1
    # From the last one, so that the places of those still to come stay what they are.
    for first, end, place in reversed(matches):
        entity, replaced = context.entities[place], reading.words[first:end]
        found = FoundEntity(
            entity.text, place, (first, end), replaced[0].start, replaced[-1].end, (SpellingVariants.name,), 0.0,
            " ".join(words[first:end]),
        )
        reading = put(reading, found, context.printed(place))
    return reading
