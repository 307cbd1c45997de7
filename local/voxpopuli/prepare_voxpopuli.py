"""VoxPopuli's English recordings -> OUT/{train,dev,test}/manifest.tsv and their audio.

    python local/voxpopuli/prepare_voxpopuli.py CORPUS --out DIR [--jobs N] [--gold-only] [--allow-missing]

CORPUS has the layout of VoxPopuli's scripts and lhotse: raw_audios/original/YEAR/SESSION_original.ogg
and transcribed_data/en/asr_en.tsv.gz. ``lhotse prepare voxpopuli`` makes the recordings and supervisions
(OUT/lhotse). This script corrects four things:

- lhotse expects the recordings below raw_audios/en, so it gets a folder with a link of that name;
- lhotse's command ignores ``--num-jobs``, so its function is called;
- its supervisions last from the first to the last second of an utterance, but the annotations' ``vad``
  segments exclude other speakers in between: the segments are cut out and joined, as VoxPopuli's own script
  does, and the ids are the same (SESSION-ID);
- it does not separate gold transcripts (``is_gold_transcript``) from others: the manifest's source does, and
  with --gold-only dev and test have only these.
"""
from __future__ import annotations

import csv
import gzip
import shutil
import sys
from ast import literal_eval
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import click
from download_voxpopuli import ANNOTATIONS
from lhotse import load_manifest_lazy
from lhotse.recipes.voxpopuli import prepare_voxpopuli

from ctcb.cli import run
from ctcb.data.segments import Segment, cut_segments
from ctcb.errors import InputError

SPLITS = ("train", "dev", "test")
COLUMNS = "session_id id_ original_text normed_text speaker_id split start_time end_time vad".split()


@dataclass(frozen=True)
class Row:
    """The fields of an annotated utterance that lhotse drops."""

    utt_id: str
    pieces: Tuple[Tuple[float, float], ...]
    gold: bool


@click.command()
@click.argument("corpus", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the three sets.")
@click.option("--jobs", default=2, show_default=True, help="Processes at a time.")
@click.option("--gold-only", is_flag=True, help="Leave utterances without gold transcript out of dev and test.")
@click.option("--allow-missing", is_flag=True, help="Go on without the sessions whose recording is not there.")
def command(corpus: Path, out: Path, jobs: int, gold_only: bool, allow_missing: bool) -> None:
    """Cut the annotated utterances out of CORPUS's recordings."""
    rows, sessions = read_annotations(corpus / ANNOTATIONS)
    require_recordings(corpus, sessions, allow_missing)
    manifests = run_lhotse(corpus, out / "lhotse", jobs)
    for split in SPLITS:
        report = cut_segments(segments(manifests, split, rows, gold_only and split != "train"), out / split, jobs)
        click.echo(f"{split}: {report.summary()}", err=True)


def read_annotations(path: Path) -> Tuple[Dict[str, Row], List[str]]:
    """The utterances of the three splits by lhotse's ids (SESSION-NUMBER), and all sessions, in the file's order."""
    rows: Dict[str, Row] = {}
    numbers: Counter = Counter()
    csv.field_size_limit(sys.maxsize)
    if not path.exists():
        raise InputError("no such file", file=path, hint="download the annotations (stage 1)")
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, delimiter="|")
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(f"no column {missing[0]!r}", file=path, line=1, hint="this is no annotation file of VoxPopuli's asr data")
            for row in reader:
                if row["split"] in SPLITS:
                    session = row["session_id"]
                    numbers[session] += 1
                    rows[f"{session}-{numbers[session]}"] = _row(row, path, reader.line_num)
    except (gzip.BadGzipFile, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot be read ({error})", file=path, hint="remove it and download it again (stage 1)") from None
    if not rows:
        raise InputError("no utterance of train, dev or test", file=path, hint="download it again (stage 1)")
    return rows, list(numbers)


def _row(row: Dict[str, str], path: Path, line: int) -> Row:
    try:
        pieces = tuple((float(piece[0]), float(piece[1])) for piece in literal_eval(row["vad"] or "[]"))
        pieces = pieces or ((float(row["start_time"]), float(row["end_time"])),)
    except (ValueError, SyntaxError, TypeError, IndexError):
        raise InputError("start_time, end_time or vad cannot be read", file=path, line=line, hint="download it again (stage 1)") from None
    return Row(f"{row['session_id']}-{row['id_']}", pieces, row.get("is_gold_transcript") == "True")


def require_recordings(corpus: Path, sessions: List[str], allow_missing: bool) -> None:
    """Raise InputError where recordings are missing, with the years that they are of."""
    def path(session: str) -> Path:
        return corpus / "raw_audios" / "original" / session[:4] / f"{session}_original.ogg"

    missing = [session for session in sessions if not path(session).exists()]
    if missing and (not allow_missing or len(missing) == len(sessions)):
        years = ", ".join(f"{year} ({count})" for year, count in sorted(Counter(session[:4] for session in missing).items()))
        raise InputError(
            f"{len(missing)} of {len(sessions)} recordings are not there, by year: {years}", file=path(missing[0]),
            hint="finish the download (stage 1), or go on without them: --allow-missing",
        )


def run_lhotse(corpus: Path, out: Path, jobs: int) -> Path:
    """Make lhotse's manifests; the folder that holds them."""
    view = out / "corpus" / "raw_audios"
    view.mkdir(parents=True, exist_ok=True)
    link = view / "en"
    if not link.is_symlink():
        link.symlink_to((corpus / "raw_audios" / "original").resolve())
    shutil.copyfile(corpus / ANNOTATIONS, out / Path(ANNOTATIONS).name)
    prepare_voxpopuli(out / "corpus", out, task="asr", lang="en", num_jobs=jobs)
    return out


def segments(manifests: Path, split: str, rows: Dict[str, Row], gold_only: bool) -> Iterator[Segment]:
    """What lhotse found of a split, with the pieces and ids of the annotations."""
    def load(what: str):
        return load_manifest_lazy(manifests / f"voxpopuli-asr-en_{what}_{split}.jsonl.gz")

    recordings = {recording.id: Path(recording.sources[0].source) for recording in load("recordings")}
    for supervision in load("supervisions"):
        row = rows[supervision.id]
        if gold_only and not row.gold:
            continue
        yield Segment(
            row.utt_id, recordings[supervision.recording_id], row.pieces, supervision.text, supervision.speaker or "",
            (supervision.custom or {}).get("orig_text") or "", "voxpopuli-gold" if row.gold else "voxpopuli", "CC0-1.0",
        )  # fmt: skip


if __name__ == "__main__":
    run(command, "prepare_voxpopuli")
