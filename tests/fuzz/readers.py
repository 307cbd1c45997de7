"""Properties of every reader for any bytes: it reads them, or says in one line why it cannot.

Shared by ``tests/fuzz/test_fuzz.py`` (hypothesis) and ``tests/fuzz/fuzz.py`` (coverage-guided, atheris).
"""
from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Dict, Iterator
from unittest import mock

import numpy as np

from ctcb.config import read_yaml
from ctcb.data.manifest import SAFE_ID, read_manifest
from ctcb.entities import FORMATS, EntityList
from ctcb.entities.per_utt import EntitiesPerUtt
from ctcb.errors import InputError
from ctcb.lm import arpa
from ctcb.scoring.readers import read_transcripts
from ctcb.scoring.score import score
from ctcb.scoring.text import comparable
from ctcb.text.normalize import normalize
from ctcb.text.tokens import TokenTable


@contextmanager
def stored(data: bytes, suffix: str) -> Iterator[Path]:
    """The bytes in a file, whose name appears in messages."""
    with tempfile.NamedTemporaryFile(suffix=suffix) as file:
        file.write(data)
        file.flush()
        yield Path(file.name)


def refused(error: InputError, path: Path) -> None:
    """An error that a user can do something with."""
    message = str(error)
    assert str(path) in message and "\n" not in message and all(char.isprintable() or char in "\u200c\u200d" for char in message), message


def entity_list(data: bytes) -> None:
    """The report accounts for every line; the loaded list reads the same again."""
    with stored(data, ".txt") as path:
        for form in FORMATS:
            try:
                found = EntityList.load(path, form)
            except InputError as error:
                refused(error, path)
                continue
            report = found.report
            assert report.entries == report.loaded + report.rejected + report.merged and report.loaded == len(found)
            assert [found.find(entity.text) for entity in found] == list(range(len(found)))
            for entity in found:
                assert entity.spoken_forms and 0 < abs(entity.weight) <= 1e6 and "\n" not in entity.text
                assert all(normalize(form) == form for form in entity.spoken_forms)
            again = EntityList.of(found)
            assert again.entities == found.entities, (again.entities, found.entities)


def per_utt(data: bytes) -> None:
    """Each utterance's entities are of the list."""
    with stored(data, ".tsv") as path:
        try:
            table = EntitiesPerUtt.read(path)
        except InputError as error:
            refused(error, path)
            return
        assert all(0 <= place < len(table.entities) for places in table.places.values() for place in places)


def arpa_file(data: bytes) -> None:
    """Reading as a whole or line by line gives the same n-grams or the same error."""
    with stored(data, ".arpa") as path:
        found = []
        for lines in (arpa.CHUNK, 1):
            with mock.patch.object(arpa, "CHUNK", lines):
                try:
                    found.append(arpa.read_arpa(path))
                    assert arpa.check_arpa(path) == found[-1].words
                except InputError as error:
                    refused(error, path)
                    found.append(None)
        one, other = found
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert one.words == other.words and len(one.tables) == len(other.tables)
            for first, second in zip(one.tables, other.tables):
                assert all(np.array_equal(a, b) for a, b in zip((first.ids, first.log10, first.backoff), (second.ids, second.log10, second.backoff)))
                assert np.isfinite(first.log10).all() and (first.log10 <= 0).all() and first.ids.max(initial=0) < len(one.words)


def manifest(data: bytes) -> None:
    """Ids are names of files and fields of tables."""
    with stored(data, ".tsv") as path:
        try:
            rows = read_manifest(path)
        except InputError as error:
            refused(error, path)
            return
        assert rows and len({row.utt_id for row in rows}) == len(rows)
        assert all(SAFE_ID.fullmatch(row.utt_id) and "/" not in row.utt_id and not row.utt_id.startswith(".") for row in rows)


def transcripts(data: bytes) -> None:
    """Whatever a file of references looks like."""
    for suffix in (".txt", ".jsonl", ".ctm", ".stm"):
        with stored(data, suffix) as path:
            try:
                found = read_transcripts(path)
                found.require_format()
            except InputError as error:
                refused(error, path)
                continue
            assert len(found) and all(isinstance(normalize(text), str) for text in found.values())
            assert all(comparable(comparable(text)) == comparable(text) for text in found.values())
            assert score(found, found, draws=0).wer.errors == 0


def tokens(data: bytes) -> None:
    """A table has one blank, and each token once, or once in each of several tokenizers."""
    with stored(data, ".txt") as path:
        for more in ({}, {"blank": 0, "words_apart": False}):
            try:
                table = TokenTable.read(path, **more)
            except InputError as error:
                refused(error, path)
                continue
            assert 0 <= table.blank < len(table) and table.symbols.count(table.symbols[table.blank]) == 1
            assert len(set(table.symbols)) == len(table) or len(table.tokenizers) > 1
            assert all(word for word, first, end in table.words(range(len(table))))


def yaml_file(data: bytes) -> None:
    """Plain values only."""
    with stored(data, ".yaml") as path:
        try:
            read_yaml(path)
        except InputError as error:
            refused(error, path)


READERS: Dict[str, Callable[[bytes], None]] = {
    "lists": entity_list, "per_utt": per_utt, "arpa": arpa_file, "manifest": manifest, "transcripts": transcripts, "tokens": tokens,
    "yaml": yaml_file,
}  # fmt: skip

# Something of each kind to begin with.
ARPA = (
    "\\data\\\nngram 1=4\nngram 2=2\n\n\\1-grams:\n-1.0\t<unk>\n-99\t<s>\t-0.3\n-0.7\t</s>\n-0.5\tbob\t-0.1\n\n"
    "\\2-grams:\n-0.2\t<s> bob\n-0.1\tbob </s>\n\n\\end\\\n"
)
SEEDS: Dict[str, str] = {
    "lists": "Bob\tweight=2.0\talias=bobb\n# no name\nŁódź\tspoken=lodge\tpron=L AA JH\nthe U.S.A. :2.0\nann_anne\n$1,000.50 21st\nK2\t1.5\n",
    "per_utt": "u1\tBob|Ann Lee\nu2\t\n",
    "arpa": ARPA,
    "manifest": "utt_id\taudio\tduration_s\ttext\nu1\ta/1.wav\t1.5\tann met bob\n",
    "transcripts": "u1 ann met bob\nu2\n",
    "tokens": "<blk> 0\n<unk> 1\n▁an 2\nn 3\n",
    "yaml": "format_version: 1\nmodel: {dim: 3, list: [1, 2.5, null]}\n",
}
