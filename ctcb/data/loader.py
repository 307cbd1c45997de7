"""Training batches from stored features, bucketed by duration through lhotse's sampler."""
from __future__ import annotations

import re
import zlib
from typing import Callable, Dict, Iterable, List, NamedTuple, Sequence, Tuple

import torch
from lhotse import CutSet
from lhotse.cut import Cut
from lhotse.dataset import DynamicBucketingSampler
from lhotse.dataset.collation import collate_features
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from ctcb.models.conformer import subsampled
from ctcb.text.lexicon import Lexicon
from ctcb.text.tokenizer import Tokenizer


class Targets:
    """Turns a transcript into what the heads must say."""

    def __init__(self, tokenizer: Tokenizer, lexicon: Lexicon, phones: Sequence[str]) -> None:
        self.tokenizer, self.lexicon = tokenizer, lexicon
        self.phone_ids = {phone: number for number, phone in enumerate(phones)}

    def __call__(self, text: str) -> Dict[str, List[int]]:
        """``{"subword": ids, "phone": ids}``."""
        return {
            "subword": self.tokenizer.encode(text),
            "phone": [self.phone_ids[phone] for phone in self.lexicon.phones_of_text(text)],
        }

    def words(self, text: str) -> List[Tuple[int, int]]:
        """How many phones and how many subwords each word of a normalised text has."""
        words = text.split()
        return [
            (len(self.lexicon.pronunciations(word)[0]), len(ids))
            for word, ids in zip(words, self.tokenizer.encode_all(words))
        ]


class Batch(NamedTuple):
    """B utterances."""

    features: Tensor  # [B, T, F] float32
    lengths: Tensor  # [B] int64, frames
    targets: Dict[str, Tensor]  # [sum of lengths] int64, concatenated, a target
    target_lengths: Dict[str, Tensor]  # [B] int64
    texts: List[str]
    words: List[List[Tuple[int, int]]]  # how many phones and subwords each word of each text has


def can_align(cut: Cut, targets: Targets) -> bool:
    """Whether the utterance has frames enough for its targets (a repeated token needs one more)."""
    frames = int(subsampled(torch.tensor(cut.num_frames)))
    for ids in targets(cut.supervisions[0].text).values():
        if not ids or len(ids) + sum(a == b for a, b in zip(ids, ids[1:])) > frames:
            return False
    return True


_SPEED_SUFFIX = re.compile(r"_sp\d+(\.\d+)?$")  # as lhotse's perturb_speed appends it


def one_copy_each(cuts: CutSet, seed: int) -> CutSet:
    """Of each utterance's copies at several speeds, the one that this seed picks."""
    copies: Dict[str, List[Cut]] = {}
    for cut in cuts:
        copies.setdefault(_SPEED_SUFFIX.sub("", cut.id), []).append(cut)
    return CutSet.from_cuts(
        group[zlib.crc32(f"{seed}-{name}".encode()) % len(group)] for name, group in copies.items()
    )


class _SourcelessSampler(Sampler):
    """torch 1.13's base class asks for a data source, which lhotse no longer hands over."""

    def __init__(self) -> None:
        pass


class BucketingSampler(DynamicBucketingSampler, _SourcelessSampler):
    """lhotse's sampler, on every torch that we support."""


def epoch_batches(cuts: CutSet, batch_seconds: float, seed: int, rank: int = 0, world_size: int = 1) -> List[CutSet]:
    """One epoch's batches of at most ``batch_seconds`` of audio; the same for the same seed.

    With ``world_size`` processes each gets its share, the same number of batches as the others.
    """
    chosen = one_copy_each(cuts, seed)
    sampler = BucketingSampler(
        chosen, max_duration=batch_seconds, num_buckets=min(20, len(chosen)), shuffle=True, seed=seed,
        buffer_size=len(chosen), rank=rank, world_size=world_size,
    )
    return list(sampler)


Collate = Callable[[CutSet], Tuple[torch.Tensor, torch.Tensor]]


class CutBatches(Dataset):
    """Maps the number of a batch to its tensors."""

    def __init__(self, batches: Sequence[CutSet], targets: Targets, collate: Collate = collate_features) -> None:
        self.batches, self.targets, self.collate = batches, targets, collate

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> Batch:
        cuts = self.batches[index]
        features, lengths = self.collate(cuts)
        texts = [cut.supervisions[0].text for cut in cuts]
        spelled = [self.targets(text) for text in texts]
        return Batch(
            features,
            lengths.long(),
            {name: torch.tensor([i for item in spelled for i in item[name]]) for name in spelled[0]},
            {name: torch.tensor([len(item[name]) for item in spelled]) for name in spelled[0]},
            texts,
            [self.targets.words(text) for text in texts],
        )


def load_batches(
    batches: Sequence[CutSet], targets: Targets, workers: int = 0, collate: Collate = collate_features
) -> Iterable[Batch]:
    """Read the batches' features in order, ahead of time in ``workers`` processes.

    ``collate`` makes cuts into features ``[B, T, F]`` and their lengths ``[B]``.
    """
    data = CutBatches(batches, targets, collate)
    return DataLoader(data, batch_size=None, num_workers=workers, **({"prefetch_factor": 4} if workers else {}))
