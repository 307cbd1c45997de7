"""What `utils/gpu_check.py` does with whole commands, on the bundled clips: a killed training, several processes, decoding."""
from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from itertools import cycle
from pathlib import Path
from typing import Any, Dict, List, Sequence

import yaml
from gpu_measures import ROOT

from ctcb.bundled import BUNDLED_MODEL
from ctcb.data.manifest import read_manifest
from ctcb.errors import RunError
from ctcb.models.weights import read_metadata, read_tensors
from ctcb.training.log import read_log

DEMO = BUNDLED_MODEL.parent / "demo"
REPEATS = 4  # of the clips, an epoch
TRAIN: Dict[str, Any] = {
    "epochs": 3, "batch_seconds": 20, "lr": 1e-3, "warmup_steps": 5, "workers": 0, "checkpoint_minutes": 0.0, "average": 1, "dev_utterances": 2,
}  # fmt: skip


def resumed(device: str, folder: Path) -> Dict[str, float]:
    """A training that is killed in its second epoch and goes on: the step of the kill, and the largest difference of a weight in the
    end from one that ran through."""
    _run(_training(device, folder, folder / "whole"))
    words = _training(device, folder, folder / "killed")
    going = subprocess.Popen(words, env=_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    checkpoint = folder / "killed/checkpoint.safetensors"
    step = 0
    while going.poll() is None:
        at = json.loads(read_metadata(checkpoint)["progress"]) if checkpoint.exists() else {"epoch": 0, "step": 0}
        if at["epoch"] > 0:
            step = at["step"]
            break
        time.sleep(0.01)
    going.kill()
    going.wait()
    _run(words)
    last = f"epoch-{TRAIN['epochs']:03d}.safetensors"
    whole, killed = (read_tensors(folder / name / last)[0] for name in ("whole", "killed"))
    return {"killed_at_step": step, "weight_difference": max(float((whole[name] - killed[name]).abs().max()) for name in whole)}


def together(device: str, processes: int, folder: Path) -> Dict[str, float]:
    """A training in several processes, one a GPU: what the dev set's WER is after it."""
    out = folder / "together"
    _run(_training(device, folder, out, processes))
    return {"processes": processes, "wer": next(value for name, value in read_log(out)[-1].items() if name.startswith("wer_"))}


def rate_together(model: str, device: str, processes: int, precision: str, seconds: float, steps: int) -> Dict[str, float]:
    """`gpu_measures.rate` of several processes, one a GPU."""
    words = [*_torchrun(processes), str(ROOT / "utils/gpu_measures.py"), model, device, precision, str(seconds), str(steps)]
    return json.loads(_run(words).splitlines()[-1])


def decoded(device: str, seconds: float, names: int, jobs: int, folder: Path) -> Dict[str, float]:
    """`ctcb decode --bias joint` of so many seconds of speech with a list: seconds from its start to its end, and times real time."""
    rows = read_manifest(DEMO / "manifest.tsv")
    lines, total = ["utt_id\taudio\ttext"], 0.0
    for number, row in enumerate(cycle(rows)):
        if total >= seconds:
            break
        lines.append(f"u{number:05d}\t{row.audio}\t{row.text}")
        total += row.duration
    (folder / "hour.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    words = (line.split("\t")[0] for line in (BUNDLED_MODEL / "lexicon.txt").read_text("utf-8").splitlines())
    long = sorted({word for word in words if len(word) > 6 and word.isalpha()})
    listed = (DEMO / "entities.txt").read_text("utf-8").splitlines() + long[:: max(1, len(long) // names)]
    (folder / "names.txt").write_text("\n".join(listed[:names]) + "\n", encoding="utf-8")
    began = time.monotonic()
    _run([*_ctcb(), "decode", "--device", device, "--bias", "joint", "--jobs", str(jobs), "--entities", str(folder / "names.txt"),
          "--out", str(folder / "decoded"), str(folder / "hour.tsv")])  # fmt: skip
    spent = time.monotonic() - began
    return {"audio_s": round(total, 1), "names": len(listed[:names]), "seconds": round(spent, 1), "times_real_time": round(total / spent, 1)}


def _training(device: str, folder: Path, out: Path, processes: int = 1) -> List[str]:
    data, config = folder / "data", folder / "train.yaml"
    if not config.exists():
        _run([*_ctcb(), "prepare", str(DEMO / "manifest.tsv"), "--features", "--out", str(data), "--jobs", "1"])
        config.write_text(yaml.safe_dump(TRAIN), encoding="utf-8")
    start = _ctcb() if processes == 1 else [*_torchrun(processes), "-m", "ctcb"]
    named = [word for _ in range(REPEATS) for word in ("--data", str(data))]
    return [*start, "train", "base", "--config", str(ROOT / "conf/model/tiny.yaml"), "--train-config", str(config), *named, "--dev", str(data),
            "--lang", str(BUNDLED_MODEL), "--out", str(out), "--device", device, "--in-memory"]  # fmt: skip


def _ctcb() -> List[str]:
    return [sys.executable, "-m", "ctcb"]


def _torchrun(processes: int) -> List[str]:
    # As --standalone does, but for the port, which it has in common with others in torch 1.13.
    meeting = ["--rdzv_backend=c10d", "--rdzv_endpoint=localhost:0"]
    return [sys.executable, "-m", "torch.distributed.run", *meeting, f"--nproc_per_node={processes}"]


def _environment() -> Dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))}


def _run(words: Sequence[str]) -> str:
    """A command's output. Raises RunError, with the end of what it said, where it fails."""
    ran = subprocess.run(words, env=_environment(), capture_output=True, text=True)
    if ran.returncode:
        raise RunError(f"{' '.join(words)}: {ran.stderr[-2000:]}")
    return ran.stdout
