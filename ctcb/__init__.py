"""ctcb: contextual biasing for CTC speech recognition.

Hand a CTC recogniser a list of names and let its encoder and decoder lean toward them,
without retraining. The command line is ``ctcb``; see ``ctcb --help``.
"""
from __future__ import annotations

import os
from importlib import import_module
from typing import Any, List

from ctcb import moved

# torch 1.13's MKL takes a slow code path on AMD processors unless told otherwise (75 -> 200 GFLOP/s
# on two cores); it is read once, when torch is first imported. Newer MKLs ignore it.
os.environ.setdefault("MKL_DEBUG_CPU_TYPE", "5")

__version__ = "0.1.0"

# name -> the module that holds it. They are imported when they are asked for, so that `import ctcb`
# waits for neither torch nor numba.
_LAZY = {
    "BeamOptions": "ctcb.search.options",
    "CtcBiaser": "ctcb.decoding.ctc_decoder",
    "load": "ctcb.decoding.recognizer",
}

moved.install()


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> List[str]:
    return [*globals(), *_LAZY]
