"""From a ``manifest.tsv`` to checked lhotse manifests: recordings, supervisions and cuts.

Every audio file is decoded once here, so that nothing unreadable surfaces in the middle of a
training. An utterance that cannot be used is left out, named and counted; the others go on.
"""
from __future__ import annotations

import gzip
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Iterable, Mapping, Sequence, Tuple, Union

import soundfile
from lhotse import CutSet, MonoCut, Recording, RecordingSet, SupervisionSegment, SupervisionSet
from lhotse.audio import AudioSource

from ctcb.data.audio import SAMPLE_RATE, Audio, read_audio
from ctcb.data.located import CONVERTED, FEATURES, own_folder, remove_others
from ctcb.data.manifest import ManifestRow, read_manifest
from ctcb.errors import InputError
from ctcb.io import PathOrStr, atomic_write, only_run
from ctcb.progress import progress
from ctcb.text.markup import clean, first_alternatives, render_dropped
from ctcb.text.normalize import normalize

CUTS, FEATURE_CUTS = "cuts.jsonl.gz", "cuts_feats.jsonl.gz"
DURATION_TOLERANCE = 0.1  # seconds between the manifest's and the file's duration
SHORTEST, LONGEST = 0.1, 3600.0  # seconds


@dataclass(frozen=True)
class Rejected:
    """An utterance that was left out, and why."""

    line: int
    utt_id: str
    kind: str  # a few words, for counting
    reason: str  # the whole sentence, for reading


class NothingUsable(InputError):
    """No utterance of a manifest can be used; ``rejected`` says why."""

    def __init__(self, problem: str, *, rejected: Tuple[Rejected, ...], **where: Any) -> None:
        super().__init__(problem, **where)
        self.rejected = rejected


@dataclass(frozen=True)
class PrepareReport:
    """The result of :func:`prepare`."""

    cuts: CutSet
    seconds: float
    rejected: Tuple[Rejected, ...]
    markup: Mapping[str, int] = field(default_factory=dict)  # mark -> how often it was dropped from the texts

    def summary(self) -> str:
        """One line for the terminal."""
        kinds = Counter(item.kind for item in self.rejected)
        left_out = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        dropped = f"; markup dropped from the texts: {render_dropped(self.markup)}" if self.markup else ""
        return f"{len(self.cuts)} utterances, {self.seconds / 3600:.2f} h; left out: {left_out or 'none'}{dropped}"


def prepare(manifest: PathOrStr, out: PathOrStr, jobs: int = 2) -> PrepareReport:
    """Check a manifest's audio and write ``{recordings,supervisions,cuts}.jsonl.gz`` to ``out``.

    ``out/rejected.tsv`` names each utterance that was left out with its line and the reason. Text
    is normalised (`ctcb.text.normalize`) without its markup, which is counted (`ctcb.text.markup`); audio that is not 16 kHz
    mono is converted to FLAC copies in a folder of their own below ``out``; the original text stays in the supervision's
    ``custom["orig_text"]``. Features that ``out`` holds are of other cuts from now on, and are removed.

    Raises
    ------
    InputError : the manifest itself is malformed, or no utterance of it can be used (:class:`NothingUsable`); what ``out`` holds
        stays as it is.
    RunError : another run is writing to ``out``.
    """
    rows, out = read_manifest(manifest), Path(out)
    with only_run(out):
        return _prepare(manifest, rows, out, jobs)


def _prepare(manifest: PathOrStr, rows: Sequence[ManifestRow], out: Path, jobs: int) -> PrepareReport:
    converted = own_folder(out, CONVERTED)
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        checked = pool.map(partial(_prepare_row, converted=converted), rows)
        results = list(progress(checked, "checking audio", total=len(rows)))
    cuts = [item for item in results if isinstance(item, MonoCut)]
    rejected = tuple(item for item in results if isinstance(item, Rejected))
    if not cuts:
        shutil.rmtree(converted)
        first = rejected[0]
        raise NothingUsable(
            f"no usable utterance ({first.reason})", file=manifest, line=first.line, hint="check the audio paths", rejected=rejected
        )
    for stale in (FEATURE_CUTS, CUTS):
        (out / stale).unlink(missing_ok=True)
    _write_rejected(out / "rejected.tsv", rejected)
    write_set(RecordingSet.from_recordings(cut.recording for cut in cuts), out / "recordings.jsonl.gz")
    write_set(SupervisionSet.from_segments(cut.supervisions[0] for cut in cuts), out / "supervisions.jsonl.gz")
    cut_set = CutSet.from_cuts(cuts)
    write_set(cut_set, out / CUTS)  # last: its presence says that the folder is whole
    remove_others(out, FEATURES)
    remove_others(out, CONVERTED, *([converted] if any(converted.iterdir()) else []))
    markup = Counter(mark for row in rows for mark in clean(row.text).dropped)
    return PrepareReport(cut_set, sum(cut.duration for cut in cuts), rejected, markup)


def spoken_text(text: str) -> str:
    """The normal words of a transcript, without its markup (:mod:`ctcb.text.markup`); of alternatives in braces the first."""
    return normalize(first_alternatives(clean(text).text))


def write_nothing(out: PathOrStr, rejected: Iterable[Rejected], features: bool) -> None:
    """Write manifests without an utterance: of a part of a larger set, of which nothing can be used."""
    out = Path(out)
    _write_rejected(out / "rejected.tsv", rejected)
    for name in ("recordings.jsonl.gz", "supervisions.jsonl.gz", CUTS, *((FEATURE_CUTS,) if features else ())):
        with atomic_write(out / name, "wb") as file:
            file.write(gzip.compress(b"", mtime=0))


def write_set(manifests: Union[RecordingSet, SupervisionSet, CutSet], path: Path) -> None:
    """Write a lhotse manifest whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".part.{path.name}")
    manifests.to_file(part)
    part.replace(path)


def _prepare_row(row: ManifestRow, converted: Path) -> Union[MonoCut, Rejected]:
    def reject(kind: str, reason: str) -> Rejected:
        return Rejected(row.line, row.utt_id, kind, reason)

    text = spoken_text(row.text)
    if not text:
        return reject("without text", f"the text {row.text!r} is empty after normalisation")
    try:
        audio = read_audio(row.audio)
    except InputError as error:
        return reject("unreadable", str(error))
    if not SHORTEST <= audio.duration <= LONGEST:
        return reject("too short or long", f"{row.audio}: {audio.duration:.3f} s, outside {SHORTEST} to {LONGEST:.0f} s")
    if row.duration is not None and abs(row.duration - audio.duration) > DURATION_TOLERANCE:
        return reject(
            "of the wrong duration",
            f"{row.audio}: {audio.duration:.2f} s of audio where the manifest says {row.duration:.2f} s",
        )
    recording = Recording(
        id=row.utt_id, sampling_rate=SAMPLE_RATE, num_samples=len(audio.samples), duration=audio.duration,
        sources=[AudioSource(type="file", channels=[0], source=str(_mono_16k_file(row, audio, converted).resolve()))],
    )
    supervision = SupervisionSegment(
        id=row.utt_id, recording_id=row.utt_id, start=0.0, duration=recording.duration, channel=0, text=text,
        speaker=row.speaker, language="en", custom={"orig_text": row.text, "source": row.source},
    )
    return MonoCut(
        id=row.utt_id, start=0.0, duration=recording.duration, channel=0, recording=recording, supervisions=[supervision]
    )


def _mono_16k_file(row: ManifestRow, audio: Audio, converted: Path) -> Path:
    """The audio file itself, or a copy in ``converted`` where it is not 16 kHz mono."""
    if not audio.conversions:
        return row.audio
    copy = converted / f"{row.utt_id}.flac"
    soundfile.write(str(copy), audio.samples, SAMPLE_RATE)
    return copy


def _write_rejected(path: Path, rejected: Iterable[Rejected]) -> None:
    with atomic_write(path) as file:
        file.write("line\tutt_id\treason\n")
        for item in rejected:
            file.write(f"{item.line}\t{item.utt_id}\t{' '.join(item.reason.split())}\n")
