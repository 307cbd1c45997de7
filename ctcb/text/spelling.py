"""Words as token sequences, in the tokens of any model: which segmentations a decoder may meet.

A CTC model mostly gives out the segmentation that it was trained on, and sometimes another one. So
each form is spelled in its best way and, where the list is short enough, in some others besides.
"""
from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Optional, Protocol, Sequence, Tuple, runtime_checkable

import sentencepiece

from ctcb.errors import InputError
from ctcb.io import PathOrStr
from ctcb.text.tokenizer import Tokenizer
from ctcb.text.tokens import WORD_START, TokenTable

TokenIds = Tuple[int, ...]

SEGMENTATIONS = 8  # of each form: the best and up to 7 or 8 others
# Longer lists get the best segmentation of each form only: others cost about 1 ms a form, and 100,000
# entities are to be ready in 5 s.
MOST_VARIED = 2_000


class Spelling(Protocol):
    """Spells forms (lower-case words, one space apart) in a model's tokens."""

    table: TokenTable

    def spell(self, forms: Sequence[str]) -> List[List[TokenIds]]:
        """The different token sequences of each form, best first; none where it cannot be spelled."""


@runtime_checkable
class SoundSpelling(Spelling, Protocol):
    """Spells in phones: also what a list says of how a name sounds."""

    def said(self, pron: str) -> Optional[TokenIds]:
        """A pronunciation (CMU phones, one space apart) in the tokens, if these have its phones."""

    def lacks(self, form: str) -> str:
        """What hinders words from being said in these tokens, in words."""


class TokenizerSpelling:
    """In the pieces of our own models: the tokenizer's best segmentation and sampled ones."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.table = TokenTable(tokenizer.pieces, blank=0)

    def spell(self, forms: Sequence[str]) -> List[List[TokenIds]]:
        best = map(tuple, self.tokenizer.encode_all(forms))
        if len(forms) > MOST_VARIED:
            return [[ids] for ids in best]
        others = (map(tuple, self.tokenizer.sample(form, SEGMENTATIONS)) for form in forms)
        return [list(dict.fromkeys((ids, *more))) for ids, more in zip(best, others)]


class PieceSpelling:
    """In any model's tokens, of which only the symbols are known: the fewest pieces first.

    In character vocabularies that is letter by letter. Of segmentations into equally many pieces, the
    one whose first pieces are longer comes first.
    """

    def __init__(self, table: TokenTable) -> None:
        self.table = table
        self._longest: Dict[str, int] = {}  # first letter -> the length of its longest token
        for symbol in table.written:
            self._longest[symbol[0]] = max(len(symbol), self._longest.get(symbol[0], 0))

    def spell(self, forms: Sequence[str]) -> List[List[TokenIds]]:
        count = SEGMENTATIONS if len(forms) <= MOST_VARIED else 1
        known: Dict[str, List[TokenIds]] = {}  # word -> its segmentations; names share words
        return [self._form(form, count, known) for form in forms]

    def _form(self, form: str, count: int, known: Dict[str, List[TokenIds]]) -> List[TokenIds]:
        start = WORD_START if self.table.separator is None else ""
        between = () if self.table.separator is None else (self.table.symbols.index(self.table.separator),)
        found: List[TokenIds] = []
        for cased in dict.fromkeys(casing(form) for casing in self.table.casings):
            sequences: List[TokenIds] = [()]
            for word in cased.split():
                endings = self._word(start + word, count, known)
                sequences = _shortest([one + (between if one else ()) + more for one in sequences for more in endings], count)
            found += sequences
        return list(dict.fromkeys(found))

    def _word(self, word: str, count: int, known: Dict[str, List[TokenIds]]) -> List[TokenIds]:
        """A word's segmentations, worked out from its end: those of what is left after each letter."""
        if word not in known:
            written, size = self.table.written, len(word)
            rest: List[List[TokenIds]] = [[] for _ in word] + [[()]]
            for start in range(size - 1, -1, -1):
                ways: List[TokenIds] = []
                for end in range(min(size, start + self._longest.get(word[start], 0)), start, -1):
                    if rest[end]:
                        token = written.get(word[start:end])
                        if token is not None:
                            ways += [(token, *more) for more in rest[end]]
                rest[start] = _shortest(ways, count)
            known[word] = rest[0]
        return known[word]


class SentencepieceSpelling(PieceSpelling):
    """In any model's tokens, segmented as its sentencepiece model does; then the fewest pieces."""

    def __init__(self, table: TokenTable, model: PathOrStr) -> None:
        """``model`` is the file of the sentencepiece model. Raises InputError where it is none."""
        super().__init__(table)
        if not Path(model).is_file():
            raise InputError("no such file", file=model, hint="name the tokens.model or bpe.model")
        try:
            self._processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
        except (RuntimeError, OSError):
            raise InputError("not a sentencepiece model", file=model, hint="name the tokens.model or bpe.model") from None
        pieces = set(map(self._processor.id_to_piece, range(self._processor.get_piece_size())))
        outside = [symbol for symbol in table.written if symbol not in pieces]
        if len(outside) > len(table) // 2:
            raise InputError(
                f"{len(outside)} of the {len(table)} tokens, such as {outside[0]!r}, are none of its pieces", file=model,
                hint="name the sentencepiece model that made the tokens",
            )

    def spell(self, forms: Sequence[str]) -> List[List[TokenIds]]:
        found: List[List[TokenIds]] = [[] for _ in forms]
        for casing in self.table.casings:
            for ways, pieces in zip(found, self._processor.encode([casing(form) for form in forms], out_type=str)):
                if pieces and all(piece in self.table.written for piece in pieces):
                    ways.append(tuple(self.table.written[piece] for piece in pieces))
        if len(forms) > MOST_VARIED and all(found):
            return found
        return [list(dict.fromkeys(best + others)) for best, others in zip(found, super().spell(forms))]


def spelling_of(table: TokenTable, tokens_model: Optional[PathOrStr] = None) -> PieceSpelling:
    """How to spell in a table's tokens, with its sentencepiece model where there is one."""
    return PieceSpelling(table) if tokens_model is None else SentencepieceSpelling(table, tokens_model)


def _shortest(sequences: List[TokenIds], count: int) -> List[TokenIds]:
    """The ``count`` shortest, in their order where equally long."""
    return sequences if len(sequences) < 2 else sorted(sequences, key=len)[:count]
