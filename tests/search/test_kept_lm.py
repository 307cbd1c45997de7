"""Word LMs on disk: what was kept is what was read, for the same content and tokens alone."""
from __future__ import annotations

import multiprocessing
import os
import pickle
from dataclasses import replace

import numpy as np
import pytest

from ctcb.errors import InputError, InputWarning
from ctcb.search import kept_lm
from ctcb.search.beam.word_lm import WordLm
from ctcb.search.find_lm import load_lm
from ctcb.search.kept_lm import read_lm
from ctcb.search.options import BeamOptions
from ctcb.text.tokens import WORD_START, TokenTable

LETTERS = TokenTable.of(["<blk>", WORD_START, *"acdeghot"])
# "The" and "the" become one in lower case, which a note says.
MIXED = """\\data\\
ngram 1=8
ngram 2=3

\\1-grams:
-1\t<unk>
-99\t<s>\t0
-1\t</s>
-1\tThe\t-0.2
-0.5\tthe\t-0.1
-0.7\tcat
-1\tCat
-1\tdog

\\2-grams:
-0.3\tThe cat
-0.7\tthe cat
-1\tthe Cat

\\end\\
"""
PIECES = TokenTable.of(["<blk>", WORD_START + "the", WORD_START, "cat", *"acdeghot"])


@pytest.fixture(autouse=True)
def small_ones_too(tmp_path, monkeypatch):
    """A folder of the test's own, and files of 100 bytes are long."""
    monkeypatch.setenv("CTCB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(kept_lm, "SMALL", 100)


@pytest.fixture
def arpa(tmp_path):
    return written(tmp_path, MIXED)


def written(tmp_path, text):
    path = tmp_path / "lm.arpa"
    path.write_text(text)
    return path


def kept_files(tmp_path):
    return sorted((tmp_path / "cache" / "lms").glob("*"))


def content(lm):
    """All that an LM holds, as bytes; arrays with their types."""
    arrays = [*lm.lm.arrays, *lm.trie, lm.parent, lm.fusion(BeamOptions()).look_ahead]
    assert all(array.flags.c_contiguous and array.flags.aligned for array in arrays)
    found = lm.lm
    return [(array.dtype, array.shape, array.tobytes()) for array in arrays], found.words, found.order, found.begin, found.path, found.notes, lm.num_spelled


def not_read(*given):
    raise AssertionError("it is read again")


def test_a_kept_lm_is_the_one_that_was_read(arpa, tmp_path, monkeypatch):
    fresh = WordLm.load(arpa, LETTERS)
    assert fresh.lm.notes and content(read_lm(arpa, LETTERS)) == content(fresh)
    assert len(kept_files(tmp_path)) == 1
    monkeypatch.setattr(WordLm, "load", not_read)
    with pytest.warns(InputWarning, match="in lower case"):  # the notes are told again
        assert content(load_lm(arpa, LETTERS)) == content(fresh)
    moved = arpa.rename(tmp_path / "moved.arpa")
    found = read_lm(str(moved), LETTERS)
    assert content(found) == content(replace(fresh, lm=replace(fresh.lm, path=moved)))
    assert content(pickle.loads(pickle.dumps(found))) == content(found)


def test_other_content_and_other_tokens_are_not_found(arpa, tmp_path):
    assert content(read_lm(arpa, LETTERS)) != content(read_lm(arpa, PIECES)) == content(WordLm.load(arpa, PIECES))
    assert len(kept_files(tmp_path)) == 2
    times = os.stat(arpa)
    arpa.write_text(MIXED.replace("-0.2", "-0.3"))  # of the same size and age
    os.utime(arpa, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert content(read_lm(arpa, LETTERS)) == content(WordLm.load(arpa, LETTERS))
    assert len(kept_files(tmp_path)) == 3


def test_other_code_is_not_trusted(arpa, tmp_path, monkeypatch):
    read_lm(arpa, LETTERS)
    monkeypatch.setattr(kept_lm, "code_digest", lambda rooms: "other code")
    read_lm(arpa, LETTERS)
    assert len(kept_files(tmp_path)) == 2


@pytest.mark.parametrize("damage", [lambda content: content[: len(content) // 2], lambda content: b"", lambda content: content[:300] + bytes(9) + content[309:]])
def test_a_damaged_file_is_made_anew(arpa, tmp_path, damage):
    fresh = content(read_lm(arpa, LETTERS))
    (kept,) = kept_files(tmp_path)
    whole = kept.read_bytes()
    kept.write_bytes(damage(whole))
    assert content(read_lm(arpa, LETTERS)) == fresh and kept.stat().st_size == len(whole)


def test_a_file_with_other_arrays_is_made_anew(arpa, tmp_path):
    fresh = content(read_lm(arpa, LETTERS))
    (kept,) = kept_files(tmp_path)
    arrays = dict(np.load(kept))
    for others in ({**arrays, "node": arrays["node"]["state"]}, {**arrays, "facts": arrays["facts"][1:]}, {"node": arrays["node"]}):
        np.savez(kept, **others)
        assert content(read_lm(arpa, LETTERS)) == fresh
        assert set(np.load(kept)) == set(arrays)


def test_what_changes_while_it_is_read_is_not_kept(arpa, tmp_path, monkeypatch):
    load = WordLm.load

    def changed(path, table):
        arpa.write_text(MIXED.replace("-0.2", "-0.3"))
        return load(path, table)

    monkeypatch.setattr(WordLm, "load", changed)
    read_lm(arpa, LETTERS)
    assert not kept_files(tmp_path)


def test_errors_are_those_of_reading(tmp_path):
    for path in (tmp_path / "none.arpa", tmp_path, written(tmp_path, MIXED.replace("the Cat", "the Dog"))):
        raised = []
        for read in (read_lm, read_lm, WordLm.load):
            with pytest.raises(InputError) as error:
                read(path, LETTERS)
            raised.append(str(error.value))
        assert len(set(raised)) == 1
    assert not kept_files(tmp_path)


def test_small_ones_and_where_nothing_can_be_kept(arpa, tmp_path, monkeypatch):
    fresh = content(WordLm.load(arpa, LETTERS))
    with monkeypatch.context() as patch:
        patch.setattr(kept_lm, "SMALL", arpa.stat().st_size + 1)
        assert content(read_lm(arpa, LETTERS)) == fresh
    with monkeypatch.context() as patch:
        patch.setattr("ctcb.kept_arrays.MOST_BYTES", 100)  # it has more
        assert content(read_lm(arpa, LETTERS)) == fresh
    with monkeypatch.context() as patch:
        patch.setenv("CTCB_LIST_CACHE", "0")
        assert content(read_lm(arpa, LETTERS)) == fresh
    assert not (tmp_path / "cache").exists()
    (tmp_path / "cache").write_text("no folder")
    assert content(read_lm(arpa, LETTERS)) == fresh


def read_often(arpa, done):
    for _ in range(20):
        lm = read_lm(arpa, LETTERS)
        for file in kept_files(arpa.parent):
            file.unlink(missing_ok=True)  # so that it is written again and again
        done.put(content(lm))


def test_two_processes_read_and_write_one_file(arpa, tmp_path):
    context, fresh = multiprocessing.get_context("fork"), content(WordLm.load(arpa, LETTERS))
    done = context.SimpleQueue()
    readers = [context.Process(target=read_often, args=(arpa, done)) for _ in range(2)]
    for reader in readers:
        reader.start()
    assert all(done.get() == fresh for _ in range(40))
    for reader in readers:
        reader.join()
        assert reader.exitcode == 0
    read_lm(arpa, LETTERS)
    assert [path.suffix for path in kept_files(tmp_path)] == [".npz"]
