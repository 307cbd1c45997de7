"""What transcripts were made with, for ``settings.json`` beside them."""
from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any, Dict, Mapping, Optional

from ctcb import __version__
from ctcb.bundled import BUNDLED_MODEL
from ctcb.io import PathOrStr, digest
from ctcb.model_names import is_foreign

SETTINGS = "settings.json"


def made_with(
    model: Mapping[str, str], lm: Optional[PathOrStr], entities: Optional[PathOrStr], search: str, techniques: Any, options: Mapping[str, Any]
) -> Dict[str, Any]:
    """Version, day, command line, model, files with their digests, and settings, as plain values.

    ``model``: its name and digests; ``entities``: the file of the list, or of the lists of the utterances. Raises InputError for a file
    that cannot be read.
    """
    return {
        "ctcb": __version__, "date": date.today().isoformat(), "command": " ".join(sys.argv[1:]), "model": dict(model),
        "lm": _file(lm), "entities": _file(entities), "search": search, "techniques": [technique.name for technique in techniques],
        "options": dict(options),
    }  # fmt: skip


def settings_text(settings: Mapping[str, Any]) -> str:
    """The contents of ``settings.json``."""
    return json.dumps(settings, ensure_ascii=False, indent=1, default=str) + "\n"


def model_name(model: str) -> str:
    """What a model is called: the bundled one so, others as ``--model`` names them."""
    bundled = not is_foreign(model) and Path(model).resolve() == BUNDLED_MODEL.resolve()
    return "the bundled model" if bundled else model


def _file(path: Optional[PathOrStr]) -> Optional[Dict[str, str]]:
    return None if path is None else {"file": str(path), "sha256": digest(Path(path))}
