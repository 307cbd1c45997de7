"""Public modules and names as they were called in 0.1.0: kept for one release, with a DeprecationWarning."""
from __future__ import annotations

import sys
import warnings
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Callable, Mapping, Optional

# What the documentation named: old path -> new path.
MOVED = {
    "ctcb.decoding.biaser": "ctcb.decoding.ctc_decoder",
    "ctcb.decoding.emissions": "ctcb.ctc.log_probs",
    "ctcb.decoding.options": "ctcb.search.options",
    "ctcb.decoding.recogniser": "ctcb.decoding.recognizer",
    "ctcb.decoding.technique": "ctcb.biasing.technique",
    "ctcb.decoding.techniques": "ctcb.biasing.registry",
    "ctcb.decoding.transcript": "ctcb.transcript.transcript",
    "ctcb.ears": "ctcb.acoustic.open",
    "ctcb.models.directory": "ctcb.acoustic.directory",
}


class MovedModules:
    """An import finder (PEP 451) for these paths. It is asked first: folders that an update leaves behind would be found otherwise."""

    @classmethod
    def find_spec(cls, name: str, path: Any = None, target: Optional[ModuleType] = None) -> Optional[ModuleSpec]:
        if name not in MOVED:
            return None
        warnings.warn(f"{name} is now {MOVED[name]}; the old path goes with the next release", DeprecationWarning, stacklevel=2)
        return ModuleSpec(name, cls)

    @staticmethod
    def create_module(spec: ModuleSpec) -> Optional[ModuleType]:
        return None  # an ordinary one, which the next step replaces

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        sys.modules[module.__name__] = import_module(MOVED[module.__name__])


def install() -> None:
    """Let old paths be imported."""
    if MovedModules not in sys.meta_path:
        sys.meta_path.insert(0, MovedModules)


def renamed(module: str, names: Mapping[str, str]) -> Callable[[str], Any]:
    """A module's ``__getattr__`` (PEP 562) that answers old names with a warning.

    ``names[old]`` is the new name in the module, or ``module.name`` of another one.
    """

    def find(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warn_renamed(name, names[name])
        other, _, new = names[name].rpartition(".")
        return getattr(import_module(other or module), new)

    return find


def warn_renamed(old: str, new: str, stacklevel: int = 3) -> None:
    """Warn that a name goes; ``stacklevel`` as in :func:`warnings.warn`, by default the caller's caller."""
    warnings.warn(f"{old} is now {new}; the old name goes with the next release", DeprecationWarning, stacklevel=stacklevel)
