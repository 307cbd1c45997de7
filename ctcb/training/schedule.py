"""The learning rate of a run: linear warm-up, plateau, linear decay (trapezoid; Hägele et al. 2024)."""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Optional

from ctcb.errors import InputError
from ctcb.training.config import WARMUP_SHARE, TrainConfig


@dataclass(frozen=True)
class Schedule:
    """The learning rate at each step of a run.

    The plateau makes a run extensible: more epochs change nothing before the old decay began.
    """

    total: int  # steps
    warmup: int  # steps, at the beginning
    decay: int  # steps, at the end
    lr: float  # at the plateau
    lr_final: float

    @staticmethod
    def of(config: TrainConfig, total: int, warmup: Optional[int] = None) -> Schedule:
        """The schedule of a run of ``total`` steps; ``warmup``: what its warm-up came to when it began, if it did."""
        config = config.spelled_out()
        if warmup is None:
            warmup = int(total * config.warmup_share) if config.warmup_steps is None else config.warmup_steps
        decay = config.steps_of(config.decay_hours) if config.decay_share is None else int(total * config.decay_share)
        return Schedule(total, warmup, max(1, decay), config.lr, config.lr_final)

    def rate(self, step: int) -> float:
        """The rate at a step, counted from 0."""
        if step < self.warmup:
            return self.lr * (step + 1) / self.warmup
        left = max(0, self.total - step)
        if left >= self.decay:
            return self.lr
        return self.lr_final + (self.lr - self.lr_final) * left / self.decay


def require_warmup(config: TrainConfig, steps_per_epoch: int, extra: int = 0) -> None:
    """Raise InputError where a run, of its epochs and so many steps more, ends before its warm-up does."""
    schedule = Schedule.of(config, extra + steps_per_epoch * config.epochs)
    if schedule.warmup <= schedule.total or not steps_per_epoch:
        return
    if config.warmup_hours is None:
        given = f"warmup_steps: {config.warmup_steps}"
    else:
        given = f"warmup_hours: {config.warmup_hours:g}, which are {schedule.warmup} steps of {config.batch_seconds:g} s"
    epochs = config.epochs + math.ceil((schedule.warmup - schedule.total) / steps_per_epoch)
    raise InputError(
        f"the warm-up ({given}) is longer than the run, which has {schedule.total} steps ({steps_per_epoch} an epoch)",
        hint=f"set warmup_share: {WARMUP_SHARE} in its place, or train for at least {epochs} epochs",
    )
