"""What `utils/gpu_check.py` measures of networks, on made-up features; under torchrun the rate of several processes.

    torchrun --standalone --nproc_per_node=8 utils/gpu_measures.py small cuda bf16 300 40
"""
from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List

import torch
from torch.nn.parallel import DistributedDataParallel

from ctcb.config import read_yaml
from ctcb.data.loader import Batch
from ctcb.device import open_device
from ctcb.models.config import ModelConfig
from ctcb.training.config import TrainConfig
from ctcb.training.loop import Trainer
from ctcb.training.losses import BaseObjective
from ctcb.training.memory import peak_gib
from ctcb.training.precision import autocast, major_version
from ctcb.training.processes import join_processes, local_rank, main_process, rank_and_size
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
        first = 1000 * seed + 1_000_000 * rank_and_size()[0]
        return [self._batch(random.Random(first + number)) for number in range(skip, self.count)]

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
    """The largest difference of a log-probability above -10 between the CPU and the device, in float32 and, with torch 2, bf16."""
    model = BaseObjective(model_config("whisper_base")).model.eval()
    batch = Noise(60.0, 1).batches(1, 0)[0]
    found: Dict[str, float] = {}
    with torch.no_grad():
        expected = model(batch.features, batch.lengths)[0].subword
        model.to(device)
        for name in ("fp32", "bf16") if major_version() >= 2 else ("fp32",):
            with autocast(device, name):
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
    """Times real time of training in all processes, with augmentation, and the peak memory of one in GiB.

    ``seconds`` of audio are a process's batch, ``steps`` are counted after the warm-up of a quarter as many.
    """
    _, processes = join_processes(device)
    config = TrainConfig(epochs=1, lr=1e-5, precision=precision)
    warm = max(1, steps // 4)
    source = Noise(seconds, warm + steps)
    with tempfile.TemporaryDirectory() as folder:
        training = trainer(model_config(name), config, source, Path(folder), device)
        training.position.steps_per_epoch = source.count
        forward = DistributedDataParallel(training.objective) if processes > 1 else training.objective
        batches = [batch.to(device) for batch in source.batches(1, 0)]
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        for number, batch in enumerate(batches):
            if number == warm:
                began = _now(device)
            training.step(forward, batch)
        spent = _now(device) - began
    done = processes * sum(batch.seconds for batch in batches[warm:])
    return {"processes": processes, "times_real_time": round(done / spent, 1), "peak_gib": round(peak_gib(device), 2)}


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.monotonic()


if __name__ == "__main__":
    model, device_name, precision, seconds, steps = sys.argv[1:]
    found = rate(model, float(seconds), int(steps), open_device(device_name, local_rank()), precision)
    if main_process():
        print(json.dumps(found))
