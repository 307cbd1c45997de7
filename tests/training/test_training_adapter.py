"""Training an adapter: the supervision of attention, that the base stays as it is, resumption, the way into a model directory."""
import json
import math
import shutil

import pytest
import torch
import yaml
from lhotse.dataset.collation import collate_features

from ctcb.acoustic.directory import load_model, read_model_yaml
from ctcb.adapter.folder import read_adapter_yaml
from ctcb.data.augment import AugmentConfig
from ctcb.data.loader import EpochBatches, one_copy_each
from ctcb.errors import InputError
from ctcb.models.weights import read_tensors
from ctcb.training.adapter import some_hours, train_adapter
from ctcb.training.adapter_loss import EntityToken, allowed_keys, attention_loss, entity_tokens
from ctcb.training.base import read_feature_cuts
from ctcb.training.catalogue import Occurrence
from ctcb.training.encoder_cache import EncoderCache, FrozenEncodings
from ctcb.training.loop import Trainer, epoch_files

CONFIG = {
    "adapter": {"dim": 16, "heads": 2, "embedding": 8, "hidden": 8, "mix": 16},
    "catalogue": {"smallest": 3, "largest": 6, "commonest": 2, "shortest": 3},
    "train": {"epochs": 2, "batch_seconds": 5, "lr": 1e-2, "warmup_steps": 2, "workers": 0, "checkpoint_minutes": 0.0},
}


def test_entity_tokens_come_from_the_forced_alignment():
    words = [[(3, 2), (1, 1), (4, 3)], [(2, 2)]]  # phones, tokens
    frames = [[0, 4, 9, 12, 15, 20], [3, -1]]
    occurrences = [Occurrence(0, 1, 3, 5), Occurrence(1, 0, 1, 2)]
    assert entity_tokens(occurrences, words, frames) == [
        EntityToken(0, 9, 12, 5, 0), EntityToken(0, 12, 15, 5, 1), EntityToken(0, 15, 20, 5, 2), EntityToken(0, 20, 20, 5, 3),
    ]  # fmt: skip


OWNER = torch.tensor([0, 0, 1, 1, 1])  # two entries of two and three keys
TOKENS = [EntityToken(0, 2, 5, 1, 0), EntityToken(0, 5, 6, 1, 1), EntityToken(0, 6, 6, 1, 2)]


def test_allowed_keys_by_frame():
    allowed, spoken = allowed_keys(TOKENS, OWNER, 1, torch.tensor([9, 3]), 9)
    rows = ["".join("01"[int(one)] for one in row) for row in allowed[0]]
    #                `<no-bias>`, entry 0, entry 1
    near = "100111"
    assert rows == ["100000", near, "000100", near, near, "000010", "000001", near, "100000"]
    assert spoken[0].nonzero()[:, 0].tolist() == [2, 5, 6] and not spoken[1].any()
    assert bool(allowed[1, :, 0].all()) and not bool(allowed[1, :, 1:].any())
    whole, _ = allowed_keys(TOKENS, torch.tensor([0, 1]), 0, torch.tensor([9, 3]), 9)
    assert ["".join("01"[int(one)] for one in row) for row in whole[0, 4:7]] == ["101", "001", "001"]


def test_tokens_on_one_frame_share_it():
    allowed, spoken = allowed_keys([EntityToken(0, 1, 1, 0, 0), EntityToken(0, 1, 1, 0, 1)], OWNER, 1, torch.tensor([3]), 3)
    assert allowed[0, 1].tolist() == [False, True, True, False, False, False] and int(spoken.sum()) == 1


def test_attention_loss_by_hand():
    weights = torch.zeros(1, 9, 6)
    weights[..., 0] = 1.0
    weights[0, 2] = torch.tensor([0.3, 0.1, 0.0, 0.4, 0.1, 0.1])  # token 0 of entry 1: 0.4; the entry has 0.6 in all
    weights[0, 5] = torch.tensor([0.6, 0.1, 0.1, 0.0, 0.2, 0.0])  # token 1: 0.2, and `<no-bias>` has the most
    weights[0, 6] = torch.tensor([0.0, 0.0, 0.0, 0.5, 0.0, 0.5])
    weights[0, 0] = torch.tensor([0.25, 0.75, 0.0, 0.0, 0.0, 0.0])  # away from any name
    weights[0, 3] = torch.tensor([0.0, 0.5, 0.0, 0.5, 0.0, 0.0])  # between tokens: all of entry 1 is right
    attended = attention_loss(weights, TOKENS, OWNER, 1, torch.tensor([8]))  # frame 8 is padding
    spoken = -(math.log(0.4) + math.log(0.2) + math.log(0.5)) / 3
    others = -(math.log(0.25) + math.log(0.5)) / 5
    assert float(attended.loss) == pytest.approx(0.5 * (spoken + others), rel=1e-4)
    assert (attended.hits, attended.total, attended.quiet, attended.others) == (2, 3, 0, 1)


@pytest.fixture
def config(tmp_path):
    (tmp_path / "adapter.yaml").write_text(yaml.safe_dump(CONFIG))
    return tmp_path / "adapter.yaml"


@pytest.fixture
def names(tmp_path):
    (tmp_path / "names.txt").write_text("bob\nann fox\n")
    return tmp_path / "names.txt"


def files(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_training_does_not_change_the_base(config, names, model_dir, features_dir, tmp_path, monkeypatch):
    before, seen = files(model_dir), []
    plain_step = Trainer.step

    def step(self, forward, batch):
        base = self.objective.base
        assert not base.training and not any(p.requires_grad for p in base.parameters())
        seen.append({name: value.clone() for name, value in base.state_dict().items()})
        return plain_step(self, forward, batch)

    monkeypatch.setattr(Trainer, "step", step)
    run = train_adapter(model_dir, config, [features_dir], [(features_dir, names)], tmp_path / "run")
    assert run.step == len(seen) >= 6 and files(model_dir) == before
    assert all(torch.equal(seen[0][name], seen[-1][name]) for name in seen[0])
    saved = [read_tensors(file)[0] for file in epoch_files(tmp_path / "run")]
    assert len(saved) == 2 and float(saved[1]["final.judge.2.weight"].abs().sum()) > 0
    assert not any(name.startswith("layers") for name in saved[0])
    rows = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    name = features_dir.name
    assert {f"{what}_{name}" for what in ("wer", "f1", "hit", "plain_wer", "plain_f1")} <= rows[-1].keys()


class Stopped(Exception):
    pass


def test_interrupted_run_gives_the_same_weights(config, model_dir, features_dir, tmp_path, monkeypatch):
    whole = train_adapter(model_dir, config, [features_dir], [], tmp_path / "whole")
    plain_step = Trainer.step

    def step(self, forward, batch):
        if self.position.step == 3:
            raise Stopped
        return plain_step(self, forward, batch)

    monkeypatch.setattr(Trainer, "step", step)
    with pytest.raises(Stopped):
        train_adapter(model_dir, config, [features_dir], [], tmp_path / "parts")
    monkeypatch.setattr(Trainer, "step", plain_step)
    assert train_adapter(model_dir, config, [features_dir], [], tmp_path / "parts") == whole
    one, other = (read_tensors(epoch_files(tmp_path / run)[-1])[0] for run in ("whole", "parts"))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_every_other_key_is_a_subword_with_blanks():
    owner = torch.tensor([0, 0, 0, 1, 1, 1, 1, 1])
    allowed, _ = allowed_keys(TOKENS, owner, 2, torch.tensor([9]), 9)
    assert [row.nonzero()[:, 0].tolist() for row in allowed[0, [2, 5, 6]]] == [[4], [6], [8]]


def test_cache_is_built_once_and_gives_the_same_training(config, model_dir, features_dir, tmp_path, monkeypatch):
    made = []
    plain_encode = EncoderCache._encode
    monkeypatch.setattr(EncoderCache, "_encode", lambda self, *args: made.append(1) or plain_encode(self, *args))
    runs = [
        train_adapter(model_dir, config, [features_dir], [], tmp_path / name, {"epochs": 1}, tmp_path / "cache")
        for name in ("one", "two")
    ]
    assert runs[0] == runs[1] and len(made) == 1
    one, other = (read_tensors(epoch_files(tmp_path / name)[-1])[0] for name in ("one", "two"))
    assert all(torch.equal(one[name], other[name]) for name in one)
    train_adapter(model_dir, config, [features_dir], [], tmp_path / "three", {"epochs": 1, "seed": 7}, tmp_path / "cache")
    assert len(made) == 2  # another seed draws other noise


def test_cache_returns_base_outputs(model_dir, features_dir, tmp_path):
    base = load_model(model_dir).network
    cuts = one_copy_each(read_feature_cuts(features_dir), 1)
    quiet = AugmentConfig(noise_prob=0.0, babble_prob=0.0, freq_masks=0, time_mask_share=0.0)
    encodings = FrozenEncodings(base)
    cache = EncoderCache(tmp_path, encodings, "digest", cuts, quiet, 1)
    features, lengths = collate_features(cuts)
    with torch.no_grad():
        wanted = base.encode(features, lengths.long())
    got = encodings.unpack(*cache.collate(cuts))
    mask = torch.arange(wanted.last.shape[1]) < wanted.lengths[:, None]
    assert torch.equal(got.lengths, wanted.lengths)
    for one, other in [(got.last, wanted.last), *zip(got.taps, wanted.taps), (got.inter_logits[0], wanted.inter_logits[0].log_softmax(-1))]:
        assert torch.allclose(one[mask], other[mask], atol=2e-2)


def test_cache_finds_cuts_that_the_sampler_repeats(model_dir, features_dir, tmp_path):
    """Where fewer cuts than processes are left at the end, lhotse repeats some under other ids."""
    cuts = one_copy_each(read_feature_cuts(features_dir), 1)
    quiet = AugmentConfig(noise_prob=0.0, babble_prob=0.0, freq_masks=0, time_mask_share=0.0)
    cache = EncoderCache(tmp_path, FrozenEncodings(load_model(model_dir).network), "digest", cuts, quiet, 1)
    repeated = []
    for processes in (5, 7):
        for rank in range(processes):
            for batch in EpochBatches(cuts, 0.1, 1, rank, processes):
                frames, lengths = cache.collate(batch)
                assert len(frames) == len(lengths) == len(batch)
                repeated += [cut.id for cut in batch if "_dup" in cut.id]
    assert repeated


def test_hours_limit_draws_random_utterances(features_dir):
    cuts = read_feature_cuts(features_dir)
    some = some_hours(cuts, 3.0 / 3600, 1)
    assert 3.0 <= sum(cut.duration for cut in some) < 3.0 + max(cut.duration for cut in cuts)
    assert [cut.id for cut in some] != [cut.id for cut in some_hours(cuts, 3.0 / 3600, 2)]


def test_export_joins_adapter_and_base(ctcb, config, model_dir, features_dir, tmp_path):
    model, out = tmp_path / "model", tmp_path / "run"
    shutil.copytree(model_dir, model)
    ran = ctcb("train", "adapter", "--base", model, "--train-config", config, "--data", features_dir, "--out", out, "--epochs", 1)
    assert ran.code == 0, ran.err
    assert load_model(model).adapter is None
    assert ctcb("export", out, "--out", model).code == 0
    loaded = load_model(model)
    trained, _ = read_tensors(epoch_files(out)[-1])
    assert loaded.adapter.config.dim == 16 and not loaded.adapter.training
    assert torch.allclose(loaded.adapter.pieces.embedding.weight, trained["pieces.embedding.weight"], atol=1e-2)
    assert read_model_yaml(model) == read_model_yaml(model_dir)
    assert read_tensors(model / "adapter.safetensors")[0]["final.query.weight"].dtype == torch.float16
    # Another base's weights: the adapter was not made for them.
    weights, _ = read_tensors(model / "encoder.safetensors")
    from safetensors.torch import save_file

    save_file({name: value + 1 for name, value in weights.items()}, model / "encoder.safetensors")
    ran = ctcb("export", out, "--out", model)
    assert ran.code == 2 and "was trained for other weights than" in ran.err and len(ran.err.splitlines()) == 1
    with pytest.raises(InputError, match="adapter.yaml: no such file"):
        read_adapter_yaml(model)


def test_wrong_configs_are_named(ctcb, model_dir, features_dir, tmp_path):
    (tmp_path / "bad.yaml").write_text("adapter: {dims: 3}\n")
    ran = ctcb("train", "adapter", "--base", model_dir, "--train-config", tmp_path / "bad.yaml", "--data", features_dir, "--out", tmp_path)
    assert ran.code == 2 and "bad.yaml: unknown key 'adapter.dims'" in ran.err
