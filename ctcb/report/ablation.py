"""An ablation that ``ctcb ablate --json`` wrote, for a page: its table, and its measures on one axis."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Mapping, Sequence, Tuple

from ctcb.report.axis import AxisRow, mark_of
from ctcb.scoring.measures import ABSENT_FALSE_ALARMS, BY_NAME

COLUMNS = ("entity_precision", "entity_recall", "entity_f1", "wer", "u_wer", "b_wer", "collateral")
PLOTTED = ("entity_f1", "wer", "u_wer")
NONE = "-"  # nothing to divide by


@dataclass(frozen=True)
class AblationTable:
    """The systems of a set under their measures, and some of these drawn."""

    name: str  # of the set
    note: str
    header: Tuple[str, ...]
    rows: Sequence[Tuple[str, ...]]
    plots: Mapping[str, Sequence[AxisRow]]  # title -> systems


def ablation_table(data: Mapping[str, Any]) -> AblationTable:
    """The table of one set of the file. Raises KeyError or TypeError for what is none."""
    systems = data["systems"]
    header = ("system", *(BY_NAME[name].heading for name in COLUMNS), ABSENT_FALSE_ALARMS.heading)
    rows = [
        (system["system"], *(_text(system["measures"].get(name), 100, 1) for name in COLUMNS), _text(system[ABSENT_FALSE_ALARMS.name], 1, 2))
        for system in systems
    ]  # fmt: skip
    plots: Dict[str, Sequence[AxisRow]] = {}
    for name in PLOTTED:
        marked = [AxisRow(system["system"], mark_of(system["measures"].get(name))) for system in systems]
        plots[BY_NAME[name].heading] = [row for row in marked if row.marks]
    return AblationTable(data["set"], _note(data), header, rows, {title: rows for title, rows in plots.items() if rows})


def _note(data: Mapping[str, Any]) -> str:
    added, absent, lists = data["distractors_added"], data.get("anti_context_entities", 0), data.get("anti_context_lists", 0)
    note = f"{data['utterances']:,} utterances, {data['entities']:,} entities on the list"
    note += f", {added:,} of them distractors" if added else ""
    if absent:
        several = "one absent list" if lists == 1 else f"{lists} absent lists, the mean of which is given,"
        note += f"; {several} with {absent:,} names that are not spoken"
    return f"{note}."


def _text(estimate: Any, scale: float, digits: int) -> str:
    return NONE if estimate is None or estimate["value"] is None else f"{scale * estimate['value']:.{digits}f}"
