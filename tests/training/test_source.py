"""Batches of features in memory: the same utterances as those read from disk, each as often as it is named."""
import shutil
from collections import Counter

import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ctcb.data.features import FeatureConfig, FeatureExtractor
from ctcb.data.loader import Targets, frames_of_features, usable_cuts
from ctcb.data.packing import packed
from ctcb.errors import InputError
from ctcb.text.lang import Lang
from ctcb.training.base import read_data, train_base
from ctcb.training.source import FeaturesInMemory, StoredFeatures

CPU = torch.device("cpu")


def in_memory(folders, lang_dir, seconds=6.0):
    lang = Lang.load(lang_dir)
    targets = Targets(lang.tokenizer, lang.lexicon, lang.phones)
    cuts = usable_cuts(read_data(folders, True), targets, frames_of_features)[0]
    return FeaturesInMemory(cuts, targets, seconds, 0, CPU, FeatureExtractor(FeatureConfig())), cuts, targets


def rows_of(batches):
    """Each utterance's text, features and targets, whatever batch it is in."""
    found = []
    for batch in batches:
        ids = {name: values.split(batch.target_lengths[name].tolist()) for name, values in batch.targets.items()}
        for row, length in enumerate(batch.lengths.tolist()):
            found.append((batch.texts[row], batch.features[row, :length], {name: values[row].tolist() for name, values in ids.items()}, [*map(tuple, batch.words[row])]))
    return sorted(found, key=lambda item: (item[0], len(item[1])))


def test_memory_holds_what_is_stored(features_dir, lang_dir):
    memory, cuts, targets = in_memory([features_dir], lang_dir)
    read = []
    for seed in range(40):  # a seed picks one of an utterance's two speeds
        read += rows_of(StoredFeatures(cuts, targets, 6.0, 0).batches(seed, 0))
    stored = {(text, len(features)): (features, ids, words) for text, features, ids, words in read}
    assert len(rows_of(memory.batches(1, 0))) == 12
    kept = [row for seed in range(40) for row in rows_of(memory.batches(seed, 0))]
    assert len({(text, len(features)) for text, features, _, _ in kept}) == len(stored) == 24
    for text, features, ids, words in kept:
        expected, expected_ids, expected_words = stored[text, len(features)]
        assert (ids, words) == (expected_ids, expected_words)
        torch.testing.assert_close(features, expected.half().float(), rtol=0, atol=0)


def test_audio_serves_where_no_features_are_stored(features_dir, lang_dir, tmp_path):
    shutil.copy(features_dir / "cuts.jsonl.gz", tmp_path)
    memory = in_memory([features_dir], lang_dir)[0]
    features = {(item[0], len(item[1])): item[1] for seed in range(40) for item in rows_of(memory.batches(seed, 0))}
    made = rows_of(in_memory([tmp_path], lang_dir)[0].batches(1, 0))
    assert len(made) == 12
    for text, rows, _, _ in made:
        assert (rows - features[text, len(rows)]).abs().max() < 0.2  # stored features are compressed


def test_folder_named_twice_is_read_twice_an_epoch(features_dir, lang_dir):
    once, twice = in_memory([features_dir], lang_dir)[0], in_memory([features_dir, features_dir], lang_dir)[0]
    assert Counter(row[0] for row in rows_of(twice.batches(3, 0))) == Counter({row[0]: 2 for row in rows_of(once.batches(3, 0))})
    assert len(twice.features) == len(once.features)


def test_stored_folder_named_twice_is_read_twice_an_epoch(features_dir, lang_dir):
    lang = Lang.load(lang_dir)
    targets = Targets(lang.tokenizer, lang.lexicon, lang.phones)
    source = StoredFeatures(read_data([features_dir] * 2, False), targets, 6.0, 0)
    assert set(Counter(item[0] for item in rows_of(source.batches(1, 0))).values()) == {2}


def test_epochs_differ_and_repeat_by_their_seed(features_dir, lang_dir):
    source = in_memory([features_dir], lang_dir)[0]
    first, again, other = ([batch.texts for batch in source.batches(seed, 0)] for seed in (1, 1, 2))
    assert first == again != other
    assert [batch.texts for batch in source.batches(1, 2)] == first[2:]
    assert source.steps(1) == len(first)


def test_processes_share_the_batches(features_dir, lang_dir, monkeypatch):
    source = in_memory([features_dir], lang_dir)[0]
    everything = [tuple(batch.texts) for batch in source.batches(1, 0)]
    monkeypatch.setenv("WORLD_SIZE", "2")
    shares = []
    for rank in ("0", "1"):
        monkeypatch.setenv("RANK", rank)
        shares.append([tuple(batch.texts) for batch in source.batches(1, 0)])
    assert len(shares[0]) == len(shares[1]) == len(everything) // 2
    assert Counter(shares[0] + shares[1]) == Counter(everything[: 2 * (len(everything) // 2)])


@given(st.lists(st.floats(0.1, 9.0), max_size=30), st.booleans())
def test_packing_keeps_all_and_the_limit(seconds, padded):
    rows = sorted(range(len(seconds)), key=seconds.__getitem__)
    runs = packed(rows, 10.0, seconds, padded)
    assert [row for part in runs for row in part] == rows
    for part in runs:
        total = len(part) * seconds[part[-1]] if padded else sum(seconds[row] for row in part)
        assert len(part) == 1 or total <= 10.0 + 1e-6
    for part, after in zip(runs, runs[1:]):  # no part could have taken the next one's first
        total = (len(part) + 1) * seconds[after[0]] if padded else sum(seconds[row] for row in part) + seconds[after[0]]
        assert total > 10.0 - 1e-6


def test_training_from_memory_resumes_to_the_same_weights(features_dir, lang_dir, tmp_path):
    from ctcb.models.weights import read_tensors

    model = {
        "encoder": {"dim": 32, "layers": 2, "heads": 2, "ff_dim": 64, "conv_kernel": 5},
        "inter_ctc": [{"layer": 1, "target": "phone"}],
    }
    (tmp_path / "model.yaml").write_text(yaml.safe_dump(model))
    config = {"epochs": 2, "batch_seconds": 6, "lr": 1e-3, "warmup_steps": 2, "decay_share": 0.0, "workers": 0}
    (tmp_path / "train.yaml").write_text(yaml.safe_dump(config))
    for name, runs in (("whole", [2]), ("stopped", [1, 2])):
        for epochs in runs:
            train_base(
                tmp_path / "model.yaml", tmp_path / "train.yaml", [features_dir], [], lang_dir, tmp_path / name,
                {"epochs": epochs}, in_memory=True,
            )
    whole, stopped = (read_tensors(tmp_path / name / "epoch-002.safetensors")[0] for name in ("whole", "stopped"))
    assert all(torch.equal(whole[name], stopped[name]) for name in whole)


def test_cache_and_memory_exclude_each_other(features_dir, lang_dir, tmp_path):
    (tmp_path / "model.yaml").write_text(yaml.safe_dump({"encoder": {"dim": 32, "layers": 2, "heads": 2}, "inter_ctc": []}))
    with pytest.raises(InputError, match="--in-memory"):
        train_base(tmp_path / "model.yaml", None, [features_dir], [], lang_dir, tmp_path / "out", cache=tmp_path / "cache", in_memory=True)
