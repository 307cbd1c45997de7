"""One utterance trains; what cannot be trained on ends with exit code 2, the count and the reason."""
import re

import pytest
from lhotse import CutSet
from tiny_training import MODEL, TRAIN, write_yaml
from tones import sentences, write_manifest

from ctcb.data.features import store_features
from ctcb.data.loader import EpochBatches
from ctcb.data.prepare import prepare
from ctcb.errors import InputError
from ctcb.text.tokenizer import Tokenizer
from ctcb.training.adapter import train_adapter
from ctcb.training.base import train_base

ADAPTER = {
    "adapter": {"dim": 16, "heads": 2, "embedding": 8, "hidden": 8, "mix": 16},
    "catalogue": {"smallest": 3, "largest": 6, "commonest": 2, "shortest": 3}, "train": TRAIN,
}  # fmt: skip


def stored(folder, texts, speeds=(1.0,), change=lambda cuts: cuts):
    cuts = change(prepare(write_manifest(folder, texts), folder, jobs=1).cuts)
    store_features(cuts, folder, speeds, jobs=1)
    cuts.to_file(folder / "cuts.jsonl.gz")
    return folder


@pytest.fixture
def configs(tmp_path):
    return write_yaml(tmp_path / "m.yaml", MODEL), write_yaml(tmp_path / "t.yaml", TRAIN)


@pytest.mark.parametrize("speeds", [(1.0,), (0.9, 1.0, 1.1)])
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("memory", [False, True])
def test_one_utterance_trains(configs, tmp_path, lang_dir, speeds, count, memory):
    data = stored(tmp_path / "data", sentences(count), speeds)
    run = train_base(*configs, [data], [data], lang_dir, tmp_path / "run", in_memory=memory)
    assert run.epoch == 2 and run.step >= 2


def test_one_utterance_trains_an_adapter(tmp_path, model_dir):
    data = stored(tmp_path / "data", ["ann met bob"])
    (tmp_path / "names.txt").write_text("bob\n")
    config = write_yaml(tmp_path / "a.yaml", ADAPTER)
    for cache in (None, tmp_path / "cache"):
        run = train_adapter(model_dir, config, [data], [(data, tmp_path / "names.txt")], tmp_path / f"run{cache is None}", None, cache)
        assert run.epoch == 2


def test_processes_share_one_utterance(tmp_path):
    """Each gets a batch, as where shares are unequal."""
    data = stored(tmp_path / "data", ["ann met bob"])
    cuts = CutSet.from_file(data / "cuts_feats.jsonl.gz").to_eager()
    assert [len(EpochBatches(cuts, 5.0, 1, rank, 2)) for rank in (0, 1)] == [1, 1]


def crowded(cuts):
    """Texts that are far too long for the audio."""
    return CutSet.from_cuts(
        cut.map_supervisions(lambda one: one.__class__(**{**one.__dict__, "text": " ".join(["ann met bob"] * 60)})) for cut in cuts
    )


def silent(cuts):
    return CutSet.from_cuts(cut.map_supervisions(lambda one: one.__class__(**{**one.__dict__, "text": ""})) for cut in cuts)


def bare(cuts):
    """No supervision at all, as lhotse's manifests may be."""
    return CutSet.from_cuts(cut.drop_supervisions() for cut in cuts)


@pytest.mark.parametrize("change, reason", [(crowded, "3 with more targets than frames"), (silent, "3 without text"), (bare, "3 without text")])
@pytest.mark.parametrize("memory", [False, True])
def test_nothing_usable_is_named(configs, tmp_path, lang_dir, ctcb, change, reason, memory):
    data = stored(tmp_path / "data", ["ann", "bob", "cat"], change=change)
    words = ["train", "base", "--config", configs[0], "--train-config", configs[1], "--data", data, "--lang", lang_dir, "--out", tmp_path / "run"]
    ran = ctcb(*words, *(["--in-memory"] if memory else []))
    assert ran.code == 2 and len(ran.err.splitlines()) == 1 and f"no utterance to train on ({reason})" in ran.err
    assert not (tmp_path / "run").exists()


def test_nothing_usable_for_an_adapter_is_named(tmp_path, model_dir):
    data = stored(tmp_path / "data", ["ann", "bob"], change=crowded)
    with pytest.raises(InputError, match="no utterance to train on .2 with more targets than frames.; check"):
        train_adapter(model_dir, write_yaml(tmp_path / "a.yaml", ADAPTER), [data], [], tmp_path / "run")


def test_fewer_batches_than_processes_are_named(configs, tmp_path, lang_dir, monkeypatch):
    data = stored(tmp_path / "data", ["ann met bob"])
    monkeypatch.setenv("WORLD_SIZE", "3")
    monkeypatch.setattr("ctcb.training.loop.from_main", lambda numbers, device: list(numbers))
    with pytest.raises(InputError, match="fewer batches than there are processes .3."):
        train_base(*configs, [data], [], lang_dir, tmp_path / "run", in_memory=True)
    assert not list((tmp_path / "run").iterdir())


TEXTS = {
    "tones": sentences(20),
    "one line": ["hello world"],
    "repeated": ["the same words again"] * 20,
    "numbers": [f"call line {number} at {number * 7} please" for number in range(20)],
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("size", [500, 5000, 90])
def test_the_number_of_pieces_that_is_named_works(tmp_path, ctcb, name, size):
    text = tmp_path / "text"
    text.write_text("\n".join(f"u{number} {line}" for number, line in enumerate(TEXTS[name])) + "\n")
    words = ["tokenize", "train", "--text", text, "--out", tmp_path / "lang", "--vocab-size"]
    ran = ctcb(*words, size)
    if ran.code == 0:
        assert len(Tokenizer.load(tmp_path / "lang")) == size
        return
    named = int(re.search(r"--vocab-size (\d+)", ran.err)[1])
    assert ran.code == 2 and len(ran.err.splitlines()) == 1 and named < size
    assert ctcb(*words, named).code == 0 and len(Tokenizer.load(tmp_path / "lang")) == named
    assert ctcb(*words, named + 1).code == 2  # it is the largest
