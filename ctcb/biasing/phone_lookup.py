"""Pronunciation lookup: listed names in the place of words that fit the phone head less well."""
from __future__ import annotations

from typing import List, Sequence

import numpy as np

from ctcb.biasing.phone_rescoring import pronounced_units
from ctcb.biasing.prepared_list import Context
from ctcb.biasing.pronounced_list import with_changed_sounds, with_sounds
from ctcb.biasing.technique import Rescorer, SearchedEmissions
from ctcb.entities.changes import ListChange
from ctcb.phones.graph import PhoneGraph, floored, scores
from ctcb.phones.lookup import Match, find
from ctcb.text.possessives import possessive_of
from ctcb.text.writing import APOSTROPHES, is_punctuation
from ctcb.transcript.hypothesis import FoundEntity, Reading, behind, joined, put


class Lookup(Rescorer):
    """Listed names in the place of words that fit the phone head less well."""

    name = "lookup"
    summary = "puts a listed name where the phones are its own and not the words'"
    needs_phones = True

    def prepare(self, context: Context) -> Context:
        """Index the pronunciations of the entities."""
        return with_sounds(context)

    def update(self, context: Context, before: Context, change: ListChange) -> Context:
        """The index without the entities that are gone and with those that came."""
        return with_changed_sounds(context, before, change)

    def rescore(self, nbest: List[Reading], emissions: SearchedEmissions, context: Context) -> List[Reading]:
        """The best reading with names put in; the others as they are."""
        if context.sounds is None:
            return nbest
        reading, setting = nbest[0], context.setting
        words = [word.word for word in reading.words]
        ways = setting.phonetics.words(words, setting.options.phonetic.pronunciations)
        taken = {place for found in reading.entities for place in range(*found.words)}
        # From the last one, so that the places of those still to come stay what they are.
        known = list(map(setting.phonetics.knows, words))
        matches = find(
            ways, known, taken, emissions.phones, context.sounds, setting.phonetics, setting.options.lookup, setting.options.phonetic
        )
        for match in reversed(matches):
            put_in = [_with_name(reading, match, suffix, context) for suffix in _suffixes(reading.words[match.end - 1].word)]
            reading = put_in[0] if len(put_in) == 1 else _likeliest(put_in, emissions.phones, context)
        return [reading, *nbest[1:]]


def _suffixes(word: str) -> Sequence[str]:
    """What may stay of a word behind a name: its last signs, and a possessive, which may have been the name's last sound."""
    bare = word.rstrip("".join(sign for sign in set(word) if is_punctuation(sign) and sign not in APOSTROPHES))
    possessive = possessive_of(bare)
    signs = word[len(bare) :]
    return (possessive + signs, signs) if possessive else (signs,)


def _with_name(reading: Reading, match: Match, suffix: str, context: Context) -> Reading:
    """The reading with a matched name in the place of its words."""
    replaced, printed = reading.words[match.first : match.end], context.printed(match.entity)
    text = joined(replaced)
    found = FoundEntity(
        context.entities[match.entity].text, match.entity, (match.first, match.end), replaced[0].start, replaced[-1].end,
        (Lookup.name,), match.gain, text[: len(text) - len(suffix)], suffix=suffix,
    )
    return put(reading, found, f"{printed}{behind(printed, suffix)}")


def _likeliest(readings: Sequence[Reading], phones: np.ndarray, context: Context) -> Reading:
    """The reading that fits the phone head's ``[T, P]`` best."""
    graphs = [PhoneGraph.build([unit.ways for unit in pronounced_units(one, context)]) for one in readings]
    fits = scores(floored(phones, context.setting.options.phonetic.floor), graphs)
    return readings[int(np.argmax(fits))]
