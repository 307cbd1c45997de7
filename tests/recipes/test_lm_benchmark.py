"""recipes/benchmarks/lm: which half is scored, which sets have lists, and the tables' figures by hand."""
from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "recipes/benchmarks/lm"), str(ROOT / "recipes/benchmarks/decoders")]

import lm_table  # noqa: E402
from lm_decode import texts_file  # noqa: E402
from lm_systems import SYSTEMS, WITH_LIST, WITHOUT_LIST, DataSet  # noqa: E402

TEXTS = {f"u{number}": "we saw bob smith on that day" for number in range(40)}


@pytest.fixture
def data_set(tmp_path):
    return DataSet("human", "some", "general", TEXTS, ("bob smith",), ("jane doe",), tmp_path)


def cells(lines, row):
    return [cell.strip() for cell in lines[2 + row].strip("|").split("|")]


def test_set_is_halved_and_has_lists_if_names_are_spoken(data_set, tmp_path):
    tuning, scoring = data_set.ids(tuning=True), data_set.ids()
    assert sorted(tuning + scoring) == sorted(TEXTS) and min(len(tuning), len(scoring)) >= 10
    assert data_set.lists
    assert not DataSet("human", "other", "general", TEXTS, ("bob jones",), (), tmp_path).lists
    assert data_set.names(0) == ["bob smith"] and data_set.names(1) == ["bob smith", "jane doe"]


def test_figures_by_hand(data_set, tmp_path):
    """7 words an utterance; what each system gets wrong is known."""
    ids = data_set.ids()
    half = len(ids) // 2
    wrong = {name: lambda place, text: text for name in SYSTEMS}
    wrong["beam, no LM"] = lambda place, text: text.replace("bob", "bop").replace("day", "they")
    wrong["beam"] = lambda place, text: text.replace("bob", "bop")
    # Half of the names are found, and one distractor is heard where there was nothing.
    wrong["unigram"] = lambda place, text: text.replace("bob", "bop" if place < half else "bob") + " jane doe" * (place == 0)
    wrong["graph, unigram"] = wrong["beam"]
    for system in (*WITHOUT_LIST, *WITH_LIST):
        for size in (None,) if system in WITHOUT_LIST else (0, 1):
            file = texts_file(tmp_path, data_set, system, size)
            file.parent.mkdir(parents=True, exist_ok=True)
            texts = {utt_id: wrong[system.name](place, TEXTS[utt_id]) for place, utt_id in enumerate(ids)}
            file.write_text(json.dumps({"texts": texts}))
    tables = lm_table.Tables(tmp_path, [data_set], (0, 1), (1,))

    wer = cells(tables.wer(), 0)
    assert wer[:3] == ["some", "human", str(len(ids))]
    assert [cell.split()[0] for cell in wer[3:]] == ["28.6", "14.3", "-14.3", "0.0"]

    found = len(ids) - half
    recall = 100 * found / len(ids)
    for row, precision in ((0, 100.0), (1, 100 * found / (found + 1))):  # the distractor counts where it is on the list
        f1 = 2 * precision * recall / (precision + recall)
        unigram = cells(tables.unigram(), row)
        assert unigram[:3] == ["some", str(row), "0.0 / 0.0 / 0.0"]
        assert unigram[3] == f"{precision:.1f} / {recall:.1f} / {f1:.1f}"
        assert unigram[4].split()[0] == f"+{f1:.1f}" and unigram[7].split()[0] == "+0.0"
        assert unigram[8:] == ["14.3", "0.0", "0.0"]

    searches = cells(tables.searches(), 0)
    assert searches[:2] == ["some", "1"] and searches[3] == "0.0" and searches[4].split()[0] == f"-{f1:.1f}"
    assert searches[5:7] == ["100.0", "100.0"] and searches[7].split()[0] == "+0.0"
    assert cells(tables.units(), 0) == ["some", "human", "0.0 (0.0)", "100.0 (100.0)", "0.0 (0.0)", "100.0 (100.0)"]
