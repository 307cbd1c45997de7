"""Log-mel filter banks: computed on the fly for recognition, stored once a data set for training."""
from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Sequence

import numpy as np
import torch
from lhotse import CutSet, Fbank, FbankConfig, LilcomChunkyWriter

from ctcb.data.audio import SAMPLE_RATE
from ctcb.data.copies import at_speed
from ctcb.data.located import FEATURES, own_folder, remove_others
from ctcb.data.prepare import FEATURE_CUTS, write_set
from ctcb.data.whisper_features import WhisperFbank, WhisperFbankConfig
from ctcb.errors import InputError, RunError
from ctcb.extras import install
from ctcb.io import PathOrStr, only_run, require_space

BYTES_A_SECOND = 9_500  # of stored features, about


@dataclass(frozen=True)
class FeatureConfig:
    """A model's input features; part of ``model.yaml``."""

    kind: str = "kaldi"  # or "whisper", for which the other fields but the first are fixed
    num_mel_bins: int = 80
    frame_length: float = 0.025  # seconds
    frame_shift: float = 0.01  # seconds
    low_freq: float = 20.0  # Hz
    high_freq: float = -400.0  # Hz below the Nyquist frequency

    def __post_init__(self) -> None:
        if self.kind not in ("kaldi", "whisper"):
            raise InputError(f"features.kind {self.kind!r} is unknown", hint="use kaldi or whisper")


class FeatureExtractor:
    """Log-mel energies by the rules of Kaldi or of Whisper, through lhotse."""

    def __init__(self, config: FeatureConfig = FeatureConfig()) -> None:
        self.config = config
        options = asdict(config)
        if options.pop("kind") == "whisper":
            self.fbank = WhisperFbank(WhisperFbankConfig(config.num_mel_bins))
        else:
            self.fbank = Fbank(FbankConfig(sampling_rate=SAMPLE_RATE, num_filters=options.pop("num_mel_bins"), **options))

    def __call__(self, samples: np.ndarray) -> torch.Tensor:
        """``[N]`` float32 samples at 16 kHz to ``[T, F]`` float32 natural-log mel energies."""
        if len(samples) < round(self.config.frame_shift * SAMPLE_RATE):  # lhotse has no answer to less than a frame
            return torch.zeros(0, self.config.num_mel_bins)
        features = self.fbank.extract(samples, SAMPLE_RATE)
        return torch.from_numpy(features) if isinstance(features, np.ndarray) else features


def store_features(
    cuts: CutSet,
    out: PathOrStr,
    speeds: Sequence[float] = (1.0,),
    jobs: int = 2,
    config: FeatureConfig = FeatureConfig(),
) -> CutSet:
    """Compute the features of every cut at every speed and write ``out/cuts_feats.jsonl.gz``.

    Decoding and filter banks cost about as much time as a small model's training on them, hence
    the store. A copy at another speed has its own id (``..._sp0.9``) and duration, and says what it is a copy of
    (`ctcb.data.copies`). Features lie in folders of names of their own, and those of an earlier run go once the manifest of
    the new ones is there: a manifest never names another run's bytes.

    Raises RunError where there is no room for them, another run is writing to ``out``, or lilcom, which packs them, is missing.
    """
    if find_spec("lilcom") is None:
        raise RunError(f"features are stored by the package lilcom, which is not installed; {install('train')}")
    with only_run(out):
        return _store(cuts, Path(out), speeds, jobs, config)


def _store(cuts: CutSet, out: Path, speeds: Sequence[float], jobs: int, config: FeatureConfig) -> CutSet:
    seconds = sum(cut.duration for cut in cuts) * sum(1 / speed for speed in speeds)
    if not (out / FEATURE_CUTS).exists():
        remove_others(out, FEATURES)  # of a run that was stopped
    require_space(out, BYTES_A_SECOND * seconds)
    extractor = FeatureExtractor(config).fbank
    stored, folders, threads = [], [], torch.get_num_threads()
    torch.set_num_threads(1)  # each process works alone; lhotse warns of more
    for speed in speeds:
        folders.append(own_folder(out, f"{FEATURES}{speed:g}"))
        copies = cuts if speed == 1.0 else at_speed(cuts, speed)
        with ProcessPoolExecutor(jobs, initializer=torch.set_num_threads, initargs=(1,)) if jobs > 1 else nullcontext() as executor:
            stored.append(
                copies.compute_and_store_features(
                    extractor, folders[-1] / "feats", num_jobs=jobs, storage_type=LilcomChunkyWriter, executor=executor, progress_bar=False,
                ).to_eager()
            )
    torch.set_num_threads(threads)
    everything = stored[0]
    for more in stored[1:]:
        everything = everything + more
    everything = everything.to_eager()
    write_set(everything, out / FEATURE_CUTS)
    remove_others(out, FEATURES, *folders)
    return everything
