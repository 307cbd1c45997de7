"""An n-gram LM queried through kenlm, one word at a time. All scores are natural logarithms.

kenlm's error messages do not name the line of a malformed file, and it accepts some malformed files,
so ARPA files are checked by :mod:`ctcb.lm.arpa` first.
"""
from __future__ import annotations

import math
import os
import re
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Sequence, Tuple, Union

from ctcb.errors import InputError, InputWarning, RunError, unreadable
from ctcb.extras import install
from ctcb.lm.arpa import BOM, GZIP, KENLM_BINARY, MAKE_ANEW, copy_plain, read_unigrams
from ctcb.lm.unknown import NEVER_LOG10, UNKNOWN, unknown_score
from ctcb.lm.vocabulary import VocabularyCheck, check_vocabulary

LN10 = math.log(10.0)


@dataclass(frozen=True)
class Perplexity:
    """How well an LM predicts a text; each sentence end counts as a word."""

    log_prob: float  # of all words and sentence ends
    log_prob_unknown: float  # the part of it that unknown words contribute
    words: int  # running words and sentence ends
    unknown: int  # running words that the LM does not know
    sentences: int

    @property
    def perplexity(self) -> float:
        """``exp(-log_prob / words)``."""
        return math.exp(-self.log_prob / self.words)

    @property
    def perplexity_of_known(self) -> float:
        """The perplexity without the unknown words' scores, for comparing models of different vocabularies."""
        return math.exp(-(self.log_prob - self.log_prob_unknown) / (self.words - self.unknown))


class NgramLm:
    """An LM file read by kenlm. Make one with :meth:`load`.

    A state is kenlm's: the part of the history that the next score depends on. It is hashable and comparable.
    """

    def __init__(self, model: Any, state: type, path: Path) -> None:
        self._model, self._state, self.path = model, state, path
        self.order: int = model.order
        self._unknown_shift = 0.0  # log10, added to kenlm's scores of unknown words

    @property
    def unk_log_prob(self) -> float:
        """ln P of an unknown word, without context."""
        return self.score(self.empty(), UNKNOWN)[0]

    @classmethod
    def load(cls, path: Union[str, Path]) -> NgramLm:
        """Read an ARPA file, gzip or not, or a kenlm binary.

        Warns where the LM has no usable ``<unk>``, for which ``unknown_score`` then stands. Raises InputError where
        the file is wrong, with the line of an ARPA file, or is a binary without ``<unk>``, and RunError where kenlm is
        not installed.
        """
        path = Path(path)
        start = _first_bytes(path, len(KENLM_BINARY))
        if start == KENLM_BINARY:
            lm = cls._read(path, path)
            if lm.unk_log_prob <= NEVER_LOG10 * LN10:
                raise InputError("is a binary of kenlm without <unk>", file=path, hint="give the ARPA file that it was built from")
            return lm
        unknown, note = unknown_score(*read_unigrams(path))
        if start.startswith((GZIP, BOM)):  # kenlm may have been built without zlib, and takes no mark
            with tempfile.NamedTemporaryFile(suffix=".arpa") as plain:
                copy_plain(path, plain)
                lm = cls._read(Path(plain.name), path)
        else:
            lm = cls._read(path, path)
        if note is not None:
            warnings.warn(f"{path}: {note}", InputWarning, stacklevel=2)
            lm._unknown_shift = unknown - lm.unk_log_prob / LN10
        return lm

    @classmethod
    def _read(cls, file: Path, path: Path) -> NgramLm:
        try:
            import kenlm
        except ModuleNotFoundError:
            raise RunError(
                f"language models are read through kenlm, which is not installed; {install('lm')} (it is built: a C++ compiler, make and "
                "Python's headers must be there)"
            ) from None
        config = kenlm.Config()
        config.show_progress = False
        config.arpa_complain = kenlm.ARPALoadComplain.NONE
        try:
            return cls(kenlm.Model(os.fsencode(file), config), kenlm.State, path)
        except OSError as error:
            reason = re.sub(r"^Cannot read model '.*?' \(|\)$|\S+ in \S+ threw |\S+\.", " ", str(error))
            raise InputError(f"kenlm refuses it: {reason}", file=path, hint=MAKE_ANEW) from None

    def __contains__(self, word: str) -> bool:
        """Whether the word is in the LM's vocabulary."""
        return word in self._model

    def begin(self) -> Any:
        """The state before a sentence's first word."""
        state = self._state()
        self._model.BeginSentenceWrite(state)
        return state

    def empty(self) -> Any:
        """The state without any history."""
        state = self._state()
        self._model.NullContextWrite(state)
        return state

    def score(self, state: Any, word: str) -> Tuple[float, Any]:
        """ln P(word | state), and the state after it. A word that is not in the LM scores as ``<unk>``."""
        after = self._state()
        shift = 0.0 if word in self else self._unknown_shift
        return (self._model.BaseScore(state, word, after) + shift) * LN10, after

    def end(self, state: Any) -> float:
        """ln P(</s> | state)."""
        return self.score(state, "</s>")[0]

    def sentence(self, words: Sequence[str]) -> float:
        """ln P of a whole sentence, its end included."""
        state, total = self.begin(), 0.0
        for word in words:
            score, state = self.score(state, word)
            total += score
        return total + self.end(state)

    def perplexity(self, sentences: Iterable[str]) -> Perplexity:
        """The perplexity of normalised sentences. Raises InputError if there are none."""
        total = of_unknown = 0.0
        words = unknown = count = 0
        for sentence in sentences:
            count += 1
            for log10, _, is_unknown in self._model.full_scores(sentence):
                words += 1
                if is_unknown:
                    unknown += 1
                    log10 += self._unknown_shift
                    of_unknown += log10
                total += log10
        if not count:
            raise InputError("there is no text to predict", hint="give at least one sentence")
        return Perplexity(total * LN10, of_unknown * LN10, words, unknown, count)

    def check_vocabulary(self, words: Iterable[str], source: str) -> VocabularyCheck:
        """:func:`ctcb.lm.vocabulary.check_vocabulary` for this LM. Raises InputError."""
        return check_vocabulary(self.__contains__, words, source, self.path)


def _first_bytes(path: Path, count: int) -> bytes:
    if not path.is_file():
        raise InputError("no such file", file=path, hint="`ctcb lm` makes an LM")
    try:
        with open(path, "rb") as file:
            return file.read(count)
    except OSError as error:
        raise unreadable(error, path) from None
