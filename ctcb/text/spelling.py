"""Words as token sequences, in the tokens of any model: the segmentations that a decoder may meet.

A CTC model mostly outputs the segmentation that it was trained on, and sometimes another one. So each
form gets its best segmentation and, where the list is short enough, some others.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Optional, Protocol, Sequence, Tuple, runtime_checkable

import sentencepiece

from ctcb.errors import InputError
from ctcb.io import PathOrStr
from ctcb.text.scripts import is_unspaced
from ctcb.text.token_sequences import TokenIds as TokenIds
from ctcb.text.token_sequences import TokenSequences
from ctcb.text.tokenizer import UNK_ID, Tokenizer
from ctcb.text.tokens import WORD_START, TokenTable
from ctcb.text.writing import Writing

SEGMENTATIONS = 8  # for each form: the best and up to 7 or 8 others
# Longer lists get only the best segmentation of each form: others cost about 1 ms for each form, and
# 100,000 entities must be ready in 5 s.
MAX_VARIED_FORMS = 2_000


class Spelling(Protocol):
    """Spells forms (words, one space apart) in a model's tokens."""

    table: TokenTable

    @property
    def writing(self) -> Writing:
        """What the model can write: names are put in forms by it."""

    def spell(self, forms: Sequence[str], among: Optional[int] = None) -> List[List[TokenIds]]:
        """The different token sequences of each form, best first; none where it cannot be spelled.

        ``among``: how many forms the list has that these belong to, by default no others: in long lists each has fewer sequences.
        """

    def sequences(self, forms: Sequence[str], among: Optional[int] = None) -> TokenSequences:
        """:meth:`spell`, as arrays."""

    def best(self, form: str) -> TokenIds:
        """The first of these of one form; ``()`` where it cannot be spelled."""


@runtime_checkable
class SoundSpelling(Spelling, Protocol):
    """Spells in phones, and so also accepts the pronunciations of a list."""

    def tokens_of_pron(self, pron: str) -> Optional[TokenIds]:
        """The token ids of a pronunciation (phones of the CMU dictionary or the IPA, one space apart); None where there are none."""

    def unspellable_reason(self, form: str) -> str:
        """Why a form cannot be spelled in these tokens, for a message."""


class TokenizerSpelling:
    """Spells in the pieces of our own models: the tokenizer's best segmentation and sampled ones."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.table, self.writing = tokenizer.table, tokenizer.writing

    @property
    def model(self) -> bytes:
        """The tokenizer's sentencepiece model."""
        return self.tokenizer.model

    def spell(self, forms: Sequence[str], among: Optional[int] = None) -> List[List[TokenIds]]:
        """The different segmentations of each form, best first; an empty list for one with characters that no piece has."""
        return self.sequences(forms, among).lists()

    def sequences(self, forms: Sequence[str], among: Optional[int] = None) -> TokenSequences:
        """:meth:`spell`, as arrays."""
        best = self.tokenizer.sequences(forms).without(UNK_ID)
        if (among or len(forms)) > MAX_VARIED_FORMS:
            return best
        every, _ = best.followed_by(self.tokenizer.sampled(forms, SEGMENTATIONS))
        return every.kept(every.are_new())

    def best(self, form: str) -> TokenIds:
        """The tokenizer's segmentation."""
        ids = tuple(self.tokenizer.encode(form))
        return () if UNK_ID in ids else ids


class PieceSpelling:
    """Spells in any model's tokens, of which only the symbols are known: the fewest pieces first.

    In character vocabularies that is letter by letter. Segmentations into equally many pieces are
    ordered by the length of their first pieces, longer ones first.
    """

    model = b""  # no sentencepiece model

    def __init__(self, table: TokenTable) -> None:
        self.table = table
        self.writing = table.writing
        self._of_bytes = frozenset(table.byte_tokens.values())
        self._tokenizers = [_Pieces.of(written, table.byte_tokens) for written in table.tokenizers]

    def spell(self, forms: Sequence[str], among: Optional[int] = None) -> List[List[TokenIds]]:
        """The different segmentations of each form, fewest pieces first; an empty list where there is none."""
        count = SEGMENTATIONS if (among or len(forms)) <= MAX_VARIED_FORMS else 1
        return [self._form(form, count) for form in forms]

    def sequences(self, forms: Sequence[str], among: Optional[int] = None) -> TokenSequences:
        """:meth:`spell`, as arrays."""
        return TokenSequences.of(self.spell(forms, among))

    def best(self, form: str) -> TokenIds:
        """The first segmentation."""
        return next(iter(self.spell([form])[0]), ())

    def _form(self, form: str, count: int) -> List[TokenIds]:
        separated = self.table.separator is not None
        start = "" if separated or not self.table.tells_words else WORD_START
        between = (self.table.symbols.index(self.table.separator),) if separated else ()
        segmentations: List[TokenIds] = []
        for cased in dict.fromkeys(casing(form) for casing in self.writing.casings):
            for tokenizer in self._tokenizers:
                sequences: List[TokenIds] = [()]
                for word in cased.split():
                    endings = tokenizer.segmentations(start + word, count)
                    if start and is_unspaced(word[0]):  # such a word begins anywhere, with or without a mark before it
                        inside = [ids for ids in tokenizer.segmentations(word, count) if ids[0] not in self._of_bytes]
                        endings = _shortest([*endings, *inside], count)
                    sequences = _shortest([prefix + (between if prefix else ()) + more for prefix in sequences for more in endings], count)
                segmentations += sequences
        return list(dict.fromkeys(segmentations))


@dataclass(frozen=True)
class _Pieces:
    """The pieces of one tokenizer."""

    written: Dict[str, int]
    longest: Dict[str, int]  # first letter -> the length of its longest piece
    bytes: Dict[int, int]  # byte -> its token, for characters that no piece has
    known: Dict[Tuple[str, int], List[TokenIds]] = field(default_factory=dict)  # names share words

    @classmethod
    def of(cls, written: Dict[str, int], of_bytes: Dict[int, int]) -> _Pieces:
        longest: Dict[str, int] = {}
        for symbol in written:
            longest[symbol[0]] = max(len(symbol), longest.get(symbol[0], 0))
        return cls(written, longest, of_bytes)

    def segmentations(self, word: str, count: int) -> List[TokenIds]:
        """A word's segmentations, by dynamic programming from its end: ``rest[i]`` are those of ``word[i:]``."""
        found = self.known.get((word, count))
        if found is not None:
            return found
        size = len(word)
        rest: List[List[TokenIds]] = [[] for _ in word] + [[()]]
        for start in range(size - 1, -1, -1):
            segmentations: List[TokenIds] = []
            for end in range(min(size, start + self.longest.get(word[start], 0)), start, -1):
                if rest[end]:
                    token = self.written.get(word[start:end])
                    if token is not None:
                        segmentations += [(token, *more) for more in rest[end]]
            if word[start] not in self.written and self.bytes:
                in_bytes = tuple(self.bytes.get(byte, -1) for byte in word[start].encode())
                if -1 not in in_bytes:
                    segmentations += [in_bytes + more for more in rest[start + 1]]
            rest[start] = _shortest(segmentations, count)
        self.known[word, count] = rest[0]
        return rest[0]


class SentencepieceSpelling(PieceSpelling):
    """Spells in any model's tokens as its sentencepiece model segments; then the fewest pieces."""

    def __init__(self, table: TokenTable, model: PathOrStr) -> None:
        """``model``: the sentencepiece model's file. Raises InputError where it is missing, invalid or another tokenizer's."""
        super().__init__(table)
        if not Path(model).is_file():
            raise InputError("no such file", file=model, hint="name the tokens.model or bpe.model")
        try:
            self._processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
        except (RuntimeError, OSError):
            raise InputError("not a sentencepiece model", file=model, hint="name the tokens.model or bpe.model") from None
        self.model = self._processor.serialized_model_proto()
        pieces = set(map(self._processor.id_to_piece, range(self._processor.get_piece_size())))
        outside = [symbol for symbol in table.written if symbol not in pieces]
        if len(outside) > len(table) // 2:
            raise InputError(
                f"{len(outside)} of the {len(table)} tokens, such as {outside[0]!r}, are not pieces of it", file=model,
                hint="name the sentencepiece model that made the tokens",
            )

    def spell(self, forms: Sequence[str], among: Optional[int] = None) -> List[List[TokenIds]]:
        """The different segmentations of each form, sentencepiece's first; an empty list where there is none."""
        best: List[List[TokenIds]] = [[] for _ in forms]
        for casing in self.writing.casings:
            for segmentations, pieces in zip(best, self._processor.encode([casing(form) for form in forms], out_type=str)):
                if pieces and all(piece in self.table.written for piece in pieces):
                    segmentations.append(tuple(self.table.written[piece] for piece in pieces))
        if (among or len(forms)) > MAX_VARIED_FORMS and all(best):
            return best
        return [list(dict.fromkeys(own + others)) for own, others in zip(best, super().spell(forms, among))]


def why_unspellable(spelling: Spelling, form: str) -> str:
    """Why a form cannot be spelled, for a message."""
    lacks = spelling.unspellable_reason if isinstance(spelling, SoundSpelling) else spelling.table.unspellable_reason
    return f"{form!r} {lacks(form)}"


def spelling_of(table: TokenTable, tokens_model: Optional[PathOrStr] = None) -> PieceSpelling:
    """The spelling for a table's tokens, with the sentencepiece model ``tokens_model`` where one is given.

    Raises InputError as :class:`SentencepieceSpelling` does.
    """
    return PieceSpelling(table) if tokens_model is None else SentencepieceSpelling(table, tokens_model)


def _shortest(sequences: List[TokenIds], count: int) -> List[TokenIds]:
    """The ``count`` shortest sequences; equally long ones keep their order."""
    return sequences if len(sequences) < 2 else sorted(sequences, key=len)[:count]
