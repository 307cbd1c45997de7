"""``ctcb ablate``: sets, halves, distractors, and the table against decode and score."""
from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from constructed import MET, PIECES, log_probs
from tones import sentences, write_manifest

from ctcb.biasing.presets import BUILT_IN
from ctcb.ctc.emissions import Emissions, Emitted
from ctcb.data.manifest import ManifestRow
from ctcb.decoding.builder import EmissionFacts
from ctcb.entities import EntityList
from ctcb.errors import InputError
from ctcb.evaluation.ablation import Decoding, false_alarms, run_ablation
from ctcb.evaluation.cached_emissions import CachedEmissions, Facts
from ctcb.evaluation.dataset import DataSet, half_of, read_set
from ctcb.evaluation.systems import systems, varied
from ctcb.report.axis import AxisRow, mark
from ctcb.report.svg import bars
from ctcb.text.spelling import PieceSpelling
from ctcb.text.tokens import TokenTable


@pytest.fixture
def folder(tmp_path):
    """Four utterances of ann, bob, ...; a list and distractors."""
    write_manifest(tmp_path / "set", ["ann met bob", "cat dan", "eve fox gus", "hat ida"])
    (tmp_path / "set" / "entities.txt").write_text("Bob\nIda\n")
    (tmp_path / "set" / "distractors.txt").write_text("Zed\nBob\nDan\nCat Dan\nDan Eve\nQuux\nNed\n")
    return tmp_path / "set"


def test_distractors_are_not_spoken(folder):
    data = read_set(folder)
    assert data.refs["u000"] == "ann met bob" and len(data.rows) == 4
    # "Dan Eve" is said by nobody: the two words are in different utterances.
    assert [sorted(one.text for one in names) for names in data.absent] == [["Dan Eve", "Ned", "Quux", "Zed"]]
    assert [one.text for one in data.entities] == ["Bob", "Ida"] and data.added == 0
    more = read_set(folder, added=3, absent=2)
    assert {one.text for one in more.entities} > {"Bob", "Ida"} and len(more.entities) == 5
    assert {one.text for one in more.entities} - {"Bob", "Ida"} < {"Dan Eve", "Ned", "Quux", "Zed"}
    assert read_set(folder, added=3) == read_set(folder, added=3)
    lists = read_set(folder, absent=2, absent_lists=9).absent
    assert [len(names) for names in lists] == [2] * 9 and lists[0] == more.absent[0]
    assert {one.text for names in lists for one in names} == {"Dan Eve", "Ned", "Quux", "Zed"}
    assert read_set(folder, absent=0, absent_lists=3).absent == ()
    with pytest.raises(InputError, match="5 distractors are to be added, and there are 4"):
        read_set(folder, added=5)


def test_halves_are_a_partition(folder):
    first, second = (read_set(folder, half=half) for half in "12")
    assert {**first.refs, **second.refs} == read_set(folder).refs and not set(first.refs) & set(second.refs)
    # `printf u000 | sha256sum` begins with c1, that of u001 with 99, of u002 with 34.
    assert [half_of(utt_id) for utt_id in ("u000", "u001", "u002")] == ["2", "2", "1"]
    assert sum(half_of(f"u{number}") == "1" for number in range(1000)) == pytest.approx(500, abs=60)


def made(texts, frames):
    """A data set of constructed emissions, and its decoding."""
    rows = tuple(ManifestRow(n, f"u{n}", None, text) for n, text in enumerate(texts))
    table = TokenTable.of(PIECES)
    emitted = tuple(Emitted(row.utt_id, Emissions(log_probs(PIECES, some))) for row, some in zip(rows, frames))
    emissions = CachedEmissions(emitted, Facts(seconds=8.0, took=0.5, frame_shift=0.04, phones=False))
    data = DataSet("made", None, rows, None, EntityList.of(["bob", "met ann"]), 0, (EntityList.of(["Boz"]),))
    return data, Decoding(EmissionFacts(PieceSpelling(table), 0.04), emissions), emissions


def test_rows_by_hand():
    data, decoding, emissions = made(["ann met bob", "ann met bov"], [MET, MET])
    rows, missing = systems(BUILT_IN, lm=False, phones=False)
    assert [row.name for row in rows] == ["none", "g2g", "subword", "decoder"]
    heads, adapter = "needs a model with a phone head", "needs a model with an adapter"
    assert missing == {
        "adapter": adapter, "unigram": "needs an LM (--lm)", "spot": heads, "phones": heads, "lookup": heads, "encoder": adapter, "joint": adapter,
    }  # fmt: skip
    none, _, subword, decoder = run_ablation(data, decoding, emissions, rows, draws=10)
    assert none.hyps == {"u0": "ann met bov", "u1": "ann met bov"}
    assert subword.hyps == {"u0": "ann met bob", "u1": "ann met bob"} == decoder.hyps
    counts = subword.report.entities
    assert (counts.found, counts.missed, counts.false) == (1, 0, 1)
    assert subword.report.estimates["wer"].value == pytest.approx(1 / 6) == none.report.estimates["wer"].value
    # With "Boz" alone on the list, it comes out twice in six words.
    assert subword.alarms.value == pytest.approx(1000 * 2 / 6) and none.alarms.value == 0
    assert none.report.comparison is None and subword.report.comparison.differences["entity_f1"].difference == pytest.approx(2 / 3)
    assert 0 < none.real_time < 16


def test_false_alarms_are_the_mean_over_lists():
    data, decoding, _ = made(["ann met bob", "ann met bov"], [MET, MET])
    system = systems(BUILT_IN, lm=False, phones=False)[0][2]
    without, with_both = (replace(data, absent=lists) for lists in ((), (EntityList.of(["Boz"]), EntityList.of(["Met Met"]))))
    outcome = decoding.run(system, data.entities)
    assert false_alarms(without, decoding, system, outcome) is None
    alone = [false_alarms(replace(data, absent=(names,)), decoding, system, outcome).value for names in with_both.absent]
    assert alone[0] > alone[1] == 0.0
    assert false_alarms(with_both, decoding, system, outcome).value == pytest.approx(sum(alone) / 2)


def test_vary_repeats_rows():
    data, decoding, emissions = made(["ann met bob"], [MET])
    rows, _ = systems(BUILT_IN, lm=False, phones=False)
    rows = varied([rows[0], rows[2]], "subword.beta", ["0.1", "3"])
    rungs = list(run_ablation(data, decoding, emissions, rows, draws=0))
    assert [rung.system.name for rung in rungs] == ["none", "subword subword.beta=0.1", "subword subword.beta=3"]
    assert [rung.hyps["u0"] for rung in rungs] == ["ann met bov", "ann met bov", "ann met bob"]
    assert varied(rows[:2], "g2g.count", ["7"])[1].preset.options.g2g.count == 7
    with pytest.raises(InputError, match="'betta' is no setting; choose from beam.alignments, beam.beam"):
        varied(rows, "betta", ["1"])
    with pytest.raises(InputError, match="'many' is no value of g2g.count; its values are like 10"):
        varied(varied(rows[:2], "g2g.count", ["7"]), "g2g.count", ["many"])


def test_row_equals_decode_and_score(ctcb, model_dir, tmp_path):
    folder = tmp_path / "set"
    manifest = write_manifest(folder, sentences(6))
    (folder / "entities.txt").write_text("Ann\nBob Cat\nOak\nTom Una\nSam\nEve\n")
    (folder / "distractors.txt").write_text("Zulu\nQuux\n")
    options = ["ablate", "--model", model_dir, "--data", folder, "--emissions", tmp_path / "kept", "--bootstrap", 20]
    ran = ctcb(*options, "--json", tmp_path / "l.json", "--results", tmp_path / "R.md", "--plot", tmp_path / "l.svg")
    assert ran.code == 0 and "left out: unigram needs an LM" in ran.err
    (ladder,) = json.loads((tmp_path / "l.json").read_text())
    rungs = {rung["system"]: rung for rung in ladder["systems"]}
    assert list(rungs) == ["none", "g2g", "spot", "subword", "phones", "lookup", "decoder"]
    for name, asked in (("subword", ["--bias", "none", "--with", "subword"]), ("decoder", [])):
        out = tmp_path / name
        assert ctcb("decode", "--model", model_dir, "--entities", folder / "entities.txt", *asked, manifest, "--out", out).code == 0
        assert ctcb("score", "--ref", manifest, "--hyp", out / "text", "--entities", folder / "entities.txt", "--bootstrap", 20,
                    "--json", out / "s.json").code == 0
        scored = json.loads((out / "s.json").read_text())["measures"]
        assert rungs[name]["measures"]["wer"] == scored["wer"] and rungs[name]["measures"]["entity_f1"] == scored["entity_f1"]
    assert (tmp_path / "l.svg").read_text().count("class='bar'") == 7
    lines = (tmp_path / "R.md").read_text().splitlines()
    assert lines[0] == "<!-- begin ablation set -->" and sum(line.startswith("| ") for line in lines) == 9
    # Once kept, the emissions do without the audio.
    for audio in (folder / "audio").iterdir():
        audio.unlink()
    again = ctcb(*options, "--system", "decoder", "--json", tmp_path / "m.json")
    assert again.code == 0
    (fewer,) = json.loads((tmp_path / "m.json").read_text())
    assert [rung["transcripts"] for rung in fewer["systems"]] == [rungs[name]["transcripts"] for name in ("none", "decoder")]
    assert np.isfinite([rung["times_real_time"] for rung in fewer["systems"]]).all()
    ran = ctcb(*options, "--system", "magic")
    assert ran.code == 2 and "'magic' is no system here; choose from none, g2g" in ran.err


def test_ablation_plot():
    rows = [AxisRow("none", mark(0.1, 0.05, 0.2)), AxisRow("<joint>", mark(0.8)), AxisRow("empty", mark(None))]
    tree = ElementTree.fromstring(bars("a & b", "F1", rows))
    found = [one for one in tree.iter() if one.get("class") == "bar"]
    assert [float(one.get("width")) for one in found] == [42.0, 336.0]  # of 420 pixels
    (span,) = [one for one in tree.iter() if one.get("class") == "span"]
    assert (float(span.get("x1")), float(span.get("x2"))) == (96 + 21.0, 96 + 84.0)
    texts = [one.text for one in tree.iter() if one.tag.endswith("text")]
    assert {"a & b", "<joint>", "10.0 (5.0 to 20.0)", "80.0", "-"} <= set(texts)
