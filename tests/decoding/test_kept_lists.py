"""Long lists on disk: what was kept is what was prepared, whatever happened to the files."""
from __future__ import annotations

import itertools
import multiprocessing
import time

import numpy as np
import pytest

import ctcb
from ctcb.decoding.list_cache import ListCache
from ctcb.entities import Entity, EntityList
from ctcb.kept_arrays import KeptArrays
from ctcb.text.tokens import WORD_START

LETTERS = "abcdefghijklmnoprstuvwxyz"  # no q
TOKENS = ["<blk>", *(WORD_START + letter for letter in LETTERS), *LETTERS]
PARTS = list(map("".join, itertools.product("bdfgklm", "aeiou", "nrst")))
NAMES = [f"{first} {second}zo" for first, second in itertools.product(PARTS[:60], PARTS[:40])]
LINES = [*NAMES, "Bana Zed\tweight=2\talias=bana zett", "bana zed", "quax", "Café Zoo", "Gabi\tpron=G AA1 B IY0"]


@pytest.fixture(autouse=True)
def short_ones_too(tmp_path, monkeypatch):
    """A folder of the test's own, and lists of 2,000 names on are long."""
    monkeypatch.setenv("CTCB_CACHE", str(tmp_path / "cache"))
    for module in ("ctcb.entities.kept", "ctcb.entities.lists", "ctcb.decoding.kept_lists"):
        monkeypatch.setattr(f"{module}.LONG", 2000)


@pytest.fixture(scope="module")
def decoder():
    return ctcb.CtcDecoder(TOKENS, phone_emissions=True)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text("\n".join(LINES) + "\n")
    return path


def kept_files(tmp_path):
    return sorted((tmp_path / "cache" / "lists").glob("*"))


def same(found, fresh):
    """Whether two prepared lists are the same in all that decoding looks at."""
    for name in ("entities", "lines", "file", "forms", "phrases", "costs", "boosted", "in_class", "spellings", "variants", "pushed"):
        assert getattr(found, name) == getattr(fresh, name), name
    for name, array in fresh.graph.arrays._asdict().items():
        assert np.array_equal(array, getattr(found.graph.arrays, name)), name
    for name in ("flat", "starts", "lengths", "owners", "costs", "letters", "order", "weights"):
        assert np.array_equal(getattr(found.graph.table, name), getattr(fresh.graph.table, name)), name
    for name in ("phones", "begins", "owners", "first", "posted"):
        assert np.array_equal(getattr(found.sounds, name), getattr(fresh.sounds, name)), name


def prepared(decoder, entities):
    with pytest.warns(UserWarning, match="quax"):
        return ListCache(decoder._pipeline)(entities)


def test_a_kept_list_is_the_one_that_was_prepared(decoder, file, tmp_path, monkeypatch):
    fresh = EntityList.read(file)
    whole = prepared(decoder, fresh)
    assert len(kept_files(tmp_path)) == 2 and isinstance(fresh.entities, tuple)
    again = EntityList.read(file)
    assert not isinstance(again.entities, tuple) and again == fresh and again.lines == fresh.lines and again.report == fresh.report
    assert again.find("bana zed") == fresh.find("bana zed") == len(NAMES)
    monkeypatch.setattr(decoder._pipeline, "spell", None)  # it is not spelled again
    found = prepared(decoder, again)
    same(found, whole)
    emissions = np.log(np.random.default_rng(0).dirichlet(np.full(len(TOKENS), 0.1), 60) + 1e-6).astype(np.float32)
    phones = np.log(np.random.default_rng(1).dirichlet(np.full(40, 0.1), 60) + 1e-6).astype(np.float32)
    texts = [decoder._pipeline.decode("", ctcb.ctc.emissions.Emissions(emissions, phones), context) for context in (found, whole)]
    assert texts[0] == texts[1]


def test_a_kept_list_changes_as_a_new_one(decoder, file):
    prepared(decoder, EntityList.read(file))
    lists, names = ListCache(decoder._pipeline), EntityList.read(file)
    with pytest.warns(UserWarning, match="quax"):
        lists(names)
    changed = names.changed(["zed zed", Entity(NAMES[7], 2.0)], [NAMES[5], "Gabi"])
    updated = lists._updated(changed)
    fresh = ListCache(decoder._pipeline)._pipeline
    whole = fresh.prepare(fresh.spell(EntityList(tuple(changed), tuple(changed.lines), changed.report)))
    assert updated.entities == whole.entities and updated.phrases == whole.phrases and updated.costs == whole.costs
    for name, array in whole.graph.arrays._asdict().items():
        assert np.array_equal(array, getattr(updated.graph.arrays, name)), name


def test_another_list_and_other_settings_are_not_found(decoder, file, tmp_path):
    prepared(decoder, EntityList.read(file))
    file.write_text("\n".join(LINES[1:]) + "\n")
    assert EntityList.read(file).entities[0].text == NAMES[1]
    prepared(decoder, EntityList.read(file))
    assert len(kept_files(tmp_path)) == 4
    prepared(ctcb.CtcDecoder(TOKENS, phone_emissions=True, settings={"subword.short_name_penalty": 3.0}), EntityList.read(file))
    assert len(kept_files(tmp_path)) == 5


@pytest.mark.parametrize("damage", [lambda content: content[: len(content) // 2], lambda content: b"", lambda content: content[:-900] + bytes(900)])
def test_a_damaged_file_is_made_anew(decoder, file, tmp_path, damage):
    fresh = prepared(decoder, EntityList.read(file))
    whole = [path.read_bytes() for path in kept_files(tmp_path)]
    for path, content in zip(kept_files(tmp_path), whole):
        path.write_bytes(damage(content))
    same(prepared(decoder, EntityList.read(file)), fresh)
    assert [path.stat().st_size for path in kept_files(tmp_path)] == list(map(len, whole))


def test_switched_off_or_without_a_folder_nothing_is_kept(decoder, file, tmp_path, monkeypatch):
    monkeypatch.setenv("CTCB_LIST_CACHE", "0")
    prepared(ctcb.CtcDecoder(TOKENS, phone_emissions=True), EntityList.read(file))
    assert not kept_files(tmp_path)
    monkeypatch.delenv("CTCB_LIST_CACHE")
    (tmp_path / "cache").write_text("no folder")
    assert isinstance(EntityList.read(file).entities, tuple)
    prepared(ctcb.CtcDecoder(TOKENS, phone_emissions=True), EntityList.read(file))


def save_often(folder, key, seed):
    kept = KeptArrays("lists", folder)
    for number in range(20):
        kept.save(key, {"a": np.full(20_000, seed + number), "b": np.full(20_000, seed + number)})


def test_two_processes_write_one_file(tmp_path):
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=save_often, args=(tmp_path, "key", seed)) for seed in (0, 100)]
    for writer in writers:
        writer.start()
    kept, seen = KeptArrays("lists", tmp_path), 0
    while any(writer.is_alive() for writer in writers) or not seen:
        arrays = kept.load("key")
        if arrays is not None:
            seen += 1
            assert (arrays["a"] == arrays["a"][0]).all() and np.array_equal(arrays["a"], arrays["b"])
        time.sleep(0.01)
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert [path.suffix for path in (tmp_path / "lists").iterdir()] == [".npz"]
