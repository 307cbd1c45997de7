"""ctcb: contextual biasing for CTC speech recognition.

Hand a CTC recogniser a list of names, and its encoder and decoder are biased toward them, without retraining. The
command line is ``ctcb``; see ``ctcb --help``. What is in ``__all__`` is the public API.
"""
from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any, List

from ctcb import moved

if TYPE_CHECKING:
    from ctcb.acoustic.open import Tokens
    from ctcb.biasing.options import TechniqueOptions
    from ctcb.biasing.prepared_list import Context
    from ctcb.ctc.emissions import Emissions
    from ctcb.decoding.audio_stream import AudioStream
    from ctcb.decoding.ctc_decoder import CtcDecoder
    from ctcb.decoding.endpoint import Endpoints
    from ctcb.decoding.load import load
    from ctcb.decoding.recognizer import Recognizer
    from ctcb.decoding.segment import Partial
    from ctcb.decoding.stream import Stream
    from ctcb.entities import Entity, EntityList, LoadReport
    from ctcb.entities.per_utt import EntitiesPerUtt
    from ctcb.errors import InputError, RunError
    from ctcb.graph.options import GraphOptions
    from ctcb.lm.ngram import NgramLm, Perplexity
    from ctcb.lm.vocabulary import VocabularyCheck
    from ctcb.scoring.report import ScoreReport
    from ctcb.scoring.score import score
    from ctcb.search.options import BeamOptions
    from ctcb.transcript.hypothesis import FoundEntity, Word
    from ctcb.transcript.transcript import Alternative, Segment, Transcript

# torch 1.13's MKL takes a slow code path on AMD processors unless told otherwise (75 -> 200 GFLOP/s
# on two cores); it is read once, when torch is first imported. Newer MKLs ignore it.
os.environ.setdefault("MKL_DEBUG_CPU_TYPE", "5")

__version__ = "0.1.0"

__all__ = [
    "Alternative", "AudioStream", "BeamOptions", "Context", "CtcDecoder", "Emissions", "Endpoints", "EntitiesPerUtt", "Entity",
    "EntityList", "FoundEntity", "GraphOptions", "InputError", "LoadReport", "NgramLm", "Partial", "Perplexity", "Recognizer", "RunError",
    "ScoreReport", "Segment", "Stream", "TechniqueOptions", "Tokens", "Transcript", "VocabularyCheck", "Word", "load", "score",
]  # fmt: skip

# name -> the module that holds it. They are imported when they are asked for, so that `import ctcb`
# waits for neither torch nor numba.
_LAZY = {
    "Alternative": "ctcb.transcript.transcript",
    "AudioStream": "ctcb.decoding.audio_stream",
    "BeamOptions": "ctcb.search.options",
    "Context": "ctcb.biasing.prepared_list",
    "CtcDecoder": "ctcb.decoding.ctc_decoder",
    "Emissions": "ctcb.ctc.emissions",
    "Endpoints": "ctcb.decoding.endpoint",
    "EntitiesPerUtt": "ctcb.entities.per_utt",
    "Entity": "ctcb.entities",
    "EntityList": "ctcb.entities",
    "FoundEntity": "ctcb.transcript.hypothesis",
    "GraphOptions": "ctcb.graph.options",
    "InputError": "ctcb.errors",
    "LoadReport": "ctcb.entities",
    "NgramLm": "ctcb.lm.ngram",
    "Partial": "ctcb.decoding.segment",
    "Perplexity": "ctcb.lm.ngram",
    "Recognizer": "ctcb.decoding.recognizer",
    "RunError": "ctcb.errors",
    "ScoreReport": "ctcb.scoring.report",
    "Segment": "ctcb.transcript.transcript",
    "Stream": "ctcb.decoding.stream",
    "TechniqueOptions": "ctcb.biasing.options",
    "Tokens": "ctcb.acoustic.open",
    "Transcript": "ctcb.transcript.transcript",
    "VocabularyCheck": "ctcb.lm.vocabulary",
    "Word": "ctcb.transcript.hypothesis",
    "load": "ctcb.decoding.load",
    "score": "ctcb.scoring.score",
}
_OLD = {"CtcBiaser": "CtcDecoder", "Recogniser": "Recognizer"}

moved.install()


def __getattr__(name: str) -> Any:
    if name in _OLD:
        moved.warn_renamed(f"ctcb.{name}", f"ctcb.{_OLD[name]}")
        name = _OLD[name]
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> List[str]:
    return [*globals(), *_LAZY]
