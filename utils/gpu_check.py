"""Checks and rates of a GPU: what `utils/gpu_check.sh` runs.

    python utils/gpu_check.py --device cuda --json check.json

Compares emissions and losses of the CPU and the GPU, measures training and decoding, kills a run and goes on with it, and trains
with one process a GPU. No data, no network; what is not done after --minutes is left out.
"""
from __future__ import annotations

import dataclasses
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import click
import gpu_runs
import torch
from gpu_measures import emissions, losses, model_config, rate

from ctcb.cli import run
from ctcb.cli.common.devices import devices
from ctcb.device import open_device
from ctcb.errors import InputError
from ctcb.training.precision import precision_on

Check = Tuple[str, Callable[[], Any]]  # its name in the results, and what it does


def curves(at: torch.device, steps: int) -> Dict[str, Any]:
    """Every tenth part of the loss curves of CPU and device, and their largest relative difference at a step."""
    tiny = model_config("tiny")
    tiny = dataclasses.replace(tiny, encoder=dataclasses.replace(tiny.encoder, dropout=0.0))
    found = {name: losses(tiny, steps, torch.device(name)) for name in {"cpu": None, str(at): None}}
    first, last = list(found.values())[0], list(found.values())[-1]
    shown = {name: [round(value, 4) for value in curve[:: max(1, steps // 10)]] for name, curve in found.items()}
    return {"steps": steps, **shown, "largest_difference": max(abs(a - b) / a for a, b in zip(first, last))}


def checks(device: str, seconds: float, steps: int, loss_steps: int, models: List[str], decode_seconds: float, names: int, folder: Path) -> List[Check]:
    """All checks, the quick ones first."""
    at = open_device(device)
    gpus = torch.cuda.device_count() if device == "cuda" else 1
    processes = gpus if at.type == "cuda" else 2
    precisions = tuple(dict.fromkeys(["fp32", precision_on(at, "auto")]))

    def training(model: str, precision: str) -> Check:
        return f"training_{model}_{precision}", lambda: rate(model, seconds, steps, at, precision)

    def together(model: str) -> Check:
        return f"training_{model}_{processes}_processes", lambda: gpu_runs.rate_together(model, device, processes, precisions[-1], seconds, steps)

    return [
        ("emissions_difference", lambda: emissions(at)),
        ("loss_curves", lambda: curves(at, loss_steps)),
        ("resume_after_kill", lambda: gpu_runs.resumed(device, folder)),
        ("decoding", lambda: gpu_runs.decoded(device, decode_seconds, names, os.cpu_count() or 1, folder)),
        *(training(model, precision) for model in models for precision in precisions),
        ("training_together", lambda: gpu_runs.together(device, processes, folder)),
        *(together(model) for model in models if processes > 1),
    ]


@click.command()
@click.option("--device", default="cuda", show_default=True, help="Which device to check; cuda: with all GPUs.")
@click.option("--seconds", default=300.0, show_default=True, help="Of audio a batch, where training is measured.")
@click.option("--steps", default=30, show_default=True, help="Where training is measured.")
@click.option("--loss-steps", default=200, show_default=True, help="Of the loss curves.")
@click.option("--models", default="small,whisper_base,large", show_default=True, help="Configurations whose training is measured.")
@click.option("--decode-seconds", default=3600.0, show_default=True, help="Of speech that is decoded.")
@click.option("--names", default=1000, show_default=True, help="On the list with which it is.")
@click.option("--check", "chosen", multiple=True, help="Only this check, by its name in the results; repeatable.")
@click.option("--minutes", default=8.0, show_default=True, help="What has not begun by then is left out.")
@click.option("--json", "path", type=click.Path(path_type=Path), help="File for the results.")
def command(
    device: str, seconds: float, steps: int, loss_steps: int, models: str, decode_seconds: float, names: int, chosen: Tuple[str, ...],
    minutes: float, path: Path,
) -> None:
    """Compare a GPU with the CPU and measure it."""
    began = time.monotonic()
    at = open_device(device)
    found: Dict[str, Any] = {
        "device": torch.cuda.get_device_name(at) if at.type == "cuda" else "cpu", "torch": torch.__version__,
        "devices": {name: state for name, state, _ in devices()},
    }  # fmt: skip

    def note(name: str, value: Any) -> None:
        found[name] = value
        click.echo(f"{name}: {json.dumps(value)}")
        if path is not None:
            path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")

    with tempfile.TemporaryDirectory() as folder:
        all_checks = checks(device, seconds, steps, loss_steps, models.split(","), decode_seconds, names, Path(folder))
        unknown = set(chosen) - {name for name, _ in all_checks}
        if unknown:
            raise InputError(f"--check {min(unknown)} is unknown", hint=f"choose from {', '.join(name for name, _ in all_checks)}")
        for name, check in all_checks:
            if chosen and name not in chosen:
                continue
            note(name, check() if time.monotonic() - began < 60 * minutes else "left out: no time")
    note("seconds", round(time.monotonic() - began, 1))


if __name__ == "__main__":
    run(command, "gpu_check")
