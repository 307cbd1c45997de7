"""Files of tokens as toolkits write them."""
from __future__ import annotations

import json
import re
from typing import List, Optional, Sequence, Tuple

from ctcb.errors import InputError
from ctcb.io import PathOrStr, read_lines

_KALDI_LINE = re.compile(r"(.*)[ \t](\d+)")
_SCORED_LINE = re.compile(r"(.*)\t(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)")
_DISAMBIGUATION = re.compile(r"#\d+")  # k2's disambiguation symbols after the tokens; no model outputs them


def read_symbols(path: PathOrStr) -> Tuple[str, ...]:
    """The token of each id.

    The file holds one token a line (its id is the line's number from 0), ``token id`` on every line, a token, a tab and
    its score on every line (sentencepiece's ``.vocab``), or a JSON object of tokens and ids (``vocab.json``).

    Raises InputError for a file that cannot be read, and for ids that are not 0, 1, 2, ...
    """
    rows = read_lines(path)
    lines = [line for _, line in rows]
    if lines and lines[0].lstrip().startswith("{") and "".join(lines).rstrip().endswith("}") and len("".join(lines)) > 2:
        return _from_json("\n".join(lines), path)
    numbered = _numbered(lines)
    if numbered is not None:
        return numbered
    scored = [_SCORED_LINE.fullmatch(line) for line in lines]
    if lines and all(scored):
        return tuple(match[1] for match in scored if match)
    for number, line in rows[1:]:  # the first may be a blank without a name
        if not line:
            raise InputError("an empty line", file=path, line=number, hint="write a space as <space>")
    return tuple(lines)


def _numbered(lines: Sequence[str]) -> Optional[Tuple[str, ...]]:
    """The tokens of lines ``token id``, without disambiguation symbols; None where the lines are others."""
    pairs = [_KALDI_LINE.fullmatch(line) for line in lines]
    if not lines or not all(pairs):
        return None
    by_id = {int(pair[2]): pair[1] for pair in pairs if pair}
    if sorted(by_id) != list(range(len(lines))):
        return None
    symbols = [by_id[index] for index in range(len(lines))]
    while symbols and _DISAMBIGUATION.fullmatch(symbols[-1]):
        symbols.pop()
    return tuple(symbols)


def _from_json(text: str, path: PathOrStr) -> Tuple[str, ...]:
    hint = "give an object of tokens and ids, as transformers' vocab.json is"
    try:
        found = json.loads(text)
    except ValueError as error:
        raise InputError(f"malformed JSON ({error})", file=path, hint=hint) from None
    if any(isinstance(value, bool) or not isinstance(value, int) for value in found.values()):
        raise InputError("the values are not ids", file=path, hint=hint)
    symbols: List[str] = sorted(found, key=lambda symbol: found[symbol])
    if [found[symbol] for symbol in symbols] != list(range(len(symbols))):
        raise InputError(f"the ids of its {len(symbols)} tokens are not 0 to {len(symbols) - 1}", file=path, hint=hint)
    return tuple(symbols)
