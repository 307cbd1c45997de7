"""The log of a training directory, drawn."""
from __future__ import annotations

from pathlib import Path
from typing import Dict, List

from ctcb.io import PathOrStr
from ctcb.report.line_chart import Curve, Panel, Point, line_chart
from ctcb.training.log import read_log, scalars

# Groups of scalars in the order of their panels, with what they are in; others are TensorBoard's alone.
PANELS = {
    "loss": "loss, nats a target token", "WER": "WER of the dev sets", "entity F1": "entity F1 of the dev sets",
    "learning rate": "learning rate", "speed": "audio, times real time", "memory": "peak memory, GiB",
}  # fmt: skip


def draw(folder: PathOrStr) -> str:
    """The SVG of a training directory's losses by head, dev sets, learning rate and speed over steps.

    Raises InputError where there is no log.
    """
    groups: Dict[str, Dict[str, List[Point]]] = {}
    for row in read_log(folder):
        for tag, value in scalars(row).items():
            group, name = tag.split("/", 1)
            groups.setdefault(group, {}).setdefault(name, []).append((row["step"], value))
    panels = [
        Panel(title, [Curve(name, points) for name, points in groups[group].items()], from_zero=group != "loss")
        for group, title in PANELS.items() if group in groups
    ]  # fmt: skip
    below = "over optimiser steps" if panels else "nothing is logged before step 50"
    return line_chart(f"Training of {Path(folder).resolve().name}", below, panels)
