"""The tokens of a CTC model: what each writes, which is the blank, and where words begin."""
from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Callable, Dict, List, Optional, Sequence, Tuple, Union

from ctcb.errors import InputError
from ctcb.io import PathOrStr, read_lines

WORD_START = "▁"  # sentencepiece's mark of a word's first piece
SEPARATORS = ("|", " ", "<space>")  # the tokens between words in character vocabularies
# Symbols that toolkits use for the blank (icefall, WeNet and ESPnet, HuggingFace, torchaudio, k2, sherpa).
BLANKS = ("<blk>", "<blank>", "<b>", "<pad>", "[PAD]", "-", "<eps>", "ε", "<ctc_blank>")

_KALDI_LINE = re.compile(r"(.*)[ \t](\d+)")
_DISAMBIGUATION = re.compile(r"#\d+")  # k2's disambiguation symbols after the tokens; no model outputs them
_SPECIAL = re.compile(r"<[^<>]+>|\[[A-Z]+\]")  # <unk>, <s>, [PAD]: not text

Casing = Callable[[str], str]


@dataclass(frozen=True)
class TokenTable:
    """A model's tokens by id. Make one with :meth:`of` or :meth:`read`, which check them."""

    symbols: Tuple[str, ...]
    blank: int
    separator: Optional[str] = None  # the token between words; None where ``▁`` begins words

    @classmethod
    def of(
        cls, symbols: Sequence[str], blank: Union[int, str, None] = None, separator: Optional[str] = None,
        file: Optional[PathOrStr] = None, words_apart: bool = True,
    ) -> TokenTable:
        """Check the tokens, and infer the blank and the separator where they are not given and unambiguous.

        Parameters
        ----------
        symbols : the token of each id.
        blank : its id or symbol; by default 0, provided that token 0 is one of BLANKS.
        separator : the token between words; by default whichever of SEPARATORS the vocabulary has, or
            None where tokens begin with ``▁``.
        words_apart : False for tokens that do not mark where words begin, such as phones.

        Raises
        ------
        InputError : empty or repeated tokens; a blank or a separator that is not a token or is ambiguous.
        """
        symbols = tuple(symbols)
        first: Dict[str, int] = {}
        for index, symbol in enumerate(symbols):
            if not isinstance(symbol, str) or not symbol:
                raise InputError(f"token {index} is empty or not a string", file=file, hint="write a space as <space>")
            if first.setdefault(symbol, index) != index:
                raise InputError(f"tokens {first[symbol]} and {index} are both {symbol!r}", file=file, hint="give each id its own token")
        if not symbols:
            raise InputError("holds no token", file=file, hint="give the tokens of the model that made the emissions")
        return cls(symbols, _blank(symbols, blank, file), _separator(symbols, separator, file) if words_apart else None)

    @classmethod
    def read(
        cls, path: PathOrStr, blank: Union[int, str, None] = None, separator: Optional[str] = None, words_apart: bool = True
    ) -> TokenTable:
        """Read ``tokens.txt``: one token on each line (id = line number from 0), or ``token id`` on every line.

        Raises InputError as :meth:`of` does, and for a file that cannot be read.
        """
        rows = read_lines(path)
        pairs = [_KALDI_LINE.fullmatch(line) for _, line in rows]
        if rows and all(pairs):
            by_id = {int(pair[2]): pair[1] for pair in pairs if pair}
            if sorted(by_id) == list(range(len(rows))):
                symbols = [by_id[index] for index in range(len(rows))]
                while symbols and _DISAMBIGUATION.fullmatch(symbols[-1]):
                    symbols.pop()
                return cls.of(symbols, blank, separator, path, words_apart)
        for number, line in rows:
            if not line:
                raise InputError("an empty line", file=path, line=number, hint="write a space as <space>")
        return cls.of([line for _, line in rows], blank, separator, path, words_apart)

    def __len__(self) -> int:
        return len(self.symbols)

    @property
    def separators(self) -> Tuple[str, ...]:
        """The tokens between words: one or none."""
        return () if self.separator is None else (self.separator,)

    @cached_property
    def tells_words(self) -> bool:
        """Whether the tokens mark where words begin; phones do not."""
        return self.separator is not None or any(symbol.startswith(WORD_START) for symbol in self.symbols)

    @cached_property
    def written(self) -> Dict[str, int]:
        """Token -> id for the tokens that spell words: without the blank, the separator and specials like ``<unk>``."""
        return {
            symbol: index for index, symbol in enumerate(self.symbols)
            if index != self.blank and symbol != self.separator and not _SPECIAL.fullmatch(symbol)
        }

    @cached_property
    def casings(self) -> Tuple[Casing, ...]:
        """The functions that give lower-case words the tokens' casing, one or two, the likelier first."""
        text = "".join(self.written)
        if text == text.lower():
            return (str.lower,)
        if text == text.upper():
            return (str.upper,)
        return (str.lower, lambda form: " ".join(map(str.capitalize, form.split(" "))))

    def unspellable_reason(self, form: str) -> str:
        """Why lower-case words cannot be spelled in these tokens, for a message."""
        missing = set(self.casings[0](form)) - set("".join(self.written)) - {" "}
        return f"needs letters that no token has: {' '.join(sorted(missing))}" if missing else "cannot be put together from the tokens"

    def words(self, tokens: Sequence[int]) -> List[Tuple[str, int, int]]:
        """The words that token ids spell, in lower case, as ``(word, first, end)`` where the word is ``tokens[first:end]``."""
        words: List[Tuple[str, int, int]] = []
        first, text = 0, ""
        for place, token in enumerate(tokens):
            symbol = self.symbols[token]
            is_separator = symbol == self.separator
            if is_separator or symbol.startswith(WORD_START):
                self._close(words, text, first, place)
                first, text = place + is_separator, ""
            if symbol in self.written:
                text += symbol
        self._close(words, text, first, len(tokens))
        return words

    @staticmethod
    def _close(words: List[Tuple[str, int, int]], text: str, first: int, end: int) -> None:
        word = " ".join(text.replace(WORD_START, " ").split()).lower()
        if word:
            words.append((word, first, end))


def _blank(symbols: Sequence[str], blank: Union[int, str, None], file: Optional[PathOrStr]) -> int:
    if isinstance(blank, str):
        if blank not in symbols:
            raise InputError(f"the blank {blank!r} is not one of the {len(symbols)} tokens", file=file, hint="name one of them, or its id")
        return symbols.index(blank)
    if blank is not None:
        if not 0 <= blank < len(symbols):
            raise InputError(f"the blank's id is {blank}, but there are {len(symbols)} tokens", file=file, hint=f"name an id from 0 to {len(symbols) - 1}")
        return int(blank)
    alternatives = [f"{symbol!r} has the id {index}" for index, symbol in enumerate(symbols) if symbol in BLANKS]
    if symbols[0] in BLANKS and (symbols[0] != "-" or len(alternatives) == 1):  # it may be a hyphen as well
        return 0
    raise InputError(
        f"the blank is not given, and token 0, {symbols[0]!r}, is not clearly one"
        + (f" ({', '.join(alternatives)})" if alternatives else ""),
        file=file, hint="name the blank's id or symbol",
    )


def _separator(symbols: Sequence[str], separator: Optional[str], file: Optional[PathOrStr]) -> Optional[str]:
    if separator is not None:
        if separator not in symbols:
            raise InputError(f"the separator {separator!r} is not one of the {len(symbols)} tokens", file=file, hint="name one of them")
        return separator
    if any(symbol.startswith(WORD_START) for symbol in symbols):
        return None
    candidates = [symbol for symbol in SEPARATORS if symbol in symbols]
    if len(candidates) == 1:
        return candidates[0]
    doubt = f"{' and '.join(map(repr, candidates))} are tokens" if candidates else f"no token begins with {WORD_START} or is | or a space"
    raise InputError(f"the separator of words is not given, and {doubt}", file=file, hint="name the separator")
