"""How words are spelled in a model's tokens: in pieces, or in phones by their pronunciations."""
from __future__ import annotations

from itertools import islice, product
from typing import Dict, List, Mapping, Optional, Protocol, Sequence

from ctcb.errors import InputError
from ctcb.io import PathOrStr, read_lines
from ctcb.progress import progress
from ctcb.text.lexicon import Lexicon, Pronunciation, has_cmu_phones, phone_symbols
from ctcb.text.phone_lexicon import words_of
from ctcb.text.sounds import NearestPhones
from ctcb.text.spelling import Spelling, TokenIds
from ctcb.text.token_sequences import TokenSequences
from ctcb.text.tokens import TokenTable
from ctcb.text.writing import Writing

MAX_COMBINATIONS = 8  # pronunciations of a name whose words have several each


class WordSpelling(Protocol):
    """Spells words one by one."""

    def words(self, words: Sequence[str]) -> List[List[TokenIds]]:
        """The token sequences of each word; an empty list for a word that cannot be spelled."""


class PieceWords:
    """Words in pieces: the best segmentation, and others up to ``segmentations``."""

    def __init__(self, spelling: Spelling, segmentations: int = 1) -> None:
        self.spelling, self.segmentations = spelling, segmentations

    def words(self, words: Sequence[str]) -> List[List[TokenIds]]:
        """The segmentations of each word; none for words that the model does not write so."""
        is_word = self.spelling.writing.is_word
        normal = [word for word in words if is_word(word)]
        if self.segmentations == 1:
            spelled = iter([segmentations[:1] for segmentations in self.spelling.spell(normal)])
        else:  # one by one: for long lists a spelling gives the best segmentation only
            shown = progress(normal, "spelling")
            spelled = iter([self.spelling.spell([word])[0][: self.segmentations] for word in shown])
        return [list(next(spelled)) if is_word(word) else [] for word in words]


class PhoneSpelling:
    """Words and names in phones, by the lexicon; for CMU phones also by the CMU dictionary and G2P."""

    def __init__(self, table: TokenTable, entries: Mapping[str, Sequence[Pronunciation]]) -> None:
        """``entries``: word -> its pronunciations, in the table's symbols."""
        self.table = table
        letters = frozenset("".join(entries))
        self.writing = Writing.english() if letters <= Writing.english().characters else Writing(letters)
        self._ids = {symbol: index for index, symbol in enumerate(table.symbols)}
        self._stress = set(phone_symbols(True)[1:]) <= set(table.symbols)
        self._lexicon = Lexicon(entries, self._stress) if has_cmu_phones(table.symbols) else None
        self._entries = entries
        self._nearest = NearestPhones([symbol for index, symbol in enumerate(table.symbols) if index != table.blank])

    def words(self, words: Sequence[str]) -> List[List[TokenIds]]:
        """The pronunciations of each word as token ids; an empty list for a word without any."""
        if self._lexicon is not None:
            self._lexicon.prepare(list(filter(self.writing.is_word, words)))
        return [self._word(word) for word in words]

    def spell(self, forms: Sequence[str], among: Optional[int] = None) -> List[List[TokenIds]]:
        """The pronunciations of each form (words, one space apart) as token ids, at most MAX_COMBINATIONS.

        An empty list for a form with a word that has no pronunciation.
        """
        prons: Dict[str, List[TokenIds]] = dict.fromkeys(word for form in forms for word in form.split())
        prons = dict(zip(prons, self.words(list(prons))))
        spelled = []
        for form in forms:
            combined = islice(product(*(prons[word] for word in form.split())), MAX_COMBINATIONS)
            spelled.append(list(dict.fromkeys(sum(parts, ()) for parts in combined)))
        return spelled

    def sequences(self, forms: Sequence[str], among: Optional[int] = None) -> TokenSequences:
        """:meth:`spell`, as arrays."""
        return TokenSequences.of(self.spell(forms, among))

    def best(self, form: str) -> TokenIds:
        """The first of these of one form."""
        return next(iter(self.spell([form])[0]), ())

    def tokens_of_pron(self, pron: str) -> Optional[TokenIds]:
        """The token ids of a list's ``pron=`` (phones of the CMU dictionary or the IPA, one space apart); None where the table has
        nothing like one of them."""
        given = pron.split()
        phones = self._nearest.write(given) if self._lexicon is None else self._lexicon.adapted(given)
        return tuple(self._ids[phone] for phone in phones) if phones and all(p in self._ids for p in phones) else None

    def unspellable_reason(self, form: str) -> str:
        """Why a form has no pronunciation, for a message."""
        missing = [word for word, prons in zip(form.split(), self.words(form.split())) if not prons]
        return f"has no pronunciation in the graph's lexicon ({', '.join(missing)}); give pron= or add it there"

    def _word(self, word: str) -> List[TokenIds]:
        if self._lexicon is not None:
            prons: Sequence[Pronunciation] = self._lexicon.pronunciations(word) if self.writing.is_word(word) else ()
        else:
            prons = self._entries.get(self.writing.lower(word), ())
        return [tuple(self._ids[phone] for phone in phones) for phones in prons]


class LexiconWords:
    """Words as a lexicon spells them, in any model's tokens."""

    def __init__(self, table: TokenTable, entries: Mapping[str, Sequence[Pronunciation]]) -> None:
        ids = {symbol: index for index, symbol in enumerate(table.symbols)}
        self._entries = {word: [tuple(ids[s] for s in spelled) for spelled in prons] for word, prons in entries.items()}

    def words(self, words: Sequence[str]) -> List[List[TokenIds]]:
        """The lexicon's token sequences of each word; an empty list for a word that it lacks."""
        return [self._entries.get(word, []) for word in words]


def read_entries(path: PathOrStr, table: TokenTable) -> Dict[str, List[Pronunciation]]:
    """Read a lexicon in a model's tokens: word TAB tokens, one pronunciation or spelling on each line.

    Raises InputError, with the line number, for a token that the table does not have, the blank, or a
    word that is not as the model writes it: with CMU phones in normal form, with other phones one word in lower case.
    """
    english = not table.tells_words and has_cmu_phones(table.symbols)
    writing = Writing.english() if english else table.writing
    allowed = set(table.symbols) - {table.symbols[table.blank]}
    entries: Dict[str, List[Pronunciation]] = {}
    for number, line in read_lines(path):
        word, tab, spelled = line.partition("\t")
        symbols = tuple(spelled.split())
        if not tab or not word.strip() or not symbols:
            raise InputError("is not: word, tab, tokens", file=path, line=number, hint="separate them with one tab")
        if not table.tells_words and not english:
            if words_of(word) != [word]:
                hint = f"write {' '.join(words_of(word))!r}" if len(words_of(word)) == 1 else "write one word"
                raise InputError(f"{word!r} is not one word in lower case", file=path, line=number, hint=hint)
        elif not writing.is_word(word):
            form = writing.of_model(next(iter(writing.forms(word)), ""))
            hint = f"write {form!r}" if form and form != word else "write it in letters that the tokens have"
            raise InputError(f"{word!r} is not a word as the model writes it", file=path, line=number, hint=hint)
        unknown = [symbol for symbol in symbols if symbol not in allowed]
        if unknown:
            raise InputError(
                f"{unknown[0]!r} is not one of the model's {len(table)} tokens, or is the blank", file=path, line=number,
                hint="write the lexicon in the tokens of this model, or name the model that it goes with",
            )
        if symbols not in entries.setdefault(word, []):
            entries[word].append(symbols)
    if not entries:
        raise InputError("holds no word", file=path, hint="write word, tab, tokens")
    return entries
