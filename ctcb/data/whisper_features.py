"""Whisper's mel energies as an extractor of lhotse: natural logarithms, not yet floored and scaled.

Flooring and scaling wait for the model (`ctcb.models.whisper.whisper_input`), so that noise can be added to stored
features. The number of frames is lhotse's: the duration over the shift, rounded.
"""
from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Dict, Union

import numpy as np
import torch
from lhotse.features.base import FeatureExtractor as LhotseExtractor
from lhotse.features.base import register_extractor

from ctcb.data.audio import SAMPLE_RATE

WINDOW, SHIFT = 400, 160  # samples
LEAST = 1e-10  # energy to which silence is raised


def slaney_filters(num_mel_bins: int = 80) -> torch.Tensor:
    """Triangular mel filters ``[num_mel_bins, 201]`` on Slaney's scale (Auditory Toolbox, 1998), each of unit area."""
    # Linear to 1 kHz (3 mel in 200 Hz), then 27 mel to each factor of 6.4.
    knee, step = 1000.0, np.log(6.4) / 27.0
    top = 15.0 + np.log(SAMPLE_RATE / 2 / knee) / step
    mels = np.linspace(0.0, top, num_mel_bins + 2)
    points = np.where(mels < 15.0, mels * 200.0 / 3.0, knee * np.exp(step * (mels - 15.0)))
    bins = np.linspace(0.0, SAMPLE_RATE / 2, WINDOW // 2 + 1)
    rising = (bins[None] - points[:-2, None]) / (points[1:-1] - points[:-2])[:, None]
    falling = (points[2:, None] - bins[None]) / (points[2:] - points[1:-1])[:, None]
    filters = np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (points[2:] - points[:-2]))[:, None]
    return torch.from_numpy(filters.astype(np.float32))


@dataclass
class WhisperFbankConfig:
    """The extractor's options, which lhotse writes into its manifests."""

    num_mel_bins: int = 80

    def to_dict(self) -> Dict[str, Any]:
        """As lhotse stores it."""
        return asdict(self)

    @staticmethod
    def from_dict(data: Dict[str, Any]) -> "WhisperFbankConfig":
        """From what :meth:`to_dict` gave."""
        return WhisperFbankConfig(**data)


@register_extractor
class WhisperFbank(LhotseExtractor):
    """``[N]`` samples at 16 kHz to ``[round(N / 160), F]`` float32 natural-log mel energies."""

    name = "ctcb-whisper-fbank"
    config_type = WhisperFbankConfig

    def __init__(self, config: WhisperFbankConfig = WhisperFbankConfig()) -> None:
        super().__init__(config)
        self.filters, self.window = slaney_filters(config.num_mel_bins), torch.hann_window(WINDOW)

    @property
    def frame_shift(self) -> float:
        """Seconds from one frame to the next."""
        return SHIFT / SAMPLE_RATE

    def feature_dim(self, sampling_rate: int) -> int:
        """Mel bins."""
        return int(self.config.num_mel_bins)

    def extract(self, samples: Union[np.ndarray, torch.Tensor], sampling_rate: int) -> np.ndarray:
        """``[N]`` or ``[1, N]`` float32 samples to ``[round(N / 160), F]`` float32 natural-log mel energies."""
        samples = torch.as_tensor(samples, dtype=torch.float32).reshape(-1)
        frames = (len(samples) + SHIFT // 2) // SHIFT
        padded = torch.nn.functional.pad(samples, (0, max(0, WINDOW - len(samples))))  # reflection needs half a window
        spectrum = torch.stft(padded, WINDOW, SHIFT, window=self.window, return_complex=True)[:, :frames]
        energies = self.filters @ (spectrum.real.square() + spectrum.imag.square())
        return energies.clamp(min=LEAST).log().T.contiguous().numpy()
