"""LibriSpeech -> OUT/manifest.tsv, with the corpus's own audio files.

    python local/librispeech/prepare_librispeech.py CORPUS --out DIR --part NAME [--part NAME]... [--jobs N]

CORPUS/LibriSpeech has the publisher's layout: PART/SPEAKER/CHAPTER/*.flac and *.trans.txt. ``lhotse prepare librispeech`` makes the recordings and supervisions. lhotse skips missing recordings with a
warning, and stops at an utterance without words: both are checked first.
"""
from __future__ import annotations

from pathlib import Path
from typing import Iterator, Tuple

import click
from lhotse.audio.utils import AudioLoadingError
from lhotse.recipes.librispeech import prepare_librispeech

from ctcb.cli import run
from ctcb.errors import InputError
from ctcb.io import atomic_write, read_lines

COLUMNS = ("utt_id", "audio", "duration_s", "speaker", "source", "license", "text")
DOWNLOAD = "finish the download (stage 1)"

Row = Tuple[str, ...]  # a field a column


@click.command()
@click.argument("corpus", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the set.")
@click.option("--part", "parts", required=True, multiple=True, help="Part of LibriSpeech; repeatable.")
@click.option("--jobs", default=2, show_default=True, help="Threads that read the audio's headers.")
def command(corpus: Path, out: Path, parts: Tuple[str, ...], jobs: int) -> None:
    """Write the manifest of a set of CORPUS's parts."""
    folder = (corpus / "LibriSpeech").resolve()
    for part in parts:
        check_part(folder / part)
    rows = sorted(row for part in parts for row in read_part(folder, part, jobs))
    out.mkdir(parents=True, exist_ok=True)
    with atomic_write(out / "manifest.tsv") as file:
        file.writelines("\t".join(row) + "\n" for row in (COLUMNS, *rows))
    click.echo(f"{out}: {len(rows)} utterances, {sum(float(row[2]) for row in rows) / 3600:.2f} h", err=True)


def check_part(part: Path) -> None:
    """Raise InputError for a part without transcripts, a line that lhotse cannot read, or a missing recording."""
    transcripts = sorted(part.rglob("*.trans.txt"))
    if not transcripts:
        raise InputError("has no transcripts (*.trans.txt)", file=part, hint=DOWNLOAD)
    for file in transcripts:
        for number, line in read_lines(file):
            fields = line.split(maxsplit=1)
            if len(fields) < 2:
                raise InputError("is not an utterance's id and its words", file=file, line=number, hint=DOWNLOAD)
            if not (file.parent / f"{fields[0]}.flac").is_file():
                raise InputError("no such recording", file=file.parent / f"{fields[0]}.flac", hint=DOWNLOAD)


def read_part(folder: Path, part: str, jobs: int) -> Iterator[Row]:
    """The rows of a part's utterances, texts in lower case."""
    try:
        found = prepare_librispeech(folder, dataset_parts=part, normalize_text="lower", num_jobs=jobs)[part]
    except AudioLoadingError as error:
        which = str(error).split("Details:")[0].strip()  # behind it each library's own words
        raise InputError(f"a recording cannot be read ({which})", file=folder / part, hint=DOWNLOAD) from None
    recordings = {recording.id: recording for recording in found["recordings"]}
    for utterance in found["supervisions"]:
        recording = recordings[utterance.recording_id]
        audio = str(recording.sources[0].source)
        yield utterance.id, audio, f"{recording.duration:.3f}", utterance.speaker, f"LibriSpeech {part}", "CC-BY-4.0", utterance.text


if __name__ == "__main__":
    run(command, "prepare_librispeech")
