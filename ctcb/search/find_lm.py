"""Which LM a decoder uses: the one that is named, none, or the one that lies beside the model."""
from __future__ import annotations

from pathlib import Path
from typing import Optional

from ctcb.io import PathOrStr
from ctcb.search.beam.word_lm import WordLm
from ctcb.text.tokens import TokenTable

LM_FILE, NO_LM = "lm.arpa.gz", "none"


def find_lm(given: Optional[PathOrStr], model: Optional[PathOrStr]) -> Optional[Path]:
    """The ARPA file that was ``given``, or else a ``model`` directory's own; None for ``"none"`` and where there is none."""
    if given is not None:
        return None if given == NO_LM else Path(given)
    own = None if model is None else Path(model) / LM_FILE
    return own if own is not None and own.exists() else None


def load_lm(path: Optional[PathOrStr], table: TokenTable) -> Optional[WordLm]:
    """See ``WordLm.load``; None where there is none."""
    return None if path is None else WordLm.load(path, table)
