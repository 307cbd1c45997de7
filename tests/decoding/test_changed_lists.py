"""Lists that change: prepared as a whole or from the list before, they are the same; a hundred names of many take little."""
from __future__ import annotations

import itertools
import time

import numpy as np
import pytest

import ctcb
from ctcb.decoding.list_cache import ListCache
from ctcb.entities import Entity, EntityList
from ctcb.errors import InputError
from ctcb.text.tokens import WORD_START

LETTERS = "abcdefghijklmnoprstuvwxyz"  # no q
TOKENS = ["<blk>", *(WORD_START + letter for letter in LETTERS), *LETTERS]
PARTS = list(map("".join, itertools.product("bdfgklm", "aeiou", "nrst")))
NAMES = [f"{first} {second}zo" for first, second in itertools.product(PARTS, PARTS[:20])]


@pytest.fixture(scope="module")
def decoder():
    return ctcb.CtcDecoder(TOKENS, phone_emissions=True)


def same(context, fresh):
    """Whether two contexts are the same list, compiled and pronounced alike."""
    for name, array in context.graph.arrays._asdict().items():
        assert np.array_equal(array, getattr(fresh.graph.arrays, name)), name
    assert context.entities == fresh.entities and context.forms == fresh.forms and context.phrases == fresh.phrases and context.costs == fresh.costs
    assert pronounced(context.sounds) == pronounced(fresh.sounds) and len(context.sounds) == len(fresh.sounds)


def pronounced(sounds):
    """The pronunciations of an index, by their entities."""
    later = 0 if sounds.later is None else len(sounds.later.owners)
    numbers = [number for number in range(len(sounds.owners) + later) if sounds.owner(number) >= 0]
    return sorted((sounds.owner(number), sounds.sound(number).tolist()) for number in numbers)


def test_a_changed_list_is_prepared_as_a_new_one(decoder):
    lists, fresh = ListCache(decoder._pipeline), ListCache(decoder._pipeline)
    names = EntityList.of(NAMES[:2200])
    lists(names)
    for added, removed in ((NAMES[2200:2210], NAMES[5:9]), ([], [NAMES[2203], NAMES[0]]), ([Entity("Bana Zed", 2.0), NAMES[5].upper()], [])):
        names = names.changed(added, removed)
        changed = lists._updated(names)
        assert changed is not None
        assert lists(names).graph is not None
        same(lists(names), fresh(EntityList(names.entities)))


def test_unspellable_names_are_warned_of_and_wrong_ones_refused(decoder):
    names = EntityList.of(NAMES[:2200])
    lists = ListCache(decoder._pipeline)
    lists(names)
    with pytest.warns(UserWarning, match="quax"):
        lists(names.changed(["quax"]))
    with pytest.raises(InputError, match="'nobody' cannot be removed: it is not on the list"):
        names.changed(remove=["nobody"])
    pushed = names.changed([Entity("bana zed", -2.0)])
    assert lists._updated(pushed) is None and lists(pushed).pushed


def test_names_merge_and_the_report_counts_them():
    names = EntityList.of(["Anna", "Berg", "Coy", "★"]).changed(["BERG", "Dan", "dan", "☆"], ["anna"])
    assert [entity.text for entity in names] == ["Coy", "BERG", "Dan"] and names.find("berg") == 1 and names.find("anna") is None
    report = names.report
    assert report.entries == report.loaded + report.rejected + report.merged and (report.loaded, report.rejected, report.merged) == (3, 2, 2)
    again = names.changed(["Anna"], "coy")
    assert [entity.text for entity in again] == ["BERG", "Dan", "Anna"] and again.find("Anna") == 2


def test_a_stream_takes_a_changed_list(decoder):
    names = EntityList.of(NAMES[:2200])
    stream = decoder.stream(names)
    changed = names.changed(["zed zed"])
    stream.swap_list(changed)
    assert stream.context.entities[-1].text == "zed zed" and len(stream.context.entities) == 2201


def test_a_change_takes_a_fraction_of_a_new_list(decoder):
    lists = ListCache(decoder._pipeline)
    names = EntityList.of(NAMES)
    began = time.process_time()
    lists(names)
    whole = time.process_time() - began
    lists(names.changed([f"zz {name}" for name in NAMES[:20]], NAMES[20:40]))  # compiled: as many come as go, as below
    began = time.process_time()
    lists(names.changed([f"zd {name}" for name in NAMES[:20]], NAMES[:20]))
    assert time.process_time() - began < whole / 2
