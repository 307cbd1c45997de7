"""Checks and rates of a GPU on made-up features: what `utils/gpu_check.sh` runs.

    python utils/gpu_check.py --device cuda --json check.json

Compares emissions and loss curves of the CPU and the GPU, measures training, stops a run and goes on with it. A few
minutes; no data, no network.
"""
from __future__ import annotations

import dataclasses
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List

import click
import torch

from ctcb.cli import run
from ctcb.config import read_yaml
from ctcb.data.loader import Batch
from ctcb.device import open_device
from ctcb.models.config import ModelConfig
from ctcb.models.weights import read_tensors
from ctcb.training.config import TrainConfig
from ctcb.training.loop import Trainer
from ctcb.training.losses import BaseObjective
from ctcb.training.rates import rate_share

ROOT = Path(__file__).resolve().parents[1]
SUBWORDS, PHONES = 160, 41


class Noise:
    """Batches of random features and targets, the same for the same seed."""

    def __init__(self, batch_seconds: float, count: int) -> None:
        self.batch_seconds, self.count = batch_seconds, count

    def steps(self, seed: int) -> int:
        """Batches an epoch."""
        return self.count

    def batches(self, seed: int, skip: int) -> List[Batch]:
        """As `ctcb.training.source.Source` has it; without the first ``skip``."""
        return [self._batch(random.Random(1000 * seed + number)) for number in range(skip, self.count)]

    def _batch(self, rng: random.Random) -> Batch:
        seconds = rng.uniform(4.0, 12.0)
        rows = max(1, int(self.batch_seconds / seconds))
        frames = [int(100 * seconds * rng.uniform(0.9, 1.0)) for _ in range(rows)]
        generator = torch.Generator().manual_seed(rng.randrange(2**31))
        features = torch.randn(rows, max(frames), 80, generator=generator) * 2.0 - 6.0
        counts = torch.tensor([count // 20 for count in frames])
        ids = {
            name: torch.randint(1, size, (int(counts.sum()),), generator=generator)
            for name, size in (("subword", SUBWORDS), ("phone", PHONES))
        }
        lengths = torch.tensor(frames)
        return Batch(features, lengths, ids, dict.fromkeys(ids, counts), ["a"] * rows, [[(1, 1)]] * rows, float(lengths.sum()) / 100)


def model_config(name: str, **changes: Any) -> ModelConfig:
    """A configuration of conf/model."""
    read = read_yaml(ROOT / f"conf/model/{name}.yaml")
    return ModelConfig.from_dict({**read, "num_subwords": SUBWORDS, "num_phones": PHONES, **changes})


def trainer(model: ModelConfig, config: TrainConfig, source: Noise, out: Path, device: torch.device) -> Trainer:
    """A run with weights that the seed fixes."""
    torch.manual_seed(config.seed)
    objective = BaseObjective(model).to(device)
    return Trainer(
        objective, objective.model, config, source, out, say=lambda line: None, rate_share=lambda name: rate_share(name, model.whisper, config)
    )


def emissions(device: torch.device) -> Dict[str, float]:
    """The largest difference of a log-probability above -10 between the CPU and the device, in float32 and bf16."""
    model = BaseObjective(model_config("whisper_base")).model.eval()
    batch = Noise(60.0, 1).batches(1, 0)[0]
    found: Dict[str, float] = {}
    with torch.no_grad():
        expected = model(batch.features, batch.lengths)[0].subword
        model.to(device)
        for name in ("fp32", "bf16"):
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=name == "bf16"):
                got = model(batch.features.to(device), batch.lengths.to(device))[0].subword.cpu()
            found[name] = float((got - expected)[expected > -10.0].abs().max())
    return found


def losses(model: ModelConfig, steps: int, device: torch.device) -> List[float]:
    """The CTC loss of each of the first ``steps`` steps, without augmentation."""
    config = TrainConfig(epochs=1, lr=3e-4, warmup_steps=20, augment_from_step=sys.maxsize, checkpoint_minutes=60)
    source, curve = Noise(20.0, steps), []
    with tempfile.TemporaryDirectory() as folder:
        training = trainer(model, config, source, Path(folder), device)
        training.position.steps_per_epoch = steps
        for batch in source.batches(1, 0):
            curve.append(float(training.step(training.objective, batch)["ctc"]))
    return curve


def rate(name: str, seconds: float, steps: int, device: torch.device, precision: str) -> Dict[str, float]:
    """Times real time of training, with augmentation, and the peak memory in GiB."""
    config = TrainConfig(epochs=1, lr=1e-5, precision=precision)
    source = Noise(seconds, steps)
    with tempfile.TemporaryDirectory() as folder:
        training = trainer(model_config(name), config, source, Path(folder), device)
        training.position.steps_per_epoch = steps
        batches = [batch.to(device) for batch in source.batches(1, 0)]
        warm = max(1, steps // 4)
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        for number, batch in enumerate(batches):
            if number == warm:
                began = _now(device)
            training.step(training.objective, batch)
        spent = _now(device) - began
    memory = torch.cuda.max_memory_allocated() / 2**30 if device.type == "cuda" else float("nan")
    return {"times_real_time": sum(batch.seconds for batch in batches[warm:]) / spent, "peak_gib": memory}


def resumed(device: torch.device) -> float:
    """The largest difference of a weight between a run of two epochs and one that was stopped after the first."""
    model = model_config("tiny")
    config = TrainConfig(epochs=2, lr=3e-4, warmup_steps=5, checkpoint_minutes=60, average=1)
    with tempfile.TemporaryDirectory() as folder:
        kept = []
        for name, runs in (("whole", [2]), ("stopped", [1, 2])):
            out = Path(folder) / name
            out.mkdir()
            for epochs in runs:  # the learning rate is that of two epochs in each
                training = trainer(model, dataclasses.replace(config, decay_share=0.0, epochs=epochs), Noise(20.0, 10), out, device)
                training.run()
            kept.append(read_tensors(out / "epoch-002.safetensors")[0])
    return max(float((kept[0][name] - kept[1][name]).abs().max()) for name in kept[0])


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.monotonic()


@click.command()
@click.option("--device", default="cuda", show_default=True, help="Which device to check.")
@click.option("--seconds", default=300.0, show_default=True, help="Of audio a batch, where rates are measured.")
@click.option("--steps", default=40, show_default=True, help="Where rates are measured.")
@click.option("--loss-steps", default=200, show_default=True, help="Of the loss curves.")
@click.option("--models", default="small,whisper_base,large", show_default=True, help="Configurations whose rates are measured.")
@click.option("--json", "path", type=click.Path(path_type=Path), help="File for the results.")
def command(device: str, seconds: float, steps: int, loss_steps: int, models: str, path: Path) -> None:
    """Compare a GPU with the CPU and measure it."""
    at = open_device(device)
    found: Dict[str, Any] = {"device": torch.cuda.get_device_name(at) if at.type == "cuda" else "cpu", "torch": torch.__version__}

    def note(name: str, value: Any) -> None:
        found[name] = value
        click.echo(f"{name}: {json.dumps(value)}")
        if path is not None:
            path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")

    note("emissions_difference", emissions(at))
    tiny = model_config("tiny")
    tiny = dataclasses.replace(tiny, encoder=dataclasses.replace(tiny.encoder, dropout=0.0))
    curves = {name: losses(tiny, loss_steps, torch.device(name) if name == "cpu" else at) for name in ("cpu", at.type)}
    note("loss_curves", {name: [round(value, 4) for value in curve[:: max(1, loss_steps // 10)]] for name, curve in curves.items()})
    note("loss_difference", max(abs(a - b) / a for a, b in zip(*curves.values())) if len(curves) == 2 else 0.0)
    note("resume_difference", resumed(at))
    for name in models.split(","):
        for precision in ("fp32", "bf16") if at.type == "cuda" else ("fp32",):
            note(f"training_{name}_{precision}", rate(name, seconds, steps, at, precision))


if __name__ == "__main__":
    run(command, "gpu_check")
