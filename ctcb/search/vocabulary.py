"""The vocabulary of a decoder: the number of tokens, the blank, and which tokens begin words."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Collection, Optional, Sequence, Tuple
from unicodedata import east_asian_width

import numpy as np

from ctcb.errors import InputError
from ctcb.text.possessives import POSSESSIVES
from ctcb.text.scripts import is_unspaced
from ctcb.text.tokens import BYTE, WORD_START, is_sign, text_of


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """What decoding needs to know of a CTC model's tokens.

    Attributes
    ----------
    size : number of tokens, the blank included.
    blank : id of the blank.
    starts_word : ``[size]`` uint8, 1 for tokens that begin a word (``▁new``); in scripts without
        spaces, for every token.
    is_separator : ``[size]`` uint8, 1 for tokens between words (``|`` or a space in character
        vocabularies).
    is_punctuation : ``[size]`` uint8, 1 for tokens of signs alone (``,``), which may stand before and behind a name; none by
        default.
    ends_name : ``[size]`` uint8, 1 for tokens before which a name may end: those that begin words, separators, punctuation
        and apostrophes (``smith's``); by default the first three.
    letters : ``[size]`` float64, the number of letters of each token, by which boosts are scaled; 1 by
        default. A wide character (Unicode's East Asian Width) counts as 3.

    Raises InputError where these are inconsistent.
    """

    size: int
    blank: int
    starts_word: np.ndarray
    is_separator: np.ndarray
    letters: Optional[np.ndarray] = None
    is_punctuation: Optional[np.ndarray] = None
    ends_name: Optional[np.ndarray] = None

    def __post_init__(self) -> None:
        if not 0 <= self.blank < self.size:
            raise InputError(f"the blank's id is {self.blank}, but the vocabulary has {self.size} tokens",
                             hint=f"name an id from 0 to {self.size - 1}")
        for name in ("starts_word", "is_separator", "is_punctuation", "ends_name"):
            marks = getattr(self, name)
            if marks is None:
                marks = np.zeros(self.size) if name == "is_punctuation" else self.starts_word | self.is_separator | self.is_punctuation
            marks = np.ascontiguousarray(marks, dtype=bool).astype(np.uint8)
            if marks.shape != (self.size,):
                raise InputError(f"{name} has the shape {marks.shape}, but the vocabulary has {self.size} tokens",
                                 hint="give one mark a token")
            if marks[self.blank]:
                raise InputError(f"{name} marks the blank (id {self.blank})", hint="unmark it")
            object.__setattr__(self, name, marks)
        letters = np.ones(self.size) if self.letters is None else np.ascontiguousarray(self.letters, np.float64)
        if letters.shape != (self.size,) or not (np.isfinite(letters) & (letters >= 0)).all():
            raise InputError("letters are not one number of at least 0 a token", hint="give one a token")
        object.__setattr__(self, "letters", letters)

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Vocabulary) and (self.size, self.blank) == (other.size, other.blank)
            and all(map(np.array_equal, self._arrays, other._arrays)))

    def __hash__(self) -> int:
        return hash((self.size, self.blank, *(array.tobytes() for array in self._arrays)))

    @property
    def _arrays(self) -> Tuple[np.ndarray, ...]:
        return self.starts_word, self.is_separator, self.letters, self.is_punctuation, self.ends_name

    @property
    def between_words(self) -> np.ndarray:
        """``[size]`` uint8, 1 for separators and punctuation: a word ends before them, and one may begin behind them."""
        return self.is_separator | self.is_punctuation

    @classmethod
    def from_tokens(
        cls, tokens: Sequence[str], blank: int = 0, separators: Collection[str] = (), unspaced: bool = False
    ) -> Vocabulary:
        """The vocabulary of tokens, given their symbols.

        A leading ``▁`` starts a word, and so does a token of a script without spaces; ``separators`` are the tokens between
        words (``|`` or a space in character vocabularies); ``unspaced``: a word may start with any token.
        Raises InputError where no token marks the start of words.
        """
        between = np.array([token in separators for token in tokens], dtype=bool)
        signs = np.array(list(map(is_sign, tokens)), dtype=bool) & ~between
        begins = [unspaced or token.startswith(WORD_START) or is_unspaced(token[:1]) for token in tokens]
        starts = np.array(begins, dtype=bool) & ~between & ~signs
        if 0 <= blank < len(tokens):
            starts[blank] = signs[blank] = False
        if not starts.any() and not between.any():
            raise InputError(f"none of the {len(tokens)} tokens begins with {WORD_START} or is a separator",
                             hint="name the token between words, or pass unspaced=True for a script without spaces")
        possessives = np.array([text_of(token) in POSSESSIVES for token in tokens], dtype=bool)
        possessives[blank] = False
        letters = np.array([_letters(token) for token in tokens])
        return cls(len(tokens), blank, starts, between, letters, signs, starts | between | signs | possessives)


def _letters(token: str) -> float:
    """The letters of a token; wide characters (East Asian Width), which stand for several sounds, count as 3, and
    single bytes as 1."""
    if BYTE.fullmatch(token):
        return 1.0
    return float(sum(3 if east_asian_width(sign) in "WF" else 1 for sign in text_of(token)))
