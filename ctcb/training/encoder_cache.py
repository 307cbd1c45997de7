"""A frozen network's output for the training speech, computed once: what is trained on top of it trains many times faster.

That is the whole base for an adapter, and the pretrained encoder for the base's top. A folder under the cache's is
named after all that its content rests on: the network's weights, the cuts and the bytes behind them, the augmentation, the
seed. It holds shards of frames in float16, each with its cuts' names and lengths, so that a run that was stopped goes on with
the next shard.
"""
from __future__ import annotations

import hashlib
import json
import random
import re
from dataclasses import asdict
from pathlib import Path
from typing import Dict, List, Protocol, Sequence, Tuple

import numpy as np
import torch
from lhotse import CutSet
from lhotse.cut import Cut
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ctcb.data.augment import AugmentConfig, augment, change_speed
from ctcb.data.content import content_digest
from ctcb.data.loader import Feed
from ctcb.data.packing import packed
from ctcb.errors import InputError
from ctcb.io import atomic_write, require_space
from ctcb.models.ctc import CtcModel, Encoded
from ctcb.progress import progress
from ctcb.training.precision import autocast
from ctcb.training.processes import join_processes

FORMAT = 3
SHARD = 500  # cuts
BATCH_SECONDS = 100.0
DUPLICATE = re.compile(r"_dup\d+$")  # lhotse's sampler appends it to cuts that it repeats, where processes have unequal shares


class Frozen(Protocol):
    """A network whose output is kept."""

    width: int  # W, values a frame

    def encode(self, features: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """Features ``[B, T, F]`` and their lengths ``[B]`` to ``[B, T', W]`` and their lengths."""


class FrozenEncodings:
    """A whole base as an adapter reads it: the last layer, the inner heads' layers, the phones' log-probabilities."""

    def __init__(self, base: CtcModel) -> None:
        """Raises InputError for a base without a phone head."""
        if base.config.phone_head is None:
            raise InputError("the cache is for a base with a phone head", hint="leave --cache out")
        self.base, self.phone_head = base, base.config.phone_head
        self.width = (1 + len(base.config.inter_ctc)) * base.config.encoder.dim + base.config.num_phones

    def encode(self, features: Tensor, lengths: Tensor) -> Tuple[Tensor, Tensor]:
        """As :meth:`Frozen.encode`: the last layer, the inner heads' layers and the phones side by side."""
        encoded = self.base.encode(features, lengths)
        phones = encoded.inter_logits[self.phone_head].log_softmax(dim=-1)
        return torch.cat([encoded.last, *encoded.taps, phones], dim=-1), encoded.lengths

    def unpack(self, packed: Tensor, lengths: Tensor) -> Encoded:
        """The result of :meth:`CtcModel.encode`; of the inner heads' logits only the phones', as log-probabilities."""
        config = self.base.config
        dim, taps = config.encoder.dim, len(config.inter_ctc)
        last, *inner, phones = packed.split([dim] * (1 + taps) + [packed.shape[-1] - dim * (1 + taps)], dim=-1)
        logits = [packed.new_zeros(0) for _ in config.inter_ctc]
        logits[self.phone_head] = phones
        return Encoded(last, inner, logits, lengths)


class EncoderCache:
    """Encoded cuts on disk; :meth:`collate` stands in the place of lhotse's ``collate_features``."""

    def __init__(
        self, folder: Path, network: Frozen, digest: str, cuts: CutSet, config: AugmentConfig, seed: int,
        precision: str = "fp32", feed: Feed = Feed(), device: torch.device = torch.device("cpu"),
    ) -> None:
        """Find the cuts' encodings in ``folder``, or make them; ``digest``: of the network's weights; ``feed``: how it is fed.

        ``device``: where the network is. Noise and the like are drawn on the CPU, so that they are the same on each.
        Raises RunError where there is no room for them.
        """
        self.network, self.precision, self._feed, self._device = network, precision, feed, device
        ordered = sorted(cuts, key=lambda cut: cut.id)
        content = [FORMAT, digest, network.width, asdict(config), seed, precision, content_digest(ordered)]
        self.folder = folder / hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
        needed = sum(map(feed.frames, ordered)) * network.width * np.dtype(np.float16).itemsize
        require_space(self.folder, needed - sum(file.stat().st_size for file in self.folder.glob("*.npy")))
        random.Random(seed).shuffle(ordered)  # babble comes from a batch's other voices
        shards = [ordered[start : start + SHARD] for start in range(0, len(ordered), SHARD)]
        self._at: Dict[str, Tuple[np.ndarray, int, int]] = {}  # cut -> its shard, first frame, frames
        rank, processes = join_processes(device)
        for number in progress(range(rank, len(shards), processes), "encoding", total=len(shards) // processes):
            self._make(number, shards[number], config, seed * 1_000_003 + number)
        if processes > 1:
            torch.distributed.barrier()
        for number in range(len(shards)):
            self._open(number)

    def collate(self, cuts: Sequence[Cut]) -> Tuple[Tensor, Tensor]:
        """The encodings ``[B, T, W]`` float32 of some cuts, padded, and their lengths ``[B]``."""
        rows = []
        for cut in cuts:
            frames, first, count = self._at[cut.id if cut.id in self._at else DUPLICATE.sub("", cut.id)]
            rows.append(torch.from_numpy(frames[first : first + count].astype(np.float32)))
        return pad_sequence(rows, batch_first=True), torch.tensor([len(row) for row in rows])

    def _files(self, number: int) -> Tuple[Path, Path]:
        """A shard's frames and its index."""
        return self.folder / f"{number:04d}.npy", self.folder / f"{number:04d}.json"

    def _make(self, number: int, cuts: List[Cut], config: AugmentConfig, seed: int) -> None:
        """Write a shard that is not there."""
        data, index = self._files(number)
        if index.exists():
            return
        lengths, rows = self._encode(cuts, config, seed)
        with atomic_write(data, "wb") as file:
            np.save(file, rows)
        with atomic_write(index) as file:  # last: it says that the shard is whole
            json.dump(lengths, file)

    def _open(self, number: int) -> None:
        data, index = self._files(number)
        frames = np.load(data, mmap_mode="r")
        first = 0
        for name, count in json.loads(index.read_text(encoding="utf-8")):
            self._at[name] = frames, first, count
            first += count

    @torch.no_grad()
    def _encode(self, cuts: List[Cut], config: AugmentConfig, seed: int) -> Tuple[List[Tuple[str, int]], np.ndarray]:
        lengths: List[Tuple[str, int]] = []
        rows: List[np.ndarray] = []
        generator = torch.Generator().manual_seed(seed)
        for batch in _batches(cuts):
            features, counts = self._feed.collate(CutSet.from_cuts(batch))
            if self._feed.augmented:
                features, counts = change_speed(features, counts.long(), config, generator)
                features = augment(features, counts, config, generator)
            with autocast(self._device, self.precision):
                encodings, counts = self.network.encode(features.to(self._device), counts.long().to(self._device))
            for row, cut, count in zip(encodings.half().cpu(), batch, counts.tolist()):
                lengths.append((cut.id, count))
                rows.append(row[:count].numpy())
        return lengths, np.concatenate(rows)


def _batches(cuts: Sequence[Cut]) -> List[List[Cut]]:
    """Cuts of like durations together."""
    ordered = sorted(cuts, key=lambda cut: (cut.duration, cut.id))
    runs = packed(range(len(ordered)), BATCH_SECONDS, [cut.duration for cut in ordered], padded=True)
    return [[ordered[place] for place in run] for run in runs]
