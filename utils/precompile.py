"""Put machine code into a copy of the package, for this Python and this numba, so that nobody waits for numba to compile it.

    python utils/precompile.py FOLDER

FOLDER holds the package ``ctcb``. setup.py calls this for a wheel with machine code (CONTRIBUTING.md, "Releasing"). Takes about a minute;
the exit code is 1, with the reason, where not all is compiled in the end.
"""
from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

DOCTOR = "from ctcb.cli import main; main(['doctor', '--no-speed', '--compile'])"


def compile_into(cache: Path, folder: Path, variables: dict) -> bool:
    """Compile what decoding needs, with the package in ``folder``, and keep in ``cache`` what the package lacks. Returns whether it lacked anything."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("NUMBA_", "CTCB_"))}
    own.update(variables, NUMBA_CACHE_DIR=str(cache), PYTHONPATH=str(folder), PYTHONDONTWRITEBYTECODE="1")
    ran = subprocess.run([sys.executable, "-c", DOCTOR], env=own, cwd=cache, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if ran.returncode != 0:
        sys.exit(f"{ran.stdout}precompile: compiling failed (see above); all that ctcb depends on must be installed")
    return any(cache.rglob("*.nbc"))


def main(folder: Path) -> None:
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True  # what lies in the folder comes into the wheel
    from ctcb.compiled import copy_cache
    from ctcb.machine_code import ANY_PROCESSOR, PACKAGE

    if PACKAGE != folder / "ctcb":
        sys.exit(f"precompile: {folder} has no package ctcb")
    with tempfile.TemporaryDirectory() as made, tempfile.TemporaryDirectory() as lacking:
        compile_into(Path(made), folder, ANY_PROCESSOR)
        copy_cache(Path(made), PACKAGE)
        if compile_into(Path(lacking), folder, ANY_PROCESSOR):
            sys.exit("precompile: not all that was compiled is found again")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
