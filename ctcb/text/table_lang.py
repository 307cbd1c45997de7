"""A token table in the place of a lang folder: for models of others, which have no phones.

Pieces stand in for phones, so that what aligns phones with a phone head aligns pieces with the only head
there is. Ids are the table's with the blank moved to 0.
"""
from __future__ import annotations

from typing import Dict, Iterable, List, Sequence, Tuple

from ctcb.text.lang import Lang
from ctcb.text.lexicon import Pronunciation
from ctcb.text.spelling import Spelling

UNKNOWN = ("<unk>", "[UNK]")


class TableTokenizer:
    """Transcripts in a table's tokens, as a tokenizer gives and takes them; each word is closed by the separator."""

    def __init__(self, spelling: Spelling) -> None:
        table = spelling.table
        self._spelling = spelling
        self._known: Dict[str, List[int]] = {}
        self.order: Tuple[int, ...] = (table.blank, *(i for i in range(len(table)) if i != table.blank))  # id -> the table's
        self._new = {old: new for new, old in enumerate(self.order)}
        self.pieces = tuple(table.symbols[old] for old in self.order)
        self._closing = [] if table.separator is None else [self.pieces.index(table.separator)]
        # What no token writes is the model's sign for it, or the last token: it has to be something that is not said.
        self._unknown = next((self.pieces.index(sign) for sign in UNKNOWN if sign in self.pieces), len(self.pieces) - 1)

    def __len__(self) -> int:
        return len(self.pieces)

    def encode(self, text: str) -> List[int]:
        """Ids of a normalised text; without a separator at its end."""
        ids = [token for word in self.encode_all(text.split()) for token in word]
        return ids[: len(ids) - len(self._closing)]

    def encode_all(self, texts: Sequence[str]) -> List[List[int]]:
        """Ids of each of several texts; every word, the last as well, is closed by the separator."""
        new = sorted({word for text in texts for word in text.split()} - self._known.keys())
        for word, ways in zip(new, self._spelling.spell(new)):
            self._known[word] = [self._new[old] for old in ways[0]] if ways else [self._unknown]
        return [[token for word in text.split() for token in (*self._known[word], *self._closing)] for text in texts]

    def decode(self, ids: Sequence[int]) -> str:
        """The words that ids spell, in lower case."""
        return " ".join(word for word, _, _ in self._spelling.table.words([self.order[new] for new in ids]))


class TableLexicon:
    """Words' pieces as their pronunciations."""

    stress = False

    def __init__(self, tokenizer: TableTokenizer) -> None:
        self._tokenizer = tokenizer
        self.entries: Dict[str, Tuple[Pronunciation, ...]] = {}  # no word has a place of its own in it
        # Not the symbols themselves: a letter may be called like a phone of the CMU dictionary.
        self.phones: Tuple[str, ...] = tuple(f"piece {symbol}" for symbol in tokenizer.pieces)

    def prepare(self, words: Iterable[str]) -> None:
        """Nothing is to be looked up."""

    def pronunciations(self, word: str) -> Tuple[Pronunciation, ...]:
        """One, as long as the word has pieces."""
        return (tuple(self.phones[token] for token in self._tokenizer.encode_all([word])[0]),)

    def phones_of_text(self, text: str) -> List[str]:
        """Those of a text's pieces."""
        return [self.phones[token] for token in self._tokenizer.encode(text)]


def table_lang(spelling: Spelling) -> Lang:
    """What training and listening ask a lang folder for."""
    tokenizer = TableTokenizer(spelling)
    lexicon = TableLexicon(tokenizer)
    return Lang(tokenizer, lexicon.phones, lexicon)  # not of these classes, but all that is asked of them
