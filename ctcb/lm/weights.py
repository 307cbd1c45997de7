"""How much a word LM counts beside the emissions, in the beam search and in graphs alike.

An utterance of words, listed names and unknown words scores, beside its emissions,

    lm_weight * (ln P of all of them, <unk> for names and unknown words
                 + class_bonus + ln weight for each name
                 + piece_bonus for each token of an unknown word)
    + word_bonus for each word.

``<unk>`` stands for all words that the LM does not know, and an unknown word is only one of them: without
the ``piece_bonus`` anything that can be spelled would be as probable as all of them together.
"""
from __future__ import annotations

# Tried on one half of the dev sets, by another hash than ctcb/data/halves.py has (results/lm_and_graphs.md).
LM_WEIGHT = 0.5
WORD_BONUS = 2.0
CLASS_BONUS = 1.0
PIECE_BONUS = -2.0
