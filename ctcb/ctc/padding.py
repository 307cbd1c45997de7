"""Frames that are no emissions: the rows with which batches are padded to the length of their longest utterance.

Padding is one value for all tokens: 0, minus infinity, NaN, or, where a log-softmax came behind it, the logarithm of 1 / V.
No model emits that.
"""
from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ctcb.arrays import as_array
from ctcb.ctc.emissions import Emissions
from ctcb.errors import InputError

LEAST_UNIFORM = 2  # frames; one in which all tokens are as likely may be chance where there are few


class Speech(NamedTuple):
    """The frames between padding."""

    first: int
    end: int


def speech_of(array: np.ndarray, logits: bool = False) -> Speech:
    """The frames of ``[T, V]`` emissions without the padding before and behind them.

    All of them for what is no such array, for one token, and where all frames are alike. ``logits``: the emissions are not
    normalised.
    """
    everything = Speech(0, len(array) if array.ndim else 0)
    if array.ndim != 2 or array.shape[1] < 2 or not np.issubdtype(array.dtype, np.floating):
        return everything
    # Two tokens first, so that the others are only looked at where these are alike.
    alike = _same(array[:, 0], array[:, 1])
    candidates = np.flatnonzero(alike)
    if not len(candidates):
        return everything
    alike[candidates] = _same(array[candidates], array[candidates, :1]).all(axis=1)
    spoken = np.flatnonzero(~alike)
    if not len(spoken):
        return everything
    first, end = int(spoken[0]), int(spoken[-1]) + 1
    if not logits:  # a single frame of equal probabilities may be one
        first = 0 if first < LEAST_UNIFORM and _is_uniform(array[:first]) else first
        end = len(array) if len(array) - end < LEAST_UNIFORM and _is_uniform(array[end:]) else end
    return Speech(first, end)


def without_padding(emissions: Emissions, logits: bool = False, trim: bool = True) -> Emissions:
    """The emissions of the frames between padding, of all heads; ``logits`` as in :func:`speech_of`.

    Raises InputError for padding that is not to be left out, and for tokens' emissions that are no array.
    """
    array = as_array(emissions.tokens, "emissions")
    emissions = replace(emissions, tokens=array)
    first, end = speech_of(array, logits)
    if array.ndim == 0 or (first, end) == (0, len(array)):
        return emissions
    if trim:
        return emissions.cut(first, end)
    where = f"from frame {end} to the last, {len(array) - 1}," if end < len(array) else f"before frame {first}"
    raise InputError(
        f"emissions {where} hold one value for all tokens: padding of a batch",
        hint=f"keep [{first}:{end}] of the frames, or have the padding left out (--trim-padding; in Python trim_padding=True)",
    )


def _same(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return (one == other) | (np.isnan(one) & np.isnan(other))


def _is_uniform(rows: np.ndarray) -> bool:
    """Whether rows of one value each are distributions."""
    return bool(np.allclose(rows[:, :1], -np.log(rows.shape[1]), atol=0.01)) if len(rows) else True
