"""Letters to sounds, compiled: a linear classifier that takes a word's letters from left to right.

A letter becomes no phone, one or two. Which of its possible outputs it is, the letters around it and the outputs before it
decide: each feature (a window of letters, or the last outputs beside letters) is hashed to a row of weights, which has one for each
output of the letter, and the output with the highest sum is taken. Then each vowel gets its stress, by features of the phones.
`local/shared/train_g2p.py` fits the weights.
"""
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ctcb.compiled import compiled

WIDTH = 16  # outputs of a letter, at most
MOST_FEATURES = 32  # of a letter, or of a vowel
EDGE, NOTHING = 26, 255  # in the place of a letter beside a word, and of a phone or an output where there is none
STRESSES = 3  # none, primary, secondary
_NEAR, _WIDEST = 4, 7  # letters on each side that features see, and of the widest window
_SPREAD = 0x9E3779B97F4A7C15  # 2 ** 64 by the golden ratio: multiplying by it spreads keys (Knuth 6.4)


class LetterModel(NamedTuple):
    """The weights, for O outputs."""

    weights: np.ndarray  # [R, WIDTH] a number; R is a power of 2
    outputs: np.ndarray  # [26, WIDTH] int64: the outputs of each letter
    counts: np.ndarray  # [26] int64: how many these are
    phones: np.ndarray  # [O, 2] int64: the phones of each output, -1 for none
    is_vowel: np.ndarray  # [P] bool: which phones have a stress


@compiled(allocates=False, inner=True)
def row_of(key, rows):
    """The row of a feature's key, a uint64."""
    key *= np.uint64(_SPREAD)
    key ^= key >> np.uint64(32)
    key *= np.uint64(_SPREAD)
    return np.int64((key >> np.uint64(32)) & np.uint64(rows - 1))


@compiled(allocates=False, inner=True)
def letter_rows(word, place, before, rows, found):
    """Write the rows of a letter's features into ``found`` (int64); returns how many.

    ``word`` is ``[L]`` int64, 0 for ``a``; ``before`` ``[3]`` int64, the outputs before the letter, the last one first.
    """
    count = 0
    for first in range(-_NEAR, 1):
        for last in range(_NEAR + 1):
            if last - first < _WIDEST:
                key = np.uint64(1 + (first + _NEAR) * (_NEAR + 1) + last)
                for at in range(place + first, place + last + 1):
                    key = key * np.uint64(32) + np.uint64(word[at] if 0 <= at < len(word) else EDGE)
                found[count] = row_of(key, rows)
                count += 1
    letter = np.uint64(word[place])
    left = np.uint64(word[place - 1] if place > 0 else EDGE)
    right = np.uint64(word[place + 1] if place + 1 < len(word) else EDGE)
    one = np.uint64(before[0]) * np.uint64(32) + letter
    two = np.uint64(before[1]) * np.uint64(1 << 16) + one
    three = np.uint64(before[2]) * np.uint64(1 << 24) + two
    for number, key in enumerate((one, (one << np.uint64(32)) + right, (one << np.uint64(32)) + right * np.uint64(32) + left, two, (two << np.uint64(32)) + right, three)):
        found[count] = row_of(key ^ (np.uint64(1 + number) << np.uint64(57)), rows)
        count += 1
    return count


@compiled(allocates=False, inner=True)
def stress_rows(vowel, phones, vowels, before, rows, found):
    """Write the rows of the features of a word's vowel, given by its number, into ``found``; returns how many.

    ``phones`` (int64) are the word's, ``vowels`` (int64) the places of its vowels there; ``before`` are the stresses of the two
    vowels before it, STRESSES for none.
    """
    at = vowels[vowel]
    behind = np.uint64(min(len(vowels) - vowel, 15))
    place = np.uint64(min(vowel, 15)) * np.uint64(16) + behind
    given = np.uint64(before[0] * 4 + before[1])
    last = np.uint64(phones[at - 1] if at > 0 else NOTHING)
    own = behind * np.uint64(256) + np.uint64(phones[at])
    following = np.uint64(phones[at + 1] if at + 1 < len(phones) else NOTHING)
    second = np.uint64(phones[at + 2] if at + 2 < len(phones) else NOTHING)
    next_vowel = np.uint64(phones[vowels[vowel + 1]] if vowel + 1 < len(vowels) else NOTHING)
    count = 0
    for key in (
        place, place * np.uint64(1 << 16) + own, (place * np.uint64(1 << 16) + own) * np.uint64(16) + given, own * np.uint64(256) + following,
        (own * np.uint64(256) + following) * np.uint64(256) + second, (own * np.uint64(256) + next_vowel) * np.uint64(16) + given,
        (own * np.uint64(256) + following) * np.uint64(256) + last, behind * np.uint64(16) + given,
    ):
        found[count] = row_of(key ^ (np.uint64(64 + count) << np.uint64(57)), rows)
        count += 1
    return count


@compiled(allocates=False, inner=True)
def find_vowels(phones, is_vowel, vowels):
    """Write the places of the vowels among ``phones`` into ``vowels``, from its beginning; returns how many there are."""
    size = 0
    for place in range(len(phones)):
        if is_vowel[phones[place]]:
            vowels[size] = place
            size += 1
    return size


@compiled(allocates=False, inner=True)
def highest(weights, found, count, outputs, sums):
    """Which of the first ``outputs`` has the highest sum of weights in the rows ``found[:count]``; ``sums`` is ``[WIDTH]`` float32."""
    sums[:] = 0
    for feature in range(count):
        row = found[feature]
        for output in range(WIDTH):  # no more than this, so that it can be vectorised
            sums[output] += weights[row, output]
    best = 0
    for output in range(1, outputs):
        if sums[output] > sums[best]:
            best = output
    return best


@compiled
def pronounce(words, starts, model):
    """The phones and stresses of N words ``words[starts[n] : starts[n + 1]]``: two int64 ``[M]``, and where each begins there, int64 ``[N + 1]``.

    ``words`` is int64, 0 for ``a``. The stress of what is no vowel is -1.
    """
    phones, stress = np.empty(2 * len(words), np.int64), np.full(2 * len(words), -1)
    begins = np.zeros(len(starts), np.int64)
    found, sums = np.empty(MOST_FEATURES, np.int64), np.empty(WIDTH, np.float32)
    before, vowels = np.empty(3, np.int64), np.empty(2 * len(words), np.int64)
    rows, written = len(model.weights), 0
    for n in range(len(starts) - 1):
        word = words[starts[n] : starts[n + 1]]
        before[:] = NOTHING
        for place in range(len(word)):
            count = letter_rows(word, place, before, rows, found)
            letter = word[place]
            output = model.outputs[letter, highest(model.weights, found, count, model.counts[letter], sums)]
            before[2], before[1], before[0] = before[1], before[0], output
            for phone in model.phones[output]:
                if phone >= 0:
                    phones[written] = phone
                    written += 1
        begins[n + 1] = written
        own = phones[begins[n] : written]
        size = find_vowels(own, model.is_vowel, vowels)
        before[:] = STRESSES
        for vowel in range(size):
            count = stress_rows(vowel, own, vowels[:size], before, rows, found)
            mark = highest(model.weights, found, count, STRESSES, sums)
            before[1], before[0] = before[0], mark
            stress[begins[n] + vowels[vowel]] = mark
    return phones[:written], stress[:written], begins
