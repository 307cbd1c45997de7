"""The frozen base of an adapter, as its training sees it: a model directory, or a CTC model of transformers."""
from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Callable, Sequence, Tuple

import numpy as np
import torch
from lhotse import CutSet
from lhotse.cut import Cut
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ctcb.acoustic.directory import WEIGHTS_FILE, load_model
from ctcb.acoustic.open import open_base_of
from ctcb.data.audio import SAMPLE_RATE
from ctcb.data.folders import read_audio_cuts, read_feature_cuts
from ctcb.data.loader import Feed
from ctcb.io import PathOrStr, digest
from ctcb.model_names import is_foreign
from ctcb.models.ctc import CtcModel
from ctcb.text.lang import Lang


@dataclass(frozen=True)
class FrozenBase:
    """A base and how it is fed."""

    network: CtcModel  # or what has its methods
    lang: Lang
    digest: str  # of its weights
    read: Callable[[PathOrStr], CutSet]  # the cuts of a folder of `ctcb prepare`
    feed: Feed = Feed()
    name: str = ""  # where it is no model directory


def open_base(base: PathOrStr, device: torch.device = torch.device("cpu")) -> FrozenBase:
    """The base that ``--base`` names, on ``device``. Raises InputError for what can be none."""
    if not is_foreign(str(base)):
        model = load_model(base)
        return FrozenBase(model.network.to(device), model.lang, digest(Path(base) / WEIGHTS_FILE), read_feature_cuts)
    foreign = open_base_of(str(base))
    feed = Feed(collate_samples, partial(_frames, foreign.frame_shift), augmented=False)
    return FrozenBase(foreign.network.to(device), foreign.lang, foreign.digest, read_audio_cuts, feed, str(base))


def collate_samples(cuts: Sequence[Cut]) -> Tuple[Tensor, Tensor]:
    """Samples ``[B, N, 1]`` at 16 kHz, padded, and their numbers ``[B]``."""
    rows = []
    for cut in cuts:
        samples = cut.resample(SAMPLE_RATE).load_audio() if cut.sampling_rate != SAMPLE_RATE else cut.load_audio()
        rows.append(torch.from_numpy(np.ascontiguousarray(samples.mean(axis=0), dtype=np.float32))[:, None])
    return pad_sequence(rows, batch_first=True), torch.tensor([len(row) for row in rows])


def _frames(frame_shift: float, cut: Cut) -> int:
    return int(cut.duration / frame_shift) - 1  # the last one is not whole
