"""The log of a training directory, drawn."""
from __future__ import annotations

from pathlib import Path
from typing import Dict, List

from ctcb.io import PathOrStr
from ctcb.report.line_chart import Curve, Panel, Point, line_chart
from ctcb.training.log import read_log, scalars

# Groups of scalars in the order of their panels, with what they are in; others are TensorBoard's alone.
PANELS = {
    "loss": "loss, nats a target token", "WER": "WER of the dev sets, %", "entity F1": "entity F1 of the dev sets, %",
    "learning rate": "learning rate", "speed": "audio, times real time", "memory": "peak memory, GiB",
}  # fmt: skip
PERCENT = ("WER", "entity F1")  # groups of shares, which are shown in percent
STEPS, NOTHING_YET = "over optimiser steps", "nothing is logged before step 50"


def draw(folder: PathOrStr) -> str:
    """The SVG of a training directory's panels. Raises InputError as :func:`panels_of` does."""
    panels = panels_of(folder)
    return line_chart(f"Training of {run_name(folder)}", STEPS if panels else NOTHING_YET, panels)


def run_name(folder: PathOrStr) -> str:
    """What a training directory is called."""
    return Path(folder).resolve().name


def panels_of(folder: PathOrStr) -> List[Panel]:
    """A training directory's losses by head, dev sets, learning rate, speed and memory over steps.

    Raises InputError where there is no log, and for a log that is malformed.
    """
    groups: Dict[str, Dict[str, List[Point]]] = {}
    for row in read_log(folder):
        for tag, value in scalars(row).items():
            group, name = tag.split("/", 1)
            groups.setdefault(group, {}).setdefault(name, []).append((row["step"], 100 * value if group in PERCENT else value))
    return [
        Panel(title, [Curve(name, points) for name, points in groups[group].items()], from_zero=group != "loss")
        for group, title in PANELS.items() if group in groups
    ]  # fmt: skip
