"""Graph search by its definition: every alignment, every way to read its tokens, every way to back off."""
from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import Dict, Iterator, List, Mapping, Sequence, Tuple

import numpy as np

from ctcb.graph.options import GraphOptions

Tokens = Tuple[int, ...]
History = Tuple[str, ...]
LN10 = math.log(10)


@dataclass
class Reference:
    """An ARPA's n-grams as dictionaries, a lexicon, the tokens of open words, and a list."""

    probabilities: Mapping[Tuple[str, ...], float]  # log10
    backoffs: Mapping[Tuple[str, ...], float]  # log10
    lexicon: Mapping[str, Sequence[Tokens]]
    begin: Sequence[int] = ()
    bare: Sequence[int] = ()
    inner: Sequence[int] = ()
    entities: Sequence[Tuple[str, Sequence[Tokens], float]] = ()  # words, spellings, weight
    options: GraphOptions = GraphOptions()
    order: int = field(init=False)

    def __post_init__(self) -> None:
        self.order = max(map(len, self.probabilities))

    def ways(self, history: History, word: str) -> Iterator[Tuple[float, History]]:
        """Every way to score a word: by its n-gram, or by backing off."""
        if (*history, word) in self.probabilities:
            yield self.probabilities[(*history, word)] * LN10, (*history, word)[-(self.order - 1) :]
        if history:
            for score, after in self.ways(history[1:], word):
                yield self.backoffs.get(history, 0.0) * LN10 + score, after

    def pieces(self, tokens: Tokens) -> Iterator[Tuple[int, str, str, float]]:
        """What the first tokens may be: (how many, text, word of the LM, what is added)."""
        o = self.options
        for word, spellings in self.lexicon.items():
            for sequence in spellings:
                if tokens[: len(sequence)] == tuple(sequence):
                    yield len(sequence), word, word, o.word_bonus
        if self.begin:
            for size in range(1, len(tokens) + 1):
                first = tokens[0] in self.begin or tokens[0] in self.bare and size > 1
                if first and all(token in self.inner for token in tokens[1:size]):
                    yield size, "?" + ".".join(map(str, tokens[:size])), "<unk>", o.word_bonus + o.lm_weight * size * o.piece_bonus
        for text, spellings, weight in self.entities:
            for sequence in spellings:
                if tokens[: len(sequence)] == tuple(sequence):
                    yield len(sequence), text, "<unk>", (
                        o.lm_weight * (math.log(weight) + o.class_bonus) + len(sequence) * o.token_bonus + len(text.split()) * o.word_bonus)

    def readings(self, tokens: Tokens, history: History = ("<s>",)) -> Iterator[Tuple[float, Tuple[str, ...]]]:
        """Every reading: its score without the acoustics, and its words."""
        if not tokens:
            for score, _ in self.ways(history, "</s>"):
                yield self.options.lm_weight * score, ()
            return
        for size, text, word, more in self.pieces(tokens):
            for score, after in self.ways(history, word):
                for rest, texts in self.readings(tokens[size:], after):
                    yield self.options.lm_weight * score + more + rest, (text, *texts)

    def search(self, log_probs: np.ndarray, blank: int = 0) -> List[Tuple[float, Tokens, Tuple[str, ...]]]:
        """Every (token sequence, words) with its best score, best first."""
        acoustic: Dict[Tokens, float] = {}
        for path in itertools.product(range(log_probs.shape[1]), repeat=len(log_probs)):
            value = float(sum(log_probs[t, token] for t, token in enumerate(path)))
            tokens = tuple(token for t, token in enumerate(path) if token != blank and (t == 0 or path[t - 1] != token))
            acoustic[tokens] = max(value, acoustic.get(tokens, -math.inf))
        best: Dict[Tuple[Tokens, Tuple[str, ...]], float] = {}
        for tokens, value in acoustic.items():
            for score, texts in self.readings(tokens):
                best[tokens, texts] = max(value + score, best.get((tokens, texts), -math.inf))
        return sorted(((score, *key) for key, score in best.items()), key=lambda one: -one[0])


def write_arpa(path, probabilities, backoffs) -> None:
    order = max(map(len, probabilities))
    lines = ["\\data\\"] + [f"ngram {n}={sum(len(k) == n for k in probabilities)}" for n in range(1, order + 1)] + [""]
    for n in range(1, order + 1):
        lines.append(f"\\{n}-grams:")
        for key in sorted(k for k in probabilities if len(k) == n):
            back = f"\t{backoffs[key]:.6f}" if key in backoffs and n < order else ""
            lines.append(f"{probabilities[key]:.6f}\t{' '.join(key)}{back}")
        lines.append("")
    path.write_text("\n".join([*lines, "\\end\\", ""]))


def random_lm(rng: np.random.Generator, words: Sequence[str], order: int = 3):
    """Random n-grams whose contexts stand in the LM; (probabilities, backoffs), log10 rounded as they are written."""
    probabilities, backoffs = {("<s>",): -99.0}, {}
    for word in (*words, "<unk>", "</s>"):
        probabilities[(word,)] = round(-float(rng.uniform(0.3, 2)), 6)
    level = [key for key in probabilities if key != ("</s>",)]
    for n in range(2, order + 1):
        following = []
        for context in level:
            if rng.random() < 0.7:
                backoffs[context] = round(float(rng.uniform(-1, 0.2)), 6)
            for word in (*words, "<unk>", "</s>"):
                if rng.random() < 0.35:
                    probabilities[(*context, word)] = round(-float(rng.uniform(0.1, 1.5)), 6)
                    if word != "</s>":
                        following.append((*context, word))
        level = following
    return probabilities, backoffs
