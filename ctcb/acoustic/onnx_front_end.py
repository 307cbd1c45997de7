"""Log-mel features of a model directory as a network of torch, so that an export to ONNX takes samples and needs nothing beside it."""
from __future__ import annotations

import torch
from torch import Tensor, nn

from ctcb.data.audio import SAMPLE_RATE
from ctcb.data.features import FeatureConfig, FeatureExtractor
from ctcb.data.whisper_features import LEAST, SHIFT, WINDOW


class FrontEnd(nn.Module):
    """``[1, N]`` samples to ``[1, T, F]`` natural-log mel energies, as :class:`ctcb.data.features.FeatureExtractor`.

    All before the power spectrum is linear in a frame's samples: one matrix, applied in float64, for sums over the whole
    frame are less exact than an FFT.
    """

    def __init__(self, spectrum: Tensor, filters: Tensor, shift: int, floor: float, reflects_edge: bool) -> None:
        """
        Parameters
        ----------
        spectrum : ``[W, B]`` complex, what a frame's samples contribute to its spectrum.
        filters : ``[B, F]`` mel filters.
        shift : samples from one frame to the next.
        floor : energy to which silence is raised.
        reflects_edge : whether the audio is mirrored about its edges, or about its first and last sample.
        """
        super().__init__()
        self.register_buffer("real", spectrum.real.double())
        self.register_buffer("imag", spectrum.imag.double())
        self.register_buffer("filters", filters.double())
        self.shift, self.floor, self.reflects_edge = shift, floor, reflects_edge

    @classmethod
    def of(cls, config: FeatureConfig) -> FrontEnd:
        """The front end of a model's features."""
        extractor = FeatureExtractor(config).fbank
        if config.kind == "whisper":
            spectrum = torch.fft.rfft(torch.eye(WINDOW, dtype=torch.float64) * extractor.window.double())
            return cls(spectrum, extractor.filters.T, SHIFT, LEAST, False)
        from lhotse.features.kaldi.layers import Wav2FFT

        options = {"frame_length": config.frame_length, "frame_shift": config.frame_shift}
        network = Wav2FFT(SAMPLE_RATE, snip_edges=True, use_energy=False, **options).double()
        spectrum = network(torch.eye(network.wav2win._length, dtype=torch.float64))[:, 0]
        return cls(spectrum, extractor.extractor._fb, round(config.frame_shift * SAMPLE_RATE), float(torch.finfo(torch.float).eps), True)

    def forward(self, samples: Tensor) -> Tensor:
        """See the class."""
        window, count = len(self.real), samples.shape[1]
        frames = (count + self.shift // 2) // self.shift
        if self.reflects_edge:  # Kaldi's, where edges are not snipped
            before, end, one = (window - self.shift) // 2, count, 1
        else:  # torch.stft's, of at least a window of samples
            before, end, one = window // 2, torch.clamp(torch.as_tensor(count), min=window), 0
        samples = torch.cat([samples, samples.new_zeros(1, window)], dim=1)
        places = torch.arange(frames)[:, None] * self.shift + torch.arange(window)[None] - before
        places = torch.where(places < 0, -places - one, places)
        places = torch.where(places >= end, 2 * end - 2 + one - places, places).clamp(min=0)
        rows = samples[0][places].double()
        energies = ((rows @ self.real).square() + (rows @ self.imag).square()) @ self.filters
        return energies.clamp(min=self.floor).log().float()[None]
