"""A word LM for the beam search: words are looked up by their letters, whatever their segmentation."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import List, Sequence, Union

import numpy as np

from ctcb.errors import InputError
from ctcb.lm.arrays import NODE, ArrayLm, LmArrays
from ctcb.lm.casing import load_matching
from ctcb.lm.unknown import SIGNS
from ctcb.lm.vocabulary import HINT
from ctcb.search.beam.letter_trie import LETTER_STATE, LetterTrie, best_below, fill_start
from ctcb.search.beam.lm_state import LmFusion
from ctcb.search.beam.token_trie import first_children, grow
from ctcb.search.options import BeamOptions, UnigramOptions
from ctcb.text.tokens import TokenTable, is_sign, text_of

MIN_SPELLED = 0.1  # share of the LM's words that the tokens must be able to spell


@dataclass(frozen=True)
class WordLm:
    """An n-gram LM and its words in a model's tokens. Make one with :meth:`load`."""

    lm: ArrayLm
    trie: LetterTrie
    parent: np.ndarray  # [S] int32, of the trie's states
    num_spelled: int  # words of the LM that the tokens can write

    @classmethod
    def load(cls, path: Union[str, Path], table: TokenTable) -> WordLm:
        """Read an ARPA file, gzip or not, for a model's tokens.

        Words in another case than the tokens' are matched all the same; the LM's notes say so. Raises InputError for a
        malformed file, with the line number, and for one whose words the tokens cannot spell.
        """
        letters = letters_of(table)
        known = set("".join(letters))
        return cls.build(load_matching(path, known.issuperset), letters)

    @classmethod
    def build(cls, lm: ArrayLm, letters: Sequence[str]) -> WordLm:
        """``letters``: the letters of each token, in lower case; "" for the blank, the separator and specials."""
        known = "".join(sorted(set("".join(letters))))
        numbers = np.array([i for i, word in enumerate(lm.words) if word not in SIGNS], np.int64)
        words = [lm.words[i] for i in numbers]
        spelled = _can_write(words, known)
        _check(lm, words, spelled, known)
        numbers, words = numbers[spelled], [word for word, can in zip(words, spelled) if can]
        lengths = np.fromiter(map(len, words), np.int64, len(words))
        starts = np.cumsum(lengths) - lengths
        token, parent, _, end = grow(_codes("".join(words), known), starts, lengths, len(known) or 1)
        states = np.zeros(len(token) + 2, LETTER_STATE)
        states["first_child"][:-1], states["first_child"][-1] = first_children(parent), len(token)
        states["word"] = lm.unk
        states["word"][end] = numbers
        written = np.fromiter(map(len, letters), np.int64, len(letters))
        trie = LetterTrie(
            states=states, token=np.append(token, -1).astype(np.int32),
            first_letter=np.concatenate([[0], np.cumsum(written)]).astype(np.int32),
            letters=_codes("".join(letters), known).astype(np.int32), start=np.zeros(len(letters), np.int32),
        )
        fill_start(trie)
        return cls(lm, trie, parent, len(words))

    @property
    def num_tokens(self) -> int:
        """The size of the vocabulary that it was made for."""
        return len(self.trie.start)

    def fusion(self, options: BeamOptions, unigram: UnigramOptions = UnigramOptions()) -> LmFusion:
        """The LM with the weights of ``options`` and ``unigram``, for the compiled search."""
        look_ahead = np.zeros(len(self.trie.token), np.float32)
        if options.look_ahead:
            log_prob = self.lm.arrays.node["log_prob"][1 : 1 + len(self.lm.words)]
            # At least that of <unk>, for any beginning can go on into a word that the LM does not know.
            best = np.maximum(log_prob[self.trie.states["word"][:-1]], log_prob[self.lm.unk])
            best_below(best, self.parent)
            look_ahead[1:] = options.lm_weight * best[1:] + options.word_bonus
        return LmFusion(
            on=True, weight=float(options.lm_weight), word_bonus=float(options.word_bonus),
            class_bonus=float(unigram.class_bonus), piece_bonus=float(options.piece_bonus),
            look_ahead=look_ahead, top_look_ahead=float(max(0.0, look_ahead.max())),
            look_ahead_word_bonus=float(options.word_bonus) if options.look_ahead else 0.0,
            lm=self.lm.arrays, trie=self.trie, unk=self.lm.unk, end=self.lm.end, begin=self.lm.begin,
            histories=int(options.histories),
        )


def no_fusion() -> LmFusion:
    """In the place of an LM where there is none."""
    nothing, number = np.zeros(1, np.float32), np.zeros(1, np.int32)
    trie = LetterTrie(
        states=np.zeros(1, LETTER_STATE), token=number, first_letter=number, letters=number, start=number)
    return LmFusion(
        on=False, weight=0.0, word_bonus=0.0, class_bonus=0.0, piece_bonus=0.0,
        look_ahead=nothing, top_look_ahead=0.0, look_ahead_word_bonus=0.0,
        lm=LmArrays(np.zeros(1, NODE), number), trie=trie, unk=0, end=0, begin=0, histories=1,
    )


def letters_of(table: TokenTable) -> List[str]:
    """The letters that each token adds to a word, in lower case; punctuation adds none."""
    return [
        table.writing.lower(text_of(symbol)) if is_text and not is_sign(symbol) else ""
        for symbol, is_text in zip(table.symbols, table.is_text)
    ]


def _codes(text: str, known: str) -> np.ndarray:
    """The index of each letter of ``text`` in ``known``, which is sorted and must hold them all. ``[n]`` int64."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    return np.searchsorted(np.frombuffer(known.encode("utf-32-le", "surrogatepass"), np.uint32), points)


def _can_write(words: Sequence[str], known: str) -> np.ndarray:
    letters = set(known)
    return np.fromiter((letters.issuperset(word) for word in words), bool, len(words))


def _check(lm: ArrayLm, words: Sequence[str], spelled: np.ndarray, known: str) -> None:
    """Raise InputError where the tokens can spell hardly any of the LM's words, or many more of them in lower case."""
    count = int(spelled.sum())
    problem = f"{count} of its {len(words)} words can be written in the model's tokens"
    lowered = int(_can_write([word.lower() for word in words], known).sum())
    if lowered > 2 * count:
        raise InputError(f"{problem}, but {lowered} in lower case", file=lm.path, hint=HINT)
    if words and count < max(1, MIN_SPELLED * len(words)):
        example = words[int(np.argmin(spelled))]
        raise InputError(f"{problem}; {example!r} cannot", file=lm.path, hint=HINT)
