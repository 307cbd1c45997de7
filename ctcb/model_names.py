"""What ``--model`` may say, a model directory or ``KIND:NAME``, and where a model's own files lie (``decode.yaml``, its LM)."""
from __future__ import annotations

import os
from pathlib import Path
from typing import Optional, Tuple

from ctcb.io import PathOrStr

FOREIGN = ("hf", "torchaudio", "onnx", "nemo", "hama")  # the kinds beside the model directory


def split_name(model: PathOrStr) -> Tuple[Optional[str], str]:
    """The kind, None for a model directory, and what stands behind the colon."""
    kind, colon, name = str(model).partition(":")
    if kind in FOREIGN and (colon or kind == "hama"):
        return kind, name
    return None, str(model)


def is_foreign(model: PathOrStr) -> bool:
    """Whether ``--model`` names another kind than a model directory."""
    return split_name(model)[0] is not None


def own_file(model: PathOrStr, name: str) -> Path:
    """Where a model's own file of a name is looked for, and written by `ctcb tune --into-model`.

    A model that is a folder (a model directory, ``hf:FOLDER``) has it there. One that is a file (``onnx:m.onnx``,
    ``nemo:m.nemo``) has it beside, with its own name before it (``m.onnx.decode.yaml``), since several models may share a
    folder. For one that is only a name, it lies below :func:`settings_folder`.
    """
    kind, rest = split_name(model)
    if kind is None or (rest and Path(rest).is_dir()):
        return Path(rest) / name
    if Path(rest).is_file():
        return Path(f"{rest}.{name}")
    return settings_folder() / "--".join(filter(None, (kind, *rest.split("/")))) / name


def settings_folder() -> Path:
    """``ctcb/models`` where the user's settings are: in ``$XDG_CONFIG_HOME``, or ``~/.config``."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "ctcb" / "models"
