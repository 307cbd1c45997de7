"""Labels of a model by pyctcdecode's conventions: '' is the blank, ' ' stands between words, '▁' begins them, '⁇' is unknown."""
from __future__ import annotations

import json
import re
from typing import Collection, List, Optional, Sequence

from ctcb.errors import InputError
from ctcb.text.tokens import CONTINUATION, WORD_START, TokenTable

BPE_TOKEN = WORD_START
UNK_TOKEN, UNK_BPE_TOKEN = "⁇", "▁⁇▁"
BLANK_TOKEN_PTN = re.compile(r"^[<\[]pad[>\]]$", flags=re.IGNORECASE)
UNK_TOKEN_PTN = re.compile(r"^[<\[]unk[>\]]$", flags=re.IGNORECASE)
_SPECIAL = re.compile(r"^[<\[].+[>\]]$")
TOKEN_TYPES = {"bpe": True, "character": False}  # ctc_token_type -> is_bpe


class Alphabet:
    """A model's labels by id."""

    def __init__(self, labels: List[str], is_bpe: bool) -> None:
        """``labels`` as they are; :meth:`build_alphabet` normalises them."""
        self._labels, self._is_bpe = list(labels), is_bpe

    @property
    def is_bpe(self) -> bool:
        """Whether labels are subwords."""
        return self._is_bpe

    @property
    def labels(self) -> List[str]:
        """The labels, a copy."""
        return list(self._labels)

    @classmethod
    def build_alphabet(cls, labels: Sequence[str], is_bpe: Optional[bool] = None) -> Alphabet:
        """Normalise labels: ``<pad>``, ``[PAD]`` and, among characters, ``_`` are the blank, which is appended where there is none;
        ``|`` is the space; ``##`` becomes ``▁``. Raises ValueError for labels that come twice."""
        found = list(labels)
        if is_bpe is None:
            is_bpe = any(label.startswith((CONTINUATION, WORD_START)) for label in found)
        if is_bpe and any(label.startswith(CONTINUATION) for label in found):
            found = [_of_wordpiece(label) for label in found]
        if not is_bpe and "|" in found and " " not in found:
            found[found.index("|")] = " "
        found = ["" if BLANK_TOKEN_PTN.match(label) else label for label in found]
        if not is_bpe and "_" in found and "" not in found:
            found[found.index("_")] = ""
        if "" not in found:
            found.append("")
        unknown = UNK_BPE_TOKEN if is_bpe else UNK_TOKEN
        found = [unknown if UNK_TOKEN_PTN.match(label) else label for label in found]
        if len(set(found)) < len(found):
            twice = next(label for label in found if found.count(label) > 1)
            raise ValueError(f"the label {twice!r} comes twice")
        if is_bpe and any(" " in label for label in found):
            raise ValueError("a label holds a space, and the labels look like subwords")
        return cls(found, is_bpe)

    def table(self) -> TokenTable:
        """The labels as tokens of ctcb. Raises InputError where none tells where words begin."""
        symbols = ["<unk>" if label in (UNK_TOKEN, UNK_BPE_TOKEN) else label for label in self._labels]
        return TokenTable.of(symbols, symbols.index(""), None if self._is_bpe or " " not in symbols else " ")

    def dumps(self) -> str:
        """As JSON."""
        return json.dumps({"labels": self.labels, "is_bpe": self.is_bpe})

    @classmethod
    def loads(cls, text: str) -> Alphabet:
        """From what :meth:`dumps` wrote. Raises ValueError for other JSON."""
        found = json.loads(text)
        if not isinstance(found, dict) or set(found) != {"labels", "is_bpe"} or not isinstance(found["labels"], list):
            raise ValueError("not an alphabet: the keys are to be labels and is_bpe")
        return cls(found["labels"], bool(found["is_bpe"]))


def is_subwords(ctc_token_type: Optional[str], is_bpe: Optional[bool]) -> Optional[bool]:
    """Whether labels are subwords, by either option; None where neither tells. Raises InputError for another type."""
    if ctc_token_type is None:
        return is_bpe
    name = str(getattr(ctc_token_type, "value", ctc_token_type)).lower()
    if name not in TOKEN_TYPES:
        raise InputError(f"ctc_token_type is {ctc_token_type!r}", hint=f"choose from {', '.join(TOKEN_TYPES)}")
    return TOKEN_TYPES[name]


def verify_alphabet_coverage(alphabet: Alphabet, unigrams: Collection[str]) -> None:
    """Warn, once a process, where the labels lack characters that a good share of the words has."""
    from ctcb.compat.pyctcdecode.warned import warn_once

    words = list(unigrams)[:100]
    known = set("".join(alphabet.labels))
    share = sum(not known.issuperset(word) for word in words) / max(1, len(words))
    if share > 0.2:
        warn_once(f"unigrams: {share:.0%} of the first {len(words)} words have letters that no label has")


def _of_wordpiece(label: str) -> str:
    if label.startswith(CONTINUATION):
        return label[len(CONTINUATION) :]
    return label if _SPECIAL.match(label) or label in ("", BPE_TOKEN, UNK_BPE_TOKEN) else BPE_TOKEN + label
