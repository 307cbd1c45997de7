"""The optional packages: what each extra of pyproject.toml is for, and how it is installed."""
from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Dict, Tuple


@dataclass(frozen=True)
class Extra:
    """An extra that users may want, and the packages whose presence shows that it is installed."""

    purpose: str
    packages: Tuple[Tuple[str, str], ...]  # name in the package index, module


EXTRAS: Dict[str, Extra] = {
    "lm": Extra("--lm, ctcb lm", (("kenlm", "kenlm"),)),
    "vad": Extra("--vad", (("silero-vad", "silero_vad"), ("onnxruntime", "onnxruntime"))),
    "espeak": Extra("names in other languages", (("espeakng-loader", "espeakng_loader"),)),
    "mic": Extra("ctcb stream --mic", (("sounddevice", "sounddevice"),)),
    "server": Extra("recipes/streaming/server.py", (("websockets", "websockets"),)),
    "plot": Extra("--attention-plot", (("matplotlib", "matplotlib"),)),
    "hf": Extra("--model hf:", (("transformers", "transformers"),)),
    "torchaudio": Extra("--model torchaudio:", (("torchaudio", "torchaudio"),)),
    "onnx": Extra("--model onnx:", (("onnxruntime", "onnxruntime"), ("kaldi-native-fbank", "kaldi_native_fbank"))),
    "onnx-gpu": Extra("--model onnx: on a GPU, in the place of onnx", (("onnxruntime-gpu", "onnxruntime"), ("kaldi-native-fbank", "kaldi_native_fbank"))),
    "nemo": Extra("--model nemo:", (("nemo_toolkit", "nemo"),)),
    "hama": Extra("--model hama", (("hama", "hama"),)),
    "export": Extra("ctcb export --onnx", (("onnx", "onnx"), ("onnxruntime", "onnxruntime"))),
    "train": Extra("ctcb prepare --features, ctcb train", (("torchaudio", "torchaudio"), ("lilcom", "lilcom"))),
    "tune": Extra("ctcb tune", (("optuna", "optuna"),)),
    "tensorboard": Extra("ctcb train --tensorboard", (("tensorboard", "tensorboard"),)),
}


def install(extra: str) -> str:
    """The command that installs an extra. It needs no package index that has ctcb: pip takes the installed ctcb, or the checkout."""
    if extra not in EXTRAS:
        raise KeyError(extra)
    return f"pip install {_source(extra)}"


def reinstall() -> str:
    """The command that installs ctcb and all that it always needs once more."""
    return f"pip install --force-reinstall {_source()}"


def _source(extra: str = "") -> str:
    """ctcb as pip finds it, with an extra: by its name where it is installed, else the checkout that is run."""
    named = f"[{extra}]" if extra else ""
    try:
        distribution("ctcb")
    except PackageNotFoundError:
        return f"-e '{Path(__file__).resolve().parents[1]}{named}'"
    return f"'ctcb{named}'" if named else "ctcb"
