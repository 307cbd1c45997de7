"""The transforms of lhotse's cuts (``recording.transforms``): speed, tempo, volume and others, by lhotse's own code."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from ctcb.data.source import AudioSource
from ctcb.errors import InputError
from ctcb.extras import install


@dataclass(frozen=True)
class Transforms:
    """What is done to a recording's samples before a cut is taken, in this order."""

    steps: Tuple[Any, ...] = ()  # lhotse's AudioTransform objects
    rate: int = 0  # Hz of the recording behind them, as its manifest says

    def stretch(self, start: float, duration: Optional[float]) -> Tuple[float, Optional[float]]:
        """The seconds of the file out of which the seconds of a cut are made."""
        for step in reversed(self.steps):
            start, duration = step.reverse_timestamps(offset=start, duration=duration, sampling_rate=self.rate)
        return start, duration

    def apply(self, samples: np.ndarray, rate: int, file: Optional[AudioSource] = None) -> Tuple[np.ndarray, int]:
        """``[N, channels]`` samples and their rate behind all steps.

        Raises InputError that names the transform where it fails, or needs a package that is missing.
        """
        for step in self.steps:
            name = type(step).__name__
            try:
                changed, rate = _applied(step, np.ascontiguousarray(samples.T), rate)
            except Exception as error:  # of lhotse, torchaudio and sox: any kind
                missing = isinstance(error, ImportError) or "torchaudio" in str(error)
                hint = f"install torchaudio: {install('torchaudio')}" if missing else "save the changed audio, and name that file"
                raise InputError(
                    f"the transform {name} of its cut cannot be applied ({type(error).__name__}: {error})",
                    file=None if file is None else str(file), hint=hint,
                ) from None
            samples = changed.T
        return samples, rate

    @property
    def notes(self) -> Tuple[str, ...]:
        """What was done, in words."""
        return (f"{' and '.join(type(step).__name__ for step in self.steps)} of the cut applied",) if self.steps else ()


NONE = Transforms()


def transforms_of(steps: Optional[Sequence[Any]], rate: int) -> Transforms:
    """Those of a recording in a manifest, dictionaries or objects. Raises InputError for one that lhotse does not know."""
    from lhotse.augmentation import AudioTransform  # here: only cuts need it

    made: List[Any] = []
    for step in steps or ():
        if isinstance(step, dict):
            name = step.get("name")
            try:
                step = AudioTransform.from_dict(step)
            except Exception as error:  # whatever the transform's class raises
                problem = f"the transform {name!r} cannot be applied ({type(error).__name__}: {error})"
                raise InputError(problem, hint="save the changed audio, and name that file") from None
        made.append(step)
    return Transforms(tuple(made), rate) if made else NONE


def _applied(step: Any, samples: np.ndarray, rate: int) -> Tuple[np.ndarray, int]:
    """``[channels, N]`` samples and their rate behind one step."""
    source = getattr(step, "source_sampling_rate", rate)
    if rate != source:  # the file has another rate than the manifest says, as Opus has 48 kHz
        import soxr

        samples, rate = soxr.resample(samples.T, rate, source).T, source
    changed = np.atleast_2d(np.asarray(step(np.ascontiguousarray(samples), rate), dtype=np.float32))
    if hasattr(step, "target_sampling_rate"):
        rate = int(step.target_sampling_rate)
    elif getattr(step, "restore_orig_sr", True) is False:  # Narrowband
        rate = 8000
    return changed, rate
