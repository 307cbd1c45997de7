"""Training: the losses, the schedule, exact resumption, and that a model learns."""
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch
import yaml
from scripted_training import scripted_trainer
from torch import nn

from ctcb.errors import InputError, RunError
from ctcb.models.config import ModelConfig
from ctcb.models.weights import read_tensors
from ctcb.training.base import begin_with, train_base
from ctcb.training.checkpoint import average
from ctcb.training.config import TrainConfig
from ctcb.training.loop import Trainer, epoch_files
from ctcb.training.losses import BaseObjective, ctc_loss
from ctcb.training.schedule import Schedule

MODEL = {
    "encoder": {"dim": 32, "layers": 3, "heads": 2, "ff_dim": 64, "conv_kernel": 5},
    "inter_ctc": [{"layer": 1, "target": "phone"}, {"layer": 2, "target": "subword"}],
    "attention_decoder": {"weight": 0.2, "layers": 1, "heads": 2, "ff_dim": 32},
}
TRAIN = {"epochs": 2, "batch_seconds": 5, "lr": 1e-3, "warmup_steps": 2, "workers": 0, "checkpoint_minutes": 0.0}


@pytest.fixture
def configs(tmp_path):
    (tmp_path / "model.yaml").write_text(yaml.safe_dump(MODEL))
    (tmp_path / "train.yaml").write_text(yaml.safe_dump(TRAIN))
    return tmp_path / "model.yaml", tmp_path / "train.yaml"


def test_ctc_loss_equals_the_sum_over_all_alignments():
    torch.manual_seed(0)
    log_probs = torch.randn(1, 5, 3).log_softmax(-1)
    target = (1, 1, 2)
    total = 0.0
    for path in itertools.product(range(3), repeat=5):
        collapsed = tuple(k for k, _ in itertools.groupby(path) if k)
        if collapsed == target:
            total += float(sum(log_probs[0, t, k] for t, k in enumerate(path)).exp())
    loss = ctc_loss(log_probs, torch.tensor([5]), torch.tensor(target), torch.tensor([3]))
    assert float(loss.exp()) == pytest.approx(1 / total, rel=1e-4)


def test_learning_rate_is_a_trapezoid():
    config = TrainConfig(lr=1.0, warmup_steps=10, decay_share=0.25, lr_final=0.1)
    rates = [Schedule.of(config, 100).rate(step) for step in range(101)]
    assert rates[0] == 0.1 and rates[4] == 0.5 and rates[10:76] == [1.0] * 66
    assert rates[100] == pytest.approx(0.1) and rates[88] == pytest.approx(0.1 + 0.9 * 12 / 25)
    assert rates[:40] == [Schedule.of(config, 200).rate(step) for step in range(40)]


def test_average_of_checkpoints_is_the_mean(tmp_path):
    from safetensors.torch import save_file

    for number in (1, 2):
        save_file({"w": torch.full((2,), float(number))}, tmp_path / f"{number}.safetensors")
    assert average([tmp_path / "1.safetensors", tmp_path / "2.safetensors"])["w"].tolist() == [1.5, 1.5]


def train(configs, features_dir, lang_dir, out, **overrides):
    return train_base(*configs, [features_dir], [features_dir], lang_dir, out, overrides)


class Stopped(Exception):
    pass


def test_interrupted_run_gives_the_same_weights(configs, features_dir, lang_dir, tmp_path, monkeypatch):
    whole = train(configs, features_dir, lang_dir, tmp_path / "whole")
    assert whole.step >= 6 and whole.skipped == 0
    plain_step, stops = Trainer.step, iter([2, whole.steps_per_epoch + 1])
    stop_at = [next(stops)]

    def step(self, forward, batch):
        if self.position.step == stop_at[0]:
            stop_at[0] = next(stops, None)
            raise Stopped
        return plain_step(self, forward, batch)

    monkeypatch.setattr(Trainer, "step", step)
    for _ in range(2):
        with pytest.raises(Stopped):
            train(configs, features_dir, lang_dir, tmp_path / "parts")
    assert train(configs, features_dir, lang_dir, tmp_path / "parts") == whole
    weights = [read_tensors(epoch_files(tmp_path / run)[-1])[0] for run in ("whole", "parts")]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_finished_run_has_log_epochs_and_model_yaml(configs, features_dir, lang_dir, tmp_path):
    from ctcb.acoustic.directory import load_model, save_model

    train(configs, features_dir, lang_dir, tmp_path / "run", epochs=1)
    rows = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    assert 0 <= rows[-1][f"wer_{features_dir.name}"]
    save_model(tmp_path / "model", average(epoch_files(tmp_path / "run")), tmp_path / "run")
    assert load_model(tmp_path / "model").network.config.attention_decoder.weight == 0.2


def test_init_loads_matching_weights(configs, features_dir, lang_dir, tmp_path):
    from tones import sentences

    from ctcb.text.tokenizer import Tokenizer

    train(configs, features_dir, lang_dir, tmp_path / "first", epochs=1)
    other = tmp_path / "lang"
    shutil.copytree(lang_dir, other)
    Tokenizer.train(sentences(200), vocab_size=36).save(other)
    model = BaseObjective(ModelConfig.from_dict({**MODEL, "num_subwords": 36, "num_phones": 40})).model
    count = begin_with(model, tmp_path / "first")
    saved, _ = read_tensors(epoch_files(tmp_path / "first")[-1])
    own = model.state_dict()
    fitting = [name for name in saved if saved[name].shape == own[name].shape]
    assert count == len(fitting) == len(saved) - 5  # head, its bias, the inner subword head's two, its projection
    assert all(torch.equal(own[name], saved[name]) for name in fitting)
    run = train_base(*configs, [features_dir], [], other, tmp_path / "second", {"epochs": 1}, tmp_path / "first")
    assert run.step > 0
    with pytest.raises(InputError, match="no such file"):
        begin_with(model, tmp_path)


def test_non_finite_losses_are_skipped_and_counted(features_dir, lang_dir, tmp_path):
    trainer = scripted_trainer(features_dir, lang_dir, tmp_path / "run", {2, 3})
    progress = trainer.run()
    assert progress.skipped == 2 and progress.step > 4
    assert torch.isfinite(trainer.objective.weight).all() and float(trainer.objective.weight) < 1.0


def test_only_non_finite_losses_end_the_run(features_dir, lang_dir, tmp_path, monkeypatch):
    monkeypatch.setattr("ctcb.training.loop.LONGEST_RUN_OF_BAD_STEPS", 3)
    with pytest.raises(RunError, match="not finite"):
        scripted_trainer(features_dir, lang_dir, tmp_path / "run", set(range(100))).run()


def test_bf16_needs_torch_2(configs, features_dir, lang_dir, tmp_path, monkeypatch):
    monkeypatch.setattr(torch, "__version__", "1.13.1")
    with pytest.raises(InputError, match="bf16 needs torch 2"):
        train(configs, features_dir, lang_dir, tmp_path / "run", precision="bf16")


def command(configs, features_dir, lang_dir, out, *more):
    return [
        sys.executable, "-m", "ctcb", "train", "base", "--config", configs[0], "--train-config", configs[1],
        "--data", features_dir, "--lang", lang_dir, "--out", out, *more,
    ]


@pytest.mark.slow
def test_kill_9_loses_nothing(configs, features_dir, lang_dir, tmp_path):
    whole = train(configs, features_dir, lang_dir, tmp_path / "whole", epochs=8)
    for _ in range(3):
        run = subprocess.Popen(command(configs, features_dir, lang_dir, tmp_path / "killed", "--epochs", "8"))
        checkpoint, before = tmp_path / "killed/checkpoint.safetensors", None
        while run.poll() is None and (before is None or checkpoint.stat().st_mtime_ns == before):
            before = checkpoint.stat().st_mtime_ns if before is None and checkpoint.exists() else before
            time.sleep(0.02)
        run.send_signal(signal.SIGKILL)
        run.wait()
    assert train(configs, features_dir, lang_dir, tmp_path / "killed", epochs=8) == whole
    weights = [read_tensors(epoch_files(tmp_path / run)[-1])[0] for run in ("whole", "killed")]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


@pytest.mark.slow
@pytest.mark.parametrize("accumulate", [1, 2])
def test_two_processes_train_one_model(configs, features_dir, lang_dir, tmp_path, accumulate):
    """torchrun with gloo: the loss falls as with one process on the same batches, in parts or not."""
    configs[1].write_text(yaml.safe_dump({**TRAIN, "batch_seconds": 10, "accumulate": accumulate}))
    words = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m", "ctcb"]
    words += [str(word) for word in command(configs, features_dir, lang_dir, tmp_path / "two", "--epochs", "12")[3:]]
    subprocess.run(words, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, timeout=300)
    (tmp_path / "one.yaml").write_text(yaml.safe_dump({**TRAIN, "batch_seconds": 10}))
    train((configs[0], tmp_path / "one.yaml"), features_dir, lang_dir, tmp_path / "one", epochs=12)
    two, one = (read_tensors(epoch_files(tmp_path / run)[-1])[0] for run in ("two", "one"))
    assert two.keys() == one.keys()
    distance = sum(float((two[name] - one[name]).norm()) for name in one)
    start = nn.init.normal_  # a random model is far from both
    far = sum(float((start(torch.empty_like(one[name])) * one[name].std() - one[name]).norm()) for name in one if one[name].numel() > 1)
    assert distance < 0.5 * far


@pytest.mark.slow
def test_tiny_model_learns_tone_speech(lang_dir, tmp_path):
    """From manifest to transcripts: after a few minutes, unseen sentences are recognised correctly."""
    from tones import sentences, write_manifest

    from ctcb.data.features import store_features
    from ctcb.data.prepare import prepare

    for name, count, seed in (("train", 400, 1), ("dev", 30, 2)):
        report = prepare(write_manifest(tmp_path / name, sentences(count, seed)), tmp_path / name)
        store_features(report.cuts, tmp_path / name)
    (tmp_path / "train.yaml").write_text(yaml.safe_dump({"epochs": 12, "batch_seconds": 20, "lr": 3e-3, "warmup_steps": 50, "workers": 0}))
    out = tmp_path / "run"
    train_base("conf/model/tiny.yaml", tmp_path / "train.yaml", [tmp_path / "train"], [tmp_path / "dev"], lang_dir, out)
    rows = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert rows[-1]["wer_dev"] < 0.1
