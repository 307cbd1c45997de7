"""Why rows of an ablation have recognised no name at all: their F1 of 0 looks like a defect and is none."""
from __future__ import annotations

from typing import List, Sequence

from ctcb.biasing.registry import TECHNIQUES
from ctcb.evaluation.ablation import AblationRow


def unrecognised(rows: Sequence[AblationRow]) -> str:
    """One sentence about the rows that recognised none of the names that were spoken; "" where there is none."""
    without = [row.system for row in rows if row.report.entities is not None and row.report.entities.missed and not row.report.entities.found]
    if not without:
        return ""
    no_list = [system.name for system in without if not system.techniques]
    reorder = [system.name for system in without if system.techniques and not any(TECHNIQUES[name].needs_list for name in system.techniques)]
    weak = [system.name for system in without if system.name not in (*no_list, *reorder)]
    parts = [
        (no_list, "uses no list, and the recogniser alone does not write these names"),
        (reorder, "only reorders what the search found, and brings in no name by itself"),
        (weak, "needs the other techniques beside it to bring one in here"),
    ]
    return "Where F1 is 0, none of the spoken names was recognised: " + "; ".join(f"{_listed(names)} {why}" for names, why in parts if names) + "."


def _listed(names: List[str]) -> str:
    return names[0] if len(names) == 1 else "each of " + ", ".join(names)
