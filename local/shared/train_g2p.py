"""Fit the letter-to-sound model of ctcb/text/g2p.py on the CMU dictionary, and say how good it is on words that are left out.

    python local/shared/train_g2p.py --out ctcb/text/g2p.npz

1.  Each word's letters are aligned with the phones of its first pronunciation: a letter stands for no phone, one or two. The
    alignments are the likeliest under how often a letter stands for what, which the alignments before tell (Viterbi training,
    from flat counts on). What a letter rarely stands for is no output of it; words that need it are left out.
2.  An averaged perceptron (Collins 2002, "Discriminative training methods for hidden Markov models") learns which output a letter
    has where, half of the time behind the outputs of the dictionary, half behind its own, as when it is used.
3.  Another learns the stress of vowels, in the same table of weights. These are rounded to 8 bits.

One word of twenty, by a seed, takes no part in 2 and 3: its error rates are printed.
"""
from __future__ import annotations

import argparse
import re
from typing import List, NamedTuple, Tuple

import numpy as np
from numba import njit
from rapidfuzz.distance import Levenshtein

from ctcb.text.letter_model import MOST_FEATURES, NOTHING, STRESSES, WIDTH, LetterModel, find_vowels, highest, letter_rows, pronounce, stress_rows
from ctcb.text.lexicon import PHONES, VOWELS, Lexicon, dictionary_words

FEWEST = 15  # times that a letter must stand for an output
ROUNDS = 8  # of the alignment
ROWS = 1 << 17
LEFT_OUT = 20  # one word of so many


class Words(NamedTuple):
    """Words and their pronunciations, one behind the other."""

    letters: np.ndarray  # int64, 0 for a
    letters_at: np.ndarray  # [N + 1] int64, where each begins
    phones: np.ndarray  # int64
    stress: np.ndarray  # int64, -1 for what is no vowel
    phones_at: np.ndarray  # [N + 1] int64


def shuffled_words(seed: int) -> List[str]:
    """The dictionary's words of two or more letters, in an order by the seed; those at multiples of LEFT_OUT are left out."""
    words = sorted(word for word in dictionary_words() if re.fullmatch("[a-z]{2,}", word))
    return [words[place] for place in np.random.default_rng(seed).permutation(len(words))]


def read_dictionary(seed: int) -> Words:
    """:func:`shuffled_words` with their first pronunciations."""
    lexicon, words = Lexicon(stress=True), shuffled_words(seed)
    prons = [lexicon.pronunciations(word)[0] for word in words]
    number = {phone: place for place, phone in enumerate(PHONES)}
    return Words(
        np.frombuffer("".join(words).encode(), np.uint8).astype(np.int64) - ord("a"), np.r_[0, np.cumsum(list(map(len, words)))],
        np.array([number[phone.rstrip("012")] for pron in prons for phone in pron]),
        np.array([int(phone[-1]) if phone[-1].isdigit() else -1 for pron in prons for phone in pron]),
        np.r_[0, np.cumsum(list(map(len, prons)))],
    )


@njit
def align(words, log_probs, counts, outputs, aligned):
    """The likeliest output of each letter, given ``log_probs [26, O]``, in ``outputs``; adds how often each is used to ``counts``.

    An output is no phone (0), one (1 + phone) or two (1 + P + P * first + second). ``aligned``: which words can be aligned.
    """
    size = len(PHONES)
    for n in range(len(aligned)):
        letters = words.letters[words.letters_at[n] : words.letters_at[n + 1]]
        phones = words.phones[words.phones_at[n] : words.phones_at[n + 1]]
        best = np.full((len(letters) + 1, len(phones) + 1), -np.inf)
        taken, output = np.zeros(best.shape, np.int64), np.zeros(best.shape, np.int64)
        best[0, 0] = 0
        for i in range(len(letters)):
            for j in range(len(phones) + 1):
                for count in range(min(2, len(phones) - j) + 1):
                    which = 0
                    if count == 1:
                        which = 1 + phones[j]
                    elif count == 2:
                        which = 1 + size + size * phones[j] + phones[j + 1]
                    score = best[i, j] + log_probs[letters[i], which]
                    if score > best[i + 1, j + count]:
                        best[i + 1, j + count], taken[i + 1, j + count], output[i + 1, j + count] = score, count, which
        aligned[n] = best[-1, -1] > -np.inf
        j = len(phones)
        for i in range(len(letters), 0, -1 if aligned[n] else -len(letters) - 1):
            outputs[words.letters_at[n] + i - 1] = output[i, j]
            counts[letters[i - 1], output[i, j]] += 1
            j -= taken[i, j]


def aligned_outputs(words: Words) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The output of each letter, which words can be aligned, and how often each letter has each output ``[26, O]``."""
    size, number = len(PHONES), len(words.letters_at) - 1
    log_probs = np.full((26, 1 + size + size * size), np.log(1e-3))
    log_probs[:, 0], log_probs[:, 1 : 1 + size] = np.log(0.05), np.log(0.02)
    outputs, aligned = np.zeros(len(words.letters), np.int64), np.zeros(number, np.bool_)
    for round in range(ROUNDS):
        counts = np.zeros(log_probs.shape)
        align(words, log_probs, counts, outputs, aligned)
        if round >= ROUNDS // 2:
            counts[counts < FEWEST] = 0
            for row in counts:
                row[np.argsort(-row, kind="stable")[WIDTH:]] = 0
        with np.errstate(divide="ignore"):
            log_probs = np.log(counts / counts.sum(axis=1, keepdims=True))
    return outputs, aligned, counts


def outputs_of(counts: np.ndarray) -> Tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The outputs that there are, and the fields ``outputs``, ``counts`` and ``phones`` of a model."""
    size, used = len(PHONES), np.flatnonzero(counts.sum(axis=0))
    table, own = np.zeros((26, WIDTH), np.int64), counts[:, used] > 0
    for row, has in zip(table, own):
        row[: has.sum()] = np.flatnonzero(has)
    phones = [(-1, -1) if one == 0 else (one - 1, -1) if one <= size else divmod(one - 1 - size, size) for one in used.tolist()]
    return used, table, own.sum(axis=1), np.array(phones)


@njit
def learn(words, targets, model, order, own, sums, step):
    """A pass over words in an order: adds to the weights and, times the step, to ``sums``. Returns the next step, and how many were wrong.

    ``targets``: the place of each letter's output among its own. ``own``: whether a word's outputs stand before its letters, or targets.
    """
    found, scores = np.empty(MOST_FEATURES, np.int64), np.empty(WIDTH, np.float32)
    before, vowels = np.empty(3, np.int64), np.empty(64, np.int64)
    wrong = 0
    for place in range(len(order)):
        n = order[place]
        begin = words.letters_at[n]
        word = words.letters[begin : words.letters_at[n + 1]]
        before[:] = NOTHING
        for at in range(len(word)):
            count, letter = letter_rows(word, at, before, len(model.weights), found), word[at]
            taken, right = highest(model.weights, found, count, model.counts[letter], scores), targets[begin + at]
            wrong += correct(model.weights, sums, found[:count], taken, right, step)
            step += 1
            before[2], before[1], before[0] = before[1], before[0], model.outputs[letter, taken if own[place] else right]
        phones = words.phones[words.phones_at[n] : words.phones_at[n + 1]]
        size = find_vowels(phones, model.is_vowel, vowels)
        before[:] = STRESSES
        for vowel in range(size):
            count = stress_rows(vowel, phones, vowels[:size], before, len(model.weights), found)
            taken, right = highest(model.weights, found, count, STRESSES, scores), words.stress[words.phones_at[n] + vowels[vowel]]
            correct(model.weights, sums, found[:count], taken, right, step)
            step += 1
            before[1], before[0] = before[0], taken if own[place] else right
    return step, wrong


@njit
def correct(weights, sums, rows, taken, right, step):
    """The perceptron's update; whether there was one."""
    if taken == right:
        return False
    for row in rows:
        weights[row, right] += 1
        sums[row, right] += step
        weights[row, taken] -= 1
        sums[row, taken] -= step
    return True


def error_rates(words: Words, model: LetterModel, places: np.ndarray) -> Tuple[float, float, float]:
    """Of some words: the phone and the word error rate without stress, and the share of words whose stress is wrong among those right."""
    edits = phones = wrong = right = misplaced = 0
    for n in places.tolist():
        letters, own = words.letters[words.letters_at[n] : words.letters_at[n + 1]], slice(words.phones_at[n], words.phones_at[n + 1])
        found, stress, _ = pronounce(letters, np.array([0, len(letters)]), model)
        away = Levenshtein.distance(found.tolist(), words.phones[own].tolist())
        edits, phones, wrong = edits + away, phones + len(words.phones[own]), wrong + (away > 0)
        if away == 0:
            right, misplaced = right + 1, misplaced + bool((stress != words.stress[own]).any())
    return edits / phones, wrong / len(places), misplaced / right


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, help="file to write")
    parser.add_argument("--passes", type=int, default=8, help="over the dictionary (default: 8)")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    words = read_dictionary(given.seed)
    outputs, aligned, counts = aligned_outputs(words)
    used, table, numbers, phones = outputs_of(counts)
    is_vowel = np.array([symbol in VOWELS for symbol in PHONES])
    model = LetterModel(np.zeros((ROWS, WIDTH), np.float32), table, numbers, phones, is_vowel)
    among = np.searchsorted(used, outputs)
    targets = (table[words.letters] == among[:, None]).argmax(axis=1)
    held = np.arange(len(aligned)) % LEFT_OUT == 0
    train, test = np.flatnonzero(aligned & ~held), np.flatnonzero(held)
    print(f"{len(aligned):,} words, {aligned.sum():,} of them aligned; {len(used)} outputs, at most {numbers.max()} a letter")
    rng = np.random.default_rng(given.seed)
    sums, step = np.zeros((ROWS, WIDTH)), 1.0
    for number in range(given.passes):
        order = rng.permutation(train)
        step, wrong = learn(words, targets, model, order, rng.random(len(order)) < 0.5, sums, step)
        print(f"pass {number + 1}: {wrong:,} letters wrong", flush=True)
    averaged = model.weights - sums / step
    rounded = np.round(averaged * (127 / np.abs(averaged).max())).astype(np.int8)
    model = model._replace(weights=rounded)
    per, wer, misplaced = error_rates(words, model, test)
    print(f"{len(test):,} words left out: {100 * per:.1f} % of phones wrong, {100 * wer:.1f} % of words; stress of {100 * misplaced:.1f} % of the others")
    np.savez_compressed(
        given.out, weights=rounded, of_letters=table.astype(np.uint8), counts=numbers.astype(np.uint8), outputs=phones.astype(np.int8),
        symbols=np.array(PHONES), is_vowel=is_vowel,
    )


if __name__ == "__main__":
    main()
