"""Coverage-guided fuzzing of a reader with atheris (`pip install atheris`, which has wheels for Python 3.12 and later).

    python tests/fuzz/fuzz.py READER CORPUS [--minutes M] [LIBFUZZER_OPTION...]

READER is one of `readers.READERS`. CORPUS is a folder, made where it is not there, that grows by what reaches new
code; begin anew with an empty one. What breaks a reader is written beside it as crash-*, and the exit code is then
not 0. `-runs=0 CORPUS crash-...` tries it again.
"""
from __future__ import annotations

import sys
from pathlib import Path

import atheris

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

with atheris.instrument_imports(include=["ctcb"]):
    from readers import READERS, SEEDS


def main() -> None:
    """Read the arguments and begin."""
    if len(sys.argv) < 3 or sys.argv[1] not in READERS:
        sys.exit(f"usage: {sys.argv[0]} {{{','.join(READERS)}}} CORPUS [--minutes M] [LIBFUZZER_OPTION...]")
    name, corpus, *options = sys.argv[1:]
    if "--minutes" in options:
        place = options.index("--minutes")
        options[place : place + 2] = [f"-max_total_time={round(60 * float(options[place + 1]))}"]
    folder = Path(corpus)
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.iterdir()):
        (folder / "seed").write_text(SEEDS[name], encoding="utf-8")
    limits = ["-max_len=2000", "-timeout=20", "-rss_limit_mb=2000", f"-artifact_prefix={folder.resolve().parent}/"]
    atheris.Setup([sys.argv[0], str(folder), *limits, *options], READERS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
