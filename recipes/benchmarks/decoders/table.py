"""The results of compare.py as Markdown, put into a block of a results file.

    python recipes/benchmarks/decoders/table.py RESULTS.json --out results/decoders.md
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence

from ctcb.report.markdown import markdown, write_block

BLOCK = "peers"
COLUMNS = (
    "entities", "decoder", "entity precision %", "entity recall %", "entity F1 %", "F1 less ours (95 %)", "U-WER %", "WER %",
    "real-time factor", "times real time", "time, ours = 1", "setting", "notes",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    write_block(options.out, BLOCK, block(json.loads(options.results.read_text(encoding="utf-8"))))


def block(result: Mapping[str, Any]) -> List[str]:
    """The lines of the block: how it was measured, and a table a kind of speech."""
    rows, budget = result["rows"], result["budget"]
    versions = dict.fromkeys(row["version"] for row in rows)
    grids = {row["name"]: row["settings"] for row in rows if row["settings"] > 1}
    lines = [
        f"`recipes/benchmarks/decoders/run.sh --data-dir DIR --model MODEL --beam {result['beam']} "
        f"--tuning-budget {budget['tuning']:g} --scoring-budget {budget['scoring']:g} --speed-budget {budget['speed']:g} "
        f"--results results`, {result['date']}; one process, one thread; "
        f"{', '.join(versions)}.",
        "",
        f"All decoders read the same emissions, keep {result['beam']} hypotheses a frame (kaldi-decoder: "
        f"{2 * result['beam']} states) and, where they have the option, look at {result['top_k']} tokens a frame. A "
        "set's list is its own entities and distractors that its references do not hold; what the distractors are too "
        "few for is made up (the first word of one and the last of another). Decoders that take token sequences get "
        f"those of `ctcb decode`: each entity's best segmentation and up to {result['segmentations']} drawn ones, the "
        f"best alone in lists of more than {result['most_varied']:,}; pyctcdecode gets the texts; NeMo's spotter writes the text that belongs to a sequence.",
        "",
        "Settings were chosen on half 1 of the utterances (ctcb/data/halves.py): the best F1 with U-WER at most 0.1 points above greedy's "
        "or, where no setting had that, the lowest U-WER. Tried were "
        f"{', '.join(f'{count} settings of {name}' for name, count in grids.items())}. All figures are of half 2. "
        "Without a list, entity figures are of the sets' own entities.",
        "",
        "Times are processor times of the search alone, emissions given: the median of 3 rounds in which the decoders took turns. "
        "Making graphs and tries is left out, except that pyctcdecode takes its list anew with each call. The hook of "
        "flashlight and torchaudio is Python that remembers every answer: their rows without a list are the search "
        f"alone. At each list size a decoder had {budget['tuning']:g} s a setting, {budget['scoring']:g} s to be scored and "
        f"{budget['speed']:g} s a round; where that was too little for all utterances, the notes say what it got.",
        "",
    ]
    for kind in dict.fromkeys(row["kind"] for row in rows):
        own = [row for row in rows if row["kind"] == kind]
        sets = ", ".join(f"{s['name']} ({s['targets']} entities)" for s in result["sets"] if s["kind"] == kind)
        speech = "Human" if kind == "human" else "Synthetic"
        lines += [f"**{speech} speech:** {sets}; scored on {own[0]['scoring_half']} utterances, {own[0]['minutes']:.1f} minutes.", ""]
        lines += markdown(COLUMNS, [cells(row, _ours(own, row)) for row in own])
    return lines[:-1]


def cells(row: Mapping[str, Any], ours: Mapping[str, Any]) -> List[str]:
    """One decoder at one list size; ``ours`` is the boosted beam at that size."""
    measures: Dict[str, Any] = row["measures"]
    listed = sorted(set(row["listed"]))
    size = f"{row['size']:,}" if listed == [row["size"]] else f"{row['size']:,} ({' and '.join(f'{n:,}' for n in listed)})"
    return [
        size,
        row["name"],
        _percent(measures["entity_precision"]["value"]),
        _percent(measures["entity_recall"]["value"]),
        _interval(measures["entity_f1"], "value"),
        "" if row is ours else _interval(row["less_ours"]["entity_f1"], "difference", "+"),
        _percent(measures["u_wer"]["value"]),
        _percent(measures["wer"]["value"]),
        f"{row['rtf']:.2g}",
        f"{1 / row['rtf']:,.0f}",
        f"{row['rtf'] / ours['rtf']:.3g}",
        ", ".join(f"{name} {value}" if isinstance(value, str) else f"{name} {value:g}" for name, value in row["chosen"]["setting"].items()),
        "; ".join(_notes(row)),
    ]


def _notes(row: Mapping[str, Any]) -> List[str]:
    """Everything about a row that was not as with the others."""
    notes, chosen = [], row["chosen"]
    if not chosen["within"]:
        notes.append("no setting kept U-WER within the limit")
    if chosen["size"] != row["size"]:
        notes.append(f"too slow to be tuned: the setting of {chosen['size']:,} entities")
    elif chosen["left_out"]:
        notes.append(f"{chosen['left_out']} settings were too slow to be tried")
    if 0 < chosen["utterances"] < row["tuning_half"]:
        notes.append(f"tuned on {chosen['utterances']} of {row['tuning_half']} utterances")
    if row["scored_on"] < row["scoring_half"]:
        notes.append(f"scored on {row['scored_on']} of {row['scoring_half']}, as is ours in the difference")
    if row["timed_on"] < row["scoring_half"]:
        notes.append(f"timed on {row['timed_on']} of {row['scoring_half']}")
    return notes


def _ours(rows: Sequence[Mapping[str, Any]], row: Mapping[str, Any]) -> Mapping[str, Any]:
    return next(one for one in rows if one["size"] == row["size"] and one["peer"] == "boosted")


def _percent(value: Any, sign: str = "") -> str:
    return "" if value is None else f"{100 * value:{sign}.1f}"


def _interval(measure: Mapping[str, Any], key: str, sign: str = "") -> str:
    if measure[key] is None or measure["low"] is None:
        return _percent(measure[key], sign)
    return f"{_percent(measure[key], sign)} ({_percent(measure['low'], sign)} to {_percent(measure['high'], sign)})"


if __name__ == "__main__":
    main()
