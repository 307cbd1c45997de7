"""An hour in one file: memory and time of decoding it, and comparison of its words with those of its parts.

    python recipes/benchmarks/long_recording/long_recording.py --data DATA/real_dev --out exp/long --results results/long_recordings.md

The clips of a set's manifest.tsv, one after another and again from the beginning, are the recording. It is
decoded as a whole, in six parts that begin where windows do, in parts cut between clips, and clip by clip.
"""
from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

import click
import numpy as np
import soundfile

from ctcb.acoustic.long_form import HOP
from ctcb.bundled import BUNDLED_MODEL
from ctcb.data.audio import SAMPLE_RATE, read_audio
from ctcb.data.manifest import read_manifest
from ctcb.report.markdown import markdown, write_block
from ctcb.scoring.alignment import align
from ctcb.text.normalize import normalize

JOIN = 10.0  # seconds on either side of a cut that are left out of the comparison


def decode(inputs: Sequence[Path], model: str, out: Path) -> Tuple[Dict[str, dict], float, float]:
    """The rows of hyps.jsonl by id, CPU seconds and peak memory in GB of a separate process; run once a folder."""
    mark = out / "measured.json"
    if not mark.exists():
        mark.write_text(json.dumps(_measured(inputs, model, out)))
    rows = map(json.loads, (out / "hyps.jsonl").read_text("utf-8").splitlines())
    return {row["id"]: row for row in rows}, *json.loads(mark.read_text())


def _measured(inputs: Sequence[Path], model: str, out: Path) -> Tuple[float, float]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = (
        "import resource, sys\nfrom ctcb.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    words = [sys.executable, "-W", "ignore", "-c", code, "decode", "--model", model, "--out", str(out), *map(str, inputs)]
    ran = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, int(ran.stdout.split()[-1]) / 1e6


def different(whole: Sequence[dict], parts: Sequence[dict], cuts: Sequence[float]) -> Tuple[int, int]:
    """How many words differ away from the cuts, and of how many; both have times from the recording's start."""

    def away(words: Sequence[dict]) -> List[str]:
        return [word["word"] for word in words if all(abs(word["start"] - cut) > JOIN for cut in cuts)]

    one, other = away(whole), away(parts)
    return len(align(one, other).edits), len(one)


@click.command()
@click.option("--data", required=True, type=click.Path(exists=True, path_type=Path), help="Folder with a manifest.tsv.")
@click.option("--model", default=str(BUNDLED_MODEL), help="Model directory.")
@click.option("--minutes", default=60.0, show_default=True)
@click.option("--parts", type=click.IntRange(1, 6), default=6, show_default=True, help="Of the six parts, compare the first so many.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for audio and transcripts; what is there is not done again.")
@click.option("--results", type=click.Path(), help="Put the table into this Markdown file.")
def main(data: Path, model: str, minutes: float, parts: int, out: Path, results: str) -> None:
    """Measure one long recording."""
    out.mkdir(parents=True, exist_ok=True)
    rows = read_manifest(data / "manifest.tsv")
    samples, texts, ends = [], [], [0]
    while ends[-1] < minutes * 60 * SAMPLE_RATE:
        row = rows[len(texts) % len(rows)]
        samples.append(read_audio(row.audio).samples)
        texts.append(normalize(row.text))
        ends.append(ends[-1] + len(samples[-1]))
    whole = np.concatenate(samples)
    soundfile.write(str(out / "whole.flac"), whole, SAMPLE_RATE)
    step = round(len(whole) / 6 / SAMPLE_RATE / HOP) * HOP * SAMPLE_RATE
    grid = [int(number * step) for number in range(1, 6)]
    between = [min(ends, key=lambda end: abs(end - cut)) for cut in grid]
    hyps, took, peak = decode([out / "whole.flac"], model, out / "whole")
    seconds = len(whole) / SAMPLE_RATE
    table = [["the whole: peak of memory", f"{peak:.2f} GB"], ["the whole: processor time", f"{took:.0f} s ({seconds / took:.0f} times real time)"]]
    for name, cuts in (("grid", grid), ("between", between)):
        files, starts = [], [0, *cuts][:parts]
        for number, (first, last) in enumerate(zip(starts, [*cuts, len(whole)])):
            files.append(out / f"{name}{number}.flac")
            soundfile.write(str(files[-1]), whole[first:last], SAMPLE_RATE)
        rows_of = decode(files, model, out / name)[0]
        words = [
            {**word, "start": word["start"] + first / SAMPLE_RATE}
            for number, first in enumerate(starts) for word in rows_of[f"{name}{number}"]["words"]
        ]
        end = [*cuts, len(whole)][parts - 1] / SAMPLE_RATE
        until = [word for word in hyps["whole"]["words"] if word["start"] < end]
        wrong, count = different(until, words, [cut / SAMPLE_RATE for cut in cuts])
        kind = "that begin where windows do" if name == "grid" else "cut between clips"
        table.append([f"words unlike those of the first {parts} of six parts {kind}, {JOIN:.0f} s from the cuts", f"{100 * wrong / count:.2f} % of {count:,}"])
    reference = " ".join(texts).split()
    clips = decode([data / "manifest.tsv"], model, out / "clips")[0]
    again = " ".join(clips[rows[number % len(rows)].utt_id]["text"] for number in range(len(texts))).split()
    for name, words in (("the whole", hyps["whole"]["text"].split()), ("clip by clip", again)):
        table.append([f"WER, {name}", f"{100 * len(align(reference, words).edits) / len(reference):.1f} %"])
    lines = [
        f"{seconds / 60:.0f} minutes of {data.name}, greedy decoding.", "",
        f"    python recipes/benchmarks/long_recording/long_recording.py --data DATA/{data.name} --out exp/long --parts {parts} --results results/long_recordings.md", "",
        *markdown(["what", "measured"], table),
    ]  # fmt: skip
    click.echo("\n".join(lines))
    if results:
        write_block(results, "long recording", lines)


if __name__ == "__main__":
    main()
