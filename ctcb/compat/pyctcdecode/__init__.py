"""pyctcdecode's interface on ctcb's search: :func:`build_ctcdecoder` and what it returns.

>>> from ctcb.compat.pyctcdecode import build_ctcdecoder
>>> decoder = build_ctcdecoder(labels, "lm.arpa", alpha=0.5, beta=1.5)
>>> decoder.decode(logits, hotwords=["Zelenskyy"])

What has no counterpart is named in docs/coming_from.md, and warned of once where it is asked for.
"""
from __future__ import annotations

import importlib.util
import sys
from importlib import import_module

from ctcb.compat.pyctcdecode.alphabet import Alphabet
from ctcb.compat.pyctcdecode.decoder import BeamSearchDecoderCTC, build_ctcdecoder
from ctcb.compat.pyctcdecode.language_model import LanguageModel

__all__ = ["Alphabet", "BeamSearchDecoderCTC", "LanguageModel", "build_ctcdecoder", "install"]


def install() -> None:
    """Let ``import pyctcdecode`` mean this module, for the process: transformers' ``Wav2Vec2ProcessorWithLM`` then runs on it.

    To be called before whatever imports pyctcdecode; that need not be installed.
    """
    for name in ("", ".alphabet", ".constants", ".decoder", ".language_model"):
        sys.modules[f"pyctcdecode{name}"] = import_module(f"{__name__}{name}")
    if importlib.util.find_spec("transformers") is not None:  # it looks for the package's metadata, once
        import_module("transformers.utils.import_utils")._pyctcdecode_available = True
