"""Which listed names were spoken where the transcript has other words, by the phones of these stretches.

The words are aligned with the phone head. Each run of them, cut in the blanks between words, is a
stretch of frames. An entity takes its place if

1.  its pronunciation is near the 1-best phones there (``distance.py``; an index finds which might be);
2.  its best alignment costs at most ``max_loss_per_phone`` nats a phone more than the likeliest phones of the stretch;
3.  it fits better than the words that stand there by ``min_gain`` nats, and by ``short_name_penalty`` more for each
    phone that it has fewer than eight: of short sequences, more are alike by chance. Words that are in
    no lexicon count ``oov_penalty`` nats less than they fit, for they were spelled by their sound.

3. also keeps what was recognised rightly: a known word whose phones are all there leaves nothing to gain. In
lists of more than a hundred pronunciations the logarithm of how many times more there are is added,
since the best of so many will fit by chance.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Collection, List, Sequence

import numpy as np

from ctcb.phones.distance import costs
from ctcb.phones.graph import PhoneGraph, Pronunciations, align, floored, scores
from ctcb.phones.index import SoundIndex
from ctcb.phones.options import LookupOptions, PhoneticOptions
from ctcb.phones.phonetics import Phonetics, greedy_phones

LONGEST = 6  # words that an entity may replace
TRIED = 24  # stretches and pronunciations of an utterance that are compared frame by frame
LONG = 8  # phones: what has as many needs no more than the usual gain
FEW = 100  # pronunciations: longer lists need a larger gain


@dataclass(frozen=True)
class Match:
    """An entity that fits better than the words ``first:end`` in its place."""

    entity: int
    first: int
    end: int
    gain: float  # nats by which it fits better
    surplus: float  # nats by which that is more than was needed


def find(
    words: Sequence[Pronunciations], known: Sequence[bool], taken: Collection[int], log_probs: np.ndarray, index: SoundIndex,
    phonetics: Phonetics, options: LookupOptions = LookupOptions(), phonetic: PhoneticOptions = PhoneticOptions(),
) -> List[Match]:
    """The entities that should stand where other words do, apart from one another, in order.

    Parameters
    ----------
    words : the pronunciations of the transcript's words.
    known : whether the lexicon has each of them.
    taken : words that are to be left as they are.
    log_probs : ``[T, P]`` natural-log probabilities of the phone head.
    index : the pronunciations of the list's entities.
    options, phonetic : scores in nats.
    """
    recognised, frames = greedy_phones(log_probs)
    if not words or len(recognised) < 2:
        return []
    log_probs = floored(log_probs, phonetic.floor)
    score, spans = align(log_probs, PhoneGraph.build(words))
    if not np.isfinite(score):
        return []
    cuts = np.r_[0, (spans[:-1, 1] + spans[1:, 0] + 1) // 2, len(log_probs)]
    runs = np.array([
        (first, end) for first in range(len(words)) for end in range(first + 1, min(len(words), first + LONGEST) + 1)
        if not any(place in taken for place in range(first, end))
    ], np.int64).reshape(-1, 2)  # fmt: skip
    edges = np.searchsorted(frames, cuts)  # each word's first phone among those recognised, and behind the last word's last
    tried = index.near(recognised, edges[runs], costs(phonetics.symbols), TRIED)
    matches = []
    for run in sorted({run for run, _ in tried}):
        first, end = runs[run].tolist()
        ids = [sound for other, sound in tried if other == run]
        stretch = log_probs[cuts[first] : cuts[end]]
        penalty = phonetic.oov_penalty * known[first:end].count(False)
        matches += _better(stretch, words[first:end], first, penalty, ids, index, options)
    return _apart(matches, index)


def _better(
    stretch: np.ndarray, words: Sequence[Pronunciations], first: int, penalty: float, ids: Sequence[int], index: SoundIndex,
    options: LookupOptions,
) -> List[Match]:
    """The pronunciations that fit a stretch of frames well, and well enough better than its words, less ``penalty`` (nats)."""
    free = float(stretch.max(axis=1).sum())
    own = [index.sound(sound) for sound in ids]
    fits = scores(stretch, [PhoneGraph.build([[phones]]) for phones in own])
    near = [n for n, phones in enumerate(own) if free - fits[n] <= options.max_loss_per_phone * len(phones)]
    if not near:
        return []
    [present] = scores(stretch, [PhoneGraph.build(words)]).tolist()
    more = max(0.0, float(np.log(len(index) / FEW)))
    matches = []
    for n in near:
        length, fit = len(own[n]), float(fits[n])
        surplus = fit - present + penalty - (options.min_gain + options.short_name_penalty * max(0, LONG - length) + more)
        if surplus >= 0:
            matches.append(Match(index.owner(ids[n]), first, first + len(words), fit - present, surplus))
    return matches


def _apart(matches: Sequence[Match], index: SoundIndex) -> List[Match]:
    """Those with the most to spare, of which no two share a word."""
    chosen: List[Match] = []
    for match in sorted(matches, key=lambda match: (-match.surplus, match.first, match.end, index.names[match.entity])):
        if all(match.end <= other.first or other.end <= match.first for other in chosen):
            chosen.append(match)
    return sorted(chosen, key=lambda match: match.first)
