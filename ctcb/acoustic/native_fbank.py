"""Kaldi-style features by kaldi-native-fbank, for models in ONNX: log-mel energies, normalised and stacked. Needs no torch."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

import numpy as np

from ctcb.data.audio import SAMPLE_RATE
from ctcb.errors import InputError, RunError
from ctcb.extras import install

INT16 = 32768.0  # brings samples in -1..1 to the range of 16-bit integers
NORMALIZATIONS = ("", "per_feature", "all_features")
WINDOWS = ("povey", "hamming", "hann", "hanning", "blackman", "sine", "rectangular")  # hanning is symmetric, hann periodic
STD_FLOOR = 1e-5  # added to standard deviations, as NeMo does


@dataclass(frozen=True)
class FbankOptions:
    """Features of a model; the names and the defaults are those of Kaldi where it has them, with icefall's high_freq and edges."""

    num_mel_bins: int = 80
    frame_length: float = 0.025  # seconds
    frame_shift: float = 0.01  # seconds
    window: str = "povey"  # one of WINDOWS
    preemphasis: float = 0.97
    remove_dc_offset: bool = True
    snip_edges: bool = False  # whether frames lie wholly within the audio
    centred: bool = False  # whether frame t lies around the sample t * frame_shift, as librosa and NeMo have it, and not half a shift behind
    round_to_power_of_two: bool = True  # of the length of the FFT
    low_freq: float = 20.0  # Hz
    high_freq: float = -400.0  # Hz; 0 or below counts from the Nyquist frequency
    slaney_mel: bool = False  # librosa's scale and areas (Slaney), which NeMo has, in the place of Kaldi's
    int16_samples: bool = False  # whether samples are in the range of 16-bit integers, as WeNet and FunASR have them
    normalize: str = ""  # by mean and deviation of the utterance, a name in NORMALIZATIONS
    neg_mean: Tuple[float, ...] = ()  # added to each row behind stacking, which is then
    inv_stddev: Tuple[float, ...] = ()  # multiplied by this
    stack: int = 1  # frames that make a row (low frame rate, FunASR),
    stack_shift: int = 1  # and frames from one row to the next

    def __post_init__(self) -> None:
        for name, known in (("window", WINDOWS), ("normalize", NORMALIZATIONS)):
            if getattr(self, name) not in known:
                raise InputError(f"{name} is {getattr(self, name)!r}", hint=f"choose from {', '.join(map(repr, known))}")
        for name in ("num_mel_bins", "frame_length", "frame_shift", "stack", "stack_shift"):
            if getattr(self, name) <= 0:
                raise InputError(f"{name} is {getattr(self, name)}", hint="give a positive number")
        for name in ("neg_mean", "inv_stddev"):
            if len(getattr(self, name)) not in (0, self.width):
                raise InputError(f"{name} has {len(getattr(self, name))} values, and a row {self.width}", hint="give one for each")

    @property
    def width(self) -> int:
        """Values a row."""
        return self.num_mel_bins * self.stack

    @property
    def row_shift(self) -> float:
        """Seconds from one row to the next."""
        return self.frame_shift * self.stack_shift


class NativeFbank:
    """Computes features. Serves any number of threads."""

    def __init__(self, options: FbankOptions) -> None:
        """Raises RunError where kaldi-native-fbank is missing."""
        try:
            import kaldi_native_fbank
        except ImportError as error:
            raise RunError(f"the model takes features, which need the package kaldi-native-fbank ({error}); {install('onnx')}") from None
        self.options, self._library = options, kaldi_native_fbank
        found = kaldi_native_fbank.FbankOptions()
        frame, mel = found.frame_opts, found.mel_opts
        frame.samp_freq, frame.dither = SAMPLE_RATE, 0.0
        frame.frame_length_ms, frame.frame_shift_ms = options.frame_length * 1000, options.frame_shift * 1000
        frame.window_type = options.window
        frame.preemph_coeff, frame.remove_dc_offset = options.preemphasis, options.remove_dc_offset
        frame.snip_edges, frame.round_to_power_of_two = options.snip_edges, options.round_to_power_of_two
        mel.num_bins, mel.low_freq, mel.high_freq, mel.is_librosa = options.num_mel_bins, options.low_freq, options.high_freq, options.slaney_mel
        found.energy_floor = 0.0
        self._options = found

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """``[N]`` float32 samples in -1..1 at 16 kHz to ``[T, width]`` float32 rows; none where they are shorter than a frame."""
        if len(samples) < round((self.options.frame_length if self.options.snip_edges else self.options.frame_shift) * SAMPLE_RATE):
            return np.zeros((0, self.options.width), np.float32)
        shift, count = round(self.options.frame_shift * SAMPLE_RATE), None
        if self.options.centred:  # of these, NeMo counts the whole shifts
            samples, count = np.concatenate([np.zeros(shift // 2, np.float32), samples]), len(samples) // shift
        fbank = self._library.OnlineFbank(self._options)
        fbank.accept_waveform(SAMPLE_RATE, (samples * INT16 if self.options.int16_samples else samples).tolist())
        fbank.input_finished()
        frames = np.stack([fbank.get_frame(place) for place in range(fbank.num_frames_ready)])[:count]
        return self._shifted(stacked(normalized(frames, self.options.normalize), self.options.stack, self.options.stack_shift))

    def _shifted(self, rows: np.ndarray) -> np.ndarray:
        if self.options.neg_mean:
            rows = rows + np.asarray(self.options.neg_mean, np.float32)
        if self.options.inv_stddev:
            rows = rows * np.asarray(self.options.inv_stddev, np.float32)
        return np.ascontiguousarray(rows, np.float32)


def normalized(frames: np.ndarray, how: str) -> np.ndarray:
    """``[T, F]`` features, each bin (``per_feature``) or all (``all_features``) with mean 0 and deviation 1 (NeMo's: of a sample)."""
    if not how:
        return frames
    axis = 0 if how == "per_feature" else None
    of_sample = int(len(frames) > 1)
    return (frames - frames.mean(axis)) / (frames.std(axis, ddof=of_sample) + STD_FLOOR)


def stacked(frames: np.ndarray, stack: int, shift: int) -> np.ndarray:
    """Low frame rate: ``[T, F]`` to ``[ceil(T / shift), stack * F]``, each row ``stack`` frames, around every ``shift``-th one.

    Before the first frame that frame is repeated, behind the last one that (FunASR's ``apply_lfr``).
    """
    if stack == 1 and shift == 1:
        return frames
    first = np.arange(0, len(frames), shift)[:, None] - (stack - 1) // 2
    places = np.clip(first + np.arange(stack), 0, len(frames) - 1)
    return frames[places].reshape(len(places), -1)
