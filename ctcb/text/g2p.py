"""Phones for words that are in no dictionary, by a model of the sounds of letters (:mod:`ctcb.text.letter_model`).

The model is fitted on the CMU dictionary (``local/shared/train_g2p.py``). Of words that were left out it has 8.0 % of the phones
wrong, and one or more in 35 % of the words. It takes a few microseconds a word.
"""
from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Iterable, List, Tuple

import numpy as np

Pronunciation = Tuple[str, ...]

MODEL = Path(__file__).with_name("g2p.npz")



def predict(words: Iterable[str], stress: bool = True) -> List[Pronunciation]:
    """Phones for words of ``a``-``z``, with stress (``Z AH0 L EH1 N S K IY0``) or without; a word's phones may be empty."""
    words = list(words)
    if not words:
        return []
    from ctcb.text.letter_model import pronounce  # here: imports numba

    model, symbols = _model()
    letters = np.frombuffer("".join(words).encode("ascii"), np.uint8).astype(np.int64) - ord("a")
    phones, marks, begins = pronounce(letters, np.cumsum([0, *map(len, words)]), model)
    marks = marks if stress else np.full_like(marks, -1)
    written = [symbols[phone][mark] for phone, mark in zip(phones.tolist(), marks.tolist())]
    at = begins.tolist()
    return [tuple(written[first:end]) for first, end in zip(at, at[1:])]


@lru_cache(maxsize=None)
def _model() -> Tuple[Any, List[List[str]]]:
    """The model, and how each phone is written with each stress; the last way is without one."""
    from ctcb.text.letter_model import STRESSES, LetterModel  # here: imports numba

    with np.load(MODEL, allow_pickle=False) as arrays:
        model = LetterModel(
            arrays["weights"], *(arrays[name].astype(np.int64) for name in ("of_letters", "counts", "outputs")), arrays["is_vowel"]
        )
        symbols = arrays["symbols"].tolist()
    return model, [[*(f"{symbol}{mark}" for mark in range(STRESSES)), symbol] for symbol in symbols]
