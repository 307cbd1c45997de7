"""``ctcb tune``: on constructed speech with known best settings, interrupted and resumed."""
from __future__ import annotations

import json

import pytest
import yaml
from constructed import PIECES, log_probs, write
from tones import sentences, write_manifest

from ctcb.biasing.options import TechniqueOptions
from ctcb.biasing.phone_rescoring import PhoneticRescoring
from ctcb.biasing.prepared_list import Context, Setting
from ctcb.biasing.presets import BUILT_IN, Preset, read_presets, write_presets
from ctcb.biasing.registry import TECHNIQUES
from ctcb.biasing.technique import SearchedEmissions
from ctcb.ctc.emissions import Emissions, Emitted
from ctcb.data.manifest import ManifestRow
from ctcb.decoding.builder import EmissionFacts
from ctcb.entities import EntityList
from ctcb.errors import InputError
from ctcb.evaluation.ablation import Decoding
from ctcb.evaluation.cached_emissions import CachedEmissions, Facts
from ctcb.evaluation.dataset import DataSet
from ctcb.evaluation.objective import Bounds, Measured, Objective, Remembering, value
from ctcb.evaluation.search_space import parameters
from ctcb.evaluation.systems import System
from ctcb.phones.phonetics import Phonetics
from ctcb.search.options import BeamOptions, SubwordOptions
from ctcb.search.vocabulary import Vocabulary
from ctcb.text.spelling import PieceSpelling
from ctcb.text.tokens import TokenTable
from ctcb.transcript.hypothesis import Reading, Word


def said(last):
    return log_probs(PIECES, ["▁met", "<blk>", "▁bo", last, "<blk>"])


# "bob" is said and 1.4 nats behind; "bov" is said, and "bob" 4 nats behind it.
TEXTS = {"u0": "met bob", "u1": "met bov"}
HEARD = {"u0": said({"v": 0.76, "b": 0.19}), "u1": said({"v": 0.96, "b": 0.0175})}


def preset(subword):
    # What was not spoken is further below here than the default of boost_gap.
    return Preset(("subword",), BeamOptions(boost_gap=10.0), TechniqueOptions(subword=subword))


def objective_of(absent):
    rows = tuple(ManifestRow(n, utt_id, None, text) for n, (utt_id, text) in enumerate(TEXTS.items()))
    emitted = tuple(Emitted(utt_id, Emissions(heard)) for utt_id, heard in HEARD.items())
    data = DataSet("made", None, rows, None, EntityList.of(["bob"]), 0, (EntityList.of(absent),) if absent else ())
    emissions = CachedEmissions(emitted, Facts(1.0, 0.1, 0.04, False))
    decoding = Decoding(EmissionFacts(PieceSpelling(TokenTable.of(PIECES)), 0.04), emissions)
    return Objective([(data, decoding, System("decoder", ("subword",), BUILT_IN["decoder"]))])


@pytest.fixture
def objective():
    return objective_of(None)


def test_measures_by_hand(objective):
    def measured(beta):
        (one,) = objective.measure(preset(SubwordOptions(alpha=0.0, beta=beta, cap=9.0)))
        return one

    assert measured(0.05) == Measured("made", 0.0, 0.25, 0.0, 0.0, 0.0)
    assert measured(1.25) == Measured("made", 1.0, 0.0, 0.0, 0.0, 0.0)
    # Both are "bob": one of two is right, one of the three other words is wrong, one alarm in four words.
    both = measured(3.0)
    assert (both.f1, both.wer, both.u_wer, both.alarms) == (pytest.approx(2 / 3), 0.25, pytest.approx(1 / 3), 250.0)
    assert both.excess(Bounds(0.001, 1.0)) == pytest.approx(1 / 3 - 0.001 + 0.249)
    assert value([both], Bounds(1.0, 1000.0)) == pytest.approx(2 / 3 - 1 / 4)


def test_false_alarms_of_absent_names_are_counted():
    bounded = objective_of(["boz"])  # heard nowhere
    (one,) = bounded.measure(preset(SubwordOptions(alpha=0.0, beta=1.25, cap=9.0)))
    assert (one.f1, one.wer, one.absent_alarms) == (1.0, 0.0, 0.0)
    (one,) = bounded.measure(preset(SubwordOptions(alpha=0.0, beta=9.0, cap=99.0)))
    assert (one.alarms, one.absent_alarms) == (250.0, 500.0)


def test_tuning_finds_the_known_optimum(objective, tmp_path):
    pytest.importorskip("optuna")
    from ctcb.evaluation.tune import search

    start = preset(SubwordOptions(alpha=0.0, beta=0.0, cap=8.0))
    space = [one for one in parameters([TECHNIQUES["subword"]], lm=False) if one.name in ("subword.alpha", "subword.beta")]
    asked = []

    def measure(tried):
        asked.append(tried)
        return objective.measure(tried)

    def run(trials):
        return search(start, space, measure, Bounds(), trials, seed=1, study_file=tmp_path / "study.log", about="made")

    first = run(6)
    assert len(first.trials) == 6 and first.trials == tuple(sorted(first.trials, key=lambda one: (-one.value, one.number)))
    assert {one.number: one for one in first.trials}[0].values == {"subword.alpha": 0.0, "subword.beta": 0.0}
    asked.clear()
    found = run(15)
    assert len(found.trials) == 15 and len(asked) == 10  # nine more, and the middle
    assert set(map(str, first.trials)) < set(map(str, found.trials))
    assert value(objective.measure(found.preset), Bounds()) == 1.0
    assert found.preset.options.subword.cap == 8.0


def test_cached_scores_are_the_same():
    phonetics = Phonetics.default()
    emissions = SearchedEmissions(None, log_probs(phonetics.symbols, ["B", "AA", "B"]))
    table = TokenTable.of(PIECES)
    setting = Setting(Vocabulary.from_tokens(PIECES, 0), PieceSpelling(table), phonetics, TechniqueOptions(), 0.04)
    readings = [Reading((Word(text, 0.0, 0.1, 1.0),), score) for text, score in (("bon", -1.0), ("bob", -2.0))]
    context = Context((), (), None, (), (), setting)
    remembering = Remembering()
    plain = [(one.text, one.score) for one in PhoneticRescoring().rescore(readings, emissions, context)]
    for _ in range(2):
        assert [(one.text, one.score) for one in remembering.rescore(readings, emissions, context)] == plain
    assert plain[0][0] == "bob"


def test_presets_round_trip(tmp_path):
    tuned = BUILT_IN["decoder"].with_settings({"subword.alpha": 0.7, "phones.weight": 0.5, "lookup.min_gain": 9.0, "beam.lm_weight": 0.3})
    options = tuned.options
    assert (options.subword.alpha, options.phones.weight, options.lookup.min_gain, tuned.beam.lm_weight) == (0.7, 0.5, 9.0, 0.3)
    write_presets(tmp_path / "d.yaml", {"decoder": tuned}, "two\nlines")
    assert read_presets(tmp_path / "d.yaml") == {**BUILT_IN, "decoder": tuned}
    plain = yaml.safe_load((tmp_path / "d.yaml").read_text())
    del plain["decoder"]["techniques"]
    assert plain["decoder"] == {
        "subword": {"alpha": 0.7}, "beam": {"lm_weight": 0.3}, "phones": {"weight": 0.5}, "lookup": {"min_gain": 9.0},
    }


@pytest.mark.parametrize(
    "text, wrong",
    [
        ("magic: {}", "'magic' is no preset; known are none"),
        ("decoder: {techniques: [subwords]}", "'subwords' is no technique"),
        ("decoder: {beam: {alfa: 1}}", "unknown key 'decoder.beam.alfa'"),
        ("decoder: {subwords: {alpha: 1}}", "unknown key 'decoder.subwords'; known are techniques, beam"),
        ("decoder: {beam: {moved: []}}", "unknown key 'decoder.beam.moved'"),
        ("decoder: {verify: 3}", "decoder.verify holds no key: value pairs"),
        ("decoder: {g2g: {count: 1.5}}", "decoder.g2g.count is 1.5 where a whole number is expected"),
        ("decoder: {verify: {threshold: 2}}", "decoder: verify.threshold is 2.0; it must lie between 0 and 1"),
        ("decoder: {verify: {threshold: 0.5}, phones: {assurance: 0.4}}", "decoder.verify.threshold is given twice"),
        ("decoder: {subword: {alpha: -1}}", "decoder: subword.alpha is -1"),
        ("decoder: 3", "decoder holds no key: value pairs"),
    ],
)
def test_wrong_presets_are_named(text, wrong, tmp_path):
    (tmp_path / "d.yaml").write_text(text)
    with pytest.raises(InputError, match=wrong) as error:
        read_presets(tmp_path / "d.yaml")
    assert error.value.file is not None


def test_options_override_the_presets_file(ctcb, tmp_path):
    files = write(tmp_path, {"u": HEARD["u0"]})
    (tmp_path / "n.txt").write_text("bob\n")
    (tmp_path / "d.yaml").write_text("decoder: {techniques: [subword], subword: {alpha: 0, beta: 0}}\n")
    decode = ["decode", *files, "--entities", tmp_path / "n.txt"]
    assert ctcb(*decode).out.split() == ["u", "met", "bob"]
    assert ctcb(*decode, "--config", tmp_path / "d.yaml").out.split() == ["u", "met", "bov"]
    assert ctcb(*decode, "--config", tmp_path / "d.yaml", "--beta", 3).out.split() == ["u", "met", "bob"]
    ran = ctcb(*decode, "--config", tmp_path / "none.yaml")
    assert ran.code == 2 and "none.yaml: no such file" in ran.err


def test_tune_output_is_read_by_decode(ctcb, model_dir, tmp_path):
    pytest.importorskip("optuna")
    manifest = write_manifest(tmp_path / "set", sentences(8))
    (tmp_path / "set" / "entities.txt").write_text("Ann\nBob Cat\nOak\nTom Una\nSam\nEve\n")
    (tmp_path / "set" / "distractors.txt").write_text("Zulu\nQuux\n")
    out = tmp_path / "decode.yaml"
    options = ["--added", 2, "--trials", 3, "--study", tmp_path / "s.log", "--emissions", tmp_path / "kept", "--json", tmp_path / "t.json"]
    ran = ctcb("tune", "--model", model_dir, "--data", tmp_path / "set", *options, "--parameter", "phones.weight", "--out", out)
    assert ran.code == 0 and "On the other half:" in ran.out
    trials = json.loads((tmp_path / "t.json").read_text())
    assert len(trials) == 3 and all(set(trial["values"]) == {"phones.weight"} for trial in trials)
    assert set(yaml.safe_load(out.read_text())) == {"decoder"}
    decode = ["decode", "--model", model_dir, "--entities", tmp_path / "set" / "entities.txt", manifest]
    assert ctcb(*decode, "--config", out).code == 0
    # A name of 0.1.0 is taken, with a warning, and means the same study.
    again = ctcb("tune", "--model", model_dir, "--data", tmp_path / "set", *options, "--parameter", "weight", "--out", out)
    assert "ctcb: warning: weight is now phones.weight" in again.err and again.out == ran.out
    unknown = ctcb("tune", "--model", model_dir, "--data", tmp_path / "set", *options, "--parameter", "beam.top_k", "--out", out)
    assert unknown.code == 2 and "'beam.top_k' is nothing that can be tuned here; choose from g2g.cost_weight" in unknown.err
    ran = ctcb("tune", "--model", model_dir, "--data", tmp_path / "set", "--preset", "none", "--out", out)
    assert ran.code == 2 and "'none' is no preset that could be tuned" in ran.err
