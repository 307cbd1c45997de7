"""Models that take samples in and give one head out."""
from __future__ import annotations

from typing import Any, Callable, List, Optional, Sequence, Tuple

import numpy as np

from ctcb.acoustic.model import MAX_SECONDS
from ctcb.acoustic.open import Tokens, open_model
from ctcb.ctc.emissions import Emissions
from ctcb.ctc.log_probs import from_logits
from ctcb.data.audio import SAMPLE_RATE
from ctcb.errors import InputError
from ctcb.phones.phonetics import Phonetics
from ctcb.text.spelling import Spelling

TICK = 0.005  # seconds: frame shifts are whole numbers of these

# [N] float32 samples at 16 kHz -> [T, V] logits or log-probabilities.
Network = Callable[[np.ndarray], np.ndarray]


class WaveformModel:
    """Takes one utterance after another: many of these models were trained without a mask for padding, and
    would emit something else in a batch."""

    rows_per_second = float(SAMPLE_RATE)
    max_seconds = MAX_SECONDS
    phonetics: Optional[Phonetics] = None
    opened_as: Optional[Tuple[str, Tokens, None, str, str]] = None  # what `open_model` made it of

    def __init__(
        self, network: Network, spelling: Optional[Spelling], frame_shift: Optional[float] = None, content: Callable[[], str] = str
    ) -> None:
        """``frame_shift`` in seconds; measured where it is not known. ``content`` works out the fingerprint.

        Raises InputError where no frame shift is found.
        """
        self._network, self.spelling, self._content = network, spelling, content
        self.frame_shift = frame_shift or measured_shift(network)

    @property
    def fingerprint(self) -> str:
        """Of the weights and the tokens."""
        return self._content()

    def __reduce__(self) -> Tuple[Any, ...]:
        """Pickled as what it was opened as, and opened again: the libraries' own objects cannot be pickled. Raises
        TypeError for one that :func:`ctcb.acoustic.open.open_model` did not make."""
        if self.opened_as is None:
            raise TypeError(f"a {type(self).__name__} can be pickled only where open_model made it")
        return open_model, self.opened_as

    def prepare(self, samples: np.ndarray) -> np.ndarray:
        """The samples as they are."""
        return np.ascontiguousarray(samples, dtype=np.float32)

    def forward(self, rows: Sequence[np.ndarray], utt_ids: Sequence[str]) -> List[Emissions]:
        """Natural-log probabilities of each."""
        return [Emissions(from_logits(self._network(samples))) for samples in rows]


def measured_shift(network: Network) -> float:
    """Seconds from one frame to the next, from how many more frames four seconds of silence have than two."""
    short, long = (len(network(np.zeros(seconds * SAMPLE_RATE, np.float32))) for seconds in (2, 4))
    if long <= short:
        raise InputError(f"the model gives {short} frames for 2 seconds and {long} for 4", hint="give a CTC model that takes samples")
    return max(1, round(2.0 / (long - short) / TICK)) * TICK


def require_width(network: Network, symbols: Sequence[str], name: str) -> None:
    """Raise InputError where the model has not as many outputs as there are symbols."""
    width = network(np.zeros(SAMPLE_RATE, np.float32)).shape[1]
    if width != len(symbols):
        raise InputError(f"the model has {width} outputs, its tokens are {len(symbols)}", file=name, hint="give the tokens of this model")
