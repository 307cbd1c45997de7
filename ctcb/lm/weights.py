"""The default weights of a word LM, shared by the beam search and graphs.

Beside its emissions, an utterance of words, listed names and unknown words scores

    lm_weight * (ln P of all of them, <unk> for names and unknown words
                 + class_bonus + ln weight for each name
                 + piece_bonus for each token of an unknown word)
    + word_bonus for each word.

``<unk>`` has the probability of all unknown words together, and an unknown word is only one of them. Without
the ``piece_bonus``, any spelling at all would be as probable as all unknown words together.
"""
from __future__ import annotations

# Tuned on one half of the dev sets, split by another hash than that of ctcb/data/halves.py (results/lm_and_graphs.md).
LM_WEIGHT = 0.5
WORD_BONUS = 2.0
CLASS_BONUS = 1.0
PIECE_BONUS = -2.0
