"""The training loop: epochs, checkpoints, resume, several processes.

Whatever is random in a step (dropout, augmentation) is seeded by the run's seed, the step's number, the part of its batch
and the process's rank, and an epoch's batches by the seed and the epoch; so a run that was killed
goes on as if it had not been.
"""
from __future__ import annotations

import json
import time
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import Callable, Dict, Iterable, Iterator, List, Optional, Tuple, Union

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ctcb.data.augment import augment, change_speed
from ctcb.data.loader import Batch, parts_of_one
from ctcb.data.no_speech import silence_some
from ctcb.errors import InputError, RunError
from ctcb.io import atomic_write, only_run
from ctcb.models.weights import save_tensors
from ctcb.progress import progress
from ctcb.training import checkpoint
from ctcb.training.checkpoint import Position
from ctcb.training.config import TrainConfig
from ctcb.training.log import LOG, Row
from ctcb.training.made_for import CHECKPOINT, TrainingFolder, require_empty
from ctcb.training.memory import peak_gib
from ctcb.training.precision import autocast, loss_scaler, major_version, precision_on
from ctcb.training.processes import from_main, rank_and_size
from ctcb.training.schedule import Schedule, require_warmup
from ctcb.training.source import Source, steps_of_epoch

Evaluate = Callable[[], Dict[str, float]]  # name -> measure, after an epoch
Say = Callable[[str], None]
Number = Union[float, Tensor]  # a tensor while it is still being computed
LONGEST_RUN_OF_BAD_STEPS = 50


class Trainer:
    """Trains ``objective`` (``forward(batch, step) -> (loss, parts)``) on the device that it is on.

    ``out`` receives ``checkpoint.safetensors`` (to resume), ``epoch-NNN.safetensors`` (the last
    ``config.average`` epochs' weights of ``keep``) and ``log.jsonl``.
    """

    def __init__(
        self, objective: nn.Module, keep: nn.Module, config: TrainConfig, source: Source, out: Path,
        evaluate: Optional[Evaluate] = None, say: Say = print, rate_share: Callable[[str], float] = lambda name: 1.0,
        folder: Optional[TrainingFolder] = None, describe: Callable[[], None] = lambda: None,
        observe: Callable[[Row], None] = lambda row: None,
    ) -> None:
        """``rate_share`` gives a parameter's share of the learning rate by its name; a share of 0 freezes it.

        ``folder``: what the run is for; ``describe`` writes what else belongs in ``out``, once the run may go on there.
        ``observe`` is called with each row of the log, once it is written, in the main process.
        """
        self.objective, self.keep, self.config, self.out = objective, keep, config, out
        self.source, self.evaluate, self.say = source, evaluate, say
        self.folder, self.describe, self.observe = folder, describe, observe
        self.device = next(objective.parameters()).device
        self.rank, self.world_size = rank_and_size()
        self.precision = precision_on(self.device, config.precision)
        self.scaler = loss_scaler(self.precision)
        groups: Dict[Tuple[float, bool], List[nn.Parameter]] = {}
        for name, parameter in objective.named_parameters():
            share = rate_share(name)
            parameter.requires_grad_(parameter.requires_grad and share > 0)
            if parameter.requires_grad:
                groups.setdefault((share, parameter.dim() > 1), []).append(parameter)
        self.optimizer = torch.optim.AdamW(
            [
                {"params": members, "weight_decay": config.weight_decay if matrix else 0.0, "share": share}
                for (share, matrix), members in groups.items()
            ],
            lr=config.lr, betas=(0.9, config.beta2), **({"fused": True} if self.device.type == "cuda" and major_version() >= 2 else {}),
        )
        self.parameters = [parameter for members in groups.values() for parameter in members]
        self.position = Position()
        self.bad_in_a_row = 0

    def run(self) -> Position:
        """Train to the end of the last epoch, from the last checkpoint if there is one.

        Raises RunError where another run is training in the same directory, and InputError where the checkpoint was made with
        something else, or does not fit; nothing is written then.
        """
        with only_run(self.out) if self.rank == 0 else nullcontext():
            return self._run()

    def _run(self) -> Position:
        changed = self._may_go_on() if self.rank == 0 else False
        changed, resumed = map(bool, from_main([changed, self.checkpoint_path.exists()], self.device))
        if resumed:
            self.position = checkpoint.load(self.checkpoint_path, self.objective, self.optimizer, self.scaler)
        if changed:
            self._begin_epoch_anew()
        self._require_batches()
        self._plan_warmup(new=changed or not resumed)
        if self.rank == 0:
            self.describe()
        if resumed:
            self._cut_log()
            self.say(f"resumed at epoch {self.position.epoch + 1}, step {self.position.step}")
        if changed or not resumed:
            self._save()  # ahead of anything else that a run leaves: without a checkpoint that would belong to none
        forward = DistributedDataParallel(self.objective) if self.world_size > 1 else self.objective
        self.saved_at = time.monotonic()
        while self.position.epoch < self.config.epochs:
            self._epoch(forward)
        return self.position

    def _may_go_on(self) -> bool:
        """Whether something changed, which was accepted; see :meth:`TrainingFolder.require`."""
        if self.folder is not None:
            return self.folder.require()
        if not self.checkpoint_path.exists():
            require_empty(self.out)
        return False

    def _begin_epoch_anew(self) -> None:
        """Count the epoch's batches again, which are others now, and begin with its first."""
        at = self.position
        at.batch, at.steps_per_epoch, at.warmup = 0, self._count_steps(), None
        at.extra = at.step - at.epoch * at.steps_per_epoch

    def _require_batches(self) -> None:
        at = self.position
        if at.epoch < self.config.epochs:
            at.steps_per_epoch = at.steps_per_epoch or self._count_steps()
            if not at.steps_per_epoch:
                raise InputError(
                    f"an epoch has fewer batches than there are processes ({self.world_size})",
                    hint="train with fewer processes, more data or a smaller batch_seconds",
                )

    def _count_steps(self) -> int:
        """Steps of the epoch under way."""
        return steps_of_epoch(self.source, self.config, self.position.epoch)

    @property
    def schedule(self) -> Schedule:
        """The run's learning rates."""
        at = self.position
        return Schedule.of(self.config, at.extra + at.steps_per_epoch * self.config.epochs, at.warmup)

    def _plan_warmup(self, new: bool) -> None:
        at = self.position
        if new and at.epoch < self.config.epochs:
            require_warmup(self.config, at.steps_per_epoch, at.extra)
        at.warmup = self.schedule.warmup

    @property
    def checkpoint_path(self) -> Path:
        """The file from which a run resumes."""
        return self.out / CHECKPOINT

    def _epoch(self, forward: nn.Module) -> None:
        at = self.position
        seed = self.config.seed + at.epoch
        began, seconds, count = time.monotonic(), 0.0, 0
        sums: Dict[str, Number] = {}
        self.objective.train()
        wholes: Iterable[List[Batch]] = _grouped(self.source.batches(seed, at.batch), self.config.accumulate)
        if self.rank == 0:
            left = at.steps_per_epoch - at.batch // self.config.accumulate
            wholes = progress(wholes, f"epoch {at.epoch + 1} of {self.config.epochs}", total=left)
        for parts in wholes:
            _add(sums, self.step(forward, *parts))
            at.batch += len(parts)
            seconds += sum(part.seconds for part in parts) * self.world_size
            count += 1
            if at.step % 50 == 0 and count:
                self._report(sums, count, seconds / (time.monotonic() - began))
                sums, count = {}, 0
            if time.monotonic() - self.saved_at > 60 * self.config.checkpoint_minutes:
                self._save()
        at.epoch, at.batch = at.epoch + 1, 0
        if self.rank == 0:
            self._keep_epoch()
        self._save()

    def step(self, forward: nn.Module, *parts: Batch) -> Dict[str, Number]:
        """One optimiser step on a batch in ``parts``; its losses, the gradient's norm and the learning rate, nothing where that was not finite."""
        at, config = self.position, self.config
        rate = self.schedule.rate(at.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["share"]
        self.optimizer.zero_grad(set_to_none=True)
        logged: Dict[str, Number] = {}
        seeds = [((config.seed * 1_000_003 + at.step) * config.accumulate + n) * self.world_size + self.rank for n in range(len(parts))]
        for number, part in enumerate(parts_of_one([self._augmented(part, seed) for part, seed in zip(parts, seeds)]), start=1):
            torch.manual_seed(seeds[number - 1])
            # Processes add their gradients up once a step, with those of the last part.
            with forward.no_sync() if self.world_size > 1 and number < len(parts) else nullcontext():
                with autocast(self.device, self.precision):
                    loss, values = forward(part, at.step)
                self.scaler.scale(loss).backward()
            _add(logged, values)
        self.scaler.unscale_(self.optimizer)
        norm = nn.utils.clip_grad_norm_(self.parameters, config.clip_norm)
        at.step += 1
        if not torch.isfinite(norm):  # the same on every process: gradients are summed over them
            self.scaler.update()  # under fp16 that is how it learns that the scale was too high
            at.skipped += 1
            self.bad_in_a_row += 1
            if self.bad_in_a_row == LONGEST_RUN_OF_BAD_STEPS:
                raise RunError(f"{self.bad_in_a_row} losses in a row were not finite; lower the learning rate")
            return {}
        self.bad_in_a_row = 0
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return {**logged, "norm": norm.double(), "lr": rate}

    def _augmented(self, batch: Batch, seed: int) -> Batch:
        """The batch on the device, with noise and the like from the step on that the options name."""
        batch, config = batch.to(self.device), self.config
        if self.position.step < config.augment_from_step:
            return batch
        generator = torch.Generator(self.device).manual_seed(seed)
        features, lengths = change_speed(batch.features, batch.lengths, config.augment, generator)
        batch = batch._replace(features=augment(features, lengths, config.augment, generator), lengths=lengths)
        return silence_some(batch, config.augment, generator)

    def _report(self, sums: Dict[str, Number], count: int, speed: float) -> None:
        at = self.position
        row: Dict[str, float] = {"step": at.step, "epoch": at.epoch + 1, "skipped": at.skipped, "times_real_time": round(speed, 1)}
        row.update({name: round(float(value) / count, 5) for name, value in sums.items()})
        row["peak_gib"] = round(peak_gib(self.device), 2)
        if self.precision == "fp16":
            row["loss_scale"] = self.scaler.get_scale()
        self._log(row)

    def _keep_epoch(self) -> None:
        """Save the epoch's weights, drop the oldest, measure the dev sets."""
        at = self.position
        made_for = None if self.folder is None else {"made_for": json.dumps(self.folder.made_for)}
        save_tensors(self.out / f"epoch-{at.epoch:03d}.safetensors", self.keep.state_dict(), made_for)
        for old in epoch_files(self.out)[: -self.config.average]:
            old.unlink()
        if self.evaluate is not None:
            self.objective.eval()
            with torch.no_grad():
                measures = self.evaluate()
            self._log({"step": at.step, "epoch": at.epoch, **{k: round(v, 5) for k, v in measures.items()}})

    def _save(self) -> None:
        if self.rank == 0:
            made_for = None if self.folder is None else self.folder.made_for
            checkpoint.save(self.checkpoint_path, self.objective, self.optimizer, self.position, made_for, self.scaler.state_dict())
        self.saved_at = time.monotonic()

    def _log(self, row: Dict[str, float]) -> None:
        if self.rank == 0:
            with open(self.out / LOG, "a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            self.observe(row)
            self.say(" ".join(f"{name}={value:g}" for name, value in row.items()))

    def _cut_log(self) -> None:
        """Forget what was logged after the checkpoint: it is about to happen again."""
        path = self.out / LOG
        if self.rank == 0 and path.exists():
            rows = path.read_bytes().split(b"\n")[:-1]  # the last one was being written, or is empty
            with atomic_write(path, "wb") as file:
                file.writelines(row + b"\n" for row in rows if json.loads(row)["step"] <= self.position.step)


def _grouped(batches: Iterable[Batch], size: int) -> Iterator[List[Batch]]:
    """Lists of so many batches; the last may be shorter."""
    left = iter(batches)
    return iter(lambda: list(islice(left, size)), [])


def _add(sums: Dict[str, Number], values: Dict[str, Number]) -> None:
    for name, value in values.items():
        sums[name] = sums.get(name, 0.0) + value


def epoch_files(out: Path) -> List[Path]:
    """The kept weights, oldest first."""
    return sorted(out.glob("epoch-*.safetensors"))
