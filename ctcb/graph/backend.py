"""k2, imported only when a graph is searched."""
from __future__ import annotations

from typing import Any

from ctcb.errors import RunError


def import_k2() -> Any:
    """The module k2. Raises RunError, with installation instructions, where it is missing or does not fit the installed torch."""
    try:
        import k2
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == "k2"
        why = "is not installed" if missing else f"cannot be imported ({error})"
        raise RunError(
            f"graphs are searched by k2, which {why}; take the wheel for your torch from https://k2-fsa.github.io/k2, "
            "or make the environment of a checkout (utils/setup_env.sh); --method beam needs no k2"
        ) from None
    return k2
