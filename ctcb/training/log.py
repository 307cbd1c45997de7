"""The log of a run, ``log.jsonl``: its rows, and the scalars that curves and TensorBoard show of them."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Dict, List, Tuple

from ctcb.errors import InputError, unreadable
from ctcb.io import PathOrStr

LOG = "log.jsonl"
Row = Dict[str, float]
# Values of a row on training steps that are no losses: their tags, by group and name.
NOT_LOSSES = {
    "lr": "learning rate/lr", "times_real_time": "speed/times real time", "norm": "gradient/norm", "skipped": "gradient/skipped steps",
    "loss_scale": "gradient/loss scale", "peak_gib": "memory/peak GiB",
    "entries": "names/entries of the list", "total": "names/tokens", "hits": "names/tokens that attend to their name",
    "quiet": "names/share of other frames that attend to none",
}  # fmt: skip
MEASURES = {"wer": "WER", "plain_wer": "WER", "f1": "entity F1", "plain_f1": "entity F1", "hit": "attention on the names"}  # of dev sets, by group


def scalars(row: Row) -> Dict[str, float]:
    """What a row says, by tag: a group and a name with a slash between them, such as ``loss/ctc`` or ``WER/real_dev``.

    A row is of training steps or of the dev sets after an epoch. Losses are in nats a target token, word error rates are shares.
    """
    found = {}
    for name, value in row.items():
        if name in ("step", "epoch"):
            continue
        if of_training(row):
            tag = NOT_LOSSES.get(name, f"loss/{name}")
        else:
            measure = max((start for start in MEASURES if name.startswith(f"{start}_")), key=len, default=None)
            if measure is None:
                tag = f"dev/{name}"
            else:
                without = " without the list" if measure.startswith("plain_") else ""
                tag = f"{MEASURES[measure]}/{name[len(measure) + 1 :]}{without}"
        found[tag] = value
    return found


def of_training(row: Row) -> bool:
    """Whether a row is of training steps; else it is of the dev sets."""
    return "times_real_time" in row


def read_log(folder: PathOrStr) -> List[Row]:
    """The rows of a training directory's log, in order; of steps that a resumed run repeated the later ones.

    A last line that is still being written is left out. Raises InputError where there is no log, and for another line that is no row.
    """
    path = Path(folder) / LOG
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise unreadable(error, path, missing="name a training directory, with the log of a run that has begun") from None
    rows: List[Row] = []
    for number, line in enumerate(lines[:-1], start=1):
        row = _row(line, path, number)
        while rows and _place(rows[-1]) >= _place(row):
            rows.pop()
        rows.append(row)
    return rows


def _place(row: Row) -> Tuple[float, bool]:
    """The order of rows: by step; those of the dev sets come after those of training."""
    return row["step"], not of_training(row)


def _row(line: bytes, path: Path, number: int) -> Row:
    try:
        row = json.loads(line)
        if isinstance(row["step"], int) and all(isinstance(value, (int, float)) for value in row.values()):
            return row
    except (ValueError, TypeError, KeyError, AttributeError):
        pass
    raise InputError("is no row of a training's log", file=path, line=number, hint="remove the line")
