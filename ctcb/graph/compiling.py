"""Compiling an LM, tokens and a lexicon into a graph on disk."""
from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple, Union

from ctcb.errors import InputError, InputWarning
from ctcb.graph.grammar import OpenWords, build_grammar
from ctcb.graph.spellings import LexiconWords, PhoneSpelling, PieceWords, WordSpelling, read_entries
from ctcb.graph.store import digest, is_made_from, load_graph, save_graph
from ctcb.io import PathOrStr
from ctcb.lm.arrays import ArrayLm
from ctcb.lm.casing import load_matching
from ctcb.lm.vocabulary import check_vocabulary
from ctcb.text.lang import LEXICON_FILE, PHONES_FILE, read_pronunciations
from ctcb.text.lexicon import Pronunciation, read_phones
from ctcb.text.spelling import Spelling, TokenizerSpelling, spelling_of
from ctcb.text.tokenizer import BLANK_ID, MODEL_FILE, TOKENS_FILE, Tokenizer
from ctcb.text.tokens import WORD_START, TokenTable
from ctcb.text.writing import Writing

MIN_NORMAL = 0.5  # share of an LM's words that must be in normal form; with fewer, it was not estimated for ctcb


@dataclass(frozen=True)
class Units:
    """The tokens of a model, and how the LM's words are spelled in them."""

    kind: str  # "subword" or "phone"
    table: TokenTable
    files: Tuple[Optional[PathOrStr], ...]  # that the graph depends on
    spelling: Optional[Spelling] = None  # for subword pieces
    entries: Optional[Dict[str, List[Pronunciation]]] = None  # a lexicon: word -> its token sequences

    @property
    def writing(self) -> Writing:
        """How words are written: as the pieces have it, or, over phones, in English letters."""
        return Writing.english() if self.kind == "phone" else self.table.writing


@dataclass(frozen=True)
class GraphReport:
    """The size of a graph, and whether it was compiled now."""

    made: bool  # False: the folder already held this graph
    states: int
    arcs: int
    words: int
    notes: Tuple[str, ...] = ()

    def summary(self) -> str:
        """The size in one line."""
        return f"{self.states} states, {self.arcs} arcs, {self.words} words"


def units_of_lang(folder: PathOrStr, kind: str, lexicon: Optional[PathOrStr] = None) -> Units:
    """The pieces or phones of a model directory; ``lexicon`` replaces the directory's. Raises InputError."""
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError("no such folder", file=folder, hint="name a model directory")
    if kind == "subword":
        tokenizer = Tokenizer.load(folder)
        table = tokenizer.table
        entries = None if lexicon is None else read_entries(lexicon, table)
        return Units(kind, table, (folder / MODEL_FILE, folder / TOKENS_FILE, lexicon), TokenizerSpelling(tokenizer), entries)
    table = TokenTable(read_phones(folder / PHONES_FILE), blank=0)
    file = folder / LEXICON_FILE if lexicon is None else lexicon
    if lexicon is None:
        entries = {word: list(prons) for word, prons in read_pronunciations(folder)[1].entries.items()}
    else:
        entries = read_entries(file, table)
    return Units(kind, table, (folder / PHONES_FILE, file), None, entries)


def units_of_model(name: str, spelling: Optional[Spelling], phones: Optional[Sequence[str]], kind: str, lexicon: Optional[PathOrStr] = None) -> Units:
    """The tokens or phones of any model that is open, called ``name``; over phones without a ``lexicon`` words are pronounced by the CMU
    dictionary. Raises InputError for what the model does not have."""
    if kind == "phone":
        if phones is None:
            raise InputError("this model has no phone head", file=name, hint="make a graph over subwords")
        table = TokenTable(tuple(phones), BLANK_ID)
        return Units(kind, table, (lexicon,), None, {} if lexicon is None else read_entries(lexicon, table))
    if spelling is None:
        raise InputError("this model emits phones and spells no words", file=name, hint="give --units phone")
    table = _opening_words(spelling.table, name)
    return Units(kind, table, (lexicon,), spelling, None if lexicon is None else read_entries(lexicon, table))


def units_of_tokens(
    tokens: PathOrStr, kind: str, blank: Union[int, str, None] = None, lexicon: Optional[PathOrStr] = None,
    tokens_model: Optional[PathOrStr] = None,
) -> Units:
    """The tokens of any other model. Raises InputError, also for phones without a lexicon."""
    if kind == "phone":
        if lexicon is None:
            raise InputError(
                "graphs over phones need a lexicon", file=tokens, hint="give --lexicon FILE (word, tab, phones)"
            )
        table = TokenTable.read(tokens, blank, words_apart=False)
        return Units(kind, table, (tokens, lexicon), None, read_entries(lexicon, table))
    table = _opening_words(TokenTable.read(tokens, blank), tokens)
    entries = None if lexicon is None else read_entries(lexicon, table)
    return Units(kind, table, (tokens, tokens_model, lexicon), spelling_of(table, tokens_model), entries)


def _opening_words(table: TokenTable, file: PathOrStr) -> TokenTable:
    """The table; InputError where a separator stands between words."""
    if table.separator is not None:
        raise InputError(
            f"its words are separated by the token {table.separator!r}", file=file,
            hint=f"graphs need tokens that begin words with {WORD_START}; use --method beam",
        )
    return table


def make_graph(units: Units, lm: PathOrStr, out: PathOrStr, segmentations: int = 1, closed: bool = False) -> GraphReport:
    """Write the graph of an LM to the folder ``out``, unless it already holds the graph of the same inputs and options.

    Warns where the LM is matched in lower case, or has no usable ``<unk>``.

    Parameters
    ----------
    segmentations : the most segmentations of each word into pieces.
    closed : allow only words of the LM and of lists. Graphs over phones are always closed, because an
        unknown word's spelling cannot be derived from its phones.

    Raises
    ------
    InputError : an LM that is malformed, or whose words are not in normal form, not even in lower case.
    """
    made_from = digest((lm, *units.files), (units.kind, units.table.symbols, units.table.blank, segmentations, closed))
    if is_made_from(out, made_from):
        existing = load_graph(out).description
        return GraphReport(False, existing.states, existing.arcs, existing.words)
    model = load_matching(lm, units.writing.is_word)
    for note in model.notes:
        warnings.warn(f"{lm}: {note}", InputWarning, stacklevel=2)
    words = [word for word in model.words if not word.startswith("<")]
    _check_words(model, words, units)
    if units.kind == "phone":
        word_spelling: WordSpelling = PhoneSpelling(units.table, units.entries or {})
    elif units.entries is not None:
        word_spelling = LexiconWords(units.table, units.entries)
    else:
        word_spelling = PieceWords(units.spelling, segmentations)
    sequences = dict(zip(words, word_spelling.words(words)))
    spellings = [sequences.get(word, []) for word in model.words]
    loops = None if closed or units.kind == "phone" else _open_words(units.table)
    grammar = build_grammar(model, spellings, loops)
    spelled = sum(map(bool, spellings))
    entries = units.entries if units.kind == "phone" else None
    if entries == {}:  # no lexicon: words are pronounced by the dictionary and G2P
        symbols = units.table.symbols
        entries = {word: [tuple(symbols[phone] for phone in phones) for phones in prons] for word, prons in sequences.items() if prons}
    save_graph(out, grammar, units.kind, units.table, model.words, spelled, made_from, entries)
    unspelled = [word for word in words if not sequences[word]]
    notes = (f"{len(unspelled)} of the LM's {len(words)} words have no spelling, such as {', '.join(unspelled[:3])}",) if unspelled else ()
    return GraphReport(True, grammar.num_states, len(grammar.arcs.src), spelled, notes)


def _check_words(model: ArrayLm, words: Sequence[str], units: Units) -> None:
    """Raise InputError for an LM over pieces, say: all its words would silently be decoded as unknown ones."""
    is_word = units.writing.is_word
    normal = sum(map(is_word, words))
    if normal < MIN_NORMAL * len(words):
        whole = list(dict.fromkeys(word.replace(WORD_START, "") for word in words))
        model.check_vocabulary([word for word in whole if is_word(word)], "the text")
        first = next(word for word in words if not is_word(word))
        raise InputError(
            f"{len(words) - normal} of its {len(words)} words, such as {first!r}, are not written as the model writes",
            file=model.path, hint="estimate it on text in the model's letters and case; `ctcb lm` writes English so",
        )
    if units.entries is not None and not any(word in units.entries for word in words):
        check_vocabulary(model.index.__contains__, units.entries, "the lexicon", model.path)


def _open_words(table: TokenTable) -> OpenWords:
    written = table.written
    begin = [index for symbol, index in written.items() if symbol.startswith(WORD_START) and symbol != WORD_START]
    bare = [index for symbol, index in written.items() if symbol == WORD_START]
    inner = [index for symbol, index in written.items() if not symbol.startswith(WORD_START)]
    return OpenWords(begin, bare, inner)
