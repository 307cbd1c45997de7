"""The optional packages: what each extra of pyproject.toml is for, and how it is installed."""
from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Dict, Tuple


@dataclass(frozen=True)
class Extra:
    """An extra that users may want, and the packages whose presence shows that it is installed."""

    purpose: str
    packages: Tuple[Tuple[str, str], ...]  # name in the package index, module
    replaces: str = ""  # a package that must not be beside them
    system: str = ""  # how to get what they need of the system


EXTRAS: Dict[str, Extra] = {
    "lm": Extra("--lm, ctcb lm", (("kenlm", "kenlm"),)),
    "vad": Extra("--vad", (("silero-vad", "silero_vad"), ("onnxruntime", "onnxruntime"))),
    "espeak": Extra("names in other languages", (("espeakng-loader", "espeakng_loader"),)),
    "mic": Extra("ctcb stream --mic", (("sounddevice", "sounddevice"),), system="sudo apt install libportaudio2"),
    "server": Extra("recipes/streaming/server.py", (("websockets", "websockets"),)),
    "plot": Extra("--attention-plot", (("matplotlib", "matplotlib"),)),
    "hf": Extra("--model hf:", (("transformers", "transformers"),)),
    "torchaudio": Extra("--model torchaudio:", (("torchaudio", "torchaudio"),)),
    "onnx": Extra("--model onnx:", (("onnxruntime", "onnxruntime"), ("kaldi-native-fbank", "kaldi_native_fbank"))),
    "onnx-gpu": Extra("--model onnx: on a GPU", (("onnxruntime-gpu", "onnxruntime"), ("kaldi-native-fbank", "kaldi_native_fbank")), "onnxruntime"),
    "nemo": Extra("--model nemo:", (("nemo_toolkit", "nemo"),)),
    "hama": Extra("--model hama", (("hama", "hama"),)),
    "export": Extra("ctcb export --onnx", (("onnx", "onnx"), ("onnxruntime", "onnxruntime"))),
    "train": Extra("ctcb prepare --features, ctcb train", (("torchaudio", "torchaudio"), ("lilcom", "lilcom"))),
    "tune": Extra("ctcb tune", (("optuna", "optuna"),)),
    "tensorboard": Extra("ctcb train --tensorboard", (("tensorboard", "tensorboard"),)),
}


# A package -> what does the same in its place.
INSTEAD = {extra.replaces: extra.packages[0][0] for extra in EXTRAS.values() if extra.replaces}


def install(extra: str) -> str:
    """The command that installs an extra. It needs no package index that has ctcb: pip takes the installed ctcb, or the checkout
    that is run."""
    first = f"pip uninstall -y {EXTRAS[extra].replaces} && " if EXTRAS[extra].replaces else ""
    try:
        distribution("ctcb")
    except PackageNotFoundError:
        return f"{first}pip install -e '{Path(__file__).resolve().parents[1]}[{extra}]'"
    return f"{first}pip install 'ctcb[{extra}]'"


def installed(package: str) -> str:
    """The version of a package, or of what is there in its place; raises PackageNotFoundError."""
    try:
        return version(package)
    except PackageNotFoundError:
        if package not in INSTEAD:
            raise
        return f"{version(INSTEAD[package])} ({INSTEAD[package]})"
