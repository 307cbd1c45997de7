"""Where a training run's batches come from: features stored on disk, or kept in memory on the device."""
from __future__ import annotations

import math
import random
from functools import partial
from itertools import islice
from typing import Dict, Hashable, Iterable, Iterator, List, Protocol, Tuple

import numpy as np
import torch
from lhotse import CutSet
from lhotse.cut import Cut
from lhotse.dataset.collation import collate_features
from torch import Tensor
from torch.utils.data import DataLoader

from ctcb.data.content import files_of
from ctcb.data.copies import utterance_of
from ctcb.data.features import FeatureExtractor
from ctcb.data.loader import Batch, Collate, EpochBatches, Targets, chosen_copy, load_batches
from ctcb.data.packing import packed
from ctcb.models.normalization import frame_mask
from ctcb.progress import progress
from ctcb.training.config import TrainConfig
from ctcb.training.processes import rank_and_size

POOL = 40  # batches' worth of utterances among which those of like lengths are put together


class Source(Protocol):
    """A run's batches, the same for the same seed."""

    def steps(self, seed: int) -> int:
        """Batches of an epoch, a process."""

    def batches(self, seed: int, skip: int) -> Iterable[Batch]:
        """This process's batches of an epoch without the first ``skip``."""


def part_seconds(config: TrainConfig) -> float:
    """Seconds of audio that a process takes at once, which the others and its own accumulation make a batch."""
    return config.batch_seconds / rank_and_size()[1] / config.accumulate


def batch_in_words(config: TrainConfig) -> str:
    """The batch of a step, and how it is shared."""
    processes = rank_and_size()[1]
    shared = [f"{count} {what}" for count, what in ((processes, "processes"), (config.accumulate, "parts")) if count > 1]
    each = f", in {' x '.join(shared)} of {part_seconds(config):g} s" if shared else ""
    return f"batches of {config.batch_seconds:g} s{each}"


def steps_of_epoch(source: Source, config: TrainConfig, epoch: int) -> int:
    """Optimiser steps of an epoch, counted from 0."""
    return math.ceil(source.steps(config.seed + epoch) / config.accumulate)


class StoredFeatures:
    """Batches that processes read from disk, ahead of time."""

    def __init__(self, cuts: CutSet, targets: Targets, batch_seconds: float, workers: int, collate: Collate = collate_features) -> None:
        """``batch_seconds`` of audio a batch, at most; ``workers``: processes that read (0: this one)."""
        self.cuts, self.targets, self.batch_seconds, self.workers, self.collate = cuts, targets, batch_seconds, workers, collate

    def steps(self, seed: int) -> int:
        """Batches of an epoch, by going through them once."""
        return len(self._epoch(seed))

    def batches(self, seed: int, skip: int) -> Iterable[Batch]:
        """See :class:`Source`."""
        return load_batches(islice(self._epoch(seed), skip, None), self.targets, self.workers, self.collate)

    def _epoch(self, seed: int) -> EpochBatches:
        return EpochBatches(self.cuts, self.batch_seconds, seed, *rank_and_size())


class FeaturesInMemory:
    """All features and targets, read once and kept on the device: a GPU trains faster than processes read.

    Features are held in float16, 16 kB a second of audio, once for each stretch of a recording however often the cuts
    repeat it.
    """

    def __init__(self, cuts: CutSet, targets: Targets, batch_seconds: float, workers: int, device: torch.device, extractor: FeatureExtractor) -> None:
        """``extractor`` makes the features of cuts that have none stored."""
        self.batch_seconds, self.device = batch_seconds, device
        collate = partial(_utterances, targets=targets, extractor=extractor)
        stretches: Dict[Hashable, Cut] = {}
        number: Dict[Hashable, int] = {}
        self.copies: Dict[str, List[int]] = {}  # an utterance's rows, one a speed
        for cut in cuts:
            stretch = _stretch(cut)
            stretches.setdefault(stretch, cut)
            self.copies.setdefault(utterance_of(cut), []).append(number.setdefault(stretch, len(number)))
        read = DataLoader(list(stretches.values()), batch_size=32, num_workers=workers, collate_fn=collate)
        blocks: List[Tensor] = []
        self.texts: List[str] = []
        self.words: List[List[Tuple[int, int]]] = []
        self.targets: Dict[str, List[Tensor]] = {}
        counts: List[int] = []  # frames
        for features, lengths, texts, words, ids in progress(read, "reading features"):
            blocks.append(torch.from_numpy(features).to(device))
            counts += lengths
            self.texts += texts
            self.words += words
            for name, rows in ids.items():
                self.targets.setdefault(name, []).extend(map(torch.from_numpy, rows))
        self.features = torch.cat(blocks)  # [frames of all utterances, F]
        self.counts = np.array(counts)
        self.starts = self.counts.cumsum() - self.counts
        self.seconds = self.counts * extractor.config.frame_shift

    def steps(self, seed: int) -> int:
        """Batches of an epoch, a process."""
        return len(self._epoch(seed))

    def batches(self, seed: int, skip: int) -> Iterator[Batch]:
        """See :class:`Source`."""
        return map(self._batch, self._epoch(seed)[skip:])

    def _epoch(self, seed: int) -> List[List[int]]:
        """The utterances of this process's batches: shuffled, then sorted by length within pools."""
        rng = random.Random(seed)
        order = [rows[chosen_copy(seed, name, len(rows))] for name, rows in self.copies.items()]
        rng.shuffle(order)
        batches: List[List[int]] = []
        for pool in packed(order, POOL * self.batch_seconds, self.seconds, padded=False):
            batches += packed(sorted(pool, key=self.seconds.__getitem__), self.batch_seconds, self.seconds, padded=True)
        rng.shuffle(batches)
        rank, world_size = rank_and_size()
        return batches[rank : len(batches) // world_size * world_size : world_size]

    def _batch(self, rows: List[int]) -> Batch:
        lengths = torch.tensor(self.counts[rows], device=self.device)
        frames = int(self.counts[rows].max())
        at = torch.tensor(self.starts[rows], device=self.device)[:, None] + torch.arange(frames, device=self.device)
        features = self.features[at.clamp(max=len(self.features) - 1)].float() * frame_mask(lengths, frames)[..., None]
        ids = {name: [spelled[row] for row in rows] for name, spelled in self.targets.items()}
        return Batch(
            features, lengths,
            {name: torch.cat(spelled) for name, spelled in ids.items()},
            {name: torch.tensor([len(row) for row in spelled]) for name, spelled in ids.items()},
            [self.texts[row] for row in rows], [self.words[row] for row in rows], float(self.seconds[rows].sum()),
        )


# Arrays, not tensors: each tensor that a process hands over keeps a file open.
_Utterances = Tuple[np.ndarray, List[int], List[str], List[List[Tuple[int, int]]], Dict[str, List[np.ndarray]]]


def _utterances(cuts: List[Cut], targets: Targets, extractor: FeatureExtractor) -> _Utterances:
    """Features ``[frames of all, F]`` float16, numbers of frames, texts, counts a word, target ids."""
    texts = [cut.supervisions[0].text for cut in cuts]
    features = [_features(cut, extractor) for cut in cuts]
    spelled = [targets(text) for text in texts]
    ids = {name: [np.array(item[name], np.int64) for item in spelled] for name in spelled[0]}
    return torch.cat(features).half().numpy(), [len(rows) for rows in features], texts, [targets.words(text) for text in texts], ids


def _stretch(cut: Cut) -> Hashable:
    """What is equal for cuts of the same features or audio and text; recordings' ids alone do not say that they are the same."""
    key = cut.features.storage_key if cut.has_features else ""
    return cut.recording_id, tuple(map(str, files_of(cut))), key, cut.start, cut.duration, cut.supervisions[0].text


def _features(cut: Cut, extractor: FeatureExtractor) -> Tensor:
    return torch.from_numpy(cut.load_features()) if cut.has_features else extractor(cut.load_audio()[0])
