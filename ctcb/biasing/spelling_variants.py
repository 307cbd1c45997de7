"""Spellings that sound alike, as other ways to write a listed name."""
from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import chain, islice
from typing import AbstractSet, Dict, List, Sequence, Tuple

import numpy as np

from ctcb.biasing.prepared_list import Context
from ctcb.biasing.technique import Rescorer, SearchedEmissions
from ctcb.entities.changes import ListChange
from ctcb.entities.pronunciations import words_of_languages
from ctcb.phones.lookup import LONGEST
from ctcb.sequences import Runs
from ctcb.text.g2g import MILLION, spellings, variants_of_all
from ctcb.text.lexicon import Lexicon
from ctcb.text.normalize import normalize
from ctcb.text.spelling import MAX_VARIED_FORMS
from ctcb.text.token_sequences import TokenSequences
from ctcb.transcript.hypothesis import FoundEntity, Reading, put

Row = Tuple[float, str]  # a spelling behind its cost

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
        rows = _variants(context, lexicon, count)
        texts, counts = [text for own in rows for _, text in own], list(map(len, rows))
        # The best segmentation alone: others of others would crowd the graph.
        spelled = setting.spelling.sequences(texts, MAX_VARIED_FORMS + 1).first_ones()
        own = TokenSequences.of(context.phrases)
        phrases, order = own.followed_by(spelled.grouped(counts))
        nats = np.array([cost for some in rows for cost, _ in some])[spelled.counts > 0] / MILLION
        costs, new = np.append(np.zeros(len(own.starts)), setting.options.g2g.cost_weight * nats)[order], phrases.are_new()
        phrases = phrases.kept(new)
        each = iter(texts)
        made = tuple(tuple(islice(each, size)) for size in counts)
        return replace(
            context, phrases=phrases, costs=Runs(costs[new], phrases.limits), variants=made, owners=_owners(rows, texts, context),
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


def _variants(context: Context, lexicon: Lexicon, count: int) -> List[Sequence[Row]]:
    """The ``count`` cheapest variants of each entity's forms that are no entity's form, and their costs in millionths of a nat."""
    forms: Sequence[Sequence[str]] = context.forms
    if not context.setting.spelling.writing.is_plain:
        forms = [list(dict.fromkeys(map(normalize, own))) for own in forms]
    of_forms = iter(variants_of_all(list(chain.from_iterable(forms)), count, lexicon.known))
    taken = set(chain.from_iterable(context.forms))
    rows: List[Sequence[Row]] = []
    for entity, own in zip(context.entities, forms):
        ways = list(islice(of_forms, len(own)))
        for words in words_of_languages(entity, lexicon) if entity.languages else ():
            ways.append([(MILLION * one.cost, one.text) for one in spellings(words, count, lexicon.known)])
        rows.append(ways[0] if len(ways) == 1 else _cheapest(ways, taken, count))
    if taken.isdisjoint(text for own in rows for _, text in own):
        return rows
    return [[(cost, text) for cost, text in own if text not in taken] for own in rows]


def _cheapest(ways: Sequence[Sequence[Row]], taken: AbstractSet[str], count: int) -> List[Row]:
    """The ``count`` cheapest of several rows of spellings that are not ``taken``, and their costs."""
    costs: Dict[str, float] = {}
    for cost, text in chain.from_iterable(ways):
        if text not in taken:
            costs[text] = min(cost, costs.get(text, np.inf))
    return sorted((cost, text) for text, cost in costs.items())[:count]


def _owners(rows: Sequence[Sequence[Row]], texts: Sequence[str], context: Context) -> Dict[str, int]:
    """Whose each variant is: of several entities that it is likeliest for, or the first by name, whatever the list's order."""
    owners = dict(zip(texts, (place for place, own in enumerate(rows) for _ in own)))
    if len(owners) == len(texts):
        return owners
    of_several = {text for text, times in Counter(texts).items() if times > 1}
    offers: Dict[str, List[Tuple[float, str, int]]] = {}
    for place, own in enumerate(rows):
        for cost, text in own:
            if text in of_several:
                offers.setdefault(text, []).append((cost, context.entities[place].text, place))
    return {**owners, **{text: min(own)[2] for text, own in offers.items()}}


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
