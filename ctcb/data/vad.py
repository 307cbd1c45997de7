"""Voice activity detection: the spans of a recording that hold speech, by silero-vad's network (an ONNX file in its package)."""
from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Callable, List, Tuple

import numpy as np

from ctcb.data.audio import SAMPLE_RATE
from ctcb.errors import RunError
from ctcb.extras import install

CHUNK, CONTEXT = 512, 64  # samples that the network takes at a time, and of those before them
BLOCK = 20_000  # chunks that are read at a time, ten minutes
BEGIN, GO_ON = 0.5, 0.35  # probability at which speech begins, and below which it ends; silero-vad's own
SHORTEST = 0.25  # seconds: shorter speech is none; silero-vad's own
MARGIN = 0.3  # seconds kept before speech and after it
APART = 2.0  # seconds of silence kept between two spans, where these fit into one
LONGEST = 24.0  # seconds of a span; as long as the windows of recordings without VAD


class VoiceActivity:
    """silero-vad's network."""

    def __init__(self) -> None:
        """Raises RunError where silero-vad or onnxruntime is missing."""
        package = find_spec("silero_vad")  # found and not imported: the package's own imports are not needed
        try:
            import onnxruntime
        except ImportError:
            onnxruntime = None
        if package is None or onnxruntime is None:
            missing = "silero-vad" if package is None else "onnxruntime"
            raise RunError(f"--vad: needs the package {missing}; {install('vad')}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        file = Path(package.submodule_search_locations[0]) / "data/silero_vad.onnx"
        self._session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

    def probabilities(self, read: Callable[[int, int], np.ndarray], samples: int) -> np.ndarray:
        """``[N]`` float32: how likely each ``CHUNK`` of a recording of so many samples at 16 kHz is speech.

        ``read``: ``(first, last)`` to these samples, ``[n]`` float32.
        """
        state, context = np.zeros((2, 1, 128), np.float32), np.zeros(CONTEXT, np.float32)
        rate, likely = np.array(SAMPLE_RATE, np.int64), []
        for first in range(0, samples, BLOCK * CHUNK):
            block = read(first, min(samples, first + BLOCK * CHUNK))
            for chunk in np.pad(block, (0, -len(block) % CHUNK)).reshape(-1, CHUNK):
                given = {"input": np.concatenate([context, chunk])[None], "state": state, "sr": rate}
                probability, state = self._session.run(None, given)
                likely.append(float(probability[0, 0]))
                context = chunk[-CONTEXT:]
        return np.array(likely, np.float32)

    def spans(self, read: Callable[[int, int], np.ndarray], samples: int) -> List[Tuple[int, int]]:
        """The speech of a recording, as ``(first, last)`` samples, in order and apart."""
        return spans(self.probabilities(read, samples), samples)


def spans(probabilities: np.ndarray, samples: int) -> List[Tuple[int, int]]:
    """Stretches of at most ``LONGEST`` seconds that hold the speech of ``[N]`` chunks' probabilities."""
    margin, apart = _chunks(MARGIN), _chunks(APART)
    merged: List[Tuple[int, int]] = []
    for first, last in _speech(probabilities):
        first, last = max(0, first - margin), min(len(probabilities), last + margin)
        if merged and first - merged[-1][1] <= apart and last - merged[-1][0] <= _chunks(LONGEST):
            first = merged.pop()[0]
        elif merged:
            first = max(first, merged[-1][1])
        merged += _cut(probabilities, first, last)
    return [(first * CHUNK, min(samples, last * CHUNK)) for first, last in merged]


def _chunks(seconds: float) -> int:
    return int(seconds * SAMPLE_RATE / CHUNK)


def _speech(probabilities: np.ndarray) -> List[Tuple[int, int]]:
    """Runs of chunks that begin at ``BEGIN`` and go on down to ``GO_ON``."""
    likely = np.flatnonzero(np.diff(np.r_[False, probabilities >= GO_ON, False].astype(np.int8)))
    runs = []
    for low, last in zip(likely[::2], likely[1::2]):
        sure = np.flatnonzero(probabilities[low:last] >= BEGIN)
        if len(sure) and last - low - sure[0] >= _chunks(SHORTEST):
            runs.append((int(low + sure[0]), int(last)))
    return runs


def _cut(probabilities: np.ndarray, first: int, last: int) -> List[Tuple[int, int]]:
    """The run, cut where speech is least likely in the second half of ``LONGEST`` as long as it is longer."""
    parts = []
    while last - first > _chunks(LONGEST):
        end = first + _chunks(LONGEST)
        at = end - int(probabilities[end - _chunks(LONGEST) // 2 : end][::-1].argmin())
        parts.append((first, at))
        first = at
    return [*parts, (first, last)]
