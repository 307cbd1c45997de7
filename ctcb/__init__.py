"""ctcb: contextual biasing for CTC speech recognition.

Hand a CTC recogniser a list of names and let its encoder and decoder lean toward them,
without retraining. The command line is ``ctcb``; see ``ctcb --help``.
"""
from __future__ import annotations

import os

# torch 1.13's MKL takes a slow code path on AMD processors unless told otherwise (75 -> 200 GFLOP/s
# on two cores); it is read once, when torch is first imported. Newer MKLs ignore it.
os.environ.setdefault("MKL_DEBUG_CPU_TYPE", "5")

__version__ = "0.1.0"
