"""An n-gram model with pyctcdecode's weights."""
from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Collection, Dict, List, Optional, Sequence, Tuple

from ctcb.compat.pyctcdecode.constants import DEFAULT_ALPHA, DEFAULT_BETA, DEFAULT_SCORE_LM_BOUNDARY, DEFAULT_UNK_LOGP_OFFSET
from ctcb.compat.pyctcdecode.warned import warn_once
from ctcb.errors import InputError
from ctcb.io import PathOrStr, atomic_write, read_text
from ctcb.lm.arrays import advance
from ctcb.search.beam.word_lm import WordLm
from ctcb.search.find_lm import load_lm
from ctcb.text.tokens import TokenTable

ATTRIBUTES = ("alpha", "beta", "unk_score_offset", "score_boundary")
_ATTRS, _UNIGRAMS = "attrs.json", "unigrams.txt"
_ARPA = (".arpa", ".arpa.gz")


@dataclass(frozen=True)
class LmState:
    """The LM's history behind a beam, for the next piece of a recording (``lm_start_state``)."""

    node: int  # the state in the LM's arrays


class LanguageModel:
    """An ARPA file and its weights, which may be set at any time."""

    def __init__(
        self, path: PathOrStr, unigrams: Optional[Collection[str]] = None, alpha: float = DEFAULT_ALPHA, beta: float = DEFAULT_BETA,
        unk_score_offset: float = DEFAULT_UNK_LOGP_OFFSET, score_boundary: bool = DEFAULT_SCORE_LM_BOUNDARY,
    ) -> None:
        """
        Parameters
        ----------
        path : an ARPA file, gzip or not; kenlm's binary files cannot be read.
        unigrams : kept for :meth:`save_to_dir`; the words that count as known are those of the LM.
        alpha, beta : factor on the LM's natural-log probabilities, and what each word adds.
        unk_score_offset : log10 units that a word of six letters loses that the LM does not know; 0 or below.
        score_boundary : the search always scores the beginning and the end of the sentence.

        Raises InputError where the file is missing or binary.
        """
        self.path = Path(path)
        if not self.path.is_file():
            raise InputError("no such file", file=path, hint="name an ARPA file")
        if not self.path.name.endswith(_ARPA):
            with open(self.path, "rb") as file:
                if file.read(6) == b"mmap l":  # kenlm's magic bytes
                    raise InputError("this is a binary file of kenlm", file=path, hint="give the ARPA file that it was made of")
        self.unigrams = None if unigrams is None else set(unigrams)
        if self.unigrams is not None:
            warn_once("unigrams: the words that count as known are those of the LM, whatever the list says")
        self.alpha, self.beta, self.unk_score_offset, self.score_boundary = alpha, beta, unk_score_offset, score_boundary
        self._loaded: Dict[Tuple[str, ...], WordLm] = {}

    def reset_params(self, **params: Any) -> None:
        """Set weights by their names (ATTRIBUTES). Raises ValueError for another name."""
        for name, value in params.items():
            if name not in ATTRIBUTES:
                raise ValueError(f"unexpected parameter {name!r}; known are {', '.join(ATTRIBUTES)}")
            setattr(self, name, value)

    def loaded(self, table: TokenTable) -> WordLm:
        """The LM for a model's tokens, read once. Raises InputError for a malformed file, with the line."""
        if table.symbols not in self._loaded:
            found = load_lm(self.path, table)
            assert found is not None
            self._loaded = {table.symbols: found}
        return self._loaded[table.symbols]

    def after(self, table: TokenTable, start: Optional[LmState], words: Sequence[str]) -> LmState:
        """The state behind some words; ``start`` None is the beginning of a sentence."""
        lm = self.loaded(table).lm
        node = lm.begin if start is None else start.node
        for word in lm.ids(words):
            node = int(advance(lm.arrays, node, word)[1])
        return LmState(node)

    @property
    def attributes(self) -> Dict[str, Any]:
        """The weights by their names."""
        return {name: getattr(self, name) for name in ATTRIBUTES}

    def save_to_dir(self, filepath: PathOrStr) -> None:
        """Write the weights, the unigrams, and a copy of the ARPA file, into a folder that exists."""
        folder = Path(filepath)
        with atomic_write(folder / _ATTRS) as file:
            json.dump(self.attributes, file)
        with atomic_write(folder / _UNIGRAMS) as file:
            file.write("\n".join(sorted(self.unigrams or ())))
        if self.path.resolve() != (folder / self.path.name).resolve():
            shutil.copyfile(self.path, folder / self.path.name)

    @classmethod
    def load_from_dir(cls, filepath: PathOrStr, unigram_encoding: str = "utf-8") -> LanguageModel:
        """From such a folder, also of pyctcdecode. Raises InputError where its LM is not an ARPA file."""
        folder = Path(filepath)
        try:
            attributes = json.loads(read_text(folder / _ATTRS))
        except ValueError:
            raise InputError("not JSON", file=folder / _ATTRS, hint="save the decoder again") from None
        if not isinstance(attributes, dict) or not set(attributes) <= set(ATTRIBUTES):
            raise InputError(f"other keys than {', '.join(ATTRIBUTES)}", file=folder / _ATTRS, hint="save the decoder again")
        words: List[str] = []
        if (folder / _UNIGRAMS).exists():
            words = (folder / _UNIGRAMS).read_text(unigram_encoding).split()
        models = [file for file in sorted(folder.iterdir()) if file.name not in (_ATTRS, _UNIGRAMS)]
        arpa = [file for file in models if file.name.endswith(_ARPA)]
        if len(arpa) != 1:
            found = ", ".join(file.name for file in models) or "none"
            raise InputError(f"one ARPA file is needed (found: {found})", file=folder, hint="put the .arpa there that the LM was made of")
        return cls(arpa[0], words or None, **attributes)
