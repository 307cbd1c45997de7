"""Phones for words that are in no dictionary: the network of ``g2p_en``, run in numpy.

Importing ``g2p_en`` asks NLTK to download two corpora, so it fails without a network. The network's
weights are a file inside the installed package; this module reads that file and never imports the
package. It computes ``g2p_en.G2p.predict`` (a GRU encoder over letters and a greedy GRU decoder over
phones, Park & Kim 2019) for many words at once.
"""
from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Dict, Iterable, List, Sequence, Tuple

import numpy as np

from ctcb.errors import RunError

Pronunciation = Tuple[str, ...]

# The order of both tables is that of the checkpoint's rows.
_GRAPHEMES = ["<pad>", "<unk>", "</s>", *"abcdefghijklmnopqrstuvwxyz"]
_PHONEMES = """<pad> <unk> <s> </s> AA0 AA1 AA2 AE0 AE1 AE2 AH0 AH1 AH2 AO0 AO1 AO2 AW0 AW1 AW2 AY0 AY1
AY2 B CH D DH EH0 EH1 EH2 ER0 ER1 ER2 EY0 EY1 EY2 F G HH IH0 IH1 IH2 IY0 IY1 IY2 JH K L M N NG OW0
OW1 OW2 OY0 OY1 OY2 P R S SH T TH UH0 UH1 UH2 UW UW0 UW1 UW2 V W Y Z ZH""".split()
_LETTER = {letter: row for row, letter in enumerate(_GRAPHEMES)}
_START, _END = 2, 3
_SPECIALS = 4
_HIDDEN = 256
_BATCH = 256  # rows of a matrix product: more do not stay in a processor's cache
_MOST_WORDS = 4096  # that are encoded together

_cache: Dict[str, Tuple[Pronunciation, float]] = {}  # phones, and their mean log-probability


def predict(words: Iterable[str]) -> List[Pronunciation]:
    """Phones with stress (``Z EH0 L EH1 N S K IY0``) for words of ``a``-``z``.

    Results are cached for the life of the process. A word's phones may be empty where the network
    predicts none. Raises RunError where g2p_en is not installed.
    """
    return [phones for phones, _ in _predicted(words)]


def confidences(words: Iterable[str]) -> List[float]:
    """How sure the network is of the phones of words of ``a``-``z``: their mean natural-log probability, the end's included.

    Raises as :func:`predict` does.
    """
    return [confidence for _, confidence in _predicted(words)]


def _predicted(words: Iterable[str]) -> List[Tuple[Pronunciation, float]]:
    words = list(words)
    new = sorted(set(words) - set(_cache))  # so that words that begin alike are together
    for start in range(0, len(new), _MOST_WORDS):
        batch = new[start : start + _MOST_WORDS]
        _cache.update(zip(batch, _network().predict(batch)))
    return [_cache[word] for word in words]


class _Network:
    """The GRU encoder and decoder, in numpy float32; hidden size 256."""

    def __init__(self, checkpoint: Path) -> None:
        with np.load(checkpoint, allow_pickle=False) as arrays:
            self._arrays = {name: arrays[name] for name in arrays.files}
        # A symbol's contribution to a GRU step does not depend on its position: computed once, it saves half of the work.
        self._inputs = {
            part: self._arrays[f"{part}_emb"] @ self._arrays[f"{part}_w_ih"].T + self._arrays[f"{part}_b_ih"]
            for part in ("enc", "dec")
        }

    def predict(self, words: Sequence[str]) -> List[Tuple[Pronunciation, float]]:
        encoded = self._encode(words)
        found: List[Tuple[Pronunciation, float]] = []
        for start in range(0, len(words), _BATCH):
            own = slice(start, start + _BATCH)
            found += self._decode(words[own], encoded[own])
        return found

    def _encode(self, words: Sequence[str]) -> np.ndarray:
        """The encoder's last states ``[B, 256]``. Words that begin alike share the states of their beginnings."""
        letters = [[_LETTER.get(letter, 1) for letter in word] + [_LETTER["</s>"]] for word in words]
        steps = max(map(len, letters))
        ids = np.zeros((len(words), steps), np.int64)
        for row, word in zip(ids, letters):
            row[: len(word)] = word
        lengths = np.array([len(word) for word in letters])
        last = np.empty((len(words), _HIDDEN), np.float32)
        # The words under way, and each one's beginning among those of so many letters.
        under_way, beginning, hidden = np.arange(len(words)), np.zeros(len(words), np.int64), np.zeros((1, _HIDDEN), np.float32)
        for step in range(steps):
            keys, beginning = np.unique(beginning * len(_GRAPHEMES) + ids[under_way, step], return_inverse=True)
            before, symbols = np.divmod(keys, len(_GRAPHEMES))
            rows = [slice(start, start + _BATCH) for start in range(0, len(keys), _BATCH)]
            hidden = np.concatenate([self._cell("enc", symbols[own], hidden[before[own]]) for own in rows])
            ends = lengths[under_way] == step + 1
            last[under_way[ends]] = hidden[beginning[ends]]
            under_way, beginning = under_way[~ends], beginning[~ends]
        return last

    def _decode(self, words: Sequence[str], hidden: np.ndarray) -> List[Tuple[Pronunciation, float]]:
        """The phones of words by the encoder's last states, and their mean log-probability."""
        steps = max(map(len, words)) + 1
        phones: List[List[str]] = [[] for _ in words]
        last, under_way = np.full(len(words), _START), np.arange(len(words))
        log_probs, steps_of = np.zeros(len(words)), np.zeros(len(words))
        # g2p_en stops at 20 phones, which cuts long chemical names; no word needs two a letter.
        for _ in range(max(20, 2 * steps)):
            hidden = self._cell("dec", last, hidden)
            logits = hidden @ self._arrays["fc_w"].T + self._arrays["fc_b"]
            last = logits.argmax(axis=1)
            log_probs[under_way] -= np.log(np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1))
            steps_of[under_way] += 1
            going_on = last != _END
            last, hidden, under_way = last[going_on], hidden[going_on], under_way[going_on]
            if not len(under_way):
                break
            for word, phone in zip(under_way.tolist(), last.tolist()):
                if phone >= _SPECIALS:
                    phones[word].append(_PHONEMES[phone])
        return list(zip(map(tuple, phones), (log_probs / steps_of).tolist()))

    def _cell(self, part: str, symbols: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """One GRU step: symbols [B] int, hidden [B, 256] -> [B, 256]."""
        arrays = self._arrays
        inputs = self._inputs[part][symbols]
        states = hidden @ arrays[f"{part}_w_hh"].T
        states += arrays[f"{part}_b_hh"]
        gates, new_state = states[:, : 2 * _HIDDEN], states[:, 2 * _HIDDEN :]
        gates += inputs[:, : 2 * _HIDDEN]
        np.negative(gates, out=gates)
        np.exp(gates, out=gates)
        gates += 1
        np.reciprocal(gates, out=gates)
        reset, update = gates[:, :_HIDDEN], gates[:, _HIDDEN:]
        new_state *= reset
        new_state += inputs[:, 2 * _HIDDEN :]
        np.tanh(new_state, out=new_state)
        return (1 - update) * new_state + update * hidden


@lru_cache(maxsize=None)
def _network() -> _Network:
    spec = find_spec("g2p_en")  # finds the package's folder without importing it
    if spec is None or not spec.submodule_search_locations:
        raise RunError("unknown words need the package g2p_en for their pronunciation: pip install g2p_en")
    return _Network(Path(spec.submodule_search_locations[0]) / "checkpoint20.npz")
