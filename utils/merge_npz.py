"""Merge the emissions of parts into one file, one utterance at a time.

    python utils/merge_npz.py OUT.npz PART.npz...
"""
from __future__ import annotations

import sys
from typing import Sequence
from zipfile import ZipFile

from ctcb.ctc.npz import NpzWriter, read_npz
from ctcb.errors import run_script
from ctcb.io import atomic_write


def merge(out: str, parts: Sequence[str]) -> None:
    """Write the parts' arrays in their order. Raises InputError for an array that cannot be read."""
    with atomic_write(out, "wb") as file, NpzWriter(file) as writer:
        for part in parts:
            with ZipFile(part) as archive:
                if not archive.namelist():  # none of its utterances could be read
                    continue
            _, emissions = read_npz(part)
            for emission in emissions:
                if emission.error is not None:
                    raise emission.error
                writer.add(emission.utt_id, emission.emissions.tokens)


if __name__ == "__main__":
    run_script(lambda: merge(sys.argv[1], sys.argv[2:]), "merge_npz.py")
