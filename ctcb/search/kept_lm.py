"""Word LMs that were read before, for the same tokens, from disk: an ARPA file of 10 MB, packed, takes seconds to read."""
from __future__ import annotations

import unicodedata
from contextlib import suppress
from pathlib import Path
from typing import Optional

from ctcb.io import PathOrStr, digest
from ctcb.kept_arrays import Arrays, KeptArrays, code_digest, key_of, packed_json, unpacked_json
from ctcb.lm.arrays import NODE, ArrayLm, LmArrays
from ctcb.search.beam.letter_trie import LETTER_STATE, LetterTrie
from ctcb.search.beam.word_lm import WordLm, letters_of
from ctcb.sequences import Lines
from ctcb.text.tokens import TokenTable

KIND = "lms"  # the folder of their files
SMALL = 100_000  # bytes: a smaller ARPA file is read about as fast as it is found
_ROOMS = ("lm", "search")  # whose code a kept LM rests on
_TRIE = ("token", "first_letter", "letters", "start")


def read_lm(path: PathOrStr, table: TokenTable) -> WordLm:
    """:meth:`WordLm.load`; of a file whose content was read before, for tokens with the same letters, what was made of it then.

    Raises InputError as that does.
    """
    kept = KeptArrays(KIND)
    content = _content(path) if kept.on else None
    if content is None:
        return WordLm.load(path, table)
    key = key_of(code_digest(_ROOMS), (content, letters_of(table), unicodedata.unidata_version))
    arrays = kept.load(key)
    if arrays is not None:
        with suppress(KeyError, ValueError):
            return unpack_lm(arrays, path)
    made = WordLm.load(path, table)
    if _content(path) == content:  # else it changed while it was read
        kept.save(key, pack_lm(made))
    return made


def _content(path: PathOrStr) -> Optional[str]:
    """The digest of a file; None for a small one, and for what is no file."""
    path = Path(path)
    return digest(path) if path.is_file() and path.stat().st_size >= SMALL else None


def pack_lm(lm: WordLm) -> Arrays:
    """An LM as arrays, without its file's name."""
    facts = [lm.lm.order, lm.lm.begin, lm.lm.notes, lm.num_spelled]
    return {
        "node": lm.lm.arrays.node, "word": lm.lm.arrays.word, "words": Lines.pack(lm.lm.words), "states": lm.trie.states,
        **{name: getattr(lm.trie, name) for name in _TRIE}, "parent": lm.parent, "facts": packed_json(facts),
    }  # fmt: skip


def unpack_lm(arrays: Arrays, path: PathOrStr) -> WordLm:
    """The LM of :func:`pack_lm`, of a file of that name. Raises KeyError and ValueError for other arrays."""
    order, begin, notes, num_spelled = unpacked_json(arrays["facts"])
    lm = ArrayLm(LmArrays(arrays["node"].view(NODE), arrays["word"]), list(Lines(arrays["words"])), order, begin, Path(path), tuple(notes))
    trie = LetterTrie(arrays["states"].view(LETTER_STATE), *(arrays[name] for name in _TRIE))
    return WordLm(lm, trie, arrays["parent"], num_spelled)
