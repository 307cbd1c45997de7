"""Prepared folders packed for another machine: tar files of audio and cuts, none above a size.

    python local/open_en/pack_data.py exp/data/real_train exp/data/spoken --out parts [--part-mib 55] [--jobs N]

Each tar file holds, under the folder's name, `audio/*.ogg` and `cuts-NNN.jsonl.gz`. Audio that is no Ogg file is coded
as Opus, about 17 kbit/s. On the other machine:

    for part in parts/*.tar; do tar -xf $part; done
    for folder in real_train spoken; do cat $folder/cuts-*.jsonl.gz > $folder/cuts.jsonl.gz; done
    ctcb train base --data real_train --data spoken --in-memory --device cuda ...
"""
from __future__ import annotations

import gzip
import io
import json
import tarfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

import click
import soundfile

from ctcb.cli import run
from ctcb.data.prepare import CUTS
from ctcb.errors import InputError

OPUS_LEVEL = 0.955  # libsndfile's scale: 0 is the best, 1 the smallest


def coded(audio: str) -> bytes:
    """An audio file as Ogg."""
    path = Path(audio)
    if path.suffix == ".ogg":
        return path.read_bytes()
    samples, rate = soundfile.read(audio, dtype="float32")
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format="OGG", subtype="OPUS", compression_level=OPUS_LEVEL)
    return buffer.getvalue()


def read_cuts(folders: Tuple[Path, ...]) -> Iterator[Tuple[str, Dict]]:
    """Each folder's name with each of its cuts as JSON; InputError where a folder is not prepared."""
    for folder in folders:
        if not (folder / CUTS).exists():
            raise InputError(f"no {CUTS} in this folder", file=folder, hint="run `ctcb prepare MANIFEST` first")
        with gzip.open(folder / CUTS, "rt", encoding="utf-8") as file:
            for line in file:
                yield folder.name, json.loads(line)


def write_part(path: Path, entries: List[Tuple[str, Dict, bytes]]) -> None:
    """One tar file of folder names, cuts and their audio."""
    cuts: Dict[str, List[Dict]] = {}
    with tarfile.open(path, "w") as tar:

        def add(name: str, content: bytes) -> None:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))

        for folder, cut, audio in entries:
            place = f"{folder}/audio/{cut['id']}.ogg"
            cut["recording"]["sources"][0]["source"] = place
            cuts.setdefault(folder, []).append(cut)
            add(place, audio)
        for folder, rows in cuts.items():
            lines = "".join(json.dumps(row) + "\n" for row in rows)
            add(f"{folder}/cuts-{path.stem}.jsonl.gz", gzip.compress(lines.encode()))


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the tar files.")
@click.option("--part-mib", default=55.0, show_default=True, help="Size of a tar file, at most.")
@click.option("--jobs", default=2, show_default=True, help="Processes at a time.")
def command(folders: Tuple[Path, ...], out: Path, part_mib: float, jobs: int) -> None:
    """Pack folders of `ctcb prepare`."""
    out.mkdir(parents=True, exist_ok=True)
    named = list(read_cuts(folders))
    entries: List[Tuple[str, Dict, bytes]] = []
    number, size = 0, 0.0
    with ProcessPoolExecutor(jobs) as pool:
        audio = pool.map(coded, [cut["recording"]["sources"][0]["source"] for _, cut in named], chunksize=32)
        for (folder, cut), content in zip(named, audio):
            needed = 512 * 2 + len(content) + 150  # the tar header, padding, and a share of the cuts
            if entries and size + needed > part_mib * 2**20:
                write_part(out / f"{number:03d}.tar", entries)
                number, size, entries = number + 1, 0.0, []
            entries.append((folder, cut, content))
            size += needed
    write_part(out / f"{number:03d}.tar", entries)
    click.echo(f"{len(named)} utterances in {number + 1} files", err=True)


if __name__ == "__main__":
    run(command, "pack_data")
