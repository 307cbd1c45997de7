"""Options of a training run, and its learning rate."""
from __future__ import annotations

from dataclasses import dataclass

from ctcb.data.augment import AugmentConfig


@dataclass(frozen=True)
class TrainConfig:
    """Options of one training run; conf/train/*.yaml hold tried sets."""

    epochs: int = 40  # passes over the data; the decay ends with the last
    batch_seconds: float = 120.0  # of audio a batch, per process
    lr: float = 1.5e-3  # at the plateau
    warmup_steps: int = 1500
    decay_share: float = 0.3  # of all steps, at the end, over which the rate falls to lr_final
    lr_final: float = 3e-5
    pretrained_rate: float = 0.25  # share of the rate for a pretrained encoder's last block
    layer_decay: float = 0.9  # and how much less for each block below
    frozen_blocks: int = -1  # of a pretrained encoder: 0 the convolutions stay as they are, N so many blocks too, all: the encoder
    weight_decay: float = 0.01
    beta2: float = 0.98
    clip_norm: float = 5.0  # gradients above this norm are scaled down to it
    precision: str = "fp32"  # or "bf16": about twice as fast on processors that have it, torch 2 only
    checkpoint_minutes: float = 5.0
    average: int = 5  # epochs whose weights are averaged for the model that is kept
    dev_utterances: int = 150  # of each dev set that are decoded after an epoch; 0 takes all
    workers: int = 1  # processes that read features
    seed: int = 1
    augment_from_step: int = 0  # clean features until then: CTC finds its first alignments sooner
    guided_from_step: int = 0  # the subword heads' guided start (ctcb.training.guided_start) begins here
    guided_until_step: int = 0  # and ends before this step; 0: none
    augment: AugmentConfig = AugmentConfig()


def learning_rate(step: int, total_steps: int, config: TrainConfig) -> float:
    """Linear warm-up, plateau, linear decay (trapezoid; Hägele et al. 2024).

    The plateau makes a run extensible: more epochs change nothing before the old decay began.
    """
    if step < config.warmup_steps:
        return config.lr * (step + 1) / config.warmup_steps
    decay_steps = max(1, int(total_steps * config.decay_share))
    left = max(0, total_steps - step)
    if left >= decay_steps:
        return config.lr
    return config.lr_final + (config.lr - config.lr_final) * left / decay_steps
