"""The LM of a decoder: the one that is named, the model's own, or none."""
from __future__ import annotations

import gzip
import shutil
import warnings
from pathlib import Path
from typing import Optional

from ctcb.errors import InputWarning
from ctcb.io import PathOrStr, atomic_write
from ctcb.model_names import own_file
from ctcb.search.beam.word_lm import WordLm
from ctcb.search.kept_lm import read_lm
from ctcb.text.tokens import TokenTable

LM_FILE, NO_LM = "lm.arpa.gz", "none"
GZIP = b"\x1f\x8b"  # the first bytes of its files


def find_lm(lm: Optional[PathOrStr], model: Optional[PathOrStr]) -> Optional[Path]:
    """The ARPA file ``lm``, or else the ``model``'s own (:func:`ctcb.model_names.own_file`); None for ``"none"`` and where there is none."""
    if lm is not None:
        return None if lm == NO_LM else Path(lm)
    model_lm = None if model is None else own_file(model, LM_FILE)
    return model_lm if model_lm is not None and model_lm.exists() else None


def keep_lm(lm: Path, model: PathOrStr) -> Path:
    """Copy an ARPA file to where :func:`find_lm` finds the model's own, compressed; returns the place."""
    target = own_file(model, LM_FILE)
    if not (target.exists() and target.samefile(lm)):
        with atomic_write(target, "wb") as file, open(lm, "rb") as given:
            if given.peek(2)[:2] == GZIP:
                shutil.copyfileobj(given, file)
            else:
                with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
                    shutil.copyfileobj(given, packed)
    return target


def load_lm(path: Optional[PathOrStr], table: TokenTable) -> Optional[WordLm]:
    """:meth:`WordLm.load` for a model's tokens, from disk where it was read before; None where ``path`` is None.

    Warns of what was done to it. Raises InputError.
    """
    if path is None:
        return None
    word_lm = read_lm(path, table)
    for note in word_lm.lm.notes:
        warnings.warn(f"{path}: {note}", InputWarning, stacklevel=2)
    return word_lm
