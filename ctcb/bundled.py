"""Where the model and the configurations are that come with the package."""
from __future__ import annotations

from pathlib import Path
from typing import List

from ctcb.io import PathOrStr

PACKAGE = Path(__file__).parent
BUNDLED_MODEL = PACKAGE / "assets" / "model"
# In the wheel within the package, in a checkout beside it (setup.py).
CONF = next((folder for folder in (PACKAGE / "conf", PACKAGE.parent / "conf") if folder.is_dir()), PACKAGE / "conf")


def config_file(path: PathOrStr) -> Path:
    """A configuration's file: ``path``, or where nothing is there and it begins with ``conf/``, that of the package."""
    parts = Path(path).parts
    bundled = CONF.joinpath(*parts[1:])
    return bundled if parts[:1] == ("conf",) and ".." not in parts and not Path(path).exists() and bundled.is_file() else Path(path)


def config_names(kind: str) -> List[str]:
    """The package's configurations of a kind (``model``, ``train``): NAME, for ``conf/KIND/NAME.yaml``."""
    return sorted(file.stem for file in (CONF / kind).glob("*.yaml"))
