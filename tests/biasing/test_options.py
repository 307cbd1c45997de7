"""One name for an option in YAML, on the command line and from Python; the names of 0.1.0 are still taken."""
from __future__ import annotations

import inspect
import pickle
import re
import warnings
from dataclasses import fields, is_dataclass, replace

import pytest
import yaml
from constructed import MET, PIECES, log_probs, write

import ctcb as package
from ctcb.biasing.options import BLOCKS, OLD_NAMES, OPTIONS, TechniqueOptions, find_option, parse_settings
from ctcb.biasing.presets import BUILT_IN, Preset, read_presets
from ctcb.biasing.registry import TECHNIQUES
from ctcb.cli.decode.command import command
from ctcb.errors import InputError
from ctcb.options import OptionBlock
from ctcb.phones.options import PhoneOptions
from ctcb.search.beam.decoder import BeamDecoder
from ctcb.search.options import BeamOptions, SubwordOptions, UnigramOptions
from ctcb.search.vocabulary import Vocabulary


def test_the_table_has_every_field_of_every_block():
    blocks = {"beam": BeamOptions, **{name: type(block) for name, block in vars(TechniqueOptions()).items()}}
    assert BLOCKS == blocks and all(is_dataclass(block) and issubclass(block, OptionBlock) for block in blocks.values())
    named = {f"{name}.{field.name}" for name, block in blocks.items() for field in fields(block)} - {"beam.moved"}
    assert set(OPTIONS) == named
    for name, option in OPTIONS.items():
        assert name == option.name and type(option.default) is option.kind and option.meaning
        assert option.check(option.default) is None
        assert set(option.serves) <= set(TECHNIQUES)
    assert {name for name, block in blocks.items() if block.technique} <= set(TECHNIQUES)


def test_flags_of_the_command_line_are_those_of_the_table():
    flags = {flag[2:]: param for param in command.params for flag in param.opts if flag.startswith("--")}
    for option in OPTIONS.values():
        if option.flag is not None:
            assert flags[option.flag].name == option.flag.replace("-", "_")
            assert option.name == "beam.nbest" or f"--set {option.name})" in flags[option.flag].help


@pytest.mark.parametrize("text, says", [
    ("verify.treshold=0.4", "'verify.treshold' is no setting; choose from beam.alignments"),
    ("verify.threshold", "'verify.threshold' is no setting; write NAME=VALUE"),
    ("verify.threshold=high", "'high' is no value of verify.threshold; its values are like 0.5"),
    ("g2g.count=1.5", "'1.5' is no value of g2g.count"),
    ("beam.look_ahead=1", "'1' is no value of beam.look_ahead"),
    ("verify.threshold=1.5", "verify.threshold is 1.5; it must lie between 0 and 1"),
    ("phonetic.floor=0", "phonetic.floor is 0.0; it must lie between 0 and 1"),
    ("phonetic.pronunciations=0", "phonetic.pronunciations is 0; it must be at least 1"),
    ("phones.score=best", "phones.score is 'best'; choose from forward, path, edits"),
    ("lookup.min_gain=nan", "lookup.min_gain is not a number"),
    ("lookup.min_gain=inf", "lookup.min_gain is not finite"),
    ("beam.piece_bonus=1", "beam.piece_bonus is 1.0; it must be at most 0"),
])
def test_wrong_settings_are_said(text, says):
    with pytest.raises(InputError, match=re.escape(says)):
        parse_settings([text])


def test_settings_of_the_command_line():
    given = ["verify.threshold=0.4", "g2g.count = 3", "beam.look_ahead=False", "phones.score=path", "beam.token_gap=inf"]
    assert parse_settings(given) == {
        "verify.threshold": 0.4, "g2g.count": 3, "beam.look_ahead": False, "phones.score": "path", "beam.token_gap": float("inf"),
    }
    with pytest.raises(InputError, match="verify.threshold is given twice"):
        parse_settings(["verify.threshold=0.4", "verify.threshold=0.4"])


def test_a_preset_with_settings():
    preset = BUILT_IN["decoder"].with_settings({"verify.threshold": 0.4, "beam.beam": 8, "subword.cap": 2.0})
    assert preset.options == replace(TechniqueOptions(), verify=preset.options.verify, subword=SubwordOptions(cap=2.0))
    assert (preset.value("verify.threshold"), preset.beam) == (0.4, BeamOptions(beam=8))
    assert set(preset.values()) == set(OPTIONS) and BUILT_IN["decoder"].value("verify.threshold") == 0.5


OLD = """
decoder:
  beam: {beam: 8, alpha: 0.4, beta: 1.0, cap: 5, class_cap: 2, class_bonus: 3, lm_weight: 0.2}
  phones: {weight: 0.1, score: path, floor: 0.02, pronunciations: 2, invented: 1, lack: 2, evidence: 3, short: 5, brief: 0.5,
           assurance: 0.6, g2g: 4, g2g_cost: 2}
"""
NEW = """
decoder:
  beam: {beam: 8, lm_weight: 0.2}
  subword: {alpha: 0.4, beta: 1.0, cap: 5, class_cap: 2, short_name_penalty: 0.5}
  unigram: {class_bonus: 3}
  phonetic: {floor: 0.02, pronunciations: 2, oov_penalty: 1}
  phones: {weight: 0.1, score: path}
  lookup: {max_loss_per_phone: 2, min_gain: 3, short_name_penalty: 5}
  verify: {threshold: 0.6}
  g2g: {count: 4, cost_weight: 2}
"""


def test_files_of_the_old_form_are_read_with_one_warning(tmp_path):
    (tmp_path / "old.yaml").write_text(OLD)
    (tmp_path / "new.yaml").write_text(NEW)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        new = read_presets(tmp_path / "new.yaml")
    with pytest.warns(FutureWarning) as caught:
        assert read_presets(tmp_path / "old.yaml") == new
    assert len(caught) == 1
    text = str(caught[0].message)
    assert str(tmp_path / "old.yaml") in text and "beam.alpha is now subword.alpha" in text and "phones.g2g is now g2g.count" in text
    assert "phones.weight" not in text and "beam.beam" not in text
    # Every old name is in the file, and leads to the one that stands in its place.
    old = yaml.safe_load(OLD)["decoder"]
    assert {**old["beam"], **old["phones"]}.keys() <= OLD_NAMES.keys()
    for name, value in {**old["beam"], **old["phones"]}.items():
        assert new["decoder"].value(OLD_NAMES[name]) == value


def test_old_names_of_single_settings():
    with pytest.warns(FutureWarning, match="assurance is now verify.threshold"):
        assert find_option("assurance") is OPTIONS["verify.threshold"]
    with pytest.warns(FutureWarning, match="g2g is now g2g.count"):
        assert parse_settings(["g2g=3"]) == {"g2g.count": 3}


def test_old_keywords_of_beam_options():
    with pytest.warns(DeprecationWarning, match="alpha is now subword.alpha, class_bonus is now unigram.class_bonus") as caught:
        options = BeamOptions(beam=4, alpha=0.25, class_bonus=7.0)
    assert len(caught) == 1 and caught[0].filename == __file__
    assert options.before(SubwordOptions(beta=2.0)) == SubwordOptions(alpha=0.25, beta=2.0)
    assert options.before(UnigramOptions()) == UnigramOptions(7.0)
    assert pickle.loads(pickle.dumps(options)) == options == replace(replace(options, nbest=2), nbest=1)
    with pytest.warns(DeprecationWarning):
        assert replace(options, alpha=0.5).before(SubwordOptions()) == SubwordOptions()
    with pytest.warns(DeprecationWarning), pytest.raises(InputError, match="subword.cap is -1"):
        BeamOptions(cap=-1)
    # A setting goes before an old keyword.
    assert Preset((), options).with_settings({"subword.alpha": 0.75}).beam.before(SubwordOptions(alpha=0.75)).alpha == 0.75
    assert list(inspect.signature(BeamOptions).parameters)[:2] == ["beam", "nbest"]


def test_old_keywords_have_the_effect_of_the_new_ones():
    vocabulary = Vocabulary.from_tokens(PIECES)
    with pytest.warns(DeprecationWarning):
        old = BeamDecoder(vocabulary, BeamOptions(alpha=0.1, beta=0.2, cap=0.3, class_cap=0.4))
    new = BeamDecoder(vocabulary, subword=SubwordOptions(alpha=0.1, beta=0.2, cap=0.3, class_cap=0.4))
    boosts = [(decoder._resources.boost, decoder._class_boost) for decoder in (old, new, BeamDecoder(vocabulary))]
    assert boosts[0] == boosts[1] != boosts[2]


def test_from_python():
    emissions = log_probs(PIECES, MET)
    assert package.CtcDecoder(PIECES).decode(emissions, ["Bob"]).text == "ann met bob"
    assert package.CtcDecoder(PIECES, settings={"subword.cap": 0}).decode(emissions, ["Bob"]).text == "ann met bov"
    with pytest.warns(DeprecationWarning):
        old = package.CtcDecoder(PIECES, options=package.BeamOptions(cap=0))
    assert old.decode(emissions, ["Bob"]).text == "ann met bov"
    with pytest.raises(InputError, match="'subword.cab' is no setting"):
        package.CtcDecoder(PIECES, settings={"subword.cab": 0})
    with pytest.raises(InputError, match="subword.cap is -1"):
        package.CtcDecoder(PIECES, settings={"subword.cap": -1})


def test_a_model_with_settings(model_dir):
    with pytest.raises(InputError, match="verify.threshold is 2"):
        package.load(model_dir, settings={"verify.threshold": 2})
    with pytest.warns(DeprecationWarning), pytest.raises(InputError, match="g2g.count is -1"):
        package.load(model_dir, phones=PhoneOptions(g2g=-1))


def test_phone_options_of_before():
    with pytest.warns(DeprecationWarning, match="PhoneOptions goes"):
        assert PhoneOptions(assurance=0.4, g2g=3) == {"verify.threshold": 0.4, "g2g.count": 3}
    with pytest.raises(InputError, match="'sure' is no phone option"):
        PhoneOptions(sure=1)


def test_set_is_what_the_flag_is(ctcb, tmp_path):
    files = write(tmp_path, {"u": log_probs(PIECES, MET)})
    (tmp_path / "n.txt").write_text("Bob\n")
    decode = ["decode", *files, "--entities", tmp_path / "n.txt"]
    assert ctcb(*decode).out.split() == ["u", "ann", "met", "bob"]
    for given in (["--cap", 0], ["--set", "subword.cap=0"], ["--set", "subword.cap=0", "--set", "beam.beam=8"]):
        assert ctcb(*decode, *given).out.split() == ["u", "ann", "met", "bov"]
    for given, says in (
        (["--cap", 0, "--set", "subword.cap=0"], "both --cap and --set subword.cap are given"),
        (["--set", "subword.cab=0"], "'subword.cab' is no setting; choose from beam.alignments, "),
        (["--set", "beam.lm_weight=0.2"], "--set beam.lm_weight is for an LM, and there is none"),
        (["--method", "greedy", "--without", "subword", "--set", "beam.beam=8"], "greedy decoding takes no --set beam.beam"),
        (["--set", "beam.nbest=2", "--nbest", 2], "both --nbest and --set beam.nbest are given"),
        (["--set", "beam.nbest=2"], "--nbest writes its texts in jsonl"),
    ):
        ran = ctcb(*decode, *given)
        assert ran.code == 2 and says in ran.err, ran.err
    several = ctcb(*decode, "--format", "jsonl", "--set", "beam.nbest=2")
    assert several == ctcb(*decode, "--format", "jsonl", "--nbest", 2) and several.code == 0


def test_old_files_are_warned_of_on_stderr(ctcb, tmp_path):
    files = write(tmp_path, {"u": log_probs(PIECES, MET)})
    (tmp_path / "n.txt").write_text("Bob\n")
    (tmp_path / "d.yaml").write_text("decoder: {techniques: [subword], beam: {cap: 0, alpha: 0.5}}\n")
    ran = ctcb("decode", *files, "--entities", tmp_path / "n.txt", "--config", tmp_path / "d.yaml")
    assert ran.out.split() == ["u", "ann", "met", "bov"]
    (line,) = [line for line in ran.err.splitlines() if "is now" in line]
    assert line.startswith(f"ctcb: warning: {tmp_path / 'd.yaml'}: beam.cap is now subword.cap, beam.alpha is now subword.alpha;")
