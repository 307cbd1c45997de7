"""Precisions by device, and losses scaled under fp16: skipped steps, and resumption to the same weights."""
import json

import pytest
import torch
from safetensors import safe_open
from scripted_training import scripted_trainer
from tiny_training import MODEL, TRAIN, write_yaml

from ctcb.errors import InputError
from ctcb.models.conformer import ConformerLayer
from ctcb.models.weights import read_tensors
from ctcb.training import loop
from ctcb.training.base import train_base
from ctcb.training.config import TrainConfig
from ctcb.training.loop import Trainer, epoch_files
from ctcb.training.precision import autocast, loss_scaler, precision_on
from ctcb.training.torch_compile import compile_layers

CPU, GPU = torch.device("cpu"), torch.device("cuda", 1)
START = 2048.0


@pytest.fixture
def having(monkeypatch):
    """torch of a version, and a GPU of a compute capability."""
    def have(version, capability):
        monkeypatch.setattr(torch, "__version__", version)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "Tesla T4")

    return have


@pytest.mark.parametrize("version, capability, device, name, chosen", [
    ("2.4.0", (8, 0), GPU, "auto", "bf16"), ("2.4.0", (7, 5), GPU, "auto", "fp16"), ("1.13.1", (8, 0), GPU, "auto", "fp16"),
    ("2.4.0", (8, 0), CPU, "auto", "fp32"), ("1.13.1", None, CPU, "auto", "fp32"), ("2.4.0", (7, 5), GPU, "fp32", "fp32"),
    ("2.4.0", (9, 0), GPU, "fp16", "fp16"), ("2.4.0", (9, 0), GPU, "bf16", "bf16"), ("2.4.0", None, CPU, "bf16", "bf16"),
])  # fmt: skip
def test_precision_by_device(having, version, capability, device, name, chosen):
    having(version, capability)
    assert precision_on(device, name) == chosen


@pytest.mark.parametrize("version, device, name, said", [
    ("2.4.0", GPU, "bf16", "Tesla T4 has no bf16; use precision fp16"), ("1.13.1", GPU, "bf16", "bf16 needs torch 2, this is 1.13.1; use precision fp16"),
    ("1.13.1", CPU, "bf16", "bf16 needs torch 2, this is 1.13.1; use precision fp32"), ("2.4.0", CPU, "fp16", "precision fp16 is for GPUs; use precision auto"),
])  # fmt: skip
def test_precision_that_is_not_there(having, version, device, name, said):
    having(version, (7, 5))
    with pytest.raises(InputError, match=said):
        precision_on(device, name)


def test_only_fp16_scales_its_losses(recwarn):
    for precision in ("fp32", "bf16"):
        scaler = loss_scaler(precision)
        loss = torch.ones((), requires_grad=True)
        assert not scaler.is_enabled() and scaler.scale(loss) is loss and scaler.state_dict() == {}
    assert not recwarn.list
    assert not autocast(CPU, "fp32")._enabled


class PretendedScaler:
    """torch's GradScaler as it works under fp16, on a CPU; gradients overflow where their scaled norm is above 400."""

    def __init__(self):
        self.state = {"scale": START, "good": 0}
        self.overflowed = False

    def scale(self, loss):
        return loss * self.state["scale"]

    def unscale_(self, optimizer):
        gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        self.overflowed = not float(sum(g.pow(2).sum() for g in gradients)) ** 0.5 < 400.0
        for gradient in gradients:
            gradient.mul_(float("inf") if self.overflowed else 1.0 / self.state["scale"])

    def step(self, optimizer):
        assert not self.overflowed
        optimizer.step()

    def update(self):
        if self.overflowed:
            self.state = {"scale": self.state["scale"] * 0.5, "good": 0}
        else:
            self.state = {"scale": self.state["scale"], "good": self.state["good"] + 1}
        if self.state["good"] == 4:
            self.state = {"scale": self.state["scale"] * 2, "good": 0}

    def get_scale(self):
        return self.state["scale"]

    def state_dict(self):
        return dict(self.state)

    def load_state_dict(self, state):
        self.state = dict(state)


@pytest.fixture
def fp16(monkeypatch):
    monkeypatch.setattr(loop, "precision_on", lambda device, name: "fp16")
    monkeypatch.setattr(loop, "autocast", lambda device, precision: autocast(device, "fp32"))
    monkeypatch.setattr(loop, "loss_scaler", lambda precision: PretendedScaler())


class Stopped(Exception):
    pass


@pytest.mark.parametrize("accumulate", [1, 2])
def test_interrupted_fp16_run_gives_the_same_weights(fp16, accumulate, tmp_path, features_dir, lang_dir, monkeypatch):
    def train(out):
        options = {**TRAIN, "epochs": 3, "batch_seconds": 5 * accumulate, "accumulate": accumulate}
        configs = write_yaml(tmp_path / "m.yaml", MODEL), write_yaml(tmp_path / "t.yaml", options)
        return train_base(*configs, [features_dir], [], lang_dir, out)

    whole = train(tmp_path / "whole")
    assert 0 < whole.skipped < whole.step
    plain_step, stop_at = Trainer.step, [whole.skipped + 2]
    scales = []

    def step(self, forward, *parts):
        scales.append(self.scaler.get_scale())
        if self.position.step == stop_at[0]:
            stop_at[0] = None
            raise Stopped
        return plain_step(self, forward, *parts)

    monkeypatch.setattr(Trainer, "step", step)
    with pytest.raises(Stopped):
        train(tmp_path / "parts")
    stopped_with = scales[-1]
    with safe_open(str(tmp_path / "parts/checkpoint.safetensors"), framework="pt") as file:
        assert json.loads(file.metadata()["scaler"])["scale"] == stopped_with < START
    assert train(tmp_path / "parts") == whole
    one, other = (read_tensors(epoch_files(tmp_path / run)[-1])[0] for run in ("whole", "parts"))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_skipped_steps_and_the_scale_are_logged(fp16, features_dir, lang_dir, tmp_path):
    trainer = scripted_trainer(features_dir, lang_dir, tmp_path / "run", set())  # its gradient is 1, so 256 is the highest scale
    trainer.config = TrainConfig(epochs=8, batch_seconds=2.0, workers=0)
    position = trainer.run()
    row = json.loads((tmp_path / "run/log.jsonl").read_text().splitlines()[0])
    assert row["step"] == 50 and row["loss_scale"] in (256.0, 512.0)
    # three halvings from START to 256; then four steps that count and one that halves again
    assert row["skipped"] == 3 + (50 - 3) // 5 and position.skipped >= row["skipped"]


def test_scaled_gradients_are_those_of_float32(fp16, features_dir, lang_dir, tmp_path, monkeypatch):
    trainer = scripted_trainer(features_dir, lang_dir, tmp_path / "fp16", set())
    trainer.scaler.state = {"scale": 1.0, "good": 0}
    trainer.run()
    monkeypatch.undo()
    plain = scripted_trainer(features_dir, lang_dir, tmp_path / "fp32", set())
    plain.run()
    assert torch.equal(trainer.objective.weight, plain.objective.weight) and float(plain.objective.weight) < 1.0


def test_compile_without_it_is_one_line(ctcb, monkeypatch, tmp_path, features_dir, lang_dir):
    monkeypatch.delattr(torch.nn.Module, "compile", raising=False)
    how = write_yaml(tmp_path / "t.yaml", {**TRAIN, "compile": True})
    words = ["train", "base", "--config", write_yaml(tmp_path / "m.yaml", MODEL), "--data", features_dir, "--lang", lang_dir, "--out", tmp_path / "out"]
    ran = ctcb(*words, "--train-config", how)
    assert ran.code == 2 and len(ran.err.splitlines()) == 1 and not (tmp_path / "out").exists()
    assert "t.yaml: compile needs torch 2.2, this is" in ran.err and "leave `compile` out" in ran.err


def test_layers_are_compiled_where_they_are(monkeypatch, tmp_path, features_dir, lang_dir):
    """With a compiler that leaves everything as it is, weights have the same names and values."""
    compiled = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self, dynamic: compiled.append((type(self), dynamic)), raising=False)

    def train(out, **options):
        configs = write_yaml(tmp_path / "m.yaml", MODEL), write_yaml(tmp_path / "t.yaml", {**TRAIN, "epochs": 1, **options})
        train_base(*configs, [features_dir], [], lang_dir, out)
        return read_tensors(epoch_files(out)[-1])[0]

    one, other = train(tmp_path / "plain"), train(tmp_path / "compiled", compile=True)
    assert compiled == [(ConformerLayer, True)] * 2
    assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
    with pytest.raises(InputError, match="models of ctcb's own"):
        compile_layers(torch.nn.Linear(2, 2))
