"""What pyproject.toml says of the project."""
from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict, List

try:
    import tomllib
except ModuleNotFoundError:  # before Python 3.11
    import tomli as tomllib

ROOT = Path(__file__).parents[1]


def pyproject() -> Dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def dependencies() -> List[str]:
    return pyproject()["project"]["dependencies"]


def extras() -> Dict[str, List[str]]:
    return pyproject()["project"]["optional-dependencies"]


def name_of(requirement: str) -> str:
    """The package that a requirement names, as package indexes write it."""
    return re.sub("[-_.]+", "-", re.split(r"[\[><=; ]", requirement)[0]).lower()
