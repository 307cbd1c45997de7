"""Training batches from stored features, bucketed by duration through lhotse's sampler."""
from __future__ import annotations

import zlib
from collections import Counter
from functools import partial
from typing import Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import torch
from lhotse import CutSet
from lhotse.cut import Cut
from lhotse.dataset import DynamicBucketingSampler
from lhotse.dataset.collation import collate_features
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from ctcb.data.copies import utterance_of
from ctcb.data.features import FeatureConfig
from ctcb.device import sent
from ctcb.errors import InputError
from ctcb.models.conformer import subsampled
from ctcb.text.lexicon import Lexicon
from ctcb.text.tokenizer import Tokenizer


class Targets:
    """Turns a transcript into the heads' target ids."""

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
        """The numbers of phones and of subwords of each word of a normalised text."""
        words = text.split()
        return [
            (len(next(iter(self.lexicon.pronunciations(word)), ())), len(ids))
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
    seconds: float = 0.0  # of audio
    whole: Optional[Dict[str, Tensor]] = None  # the target lengths of the batch that this is a part of; None: it is no part

    def all_lengths(self, target: str) -> Tensor:
        """The target lengths of the whole batch, ``[B of all parts]`` int64."""
        return (self.target_lengths if self.whole is None else self.whole)[target]

    @property
    def share(self) -> float:
        """The subwords of this part as a share of the whole batch's; 1 where it is no part."""
        if self.whole is None:
            return 1.0
        return float(self.target_lengths["subword"].sum() / self.whole["subword"].sum().clamp(min=1))

    def to(self, device: torch.device) -> "Batch":
        """The batch with its tensors on ``device``."""
        if device.type == "cpu":
            return self
        return self._replace(
            features=sent(self.features, device), lengths=sent(self.lengths, device),
            targets={name: ids.to(device) for name, ids in self.targets.items()},
            target_lengths={name: counts.to(device) for name, counts in self.target_lengths.items()},
        )


def parts_of_one(parts: Sequence[Batch]) -> List[Batch]:
    """Batches as the parts of one whole."""
    if len(parts) == 1:
        return list(parts)
    whole = {name: torch.cat([part.target_lengths[name] for part in parts]) for name in parts[0].target_lengths}
    return [part._replace(whole=whole) for part in parts]


def feature_frames(cut: Cut) -> int:
    """The frames of a cut's features, stored or not."""
    return cut.num_frames if cut.has_features else round(cut.duration / FeatureConfig.frame_shift)


def frames_of_features(cut: Cut) -> int:
    """The frames that our own models' heads have for a cut."""
    return int(subsampled(torch.tensor(feature_frames(cut))))


def usable_cuts(
    cuts: CutSet, targets: Targets, frames: Callable[[Cut], int] = frames_of_features
) -> Tuple[CutSet, int, int]:
    """The cuts that can be trained on, read anew at each pass; how many these are, and how many are not.

    Raises InputError where there are none.
    """
    problems = Counter(problem_of(cut, targets, frames) for cut in cuts)
    kept = problems.pop("", 0)
    if not kept:
        counts = ", ".join(f"{count} {problem}" for problem, count in problems.most_common()) or "there is none"
        raise InputError(
            f"no utterance to train on ({counts})",
            hint="check that the texts belong to the audio, and that the pieces are not much shorter than words (`ctcb tokenize train --vocab-size`)",
        )
    return cuts.filter(partial(can_align, targets=targets, frames=frames)), kept, sum(problems.values())


def can_align(cut: Cut, targets: Targets, frames: Callable[[Cut], int] = frames_of_features) -> bool:
    """Whether the utterance has frames enough for its targets (a repeated token needs one more)."""
    return not problem_of(cut, targets, frames)


def problem_of(cut: Cut, targets: Targets, frames: Callable[[Cut], int] = frames_of_features) -> str:
    """Why an utterance cannot be trained on, in a few words for counting; empty where it can be."""
    text = cut.supervisions[0].text if cut.supervisions else None
    spelled = list(targets(text).values()) if text else []
    if not spelled or not all(spelled):
        return "without text"
    count = frames(cut)
    if count <= 0:
        return "longer than the encoder takes, or without a frame"
    if any(len(ids) + sum(a == b for a, b in zip(ids, ids[1:])) > count for ids in spelled):
        return "with more targets than frames"
    return ""


BUFFER = 20_000  # cuts


def chosen_copy(seed: int, utterance: str, copies: int) -> int:
    """Which of an utterance's copies an epoch's seed picks."""
    return zlib.crc32(f"{seed}-{utterance}".encode()) % copies


class OneCopyEach:
    """Of each utterance's copies at several speeds, the one that the seed picks; read anew at each pass.

    The only thing that is held in memory is how many copies each utterance has.
    """

    def __init__(self, cuts: CutSet, seed: int) -> None:
        self.cuts, self.seed = cuts, seed
        self.copies = Counter(map(utterance_of, cuts))

    def __len__(self) -> int:
        """Utterances."""
        return len(self.copies)

    def __iter__(self) -> Iterator[Cut]:
        seen: Dict[str, int] = Counter()
        for cut in self.cuts:
            name = utterance_of(cut)
            if chosen_copy(self.seed, name, self.copies[name]) == seen[name]:
                yield cut
            seen[name] += 1


def one_copy_each(cuts: CutSet, seed: int) -> CutSet:
    """The cuts of :class:`OneCopyEach`, held in memory."""
    return CutSet.from_cuts(OneCopyEach(cuts, seed))


class _SourcelessSampler(Sampler):
    """torch 1.13's base class asks for a data source, which lhotse no longer hands over."""

    def __init__(self) -> None:
        pass


class BucketingSampler(DynamicBucketingSampler, _SourcelessSampler):
    """lhotse's sampler, on every torch that we support."""


class EpochBatches:
    """One epoch's batches of at most ``batch_seconds`` of audio; the same for the same seed, at each pass.

    With ``world_size`` processes each gets its share, the same number of batches as the others. Cuts are
    read as a stream: memory holds BUFFER of them, among which they are shuffled and put into buckets.
    """

    def __init__(self, cuts: CutSet, batch_seconds: float, seed: int, rank: int = 0, world_size: int = 1) -> None:
        self.chosen = OneCopyEach(cuts, seed)
        self.batch_seconds, self.seed, self.rank, self.world_size = batch_seconds, seed, rank, world_size
        self._count: Optional[int] = None

    def __iter__(self) -> Iterator[CutSet]:
        yield from BucketingSampler(
            CutSet(self.chosen), max_duration=self.batch_seconds, num_buckets=min(20, len(self.chosen)), shuffle=True,
            # lhotse's estimate has no bound for one or two utterances, which may lie in either of two buckets.
            duration_bins=[self.batch_seconds] if len(self.chosen) < 3 else None,
            seed=self.seed, buffer_size=min(BUFFER, len(self.chosen)), rank=self.rank, world_size=self.world_size,
        )

    def __len__(self) -> int:
        """Batches, by going through them once."""
        if self._count is None:
            self._count = sum(1 for _ in self)
        return self._count


Collate = Callable[[CutSet], Tuple[Tensor, Tensor]]


class Feed(NamedTuple):
    """The way from cuts to a network's input."""

    collate: Collate = collate_features  # cuts to what the network takes in
    frames: Callable[[Cut], int] = frames_of_features  # how many frames its head has for a cut
    augmented: bool = True  # whether what it takes in are features, to which noise can be added


class CutBatches(Dataset):
    """Maps a batch of cuts to its tensors."""

    def __init__(self, targets: Targets, collate: Collate = collate_features) -> None:
        self.targets, self.collate = targets, collate

    def __getitem__(self, cuts: CutSet) -> Batch:
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
            sum(cut.duration for cut in cuts),
        )


def load_batches(
    batches: Iterable[CutSet], targets: Targets, workers: int = 0, collate: Collate = collate_features
) -> Iterable[Batch]:
    """Read the batches' features in order, ahead of time in ``workers`` processes.

    ``collate`` makes cuts into features ``[B, T, F]`` and their lengths ``[B]``.
    """
    more = {"prefetch_factor": 4} if workers else {}
    return DataLoader(CutBatches(targets, collate), sampler=batches, batch_size=None, num_workers=workers, **more)
