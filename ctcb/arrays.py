"""Arrays of callers, whatever library they come from, as numpy's."""
from __future__ import annotations

from typing import Any

import numpy as np

from ctcb.errors import InputError


def as_array(values: Any, what: str) -> np.ndarray:
    """``values`` as a numpy array of their shape, copied only if need be.

    Taken are numpy arrays, nested lists of numbers, what has ``__array__``, and torch tensors wherever they are: also
    those that require a gradient, and bfloat16 as float32. ``what`` they are goes into the message.

    Raises InputError for what is no such array, rows of different lengths for one.
    """
    try:
        if hasattr(values, "detach"):  # a tensor; torch itself is not imported for emissions of other libraries
            tensor = values.detach().cpu()
            return np.asarray((tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor).numpy())
        return np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"{what}: a {type(values).__name__} that is no array ({error})", hint="give a numpy array") from None
