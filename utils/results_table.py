"""Score reports as a Markdown table, put into a results file by the recipe that made them.

    python utils/results_table.py --out RESULTS.md --block NAME --human DIR... --synthetic DIR...

Each DIR holds a ``score.json`` of ``ctcb score``. The table takes the place of what stands between
``<!-- begin NAME -->`` and ``<!-- end NAME -->``; where the file has no such lines, they are added
at its end.
"""
from __future__ import annotations

import argparse
import datetime
import json
from pathlib import Path
from typing import Any, Dict, List, Sequence

from ctcb.errors import InputError
from ctcb.io import atomic_write

COLUMNS = ("set", "speech", "utterances", "words", "WER %", "entity P %", "entity R %", "entity F1 %")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--block", required=True)
    parser.add_argument("--human", type=Path, nargs="*", default=[])
    parser.add_argument("--synthetic", type=Path, nargs="*", default=[])
    options = parser.parse_args()
    rows = [row(folder, kind) for kind in ("human", "synthetic") for folder in getattr(options, kind)]
    table = markdown(COLUMNS, rows) + [f"Scored on {datetime.date.today().isoformat()}."]
    text = options.out.read_text(encoding="utf-8") if options.out.exists() else ""
    with atomic_write(options.out) as file:
        file.write(replace_block(text, options.block, table, options.out))


def row(folder: Path, kind: str) -> List[str]:
    """One data set's measures; intervals in brackets."""
    report: Dict[str, Any] = json.loads((folder / "score.json").read_text(encoding="utf-8"))

    def percent(name: str) -> str:
        measure = report["measures"].get(name)
        if measure is None or measure["value"] is None:
            return ""
        return "{:.1f} ({:.1f} to {:.1f})".format(*(100 * measure[key] for key in ("value", "low", "high")))

    words = report["counts"]["wer"]["words"]
    measures = [percent(name) for name in ("wer", "entity_precision", "entity_recall", "entity_f1")]
    return [folder.name, kind, str(report["utterances"]), str(words), *measures]


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> List[str]:
    """The lines of a table, and an empty one."""
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines] + [""]


def replace_block(text: str, name: str, lines: Sequence[str], file: Path) -> str:
    """``text`` with the block's content replaced by ``lines``."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    block = "\n".join([begin, "", *lines, "", end])
    if begin not in text:
        return f"{text.rstrip()}\n\n{block}\n".lstrip()
    before, rest = text.split(begin, 1)
    if end not in rest:
        raise InputError(f"{begin} has no {end}", file=file, line=before.count("\n") + 1, mend="add the end line")
    return before + block + rest.split(end, 1)[1]


if __name__ == "__main__":
    main()
