"""Machine code that was made beforehand and lies in the installed package, where a wheel was built with it (utils/precompile.py).

It is for one version of Python, of numba and of LLVM, and for any processor of one kind. Its folder and its files are named after
all of these and after the sources' digest, so that what does not fit is not found. Like the package's modules, numba runs what lies there
without a check; nothing that a user names leads to another folder.
"""
from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

# Code for any processor of the machine's kind: numba reads these variables when it is imported.
ANY_PROCESSOR = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
PACKAGE = Path(__file__).parent
NAME = "precompiled"


def machine_code_folder(folder: Path, package: Path = PACKAGE) -> Path:
    """Where a ``package`` of ctcb has the machine code of the source files in one of its folders, for this numba, LLVM and kind of machine."""
    from llvmlite.binding import get_process_triple

    made_with = f"numba-{version('numba')}-llvmlite-{version('llvmlite')}-{get_process_triple()}"
    return package / NAME / made_with / folder.relative_to(package)
