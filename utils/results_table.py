"""Score reports as a Markdown table in a block of a results file.

    python utils/results_table.py --out results/base_model.md --block NAME --human DIR... --synthetic DIR...

Each DIR holds a ``score.json`` of ``ctcb score``. The table replaces the text between ``<!-- begin NAME -->``
and ``<!-- end NAME -->``. If the file has no such lines, they are added at its end.
"""
from __future__ import annotations

import argparse
import datetime
import json
from pathlib import Path
from typing import Any, Dict, List

from ctcb.errors import run_script
from ctcb.report.markdown import markdown, write_block
from ctcb.scoring.measures import BY_NAME

MEASURES = ("wer", "entity_precision", "entity_recall", "entity_f1")
COLUMNS = ("set", "speech", "utterances", "words", *(BY_NAME[name].heading for name in MEASURES))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--block", required=True)
    parser.add_argument("--human", type=Path, nargs="*", default=[])
    parser.add_argument("--synthetic", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    rows = [row(folder, kind) for kind in ("human", "synthetic") for folder in getattr(options, kind)]
    table = markdown(COLUMNS, rows) + [f"Scored on {datetime.date.today().isoformat()}."]
    write_block(options.out, options.block, table)


def row(folder: Path, kind: str) -> List[str]:
    """One data set's measures; intervals in brackets."""
    report: Dict[str, Any] = json.loads((folder / "score.json").read_text(encoding="utf-8"))

    def percent(name: str) -> str:
        measure = report["measures"].get(name)
        if measure is None or measure["value"] is None:
            return ""
        if measure["low"] is None:  # one utterance, or `--bootstrap 0`
            return f"{100 * measure['value']:.1f}"
        return "{:.1f} ({:.1f} to {:.1f})".format(*(100 * measure[key] for key in ("value", "low", "high")))

    words = report["counts"]["wer"]["words"]
    measures = [percent(name) for name in MEASURES]
    return [folder.name, kind, str(report["utterances"]), str(words), *measures]


if __name__ == "__main__":
    run_script(main, "results_table.py")
