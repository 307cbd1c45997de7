"""The tokens of a CTC model: what each writes, which is the blank, and where words begin."""
from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

import regex

from ctcb.errors import InputError
from ctcb.io import PathOrStr
from ctcb.text.scripts import is_unspaced
from ctcb.text.writing import APOSTROPHES, HYPHENS, Writing, is_punctuation

WORD_START = "▁"  # sentencepiece's mark of a word's first piece
SEPARATORS = ("|", " ", "<space>", WORD_START)  # the tokens between words in character vocabularies
CONTINUATION = "##"  # WordPiece's mark of a word's other pieces
# Symbols that toolkits use for the blank (icefall, WeNet and ESPnet, HuggingFace, torchaudio, k2, sherpa).
BLANKS = ("<blk>", "<blank>", "<b>", "<pad>", "[PAD]", "-", "<eps>", "ε", "<ctc_blank>", "")
UNNAMED_BLANK = "<blank>"  # of a blank behind the tokens that no line names, as NeMo has it

_SPECIAL = re.compile(r"<[^<>]+>|\[[A-Za-z]+\d*\]")  # <unk>, <s>, [PAD], [unused1]: not text
_MARK = regex.compile(r"\p{M}")
BYTE = re.compile(r"<0x([0-9A-F]{2})>")  # sentencepiece's tokens for characters that it lacks, in UTF-8
MOST_WORDS = 100_000  # that a table keeps
JOINED = 3  # repeated tokens from which on they are taken for a second tokenizer's


class _Part(NamedTuple):
    """What a token adds to a text."""

    text: bytes  # UTF-8
    is_text: bool
    is_separator: bool
    opens: bool  # a word begins with it or behind it, after a space
    unspaced: bool  # it is of a script without spaces
    may_stand_apart: bool  # there it is a word of its own, where it does not go on with what stands before it


@dataclass(frozen=True)
class TokenTable:
    """A model's tokens by id. Make one with :meth:`of` or :meth:`read`, which check them."""

    symbols: Tuple[str, ...]
    blank: int
    separator: Optional[str] = None  # the token between words; None where ``▁`` begins words
    language: Optional[str] = field(default=None, compare=False)  # ISO 639 code, where it is known

    @classmethod
    def of(
        cls, symbols: Sequence[str], blank: Union[int, str, None] = None, separator: Optional[str] = None,
        file: Optional[PathOrStr] = None, words_apart: bool = True, language: Optional[str] = None,
    ) -> TokenTable:
        """Check the tokens, and infer the blank and the separator where they are not given and unambiguous.

        Parameters
        ----------
        symbols : the token of each id. WordPiece's (``##ing``) are taken for sentencepiece's (``ing``, ``▁sing``).
        blank : its id or symbol; by default 0, provided that token 0 is one of BLANKS. The id behind the last token stands
            for a blank that is not among them.
        separator : the token between words; by default whichever of SEPARATORS the vocabulary has, or
            None where tokens begin with ``▁`` and where all letters are of scripts without spaces.
        words_apart : False for tokens that do not mark where words begin, such as phones.
        language : ISO 639 code (``de``), which the case of letters and the reading of numbers follow.

        Raises
        ------
        InputError : empty or repeated tokens; a blank or a separator that is not a token or is ambiguous.
        """
        symbols = tuple(symbols)
        if not symbols:
            raise InputError("holds no token", file=file, hint="give the tokens of the model that made the emissions")
        for index, symbol in enumerate(symbols):
            if not isinstance(symbol, str) or (not symbol and blank not in (None, "", index)):
                raise InputError(f"token {index} is empty or not a string", file=file, hint="write a space as <space>")
        if blank == len(symbols) and UNNAMED_BLANK not in symbols:
            symbols += (UNNAMED_BLANK,)
        symbols = _pieces_of_words(symbols)
        place = _blank(symbols, blank, file)
        _check_repeated(symbols, place, file)
        empty = next((index for index, symbol in enumerate(symbols) if not symbol and index != place), None)
        if empty is not None:
            raise InputError(f"token {empty} is empty or not a string", file=file, hint="write a space as <space>")
        return cls(symbols, place, _separator(symbols, separator, file) if words_apart else None, language)

    @classmethod
    def read(
        cls, path: PathOrStr, blank: Union[int, str, None] = None, separator: Optional[str] = None, words_apart: bool = True,
        language: Optional[str] = None,
    ) -> TokenTable:
        """Read the tokens of a file, in a form that :func:`~ctcb.text.token_files.read_symbols` knows.

        Raises InputError as :meth:`of` does, and for a file that cannot be read.
        """
        from ctcb.text.token_files import read_symbols

        return cls.of(read_symbols(path), blank, separator, path, words_apart, language)

    def __len__(self) -> int:
        return len(self.symbols)

    @property
    def separators(self) -> Tuple[str, ...]:
        """The tokens between words: one or none."""
        return () if self.separator is None else (self.separator,)

    @property
    def blank_first(self) -> Tuple[str, ...]:
        """The symbols in their order, but for the blank, which comes first."""
        return (self.symbols[self.blank], *self.symbols[: self.blank], *self.symbols[self.blank + 1 :])

    @cached_property
    def tells_words(self) -> bool:
        """Whether the tokens mark where words begin; phones do not."""
        return self.separator is not None or any(symbol.startswith(WORD_START) for symbol in self.symbols)

    @cached_property
    def written(self) -> Dict[str, int]:
        """Token -> id for the tokens that spell words: without the blank, the separator and specials like ``<unk>``.

        Of equal tokens, as two joined tokenizers have them, the first.
        """
        written: Dict[str, int] = {}
        for index, symbol in enumerate(self.symbols):
            if self.is_text[index]:
                written.setdefault(symbol, index)
        return written

    @cached_property
    def tokenizers(self) -> Tuple[Dict[str, int], ...]:
        """:attr:`written` of each of several joined tokenizers; one where the tokens are all different."""
        found: List[Dict[str, int]] = [{}]
        for index, symbol in enumerate(self.symbols):
            if self.is_text[index]:
                if symbol in found[-1]:
                    found.append({})
                found[-1][symbol] = index
        return tuple(found)

    @cached_property
    def is_text(self) -> Tuple[bool, ...]:
        """Whether each token spells a part of a word."""
        return tuple(
            index != self.blank and symbol != self.separator and not _SPECIAL.fullmatch(symbol)
            for index, symbol in enumerate(self.symbols)
        )

    @cached_property
    def byte_tokens(self) -> Dict[int, int]:
        """Byte -> id of the token for it, where the tokens hold single bytes."""
        found = ((index, BYTE.fullmatch(symbol)) for index, symbol in enumerate(self.symbols))
        return {int(match[1], 16): index for index, match in found if match}

    @cached_property
    def writing(self) -> Writing:
        """What these tokens can write."""
        characters = frozenset("".join(self.written)) - {WORD_START, " "}
        return Writing(characters, self.language, len(self.byte_tokens) == 256)

    def unspellable_reason(self, form: str) -> str:
        """Why words cannot be spelled in these tokens, for a message."""
        missing = self.writing.missing(form)
        return f"needs letters that no token has: {' '.join(missing)}" if missing else "cannot be put together from the tokens"

    def words(self, tokens: Sequence[int]) -> List[Tuple[str, int, int]]:
        """The words that token ids spell, as ``(word, first, end)`` where the word is ``tokens[first:end]``.

        They are in lower case unless the tokens tell case apart. In scripts without spaces each token is a word.
        """
        return [(word, first, end) for word, first, end, _ in self.spaced_words(tokens)]

    def spaced_words(self, tokens: Sequence[int]) -> Iterator[Tuple[str, int, int, bool]]:
        """:meth:`words`, each with whether a space stands before it where it is not the first."""
        first, text, spaced, after_unspaced = 0, b"", True, False
        for place, token in enumerate(tokens):
            part = self._parts[token]
            if part.opens or (part.may_stand_apart and (part.unspaced or after_unspaced)):
                word = self._word(text)
                if word:
                    yield word, first, place, spaced
                    spaced = False
                spaced |= part.opens
                first, text = place + part.is_separator, b""
            text += part.text
            if part.is_text:
                after_unspaced = part.unspaced
            elif part.is_separator:
                after_unspaced = False
        word = self._word(text)
        if word:
            yield word, first, len(tokens), spaced

    @cached_property
    def _parts(self) -> Tuple[_Part, ...]:
        """What each token adds to a text."""
        byte_of = {index: bytes([byte]) for byte, index in self.byte_tokens.items()}
        return tuple(
            _Part(
                symbol.encode() if is_text else byte_of.get(index, b""), is_text, symbol == self.separator,
                symbol == self.separator or symbol.startswith(WORD_START), is_text and is_unspaced(symbol),
                is_text and not _continues(symbol),
            )
            for index, (symbol, is_text) in enumerate(zip(self.symbols, self.is_text))
        )

    def _word(self, text: bytes) -> str:
        word = self._words.get(text)
        if word is None:
            word = self.writing.of_model(" ".join(text.decode("utf-8", "replace").replace(WORD_START, " ").split()))
            if len(self._words) < MOST_WORDS:
                self._words[text] = word
        return word

    @cached_property
    def _words(self) -> Dict[bytes, str]:
        """Words that were put together before."""
        return {}


def text_of(symbol: str) -> str:
    """What a token writes, without the mark of a word's first piece."""
    return symbol.replace(WORD_START, "")


def is_sign(symbol: str) -> bool:
    """Whether a token writes punctuation alone that is no part of a word, as apostrophes (o'neil) and hyphens (jean-pierre) may be."""
    text = text_of(symbol)
    return is_punctuation(text) and not any(sign in text for sign in APOSTROPHES + HYPHENS)


def _continues(symbol: str) -> bool:
    """Whether a token of a script without spaces goes on with what stands before it: a sign, a mark."""
    return is_punctuation(symbol) or bool(_MARK.match(symbol))


def _pieces_of_words(symbols: Tuple[str, ...]) -> Tuple[str, ...]:
    """WordPiece's tokens with sentencepiece's mark; others unchanged."""
    if not any(symbol.startswith(CONTINUATION) and len(symbol) > 2 for symbol in symbols):
        return symbols
    if any(symbol.startswith(WORD_START) for symbol in symbols):
        return symbols
    return tuple(
        symbol[2:] if symbol.startswith(CONTINUATION) and len(symbol) > 2
        else symbol if not symbol or _SPECIAL.fullmatch(symbol) or is_punctuation(symbol) else WORD_START + symbol
        for symbol in symbols
    )


def _check_repeated(symbols: Sequence[str], blank: int, file: Optional[PathOrStr]) -> None:
    """Raise InputError for tokens that are repeated, unless they are those of several tokenizers, which share the blank."""
    first: Dict[str, int] = {}
    repeated = [(first[symbol], index) for index, symbol in enumerate(symbols) if first.setdefault(symbol, index) != index]
    if repeated and (len(repeated) < JOINED or any(symbols[index] == symbols[blank] for _, index in repeated)):
        one, other = repeated[0]
        raise InputError(f"tokens {one} and {other} are both {symbols[one]!r}", file=file, hint="give each id its own token")


def _blank(symbols: Sequence[str], blank: Union[int, str, None], file: Optional[PathOrStr]) -> int:
    if isinstance(blank, str):
        if blank not in symbols:
            raise InputError(
                f"the blank {blank!r} is not one of the {len(symbols)} tokens", file=file,
                hint=f"name one of them, or its id; {len(symbols)} if it comes behind them",
            )
        return symbols.index(blank)
    if blank is not None:
        if not 0 <= blank < len(symbols):
            raise InputError(f"the blank's id is {blank}, but there are {len(symbols)} tokens", file=file, hint=f"name an id from 0 to {len(symbols) - 1}, or {len(symbols)} for one behind them")
        return int(blank)
    alternatives = [f"{symbol!r} has the id {index}" for index, symbol in enumerate(symbols) if symbol in BLANKS]
    if symbols[0] in BLANKS and (symbols[0] != "-" or len(alternatives) == 1):  # it may be a hyphen as well
        return 0
    raise InputError(
        f"the blank is not given, and token 0, {symbols[0]!r}, is not clearly one"
        + (f" ({', '.join(alternatives)})" if alternatives else ""),
        file=file, hint=f"name the blank's id or symbol; {len(symbols)} if it comes behind these tokens",
    )


def _separator(symbols: Sequence[str], separator: Optional[str], file: Optional[PathOrStr]) -> Optional[str]:
    if separator is not None:
        if separator not in symbols:
            raise InputError(f"the separator {separator!r} is not one of the {len(symbols)} tokens", file=file, hint="name one of them")
        return separator
    if any(symbol.startswith(WORD_START) and symbol != WORD_START for symbol in symbols):
        return None
    candidates = [symbol for symbol in SEPARATORS if symbol in symbols]
    if len(candidates) == 1:
        return candidates[0]
    letters = [symbol for symbol in symbols if symbol not in BLANKS and not _SPECIAL.fullmatch(symbol) and symbol.isalpha()]
    if not candidates and letters and sum(map(is_unspaced, letters)) > len(letters) / 2:
        return None
    doubt = f"{' and '.join(map(repr, candidates))} are tokens" if candidates else f"no token begins with {WORD_START} or is | or a space"
    raise InputError(f"the separator of words is not given, and {doubt}", file=file, hint="name the separator")
