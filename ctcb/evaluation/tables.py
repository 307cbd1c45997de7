"""Ablations as tables: for the terminal, for a results file, and as JSON."""
from __future__ import annotations

from dataclasses import asdict
from typing import Any, Dict, List, Optional, Sequence

from ctcb.evaluation.ablation import AblationRow
from ctcb.evaluation.dataset import DataSet
from ctcb.evaluation.unrecognised import unrecognised
from ctcb.report.ablation import COLUMNS, NONE
from ctcb.report.axis import AxisRow, mark
from ctcb.report.markdown import markdown
from ctcb.scoring.bootstrap import Estimate
from ctcb.scoring.measures import ABSENT_FALSE_ALARMS, BY_NAME
from ctcb.text_table import table

REAL_TIME = "times real time, one core"
HEADER = ("system", *(BY_NAME[name].heading for name in COLUMNS), ABSENT_FALSE_ALARMS.heading, REAL_TIME)


def cells(row: AblationRow) -> List[str]:
    """A system's row under HEADER; intervals in brackets."""
    estimates = row.report.estimates
    measures = [_cell(estimates.get(name), 100.0) for name in COLUMNS]
    return [row.system.name, *measures, _cell(row.alarms), f"{row.real_time:.0f}"]


def render_text(data: DataSet, rows: Sequence[AblationRow]) -> str:
    """An ablation for the terminal."""
    why = unrecognised(rows)
    return f"{title(data)}\n\n{table([HEADER, *map(cells, rows)], left=(0,))}\n" + (f"{why}\n" if why else "")


def render_markdown(data: DataSet, rows: Sequence[AblationRow]) -> List[str]:
    """The lines of an ablation for a results file."""
    why = unrecognised(rows)
    return [f"{title(data)}.", "", *markdown(HEADER, list(map(cells, rows))), *([why, ""] if why else [])]


def to_dict(data: DataSet, rows: Sequence[AblationRow]) -> Dict[str, Any]:
    """An ablation as plain values; rates are fractions."""
    return {
        "set": data.name,
        "half": data.half,
        "utterances": len(data.rows),
        "entities": len(data.entities),
        "distractors_added": data.added,
        "anti_context_entities": len(data.absent[0]) if data.absent else 0,
        "anti_context_lists": len(data.absent),
        "systems": [
            {
                "system": row.system.name,
                "techniques": list(row.system.techniques),
                "measures": {name: asdict(found) for name, found in row.report.estimates.items()},
                ABSENT_FALSE_ALARMS.name: None if row.alarms is None else asdict(row.alarms),
                "against_first": None if row.report.comparison is None
                else {name: asdict(found) for name, found in row.report.comparison.differences.items()},
                "list_ready_seconds": round(row.ready, 3),
                "times_real_time": round(row.real_time, 1),
                "transcripts": row.hyps,
            }
            for row in rows
        ],
    }  # fmt: skip


def bar(row: AblationRow) -> AxisRow:
    """A system's entity F1, to be drawn."""
    found = row.report.estimates.get("entity_f1")
    return AxisRow(row.system.name, () if found is None else mark(found.value, found.low, found.high))


def title(data: DataSet) -> str:
    """What was decoded, and toward what."""
    half = "" if data.half is None else f", half {data.half}"
    own = len(data.entities) - data.added
    added = f" and {data.added:,} distractors" if data.added else ""
    absent = ""
    if data.absent:
        lists = "" if len(data.absent) == 1 else f", mean of {len(data.absent)} lists"
        absent = f"; false alarms of absent lists with {len(data.absent[0]):,} names that are not spoken{lists}"
    return f"{data.name}{half}: {len(data.rows):,} utterances, {own:,} entities{added}{absent}"


def _cell(found: Optional[Estimate], scale: float = 1.0) -> str:
    if found is None or found.value is None:
        return NONE
    digits = 1 if scale > 1 else 2
    value = f"{scale * found.value:.{digits}f}"
    if found.low is None or found.high is None:
        return value
    return f"{value} ({scale * found.low:.{digits}f} to {scale * found.high:.{digits}f})"
