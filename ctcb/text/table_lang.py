"""A token table in place of a lang folder, for other toolkits' models, which have no phones.

Pieces stand in for phones, so that code that aligns phones with a phone head aligns pieces with the
model's only head. Ids are the table's, with the blank moved to 0.
"""
from __future__ import annotations

from typing import Dict, Iterable, List, Sequence, Tuple

from ctcb.text.lang import Lang
from ctcb.text.lexicon import Pronunciation
from ctcb.text.spelling import Spelling

UNKNOWN = ("<unk>", "[UNK]")


class TableTokenizer:
    """The interface of :class:`~ctcb.text.tokenizer.Tokenizer` for a token table; each word ends with the separator."""

    def __init__(self, spelling: Spelling) -> None:
        table = spelling.table
        self._spelling, self.writing = spelling, spelling.writing
        self._known: Dict[str, List[int]] = {}
        self.order: Tuple[int, ...] = (table.blank, *(i for i in range(len(table)) if i != table.blank))  # id -> the table's
        self._new = {old: new for new, old in enumerate(self.order)}
        self.pieces = tuple(table.symbols[old] for old in self.order)
        self._closing = [] if table.separator is None else [self.pieces.index(table.separator)]
        # A word without a spelling becomes the model's unknown token or, where there is none, the last token.
        self._unknown = next((self.pieces.index(sign) for sign in UNKNOWN if sign in self.pieces), len(self.pieces) - 1)

    def __len__(self) -> int:
        return len(self.pieces)

    def encode(self, text: str) -> List[int]:
        """Ids of a normalised text, without a separator at its end."""
        ids = [token for word in self.encode_all(text.split()) for token in word]
        return ids[: len(ids) - len(self._closing)]

    def encode_all(self, texts: Sequence[str]) -> List[List[int]]:
        """Ids of several normalised texts; every word, the last included, ends with the separator."""
        new = sorted({word for text in texts for word in text.split()} - self._known.keys())
        for word, segmentations in zip(new, self._spelling.spell(new)):
            self._known[word] = [self._new[old] for old in segmentations[0]] if segmentations else [self._unknown]
        return [[token for word in text.split() for token in (*self._known[word], *self._closing)] for text in texts]

    def decode(self, ids: Sequence[int]) -> str:
        """The words that ids spell."""
        return " ".join(word for word, _, _ in self._spelling.table.words([self.order[new] for new in ids]))


class TableLexicon:
    """The interface of :class:`~ctcb.text.lexicon.Lexicon`, with each word's pieces as its pronunciation."""

    stress = False

    def __init__(self, tokenizer: TableTokenizer) -> None:
        self._tokenizer = tokenizer
        self.entries: Dict[str, Tuple[Pronunciation, ...]] = {}  # no word has an entry of its own
        # Prefixed, because a letter may have the same symbol as a CMU phone.
        self.phones: Tuple[str, ...] = tuple(f"piece {symbol}" for symbol in tokenizer.pieces)

    def prepare(self, words: Iterable[str]) -> None:
        """Do nothing: there is nothing to look up."""

    def adapted(self, phones: Sequence[str]) -> Pronunciation:
        """No pieces: phones have no likeness among them."""
        return ()

    def pronunciations(self, word: str) -> Tuple[Pronunciation, ...]:
        """The word's pieces, as its only pronunciation."""
        return (tuple(self.phones[token] for token in self._tokenizer.encode_all([word])[0]),)

    def phones_of_text(self, text: str) -> List[str]:
        """The pieces of a normalised text."""
        return [self.phones[token] for token in self._tokenizer.encode(text)]


def table_lang(spelling: Spelling) -> Lang:
    """A :class:`~ctcb.text.lang.Lang` for a token table, with all that training and recognition use of one."""
    tokenizer = TableTokenizer(spelling)
    lexicon = TableLexicon(tokenizer)
    return Lang(tokenizer, lexicon.phones, lexicon)  # other classes with the same interface
