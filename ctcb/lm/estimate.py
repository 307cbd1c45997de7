"""Estimating an LM on text: an ARPA file, by KenLM's ``lmplz`` or the built-in estimator."""
from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Dict, FrozenSet, Iterable, Iterator, Optional, Sequence, Tuple, Union

import numpy as np

from ctcb.errors import InputError, InputWarning, RunError
from ctcb.io import atomic_write, read_lines
from ctcb.lm.arpa import Table, read_counts
from ctcb.lm.arpa_writer import packed, write_arpa
from ctcb.lm.counts import Corpus, count, spelled
from ctcb.lm.kneser_ney import FALLBACK, smooth
from ctcb.text.lines import read_sentences
from ctcb.text.normalize import normalize

INSTALL = "use --estimator builtin, or build it with utils/install_lmplz.sh of a checkout"
HIGHEST_ORDER = 6  # of kenlm as it is built from PyPI


@dataclass(frozen=True)
class LmOptions:
    """Settings of the estimation."""

    order: int = 3  # 2 to HIGHEST_ORDER
    prune: Tuple[int, ...] = ()  # thresholds by order; the last one also holds for the orders above; see `thresholds`
    vocab: Optional[FrozenSet[str]] = None  # n-grams with other words are left out

    def thresholds(self) -> Tuple[int, ...]:
        """One threshold for each order: n-grams with at most this count are pruned.

        Raises InputError for an order or thresholds that lmplz would not accept.
        """
        if not 2 <= self.order <= HIGHEST_ORDER:
            raise InputError(f"order {self.order}", hint=f"choose 2 to {HIGHEST_ORDER}, which is what kenlm reads")
        prune = self.prune or (0,)
        if len(prune) > self.order:
            raise InputError(f"{len(prune)} pruning thresholds for order {self.order}", hint="give one an order, or fewer")
        if min(prune) < 0 or list(prune) != sorted(prune):
            raise InputError(f"pruning thresholds {' '.join(map(str, prune))}", hint="give numbers from 0 that do not decrease")
        return prune + (prune[-1],) * (self.order - len(prune))


@dataclass(frozen=True)
class LmReport:
    """What was estimated, and on how much text."""

    path: Path
    estimator: str
    sentences: int
    words: int  # running words, without <s> and </s>
    ngrams: Tuple[int, ...]  # number of n-grams of each order
    notes: Tuple[str, ...]  # notes for the user

    def summary(self) -> str:
        """The report in one line."""
        counts = ", ".join(f"{count} {n}-grams" for n, count in enumerate(self.ngrams, 1))
        return f"{self.path}: {counts}, from {self.words} words in {self.sentences} sentences ({self.estimator})"


class Builtin:
    """The estimator of this package. It keeps everything in memory: 120 bytes for each running word at order 3."""

    name = "builtin"

    def missing(self) -> Optional[str]:
        """None: it is always available."""
        return None

    def estimate(self, sentences: Iterable[str], options: LmOptions, path: Path) -> Tuple[int, ...]:
        """Write the ARPA file ``path``; return the orders whose discounts are FALLBACK. Raises InputError."""
        corpus = Corpus.read(sentences)
        grams = count(corpus, options.order)
        excluded = None if options.vocab is None else np.array([word not in options.vocab for word in corpus.words])
        levels = smooth(grams, options.thresholds(), excluded)
        tables = []
        for level, ids in zip(levels, spelled(grams)):
            backoff = np.zeros(len(ids)) if level.backoff is None else level.backoff
            tables.append(Table(ids[level.keep], level.log10[level.keep], backoff[level.keep], 0))
        write_arpa(path, corpus.words, tables)
        return tuple(n for n, level in enumerate(levels, 1) if level.fell_back)


class Lmplz:
    """KenLM's program, on PATH or beside the Python interpreter. It sorts on disk, so the text may be of any size."""

    name = "lmplz"

    def program(self) -> Optional[str]:
        """The path of ``lmplz``; None where it is not installed."""
        return shutil.which("lmplz") or shutil.which("lmplz", path=str(Path(sys.executable).parent))

    def missing(self) -> Optional[str]:
        """Why it cannot be used; None where it can."""
        return None if self.program() else "lmplz is neither on PATH nor beside this Python"

    def estimate(self, sentences: Iterable[str], options: LmOptions, path: Path) -> Tuple[int, ...]:
        """Write the ARPA file ``path``; return the orders whose discounts are FALLBACK.

        Raises RunError, with the end of lmplz's stderr, where it fails.
        """
        with tempfile.TemporaryDirectory() as folder:
            call = [self.program(), "-o", options.order, "--prune", *options.thresholds(), "-S", "1G", "-T", folder]
            call += ["--discount_fallback", *FALLBACK]
            if options.vocab is not None:
                listed = Path(folder, "vocab")
                listed.write_text("\n".join(sorted(options.vocab)) + "\n", encoding="utf-8")
                call += ["--limit_vocab_file", listed]
            log_file, arpa = Path(folder, "stderr"), Path(folder, "arpa")
            with open(log_file, "wb") as errors, open(arpa, "wb") as out:
                process = subprocess.Popen(list(map(str, call)), stdin=subprocess.PIPE, stdout=out, stderr=errors)
                try:
                    for sentence in sentences:
                        process.stdin.write(sentence.encode() + b"\n")
                    process.stdin.close()
                except BrokenPipeError:  # the reason is on its stderr
                    pass
                except BaseException:
                    process.kill()
                    raise
                finally:
                    status = process.wait()
            log = log_file.read_text(encoding="utf-8", errors="replace").strip()
            if status:
                raise RunError(f"lmplz failed (exit {status}): {log[-300:]}; --estimator builtin needs no lmplz")
            with atomic_write(path, "wb") as file, packed(file, path) as target, open(arpa, "rb") as source:
                shutil.copyfileobj(source, target, 1 << 20)
        # lmplz counts these orders from 0.
        return tuple(int(n) + 1 for n in re.findall(r"fallback discounts for order (\d+)", log))


ESTIMATORS = {estimator.name: estimator for estimator in (Lmplz(), Builtin())}


def choose(name: str) -> Union[Builtin, Lmplz]:
    """The estimator of that name; ``auto``: lmplz where it is installed, else the built-in one.

    Raises InputError for an estimator that is not installed.
    """
    if name == "auto":
        return next(estimator for estimator in ESTIMATORS.values() if not estimator.missing())
    estimator = ESTIMATORS[name]
    if estimator.missing():
        raise InputError(f"--estimator {name}: {estimator.missing()}", hint=INSTALL)
    return estimator


class _Normalized:
    """Iterates over the texts' sentences in normal form and counts them."""

    def __init__(self, texts: Sequence[Union[str, Path]]) -> None:
        self.texts, self.sentences, self.words = texts, 0, 0
        self.seen: Dict[str, None] = {}

    def __iter__(self) -> Iterator[str]:
        for sentence in map(normalize, chain.from_iterable(map(read_sentences, self.texts))):
            if sentence:
                words = sentence.split()
                self.sentences += 1
                self.words += len(words)
                self.seen.update(dict.fromkeys(words))
                yield sentence


def estimate_lm(
    texts: Sequence[Union[str, Path]], path: Union[str, Path], options: LmOptions = LmOptions(), estimator: str = "auto"
) -> LmReport:
    """Estimate an LM on text files (:func:`ctcb.text.lines.read_sentences`), which are normalised first.

    Smoothing is interpolated modified Kneser-Ney; see ``kneser_ney``. Raises InputError for options,
    texts or a vocabulary that cannot be used, RunError where lmplz fails.
    """
    thresholds = options.thresholds()
    chosen = choose(estimator)
    source = _Normalized(texts)
    sentences = iter(source)
    first = next(sentences, None)
    if first is None:
        raise InputError("holds no words", file=texts[0] if len(texts) == 1 else None, hint="give a text")
    fell_back = chosen.estimate(chain([first], sentences), options, Path(path))
    notes = []
    if fell_back:
        orders = ", ".join(map(str, fell_back))
        notes.append(
            f"order {orders}: the text is too small or too artificial to estimate discounts; "
            f"{FALLBACK[0]:g}, {FALLBACK[1]:g} and {FALLBACK[2]:g} are used"
        )
    if options.vocab is not None:
        covered = sum(word in source.seen for word in options.vocab)
        notes.append(f"{covered} of the vocabulary's {len(options.vocab)} words are in the text and in the LM")
        if covered * 2 < len(options.vocab):
            notes.append("if that is too few, check that the vocabulary is spelled like the text: in lower case, a-z")
    if any(thresholds):
        notes.append(f"pruned at {' '.join(map(str, thresholds))}")
    return LmReport(Path(path), chosen.name, source.sentences, source.words, read_counts(path), tuple(notes))


def read_vocab(path: Union[str, Path]) -> FrozenSet[str]:
    """The first column of a word list or a ``lexicon.txt``, as the normalised text has the words.

    Warns of words in upper or mixed case, which are read in lower case. Raises InputError where half of the words or more
    are in no normal form even so.
    """
    listed = frozenset(line.split()[0] for _, line in read_lines(path) if line.strip())
    lowered = {word: word.lower() for word in listed if normalize(word) != word and normalize(word) == word.lower()}
    words = frozenset(lowered.get(word, word) for word in listed)
    normal = sum(normalize(word) == word for word in words)
    if normal * 2 <= len(words):
        raise InputError(
            f"{normal} of {len(words)} words are in normal form", file=path, hint="write them in lower case, a-z, one a line"
        )
    if lowered:
        example = min(lowered)
        warnings.warn(
            f"{path}: {len(lowered):,} of {len(listed):,} words are read in lower case, such as {example!r} as {lowered[example]!r}",
            InputWarning, stacklevel=2,
        )
    return words
