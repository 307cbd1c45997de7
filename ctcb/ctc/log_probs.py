"""Emissions are checked before they are searched: nothing is guessed, nothing wrong goes in."""
from __future__ import annotations

from typing import Any, Callable, Dict, Tuple

import numpy as np

from ctcb.arrays import as_array
from ctcb.compiled import compiled
from ctcb.errors import InputError

SPOT_CHECKS = 8  # frames whose probabilities are summed up
TOLERANCE = 0.05  # how far the log of their sum may be from 0 (half precision is good to 0.01)


def as_log_probs(emissions: Any, vocab_size: int) -> np.ndarray:
    """``emissions`` as contiguous float32 ``[T, V]`` natural-log probabilities, copied only if need be.

    ``-inf`` is allowed (a token that cannot be). Raises InputError for another shape or number of
    tokens, something not numeric, NaN or +inf, a frame in which no token can be, and values that are
    not log-probabilities (above 0, or, in a few frames looked at, not summing up to 1).
    """
    array = given(emissions)
    if array.ndim != 2:
        raise InputError(f"emissions have the shape {array.shape}", hint="give one utterance as [frames, tokens]")
    if array.shape[1] != vocab_size:
        raise InputError(f"emissions have {array.shape[1]} tokens a frame, but the vocabulary has {vocab_size}",
                         hint="give the tokens of the model that made the emissions")
    if not np.issubdtype(array.dtype, np.floating):
        raise InputError(f"emissions are {array.dtype}", hint="give floating-point log-probabilities")
    with np.errstate(over="ignore"):  # a float64 below float32's range becomes -inf, as it should
        # Also writable and aligned, for numba compiles anew for arrays that are not.
        array = np.require(array, dtype=np.float32, requirements=("C", "ALIGNED", "WRITEABLE"))
    wrong, frame, positive = _first_wrong(array)
    if wrong == 1:
        raise InputError(f"emissions hold NaN or +inf at frame {frame}", hint="look at the model's output")
    if wrong == 2:
        raise InputError(f"emissions give no token any probability at frame {frame}", hint="look at the model's output")
    looked_at = array[:: max(1, len(array) // SPOT_CHECKS)].astype(np.float64)
    if positive > 1e-3 or (np.abs(np.log(np.exp(looked_at).sum(axis=1))) > TOLERANCE).any():
        raise InputError("emissions are not natural-log probabilities",
                         hint="if they are raw logits, say so (--log-probs logits)")
    return array


def given(emissions: Any) -> np.ndarray:
    """Emissions as they are, in an array; see :func:`ctcb.arrays.as_array`."""
    return as_array(emissions, "emissions")


def from_logits(emissions: Any) -> np.ndarray:
    """``[T, V]`` float32 natural-log probabilities of raw logits (a log-softmax over the tokens).

    What is no such array is left as it is, for :func:`as_log_probs` to turn away.
    """
    array = given(emissions)
    if array.ndim != 2 or not np.issubdtype(array.dtype, np.floating) or not array.shape[1]:
        return array
    with np.errstate(invalid="ignore", over="ignore"):  # NaN, inf: as_log_probs names the frame
        array = array.astype(np.float32)
        array = array - array.max(axis=1, keepdims=True)
        return array - np.log(np.exp(array).sum(axis=1, keepdims=True))


# How emissions are written, in the user's words -> what makes natural-log probabilities of them.
SCALES: Dict[str, Callable[[Any], np.ndarray]] = {"natural": given, "logits": from_logits}


@compiled
def _first_wrong(array: np.ndarray) -> Tuple[int, int, np.floating]:
    """``(1, frame, 0)`` for NaN or +inf, ``(2, frame, 0)`` for a frame of -inf; else ``(0, 0, highest value)``."""
    top = np.float32(-np.inf)
    limit = np.float32(np.finfo(np.float32).max)
    lowest = np.float32(-np.inf)
    for t in range(len(array)):
        row, bad, best = array[t], 0, lowest
        for value in row:
            bad += not value <= limit
            best = value if value > best else best
        if bad:
            return 1, t, top
        if best == lowest:
            return 2, t, top
        top = max(top, best)
    return 0, 0, top
