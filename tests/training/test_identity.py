"""Ids are identity: a copy is known by a field, folders that number alike are kept apart, and repeated ids are named."""
import gzip
import json
import shutil

import pytest
import torch
import yaml
from lhotse import CutSet
from tiny_training import MODEL, TRAIN, write_yaml
from tones import say, sentences, write_manifest

from ctcb.data.copies import at_speed, utterance_of
from ctcb.data.features import FeatureConfig, FeatureExtractor, store_features
from ctcb.data.folder_names import distinct_names
from ctcb.data.folders import read_feature_cuts
from ctcb.data.loader import EpochBatches, OneCopyEach, Targets
from ctcb.data.prepare import prepare
from ctcb.errors import InputError
from ctcb.text.lang import Lang
from ctcb.training.adapter import train_adapter
from ctcb.training.base import read_data, train_base
from ctcb.training.source import FeaturesInMemory, StoredFeatures


def stored(folder, texts, ids=None, speeds=(1.0,), features=True):
    """A folder of features of ``texts`` under ``ids``."""
    manifest = write_manifest(folder, texts)
    for number, name in enumerate(ids or ()):
        manifest.write_text(manifest.read_text().replace(f"u{number:03d}\t", f"{name}\t"))
    cuts = prepare(manifest, folder, jobs=1).cuts
    if features:
        store_features(cuts, folder, speeds, jobs=1)
    return folder


def targets_of(lang_dir):
    lang = Lang.load(lang_dir)
    return Targets(lang.tokenizer, lang.lexicon, lang.phones)


TALKS = [f"talk{talk}_sp{speaker}" for talk in range(5) for speaker in range(4)]


def test_ids_that_end_like_a_speed_are_ids(tmp_path):
    folder = stored(tmp_path / "talks", sentences(20), TALKS)
    assert sorted(cut.id for cut in OneCopyEach(read_data([folder], False), 3)) == sorted(TALKS)
    assert len(EpochBatches(read_data([folder], False), 0.1, 1)) == 20


@pytest.mark.parametrize("ids", [["a_sp0.9", "a", "a_sp1.1"], ["x-sp1", "sp0.9-x", "x_sp1_sp2"], ["eins_sp1", "zwei_sp1", "drei_sp1"]])
def test_copies_of_such_ids_are_copies_of_theirs(tmp_path, ids):
    folder = stored(tmp_path / "set", ["ann met bob", "dan", "eve fox"], ids, speeds=(0.9, 1.0, 1.1))
    cuts = list(read_data([folder], False))
    assert len({cut.id for cut in cuts}) == 9
    assert {name: sum(utterance_of(cut) == name for cut in cuts) for name in ids} == dict.fromkeys(ids, 3)
    assert all(len(OneCopyEach(cuts, seed)) == len(list(OneCopyEach(cuts, seed))) == 3 for seed in range(5))


def test_folders_of_lhotse_and_of_older_versions_are_still_known(tmp_path):
    """Their copies have no field; their recordings have the transform."""
    folder = stored(tmp_path / "set", sentences(4), ["a", "b_sp1", "c_sp0.9", "d"])
    plain = CutSet.from_file(folder / "cuts.jsonl.gz").to_eager()
    (plain + plain.perturb_speed(0.9) + plain.perturb_speed(1.1)).to_file(tmp_path / "more.jsonl.gz")
    cuts = list(CutSet.from_file(tmp_path / "more.jsonl.gz"))
    names = [utterance_of(cut) for cut in cuts]
    assert sorted(names) == sorted(["a", "b_sp1", "c_sp0.9", "d"] * 3)


def test_a_copy_whose_id_is_taken_gets_another(tmp_path):
    cuts = prepare(write_manifest(tmp_path, ["ann", "bob"]), tmp_path, jobs=1).cuts
    cuts = CutSet.from_cuts(cut.with_id(name) for cut, name in zip(cuts, ("a", "a_sp0.9")))
    copies = at_speed(cuts, 0.9)
    assert len({cut.id for cut in [*cuts, *copies]}) == 4 and sorted(map(utterance_of, copies)) == ["a", "a_sp0.9"]
    assert [cut.custom["speed"] for cut in copies] == [0.9, 0.9]


@pytest.fixture
def alike(tmp_path):
    """Two folders that number alike, with the same lengths but other words."""
    first, second = ["ann met", "bob cat", "dan eve"], ["eve dan", "cat bob", "met ann"]
    return [stored(tmp_path / name / "train", texts) for name, texts in (("news", first), ("talks", second))], first + second


def test_folders_that_number_alike_keep_all_utterances(alike, lang_dir):
    folders, texts = alike
    for seed in range(3):
        source = StoredFeatures(read_data(folders, False), targets_of(lang_dir), 3.0, 0)
        assert sorted(text for batch in source.batches(seed, 0) for text in batch.texts) == sorted(texts)
    assert len({cut.id for cut in read_data([*folders, *folders], False)}) == 12


def test_memory_keeps_them_apart(alike, lang_dir, tmp_path):
    """By their audio as well as by their features: the recordings' ids are the same."""
    folders, texts = alike
    bare = [tmp_path / f"bare{number}" for number in range(2)]
    for folder, target in zip(folders, bare):
        target.mkdir()
        shutil.copy(folder / "cuts.jsonl.gz", target)
    extractor = FeatureExtractor(FeatureConfig())
    heard = {text: extractor(say(text, seed)) for seed, text in zip([0, 1, 2, 0, 1, 2], texts)}
    for given in (folders, bare):
        source = FeaturesInMemory(read_data(given, True), targets_of(lang_dir), 3.0, 0, torch.device("cpu"), extractor)
        found = {}
        for batch in source.batches(1, 0):
            found.update({text: rows[:length] for text, rows, length in zip(batch.texts, batch.features, batch.lengths)})
        assert found.keys() == heard.keys()
        assert all((found[text] - heard[text]).abs().mean() < 0.1 for text in texts)


def test_an_adapter_keeps_them_apart_and_its_cache_too(alike, model_dir, tmp_path):
    folders, _ = alike
    config = {
        "adapter": {"dim": 16, "heads": 2, "embedding": 8, "hidden": 8, "mix": 16},
        "catalogue": {"smallest": 3, "largest": 6, "commonest": 2, "shortest": 3}, "train": {**TRAIN, "batch_seconds": 0.1, "epochs": 1},
    }  # fmt: skip
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(config))
    for cache in (None, tmp_path / "cache"):
        run = train_adapter(model_dir, tmp_path / "a.yaml", folders, [], tmp_path / f"run{cache is None}", None, cache)
        assert run.step == 6  # a batch an utterance


@pytest.mark.parametrize("name", ["cuts_feats.jsonl.gz", "cuts.jsonl.gz"])
def test_a_repeated_id_is_named(tmp_path, lang_dir, ctcb, name):
    """As where parts with the same id were merged."""
    folder = stored(tmp_path / "set", ["ann", "bob cat", "dan"])
    with gzip.open(folder / name, "rt") as file:
        lines = file.readlines()
    with gzip.open(folder / name, "wt") as file:
        file.writelines([*lines, lines[1]])
    more = ()
    if name == "cuts.jsonl.gz":
        (folder / "cuts_feats.jsonl.gz").unlink()
        more = ("--in-memory",)
    ran = ctcb("train", "base", "--config", write_yaml(tmp_path / "m.yaml", MODEL), "--data", folder, "--lang", lang_dir, "--out", tmp_path / "out", *more)
    assert ran.code == 2 and len(ran.err.splitlines()) == 1
    assert f"{folder}" in ran.err and "the id 'u001' stands there twice" in ran.err and not (tmp_path / "out").exists()


def test_dev_sets_that_are_called_alike_have_a_measure_each(tmp_path, lang_dir, model_dir):
    folders = [stored(tmp_path / name / "dev", texts) for name, texts in (("clean", ["ann met bob"]), ("noisy", ["dan", "eve"]))]
    data = stored(tmp_path / "train", sentences(6))
    configs = write_yaml(tmp_path / "m.yaml", MODEL), write_yaml(tmp_path / "t.yaml", TRAIN)
    train_base(*configs, [data], [*folders, data], lang_dir, tmp_path / "run", {"epochs": 1})
    last = json.loads((tmp_path / "run/log.jsonl").read_text().splitlines()[-1])
    assert {"wer_clean/dev", "wer_noisy/dev", "wer_train"} <= last.keys()
    (tmp_path / "names.txt").write_text("bob\n")
    (tmp_path / "a.yaml").write_text(yaml.safe_dump({
        "adapter": {"dim": 16, "heads": 2, "embedding": 8, "hidden": 8, "mix": 16},
        "catalogue": {"smallest": 3, "largest": 6, "commonest": 2, "shortest": 3}, "train": {**TRAIN, "epochs": 1},
    }))  # fmt: skip
    train_adapter(model_dir, tmp_path / "a.yaml", [data], [(folder, tmp_path / "names.txt") for folder in folders], tmp_path / "adapter")
    last = json.loads((tmp_path / "adapter/log.jsonl").read_text().splitlines()[-1])
    assert {"wer_clean/dev", "wer_noisy/dev"} <= last.keys()


def test_names_of_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert distinct_names(["a/dev", "test"]) == ["dev", "test"]
    assert distinct_names(["a/dev", "b/dev/", "c/test"]) == ["a/dev", "b/dev", "test"]
    assert distinct_names(["x/a/dev", "y/a/dev", "y/b/dev"]) == ["x/a/dev", "y/a/dev", "b/dev"]
    assert distinct_names(["dev", "./dev", "dev", "test"]) == ["dev", "dev-2", "dev-3", "test"]
    assert distinct_names([]) == []


def test_unreadable_folders_are_named(tmp_path):
    with pytest.raises(InputError, match="no cuts_feats.jsonl.gz in this folder"):
        read_feature_cuts(tmp_path)
