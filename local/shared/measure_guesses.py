"""Measure on words of the CMU dictionary whether guessed pronunciations that another pronouncer contradicts are wrong (ctcb/phones/guesses.py).

    python local/shared/measure_guesses.py --half 1

The words are those that the fitting of the letter-to-sound model left out (train_g2p.py). A guess is wrong if it differs from each of the
dictionary's pronunciations by a phone or more, sounds that are alike counted less. g2p_en's network was fitted on these words
too: it is better on them than on others, espeak-ng is not.
"""
from __future__ import annotations

import argparse

import numpy as np
from train_g2p import LEFT_OUT, shuffled_words

from ctcb.data.halves import HALVES, half_of
from ctcb.phones.distance import costs, edit_costs
from ctcb.phones.guesses import ESPEAK, FEWEST, NETWORK, by_another, differences
from ctcb.phones.phonetics import Phonetics
from ctcb.text import g2p
from ctcb.text.lexicon import Lexicon

SHARES = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
WRONG = 1.0  # edit cost: a phone that is like no other


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=HALVES, help="only half of the words, by a hash (default: all)")
    given = parser.parse_args()
    phonetics, lexicon = Phonetics.default(), Lexicon()
    words = [word for word in shuffled_words(0)[::LEFT_OUT] if given.half in (None, half_of(word))]
    guesses = dict(zip(words, g2p.predict(words, stress=False)))
    words = [word for word in words if len(guesses[word]) >= FEWEST]
    wrong = np.array([_off(phonetics, guesses[word], lexicon.pronunciations(word)) >= WRONG for word in words])
    print(f"{len(words):,} words, {wrong.mean():.1%} wrong")
    for by in (ESPEAK, NETWORK):
        others = [lexicon.adapted(phones) for phones in by_another(words, by)]
        apart = np.array(differences(phonetics, [guesses[word] for word in words], others))
        for least in SHARES:
            doubtful = apart >= least
            print(
                f"{by} {least:.2f}: doubtful {doubtful.mean():.1%}; wrong: of these {wrong[doubtful].mean():.1%}, "
                f"of the others {wrong[~doubtful].mean():.1%}; of the wrong {doubtful[wrong].mean():.1%} are doubtful"
            )


def _off(phonetics: Phonetics, guess, prons) -> float:
    """The edit cost between a guess and the nearest of several pronunciations."""
    return float(edit_costs(phonetics.spell([guess] * len(prons)), phonetics.spell(prons), costs(phonetics.symbols)).min())


if __name__ == "__main__":
    main()
