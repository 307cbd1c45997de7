"""The score of unknown words where an LM has none, or one that makes a word impossible.

An ARPA file without ``<unk>`` is usual (a closed vocabulary); kenlm then gives unknown words 1e-100, and other tools write
-99 there. A name outside of the LM would take its neighbours with it: no acoustic score makes up for 230 nats.
"""
from __future__ import annotations

from typing import Optional, Sequence, Tuple

import numpy as np

UNKNOWN = "<unk>"
SIGNS = ("<s>", "</s>", UNKNOWN)
# log10. No text has 1e20 words, so that a lower probability is no estimate but says "never".
NEVER_LOG10 = -20.0
MISSING_LOG10 = -100.0  # what kenlm gives <unk> where a file has none


def unknown_score(words: Sequence[str], log10: np.ndarray) -> Tuple[float, Optional[str]]:
    """The log10 probability of ``<unk>``, and a note where the LM's own cannot be used.

    Then it is that of the rarest word: smoothed models give a word that was never seen about what they give one that was
    seen once. ``log10`` ``[n]`` has the probabilities of ``words``.
    """
    own = [value for word, value in zip(words, log10) if word == UNKNOWN]
    if own and own[0] > NEVER_LOG10:
        return float(own[0]), None
    known = np.array([value for word, value in zip(words, log10) if word not in SIGNS and value > NEVER_LOG10])
    score = float(known.min()) if len(known) else -np.log10(max(2, len(words)))
    problem = f"gives <unk> the probability 1e{own[0]:g}" if own else "has no 1-gram <unk>"
    return score, (
        f"{problem}: unknown words, names among them, are given that of its rarest word (log10 {score:.2f}) instead; "
        "estimate the LM with an open vocabulary (`ctcb lm` does) to have its own"
    )
