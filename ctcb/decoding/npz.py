"""Emissions in numpy's .npz, written an utterance at a time."""
from __future__ import annotations

import zipfile
from typing import IO

import numpy as np


class NpzWriter:
    """``numpy.savez`` that does not hold all arrays at once."""

    def __init__(self, file: IO[bytes]) -> None:
        self.archive = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True)

    def __enter__(self) -> "NpzWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self.archive.close()

    def add(self, name: str, array: np.ndarray) -> None:
        """Append one array under its name."""
        with self.archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
            np.lib.format.write_array(entry, np.ascontiguousarray(array), allow_pickle=False)
