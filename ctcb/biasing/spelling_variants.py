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
from ctcb.text.respelled import Respelled
from ctcb.text.spelling import MAX_VARIED_FORMS
from ctcb.text.token_sequences import TokenSequences
from ctcb.transcript.hypothesis import FoundEntity, Reading, put

Row = Tuple[int, str]  # a spelling behind its cost, in millionths of a nat

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
        found = _variants(context, lexicon, count)
        # The best segmentation alone: others of others would crowd the graph.
        spelled = setting.spelling.sequences(found.texts, MAX_VARIED_FORMS + 1).first_ones()
        own = TokenSequences.of(context.phrases)
        phrases, order = own.followed_by(spelled.grouped(found.counts))
        nats = found.costs[spelled.counts > 0] / MILLION
        costs, new = np.append(np.zeros(len(own.starts)), setting.options.g2g.cost_weight * nats)[order], phrases.are_new()
        phrases = phrases.kept(new)
        each = iter(found.texts)
        made = tuple(tuple(islice(each, size)) for size in found.counts.tolist())
        return replace(
            context, phrases=phrases, costs=Runs(costs[new], phrases.limits), variants=made, owners=_owners(found, context),
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


def _variants(context: Context, lexicon: Lexicon, count: int) -> Respelled:
    """The ``count`` cheapest variants of each entity's forms that are no entity's form."""
    forms: Sequence[Sequence[str]] = list(context.forms)
    taken = set(chain.from_iterable(forms))
    if not context.setting.spelling.writing.is_plain:
        forms = [list(dict.fromkeys(map(normalize, own))) for own in forms]
    of_forms = variants_of_all(list(chain.from_iterable(forms)), count, lexicon.known)
    languages = {place: entity for place, entity in enumerate(context.entities) if entity.languages}
    several = {place for place, own in enumerate(forms) if len(own) != 1}.union(languages)
    found = of_forms
    if several:
        each, rows = of_forms.rows(), []
        for place, own in enumerate(forms):
            ways = list(islice(each, len(own)))
            if place in languages:
                words = words_of_languages(languages[place], lexicon)
                ways += [[(round(MILLION * one.cost), one.text) for one in spellings(own_words, count, lexicon.known)] for own_words in words]
            rows.append(_cheapest(ways, taken, count) if place in several else ways[0])
        found = Respelled.of(rows)
    return found if taken.isdisjoint(found.texts) else found.kept(np.array([text not in taken for text in found.texts], bool))


def _cheapest(ways: Sequence[Sequence[Row]], taken: AbstractSet[str], count: int) -> List[Row]:
    """The ``count`` cheapest of several rows of spellings that are not ``taken``, and their costs."""
    costs: Dict[str, int] = {}
    for cost, text in chain.from_iterable(ways):
        if text not in taken:
            costs[text] = min(cost, costs.get(text, cost))
    return sorted((cost, text) for text, cost in costs.items())[:count]


def _owners(found: Respelled, context: Context) -> Dict[str, int]:
    """Whose each variant is: of several entities that it is likeliest for, or the first by name, whatever the list's order."""
    places = found.owners.tolist()
    owners = dict(zip(found.texts, places))
    if len(owners) == len(found.texts):
        return owners
    of_several = {text for text, times in Counter(found.texts).items() if times > 1}
    offers: Dict[str, List[Tuple[int, str, int]]] = {}
    for cost, text, place in zip(found.costs.tolist(), found.texts, places):
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
