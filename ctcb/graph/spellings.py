"""How words are said in a model's tokens: in pieces, or in phones by pronunciations."""
from __future__ import annotations

import re
from itertools import islice, product
from typing import Dict, List, Mapping, Optional, Protocol, Sequence

from ctcb.errors import InputError
from ctcb.io import PathOrStr, read_lines
from ctcb.progress import progress
from ctcb.text.lexicon import PHONES, Lexicon, Pronunciation, phone_symbols
from ctcb.text.normalize import WORD, normalize
from ctcb.text.spelling import Spelling, TokenIds
from ctcb.text.tokens import TokenTable

SEVERAL = 8  # ways to say a name of several words, each with several pronunciations

is_normal = re.compile(WORD).fullmatch


class WordSpelling(Protocol):
    """Says words one by one."""

    def words(self, words: Sequence[str]) -> List[List[TokenIds]]:
        """The token sequences of each word; none of those that cannot be said."""


class PieceWords:
    """Words in pieces: the best segmentation and, where wanted, the next ones."""

    def __init__(self, spelling: Spelling, segmentations: int = 1) -> None:
        self.spelling, self.segmentations = spelling, segmentations

    def words(self, words: Sequence[str]) -> List[List[TokenIds]]:
        """Words that are not as ``normalize`` writes them have none: no text that is compared holds them."""
        normal = [word for word in words if is_normal(word)]
        if self.segmentations == 1:
            found = iter([ways[:1] for ways in self.spelling.spell(normal)])
        else:  # one by one: a spelling tells other ways for short lists only
            shown = progress(normal, "spelling")
            found = iter([self.spelling.spell([word])[0][: self.segmentations] for word in shown])
        return [list(next(found)) if is_normal(word) else [] for word in words]


class PhoneSpelling:
    """Words and names in phones: the lexicon's pronunciations, then, in CMU's phones, its dictionary and G2P."""

    def __init__(self, table: TokenTable, entries: Mapping[str, Sequence[Pronunciation]]) -> None:
        """``entries``: pronunciations in the table's symbols, by word."""
        self.table = table
        self._ids = {symbol: index for index, symbol in enumerate(table.symbols)}
        self._stress = set(phone_symbols(True)[1:]) <= set(table.symbols)
        self._cmu = self._stress or set(PHONES) <= set(table.symbols)
        self._lexicon = Lexicon(entries, self._stress) if self._cmu else None
        self._entries = entries

    def words(self, words: Sequence[str]) -> List[List[TokenIds]]:
        if self._lexicon is not None:
            self._lexicon.prepare([word for word in words if is_normal(word)])
        return [self._word(word) for word in words]

    def spell(self, forms: Sequence[str]) -> List[List[TokenIds]]:
        """The ways to say each form (words, one space apart); none where a word has no pronunciation."""
        ways: Dict[str, List[TokenIds]] = dict.fromkeys(word for form in forms for word in form.split())
        ways = dict(zip(ways, self.words(list(ways))))
        found = []
        for form in forms:
            combined = islice(product(*(ways[word] for word in form.split())), SEVERAL)
            found.append(list(dict.fromkeys(sum(parts, ()) for parts in combined)))
        return found

    def said(self, pron: str) -> Optional[TokenIds]:
        """A pronunciation from a list (CMU phones, one space apart) in the table's tokens, if it has them."""
        phones = pron.split() if self._stress else [phone.rstrip("012") for phone in pron.split()]
        return tuple(self._ids[phone] for phone in phones) if phones and all(p in self._ids for p in phones) else None

    def lacks(self, form: str) -> str:
        """Why a form cannot be said, in words."""
        unsaid = [word for word, ways in zip(form.split(), self.words(form.split())) if not ways]
        return f"has no pronunciation in the graph's lexicon ({', '.join(unsaid)}); give pron= or add it there"

    def _word(self, word: str) -> List[TokenIds]:
        if self._lexicon is not None:
            found: Sequence[Pronunciation] = self._lexicon.pronunciations(word) if is_normal(word) else ()
        else:
            found = self._entries.get(word, ())
        return [tuple(self._ids[phone] for phone in phones) for phones in found]


class LexiconWords:
    """Words as a lexicon spells them, in any tokens."""

    def __init__(self, table: TokenTable, entries: Mapping[str, Sequence[Pronunciation]]) -> None:
        ids = {symbol: index for index, symbol in enumerate(table.symbols)}
        self._entries = {word: [tuple(ids[s] for s in spelled) for spelled in found] for word, found in entries.items()}

    def words(self, words: Sequence[str]) -> List[List[TokenIds]]:
        return [self._entries.get(word, []) for word in words]


def read_entries(path: PathOrStr, table: TokenTable) -> Dict[str, List[Pronunciation]]:
    """A lexicon in a model's tokens: word TAB tokens, a line a way to say the word.

    Raises InputError, with the line, for one that does not fit: a token that the table does not have,
    the blank, a word that ``normalize`` would write otherwise.
    """
    known = set(table.symbols) - {table.symbols[table.blank]}
    entries: Dict[str, List[Pronunciation]] = {}
    for number, line in read_lines(path):
        word, tab, spelled = line.partition("\t")
        symbols = tuple(spelled.split())
        if not tab or not word.strip() or not symbols:
            raise InputError("is not: word, tab, tokens", file=path, line=number, hint="separate them with one tab")
        if normalize(word) != word:
            raise InputError(f"{word!r} is not as ctcb writes words", file=path, line=number, hint=f"write {normalize(word)!r}")
        strange = [symbol for symbol in symbols if symbol not in known]
        if strange:
            raise InputError(
                f"{strange[0]!r} is none of the model's {len(table)} tokens, or the blank", file=path, line=number,
                hint="write the lexicon in the tokens of this model, or name the model that it goes with",
            )
        if symbols not in entries.setdefault(word, []):
            entries[word].append(symbols)
    if not entries:
        raise InputError("holds no word", file=path, hint="write word, tab, tokens")
    return entries
