"""The vocabulary of a decoder: the number of tokens, the blank, and which tokens begin words."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Collection, Optional, Sequence
from unicodedata import east_asian_width

import numpy as np

from ctcb.errors import InputError
from ctcb.text.tokens import WORD_START


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
    letters : ``[size]`` float64, the number of letters of each token, by which boosts are scaled; 1 by
        default. A wide character (Unicode's East Asian Width) counts as 3.

    Raises InputError where these are inconsistent.
    """

    size: int
    blank: int
    starts_word: np.ndarray
    is_separator: np.ndarray
    letters: Optional[np.ndarray] = None

    def __post_init__(self) -> None:
        if not 0 <= self.blank < self.size:
            raise InputError(f"the blank's id is {self.blank}, but the vocabulary has {self.size} tokens",
                             hint=f"name an id from 0 to {self.size - 1}")
        for name in ("starts_word", "is_separator"):
            marks = np.ascontiguousarray(getattr(self, name), dtype=bool).astype(np.uint8)
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
            and np.array_equal(self.starts_word, other.starts_word)
            and np.array_equal(self.is_separator, other.is_separator) and np.array_equal(self.letters, other.letters))

    def __hash__(self) -> int:
        marks = (self.starts_word, self.is_separator, self.letters)
        return hash((self.size, self.blank, *(array.tobytes() for array in marks)))

    @classmethod
    def from_tokens(
        cls, tokens: Sequence[str], blank: int = 0, separators: Collection[str] = (), unspaced: bool = False
    ) -> Vocabulary:
        """The vocabulary of tokens, given their symbols.

        A leading ``▁`` starts a word; ``separators`` are the tokens between words (``|`` or a space in
        character vocabularies); ``unspaced``: a word may start with any token (scripts without spaces).
        Raises InputError where no token marks the start of words.
        """
        between = np.array([token in separators for token in tokens], dtype=bool)
        starts = np.array([unspaced or token.startswith(WORD_START) for token in tokens], dtype=bool) & ~between
        if 0 <= blank < len(tokens):
            starts[blank] = False
        if not starts.any() and not between.any():
            raise InputError(f"none of the {len(tokens)} tokens begins with {WORD_START} or is a separator",
                             hint="name the token between words, or pass unspaced=True for a script without spaces")
        return cls(len(tokens), blank, starts, between, np.array([_letters(token) for token in tokens]))


def _letters(token: str) -> float:
    """The letters of a token; wide characters (East Asian Width), which stand for several sounds, count as 3."""
    return float(sum(3 if east_asian_width(sign) in "WF" else 1 for sign in token.replace(WORD_START, "")))
