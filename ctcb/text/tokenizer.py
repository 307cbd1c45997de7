"""Subword pieces by sentencepiece, with the ids that CTC needs: 0 is the blank, 1 is unknown.

On disk a tokenizer is two files that must agree: ``tokens.model`` (sentencepiece) and ``tokens.txt``
(one piece on each line, id = line number from 0).
"""
from __future__ import annotations

import io
import re
from functools import cached_property, lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Dict, Iterable, List, Optional, Sequence, Tuple, Union

import numpy as np
import sentencepiece

from ctcb.errors import InputError, unreadable
from ctcb.io import atomic_write
from ctcb.text.in_bulk import normalize_all
from ctcb.text.language import read_language
from ctcb.text.normalize import normalize
from ctcb.text.token_sequences import TokenSequences
from ctcb.text.tokens import WORD_START, TokenTable
from ctcb.text.writing import Writing

if TYPE_CHECKING:
    from ctcb.text.segmenting import PieceTrie

BLANK_ID, UNK_ID = 0, 1
BLANK, UNK = "<blk>", "<unk>"
MODEL_FILE, TOKENS_FILE = "tokens.model", "tokens.txt"

_ALPHABET = "abcdefghijklmnopqrstuvwxyz'"
# Two specials, the word start, and every letter as a piece.
MIN_VOCAB_SIZE = 2 + 1 + len(_ALPHABET)
# Segmentations of one word that sampling draws from; Kudo (2018) takes as many of a sentence.
_NBEST = 64
_BATCH = 50_000  # texts that are tokenised at once, for the memory that lists of numbers take
# What sentencepiece says of more pieces than the text supports.
_LIMIT = re.compile(r"Vocabulary size too high.*<= (\d+)")


class Tokenizer:
    """A unigram sentencepiece model over normalised text. Picklable.

    Every letter, the apostrophe and the word start are pieces, so normalised text never needs
    ``<unk>``. All methods normalise the texts that they are given. A model with pieces of other characters has a writing of
    its own, in which texts are put instead.
    """

    def __init__(self, model: bytes, language: Optional[str] = None) -> None:
        """``model``: the bytes of a ``tokens.model``; ``language``: ISO 639 code, None: unknown. Raises InputError when the model is not one of ours."""
        if not model:
            raise InputError("is empty")
        try:
            self._sp = sentencepiece.SentencePieceProcessor(model_proto=model)
        except RuntimeError:
            raise InputError("not a sentencepiece model") from None
        self.pieces: Tuple[str, ...] = tuple(map(self._sp.id_to_piece, range(self._sp.get_piece_size())))
        if self.pieces[:2] != (BLANK, UNK):
            raise InputError(f"ids 0 and 1 are {self.pieces[:2]}, not {BLANK} and {UNK}")
        self.table = TokenTable(self.pieces, blank=BLANK_ID, language=language)
        self._own_writing = not self.table.writing.characters <= set(_ALPHABET)
        missing = {WORD_START} - set(self.pieces) if self._own_writing else set(_ALPHABET + WORD_START) - set(self.pieces)
        if missing:
            raise InputError(f"these letters are not pieces: {' '.join(sorted(missing))}")
        self.writing: Writing = self.table.writing

    @classmethod
    def train(cls, lines: Iterable[str], vocab_size: int = 500) -> Tokenizer:
        """Train ``vocab_size`` pieces (the two specials included) on text, which is normalised first.

        The same text gives the same pieces. Raises InputError for an empty text, for fewer pieces than
        letters, and for more pieces than the text supports, with the number that it does support.
        """
        if vocab_size < MIN_VOCAB_SIZE:
            raise InputError(
                f"a vocabulary of {vocab_size} pieces cannot hold every letter",
                hint=f"ask for {MIN_VOCAB_SIZE} or more",
            )
        texts = [text for text in map(normalize, lines) if text]
        if not texts:
            raise InputError("the training text holds no words")
        model = _trained(texts, vocab_size)
        if isinstance(model, int):
            most = model
            while isinstance(fewer := _trained(texts, most), int):
                most = fewer
            raise InputError(
                f"{len(texts)} {'line' if len(texts) == 1 else 'lines'} of text support fewer than {vocab_size} pieces",
                hint=f"ask for {most} or fewer (--vocab-size {most}), or give more text",
            )
        return cls(model)

    @classmethod
    def load(cls, folder: Union[str, Path]) -> Tokenizer:
        """Read ``tokens.model`` and check it against ``tokens.txt``. Raises InputError where one is missing or they disagree."""
        model_file, tokens_file = Path(folder) / MODEL_FILE, Path(folder) / TOKENS_FILE
        for file in (model_file, tokens_file):
            if not file.is_file():
                raise InputError("no such file", file=file, hint="`ctcb tokenize train` writes it")
        try:
            tokenizer = cls(model_file.read_bytes(), read_language(folder))
        except InputError as error:
            if error.file is not None:  # of language.txt
                raise
            raise InputError(error.problem, file=model_file, hint="train it again with `ctcb tokenize train`") from None
        try:
            listed = tokens_file.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            raise InputError("is not UTF-8 text", file=tokens_file) from None
        except OSError as error:
            raise unreadable(error, tokens_file) from None
        for number, (inside, outside) in enumerate(zip(tokenizer.pieces, listed), 1):
            if inside != outside:
                raise InputError(
                    f"piece {number - 1} is {outside!r} here but {inside!r} in {MODEL_FILE}",
                    file=tokens_file,
                    line=number,
                    hint="take both files from one training",
                )
        if len(listed) != len(tokenizer):
            raise InputError(
                f"has {len(listed)} pieces but {MODEL_FILE} has {len(tokenizer)}",
                file=tokens_file,
                hint="take both files from one training",
            )
        return tokenizer

    def save(self, folder: Union[str, Path]) -> None:
        """Write ``tokens.model`` and ``tokens.txt``; the folder is created."""
        with atomic_write(Path(folder) / MODEL_FILE, "wb") as file:
            file.write(self.model)
        with atomic_write(Path(folder) / TOKENS_FILE) as file:
            file.writelines(f"{piece}\n" for piece in self.pieces)

    def __len__(self) -> int:
        return len(self.pieces)

    @property
    def model(self) -> bytes:
        """The sentencepiece model."""
        return self._sp.serialized_model_proto()

    def __getstate__(self) -> Tuple[bytes, Optional[str]]:
        return self.model, self.table.language

    def __setstate__(self, state: Tuple[bytes, Optional[str]]) -> None:
        self.__init__(*state)  # type: ignore[misc]

    def encode(self, text: str) -> List[int]:
        """Token ids of the best segmentation; empty for a text without words."""
        return self._sp.encode(self._written(text))

    def encode_all(self, texts: Sequence[str]) -> List[List[int]]:
        """``[encode(text) for text in texts]``, on several threads."""
        return self._sp.encode(self._all_written(texts))

    def sequences(self, texts: Sequence[str]) -> TokenSequences:
        """:meth:`encode` of each of many texts, as arrays."""
        written = self._all_written(texts)
        lengths = np.empty(len(texts), np.int64)
        pieces: List[np.ndarray] = [np.zeros(0, np.int32)]
        for first in range(0, len(texts), _BATCH):
            ids = self._sp.encode(written[first : first + _BATCH])
            lengths[first : first + _BATCH] = own = list(map(len, ids))
            pieces.append(np.fromiter(chain.from_iterable(ids), np.int32, sum(own)))
        return TokenSequences.packed(np.concatenate(pieces), lengths, np.ones(len(texts), np.int64))

    def decode(self, ids: Sequence[int]) -> str:
        """The words that token ids spell; blanks are skipped. Raises IndexError for an id out of range."""
        return self._sp.decode([int(i) for i in ids if i != BLANK_ID])

    def sample(self, text: str, n: int, alpha: float = 0.2, seed: int = 0) -> List[List[int]]:
        """Draw ``n`` segmentations and return the different ones (1 to ``n``), in the order drawn.

        Words are segmented independently. Each draws from its 64 best segmentations with probability
        proportional to ``p ** alpha`` (Kudo 2018, Subword Regularization): 0 draws uniformly, large
        values draw the best. The same arguments give the same result on every machine.
        """
        return list(map(list, self.sample_all([text], n, alpha, seed)[0])) or [self.encode(text)]

    def sample_all(self, texts: Sequence[str], n: int, alpha: float = 0.2, seed: int = 0) -> List[List[Tuple[int, ...]]]:
        """:meth:`sample` of each of many texts, many times faster than one by one; none of a text with characters that no piece has."""
        return self.sampled(texts, n, alpha, seed).lists()

    def sampled(self, texts: Sequence[str], n: int, alpha: float = 0.2, seed: int = 0) -> TokenSequences:
        """:meth:`sample_all`, as arrays."""
        from ctcb.text.segmenting import draw_all  # here: imports numba

        numbers: Dict[str, int] = {}
        forms = [[numbers.setdefault(word, len(numbers)) for word in text.split()] for text in self._all_written(texts)]
        letters, starts = self._trie.letters([WORD_START + word for word in numbers])
        longest = max(map(len, forms), default=0)
        draws = [_draws(n * count, seed) for count in range(longest + 1)]
        tokens, sizes, found = draw_all(
            letters, starts, self._trie.child, self._trie.token_at, self._trie.scores, _NBEST, alpha,
            np.fromiter(chain.from_iterable(forms), np.int64), np.cumsum([0, *map(len, forms)]),
            np.concatenate(draws), np.cumsum([0, *map(len, draws)]),
        )  # fmt: skip
        return TokenSequences.packed(tokens.astype(np.int32), sizes, found)

    def _all_written(self, texts: Sequence[str]) -> List[str]:
        """Texts in the model's writing."""
        return list(map(self._written, texts)) if self._own_writing else normalize_all(texts)

    def _written(self, text: str) -> str:
        """A text in the model's writing."""
        if not self._own_writing:
            return normalize(text)
        forms = self.writing.forms(text)
        return self.writing.casings[0](forms[0]) if forms else ""

    @cached_property
    def _trie(self) -> PieceTrie:
        from ctcb.text.segmenting import PieceTrie  # here: imports numba

        written = ["" if number in (BLANK_ID, UNK_ID) else piece for number, piece in enumerate(self.pieces)]
        return PieceTrie(written, list(map(self._sp.get_score, range(len(self)))))


@lru_cache(maxsize=64)
def _draws(count: int, seed: int) -> np.ndarray:
    """``[count]`` numbers between 0 and 1, the same for the same arguments, on every machine."""
    return np.random.Generator(np.random.PCG64(seed)).random(count)


def _trained(texts: Sequence[str], vocab_size: int) -> Union[bytes, int]:
    """A model of so many pieces or, where the text supports fewer, the number that sentencepiece names."""
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            # The option required_chars has no effect for a letter that the text lacks, so a line
            # with all letters is added.
            sentence_iterator=iter([*texts, _ALPHABET]),
            model_writer=model,
            vocab_size=vocab_size,
            model_type="unigram",
            normalization_rule_name="identity",
            character_coverage=1.0,
            byte_fallback=False,
            pad_id=BLANK_ID,
            pad_piece=BLANK,
            unk_id=UNK_ID,
            unk_piece=UNK,
            bos_id=-1,
            eos_id=-1,
            # The default silently leaves out longer lines.
            max_sentence_length=max(4192, *(len(text) + 1 for text in texts)),
            num_threads=1,
            minloglevel=2,
        )
    except RuntimeError as error:
        limit = _LIMIT.search(str(error))
        if limit is None:
            raise
        return int(limit[1])
    return model.getvalue()
