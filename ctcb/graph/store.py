"""A compiled graph on disk: arrays in safetensors, the rest text, and nothing that could run code.

``graph.safetensors`` holds the grammar, ``graph.yaml`` its description and the digest of its inputs,
``tokens.txt`` and ``words.txt`` the symbol tables, and ``lexicon.txt`` (graphs over phones) the
pronunciations.
"""
from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

import numpy as np
import yaml
from safetensors.numpy import save

from ctcb.config import from_mapping, read_yaml
from ctcb.errors import InputError
from ctcb.graph.grammar import Grammar, Landings, Slots
from ctcb.graph.spellings import PhoneSpelling, read_entries
from ctcb.graph.tries import Arcs
from ctcb.io import PathOrStr, atomic_write, read_lines
from ctcb.text.lexicon import Pronunciation
from ctcb.text.tokens import TokenTable

FORMAT_VERSION = 1
ARRAYS_FILE, YAML_FILE, TOKENS_FILE, WORDS_FILE, LEXICON_FILE = (
    "graph.safetensors", "graph.yaml", "tokens.txt", "words.txt", "lexicon.txt")  # fmt: skip
UNITS = ("subword", "phone")
HINT = "compile it again with `ctcb graph`"


@dataclass(frozen=True)
class Description:
    """The contents of ``graph.yaml``."""

    format_version: int
    units: str  # one of UNITS
    blank: int
    made_from: str  # digest of the inputs and options, see `digest`
    states: int
    arcs: int
    words: int  # words of the LM that have a spelling


@dataclass(frozen=True)
class CompiledGraph:
    """A graph as :func:`load_graph` reads it."""

    description: Description
    table: TokenTable
    words: Tuple[str, ...]  # the LM's words, by number
    grammar: Grammar
    phones: Optional[PhoneSpelling]  # spells names in a graph over phones; None over pieces, where the model's spelling does
    folder: Path

    def require_tokens(self, table: TokenTable, owner: str = "the model") -> None:
        """Raise InputError where the tokens of ``table``, which are those of ``owner``, are not the graph's."""
        if table.symbols != self.table.symbols or table.blank != self.table.blank:
            sizes = f"{len(self.table)} tokens there, {len(table)} here"
            same_size = len(self.table) == len(table)
            raise InputError(
                f"this graph was made for another model than {owner} ({'other tokens' if same_size else sizes})", file=self.folder,
                hint="compile one for this model with `ctcb graph`, or name the graph's model",
            )


def digest(files: Iterable[Optional[PathOrStr]], options: Sequence[object]) -> str:
    """SHA-256 of files' contents, this package's format, and options. Raises InputError for a missing file."""
    hasher = hashlib.sha256(repr((FORMAT_VERSION, *options)).encode())
    for file in files:
        hasher.update(b"\0")
        if file is not None:
            if not Path(file).is_file():
                raise InputError("no such file", file=file, hint="check the path")
            with open(file, "rb") as opened:
                part = hashlib.sha256()
                for block in iter(lambda: opened.read(1 << 20), b""):
                    part.update(block)
            hasher.update(part.digest())
    return hasher.hexdigest()


def is_made_from(folder: PathOrStr, made_from: str) -> bool:
    """Whether the folder holds a complete graph that was made from inputs with this digest."""
    try:
        return _describe(Path(folder)).made_from == made_from and (Path(folder) / ARRAYS_FILE).is_file()
    except InputError:
        return False


def save_graph(
    folder: PathOrStr, grammar: Grammar, units: str, table: TokenTable, words: Sequence[str], spelled: int, made_from: str,
    entries: Optional[Mapping[str, Sequence[Pronunciation]]] = None,
) -> None:
    """Write a graph. ``graph.yaml`` is written last, so an interrupted write leaves no valid graph.

    ``spelled``: the number of words that have a spelling; ``entries``: the pronunciations of a graph over phones.
    """
    folder = Path(folder)
    (folder / YAML_FILE).unlink(missing_ok=True)
    with atomic_write(folder / ARRAYS_FILE, "wb") as file:
        file.write(save(_arrays(grammar)))
    for name, symbols in ((TOKENS_FILE, table.symbols), (WORDS_FILE, words)):
        with atomic_write(folder / name) as file:
            file.writelines(f"{symbol}\n" for symbol in symbols)
    if entries is not None:
        with atomic_write(folder / LEXICON_FILE) as file:
            file.writelines(f"{word}\t{' '.join(phones)}\n" for word, prons in entries.items() for phones in prons)
    described = Description(FORMAT_VERSION, units, table.blank, made_from, grammar.num_states, len(grammar.arcs.src), spelled)
    with atomic_write(folder / YAML_FILE) as file:
        yaml.safe_dump(asdict(described), file, sort_keys=False)


def load_graph(folder: PathOrStr) -> CompiledGraph:
    """Read and check a graph.

    Raises
    ------
    InputError : a file is missing, truncated, of another version, or inconsistent with the others.
    """
    folder = Path(folder)
    described = _describe(folder)
    table = TokenTable(tuple(_symbols(folder / TOKENS_FILE)), described.blank)
    words = tuple(_symbols(folder / WORDS_FILE))
    grammar = _grammar(folder / ARRAYS_FILE, described.states, len(table), described.blank, len(words))
    phones = None
    if described.units == "phone":
        phones = PhoneSpelling(table, read_entries(folder / LEXICON_FILE, table))
    return CompiledGraph(described, table, words, grammar, phones, folder)


def _describe(folder: Path) -> Description:
    if not (folder / YAML_FILE).is_file():
        raise InputError(f"is not a graph: it has no {YAML_FILE}", file=folder, hint="`ctcb graph` makes one")
    data = read_yaml(folder / YAML_FILE)
    if data.get("format_version") != FORMAT_VERSION:
        version = data.get("format_version")
        raise InputError(f"format_version is {version!r}, not {FORMAT_VERSION}", file=folder / YAML_FILE, hint=HINT)
    described = from_mapping(Description, data, folder / YAML_FILE)
    if described.units not in UNITS:
        raise InputError(f"units are {described.units!r}, not one of {', '.join(UNITS)}", file=folder / YAML_FILE, hint=HINT)
    return described


def _symbols(path: Path) -> List[str]:
    return [line for _, line in read_lines(path)]


def _arrays(grammar: Grammar) -> Dict[str, np.ndarray]:
    parts = {"arcs": grammar.arcs, "slots": grammar.slots, "landings": grammar.landings}
    arrays = {f"{name}.{column}": values for name, part in parts.items() for column, values in part._asdict().items()}
    arrays.update(word=grammar.word, is_open=grammar.is_open, final_state=grammar.final_state, final_score=grammar.final_score)
    return {name: np.ascontiguousarray(values) for name, values in arrays.items()}


def _grammar(path: Path, num_states: int, num_tokens: int, blank: int, num_words: int) -> Grammar:
    from ctcb.models.weights import read_tensors  # here: imports torch

    arrays = {name: tensor.numpy() for name, tensor in read_tensors(path)[0].items()}

    def part(kind: type, name: str) -> tuple:
        return kind(*(arrays[f"{name}.{column}"] for column in kind._fields))

    try:
        grammar = Grammar(
            num_states, part(Arcs, "arcs"), arrays["word"], arrays["is_open"], arrays["final_state"], arrays["final_score"],
            part(Slots, "slots"), part(Landings, "landings"),
        )  # fmt: skip
    except KeyError as error:
        raise InputError(f"has no array {error}", file=path, hint=HINT) from None
    for name, columns in (
        ("arcs", (*grammar.arcs, grammar.word, grammar.is_open)), ("slots", grammar.slots), ("landings", grammar.landings), ("final", (grammar.final_state, grammar.final_score)),
    ):  # fmt: skip
        if {column.shape for column in columns} != {(len(columns[0]),)}:
            raise InputError(f"the arrays of {name!r} differ in length or are not one-dimensional", file=path, hint=HINT)
    for kind, columns in (
        ("i", (*grammar.arcs[:3], grammar.word, grammar.final_state, *grammar.slots[::2], *grammar.landings[:2])),
        ("f", (grammar.arcs.score, grammar.final_score, grammar.slots.score, grammar.landings.score)),
    ):  # fmt: skip
        if any(column.dtype.kind != kind for column in columns):
            raise InputError("an array has the wrong dtype", file=path, hint=HINT)
    states = (grammar.arcs.src, grammar.arcs.dst, grammar.final_state, grammar.slots.state, grammar.landings.state)
    # For a label that is not a token, k2 silently reads beyond the emissions.
    for name, values, low, high in (
        *(("a state", values, 0, num_states) for values in states),
        ("a token", grammar.arcs.label, 0, num_tokens), ("a word", grammar.word, -1, num_words),
    ):  # fmt: skip
        if len(values) and not (low <= values.min() and values.max() < high):
            raise InputError(f"{name} out of range ({values.min()} to {values.max()})", file=path, hint=HINT)
    if (grammar.arcs.label == blank).any():
        raise InputError("the blank occurs as a token", file=path, hint=HINT)
    return grammar
