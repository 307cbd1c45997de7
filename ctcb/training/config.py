"""Options of a training run."""
from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Optional

import torch
from torch import nn

from ctcb.data.augment import AugmentConfig
from ctcb.errors import InputError
from ctcb.training.precision import PRECISIONS

WARMUP_SHARE, DECAY_SHARE = 0.1, 0.3  # of a run's steps, where its options name no others


@dataclass(frozen=True)
class TrainConfig:
    """Options of one training run; conf/train/*.yaml hold tried sets.

    Raises InputError for values out of their range, and for a warm-up or a decay that is given twice.
    """

    epochs: int = 40  # passes over the data; the decay ends with the last
    batch_seconds: float = 120.0  # of audio an optimiser step, over all processes
    accumulate: int = 1  # a process takes its share of a batch in so many parts, one after another, and adds their gradients up
    lr: float = 1.5e-3  # at the plateau
    warmup_share: Optional[float] = None  # of all steps, over which the rate rises to lr (0.1); or
    warmup_hours: Optional[float] = None  # so many hours of audio, at batch_seconds a step; or
    warmup_steps: Optional[int] = None  # so many steps
    decay_share: Optional[float] = None  # of all steps, at the end, over which the rate falls to lr_final (0.3); or
    decay_hours: Optional[float] = None  # so many hours of audio
    lr_final: float = 3e-5
    pretrained_rate: float = 0.25  # share of the rate for a pretrained encoder's last block
    layer_decay: float = 0.9  # and how much less for each block below
    frozen_blocks: int = -1  # of a pretrained encoder: 0 the convolutions stay as they are, N so many blocks too, all: the encoder
    weight_decay: float = 0.01
    beta2: float = 0.98
    clip_norm: float = 5.0  # gradients above this norm are scaled down to it
    precision: str = "fp32"  # or bf16, fp16 (GPUs only), auto: see ctcb.training.precision
    compile: bool = False  # compile the encoder's layers (torch.compile); torch 2.2 and later
    checkpoint_minutes: float = 5.0
    average: int = 5  # epochs whose weights are averaged for the model that is kept
    dev_utterances: int = 150  # of each dev set that are decoded after an epoch; 0 takes all
    workers: int = 1  # processes that read features
    seed: int = 1
    augment_from_step: int = 0  # clean features until then: CTC finds its first alignments sooner
    guided_from_step: int = 0  # the subword heads' guided start (ctcb.training.guided_start) begins here
    guided_until_step: int = 0  # and ends before this step; 0: none
    augment: AugmentConfig = AugmentConfig()

    def __post_init__(self) -> None:
        for names in (("warmup_share", "warmup_hours", "warmup_steps"), ("decay_share", "decay_hours")):
            given = [name for name in names if getattr(self, name) is not None]
            if len(given) > 1:
                raise InputError(f"{' and '.join(given)} say the same thing", hint="leave all but one out")
            if given and not 0 <= getattr(self, given[0]) <= (1 if given[0].endswith("share") else float("inf")):
                wanted = "from 0 to 1" if given[0].endswith("share") else "0 or more"
                raise InputError(f"{given[0]} is {getattr(self, given[0])}", hint=f"give a number {wanted}")
        if self.batch_seconds <= 0 or self.accumulate < 1:
            name = "batch_seconds" if self.batch_seconds <= 0 else "accumulate"
            raise InputError(f"{name} is {getattr(self, name)}", hint="give a number above 0")
        if self.precision not in PRECISIONS:
            raise InputError(f"precision {self.precision!r} is unknown", hint=f"use {', '.join(PRECISIONS[:-1])} or {PRECISIONS[-1]}")
        if self.compile and not hasattr(nn.Module, "compile"):
            raise InputError(f"compile needs torch 2.2, this is {torch.__version__}", hint="leave `compile` out, or install a newer torch")

    def steps_of(self, hours: float) -> int:
        """The steps that so many hours of audio take."""
        return round(3600.0 * hours / self.batch_seconds)

    def spelled_out(self) -> TrainConfig:
        """The same run: with the defaults of its schedule, and with its warm-up in steps where that was in hours."""
        config = self
        if config.warmup_hours is not None:
            config = dataclasses.replace(config, warmup_hours=None, warmup_steps=self.steps_of(config.warmup_hours))
        if config.warmup_steps is None and config.warmup_share is None:
            config = dataclasses.replace(config, warmup_share=WARMUP_SHARE)
        if config.decay_hours is None and config.decay_share is None:
            config = dataclasses.replace(config, decay_share=DECAY_SHARE)
        return config
