"""Hand-made emissions for given tokens."""
from __future__ import annotations

from pathlib import Path
from typing import Dict, Mapping, Sequence, Union

import numpy as np

# A model whose greedy reading of `mets`' frames is "ann met bov"; "bob" is in the second place.
PIECES = ["<blk>", "<unk>", "▁", "▁an", "n", "▁met", "▁bo", "b", "v", "z"]
MET = ["▁an", "n", "<blk>", "▁met", "<blk>", "▁bo", {"v": 0.6, "b": 0.25, "z": 0.1}, "<blk>"]

# The same in the characters of a wav2vec 2.0.
LETTERS = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ABEMNOTVZ", "'"]
SPOKEN = ["A", "N", "<pad>", "N", "|", "M", "E", "T", "|", "B", "O", {"V": 0.6, "B": 0.25, "Z": 0.1}, "|"]

Frame = Union[str, Mapping[str, float]]


def log_probs(symbols: Sequence[str], frames: Sequence[Frame]) -> np.ndarray:
    """``[T, V]`` float32: a frame is a nearly certain token, or tokens and their probabilities."""
    table = np.full((len(frames), len(symbols)), 1e-4)
    for row, frame in zip(table, frames):
        for symbol, probability in ({frame: 0.99} if isinstance(frame, str) else frame).items():
            row[symbols.index(symbol)] = probability
    return np.log(table / table.sum(axis=1, keepdims=True)).astype(np.float32)


def write(folder: Path, arrays: Dict[str, np.ndarray], symbols: Sequence[str] = PIECES) -> Sequence[str]:
    """``e.npz`` and ``tokens.txt``; the options that name them."""
    np.savez(folder / "e.npz", **arrays)
    (folder / "tokens.txt").write_text("".join(f"{symbol}\n" for symbol in symbols), encoding="utf-8")
    return ["--emissions", str(folder / "e.npz"), "--tokens", str(folder / "tokens.txt"), "--frame-shift", "0.04"]
