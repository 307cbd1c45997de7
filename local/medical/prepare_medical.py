"""The simulated interviews of Fareez et al. -> OUT/{train,dev,test}/manifest.tsv and their audio.

    python local/medical/prepare_medical.py CORPUS --out DIR [--model DIR] [--longest 20] [--jobs N]

CORPUS is what ``lhotse download medical`` unpacks: audio/*.mp3, cleantext/*.txt and
medical_{train,dev,test}.info. ``lhotse prepare medical`` makes the recordings and supervisions
(OUT/lhotse). This script corrects three things:

- lhotse skips missing recordings with a warning: they are checked first;
- lhotse's ids are Python's hash of the line, which changes with every run: here an id is RECORDING-START, with the
  start in hundredths of a second;
- supervisions may last for minutes: those longer than --longest are cut in their pauses, found by CTC forced
  alignment with --model, preferably where the turns of cleantext (``D:``, ``P:``) change.
"""
from __future__ import annotations

import re
from concurrent.futures import ProcessPoolExecutor
from difflib import SequenceMatcher
from functools import lru_cache, partial
from pathlib import Path
from typing import FrozenSet, Iterator, List, Tuple

import click
import torch
from lhotse import load_manifest_lazy
from lhotse.recipes.medical import prepare_medical

from ctcb.acoustic.directory import LoadedModel, load_model
from ctcb.acoustic.word_times import align_words, cut_points
from ctcb.bundled import BUNDLED_MODEL
from ctcb.cli import run
from ctcb.data.audio import SAMPLE_RATE, read_audio
from ctcb.data.segments import Segment, cut_segments
from ctcb.errors import InputError
from ctcb.io import read_lines
from ctcb.progress import progress
from ctcb.text.normalize import normalize

SPLITS = ("train", "dev", "test")
FASTEST = 7.0  # words a second; a segment with more was aligned wrongly
_LINE = re.compile(r"(audio/[^\[\]\t,]+)\[([\d.]+),([\d.]+)\]\t([^\t,\[\]]*)")
_TURN = re.compile(r"\s*([DP])\s*:\s*(.*)")

Supervision = Tuple[str, Path, float, float, str]  # id, audio, start, end, text


@click.command()
@click.argument("corpus", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the three sets.")
@click.option("--model", default=str(BUNDLED_MODEL), show_default="the bundled one", help="Model directory, for the alignment.")
@click.option("--longest", default=20.0, show_default=True, help="Seconds of an utterance.")
@click.option("--jobs", default=2, show_default=True, help="Processes at a time.")
def command(corpus: Path, out: Path, model: str, longest: float, jobs: int) -> None:
    """Cut utterances from CORPUS's interviews."""
    for split in SPLITS:
        check_info(corpus, corpus / f"medical_{split}.info")
    prepare_medical(corpus, out / "lhotse", num_jobs=jobs)
    for split in SPLITS:
        supervisions = list(read_supervisions(out / "lhotse", split))
        with ProcessPoolExecutor(jobs, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            found = pool.map(partial(segments, corpus, model, longest), supervisions)
            cut = [segment for part in progress(found, f"aligning {split}", total=len(supervisions)) for segment in part]
        report = cut_segments(cut, out / split, jobs)
        unused = sum(end - start for _, _, start, end, _ in supervisions) - sum(segment.seconds for segment in cut)
        click.echo(f"{split}: {report.summary()}; {unused / 3600:.2f} h did not fit their text", err=True)


def check_info(corpus: Path, info: Path) -> None:
    """Raise InputError for a line that lhotse cannot read, or a missing recording."""
    missing = []
    for number, line in read_lines(info):
        match = _LINE.fullmatch(line)
        if match is None:
            raise InputError("is not audio/NAME.mp3[START,END] TAB TEXT without commas and brackets", file=info, line=number,
                             hint="download it again (stage 1)")  # fmt: skip
        if not (corpus / match[1]).is_file():
            missing.append(corpus / match[1])
    if missing:
        raise InputError(f"{len(set(missing))} recordings of {info.name} are not there", file=missing[0], hint="finish the download (stage 1)")


def read_supervisions(manifests: Path, split: str) -> Iterator[Supervision]:
    """The supervisions of a split in lhotse's manifests."""
    audio = {item.id: Path(item.sources[0].source) for item in load_manifest_lazy(manifests / f"medical_recordings_{split}.jsonl.gz")}
    for item in load_manifest_lazy(manifests / f"medical_supervisions_{split}.jsonl.gz"):
        yield f"{item.recording_id}-{round(100 * item.start):07d}", audio[item.recording_id], item.start, item.end, item.text


def segments(corpus: Path, model: str, longest: float, supervision: Supervision) -> List[Segment]:
    """A supervision as it is, or its segments if it is too long; segments that do not fit their text are left out."""
    utt_id, audio, start, end, text = supervision

    def segment(name: str, first: float, last: float, part: str) -> Segment:
        return Segment(name, audio, ((first, last),), part, orig_text=part, source="medical", license="CC-BY-4.0")

    if end - start <= longest:
        return [segment(utt_id, start, end, text)]
    words = text.split()
    spoken = [normalize(word) for word in words]
    words = [word for word, normal in zip(words, spoken) if normal]
    spoken = [normal for normal in spoken if normal]
    samples = read_audio(audio).samples[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
    times = align_words(_load(model), samples, spoken) if spoken else None
    if times is None:
        return []
    parts = []
    for first, last, begin, stop in cut_points(times, end - start, longest, turn_ends(corpus, audio.stem, spoken)):
        if 0 < last - first <= FASTEST * (stop - begin) and stop - begin <= 2 * longest:
            name = f"{audio.stem}-{round(100 * (start + begin)):07d}"
            parts.append(segment(name, start + begin, start + stop, " ".join(words[first:last])))
    return parts


def turn_ends(corpus: Path, name: str, spoken: List[str]) -> FrozenSet[int]:
    """The words after which a turn of cleantext/NAME.txt ends, found by matching the two texts; none without the file."""
    path = corpus / "cleantext" / f"{name}.txt"
    if not path.exists():
        return frozenset()
    turns: List[str] = []
    ends = set()
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        match = _TURN.fullmatch(line)
        if match and turns:
            ends.add(len(turns) - 1)
        turns += normalize(match[2] if match else line).split()
    matched = SequenceMatcher(None, spoken, turns, autojunk=False).get_matching_blocks()
    return frozenset(block.a + i for block in matched for i in range(block.size) if block.b + i in ends)


@lru_cache(maxsize=1)
def _load(model: str) -> LoadedModel:
    return load_model(model)


if __name__ == "__main__":
    run(command, "prepare_medical")
