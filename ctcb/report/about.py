"""What a report rests on: the data set, the model, the list, and the files with their digests."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ctcb.io import PathOrStr, digest
from ctcb.scoring.render import units
from ctcb.scoring.report import ScoreReport

UNKNOWN = "not stated"
DIGITS = 12  # of a digest, where the whole of it stands elsewhere on the page


@dataclass(frozen=True)
class InputFile:
    """A file that the report was made of."""

    role: str
    name: str  # as it was given
    sha256: str


@dataclass(frozen=True)
class Fact:
    """A line at the head of the page."""

    title: str
    text: str
    detail: str = ""


def input_files(files: Sequence[Tuple[str, Optional[PathOrStr]]]) -> List[InputFile]:
    """The files of pairs of a role and a path, with their digests; None is left out. Raises InputError for one that cannot be read."""
    return [InputFile(role, str(path), digest(Path(path))) for role, path in files if path is not None]


def facts(
    data_set: str, report: ScoreReport, listed: InputFile, settings: Mapping[str, Any], model: Optional[str], made: str, seconds: Optional[float]
) -> List[Fact]:
    """What stands at the head of the page.

    Parameters
    ----------
    listed : the list's file.
    settings : of ``settings.json`` beside the transcripts; empty where there is none.
    model : its name, in the place of the one that the settings have.
    made : when and by which version the page is made.
    seconds : the data set's duration, where it is known.
    """
    size = [f"{len(report.utterances):,} utterance{'s' * (len(report.utterances) != 1)}", f"{report.wer.words:,} {units(report)}"]
    size += [] if seconds is None else [_duration(seconds)]
    speakers = len(report.per_speaker)
    size += [f"{speakers:,} speakers"] if speakers > 1 else []
    known = settings.get("model") or {}
    fingerprint = known.get("fingerprint") or known.get("tokens")
    found = [
        Fact("Data set", data_set, ", ".join(size)),
        Fact("Model", model or known.get("name") or UNKNOWN, f"fingerprint {fingerprint[:DIGITS]}" if fingerprint else ""),
        Fact("List", Path(listed.name).name, f"{report.listed:,} names, SHA-256 {listed.sha256[:DIGITS]}"),
    ]
    if settings:
        lm = settings.get("lm")
        found.append(Fact("Language model", Path(lm["file"]).name if lm else "none", f"SHA-256 {lm['sha256'][:DIGITS]}" if lm else ""))
        found.append(Fact("Techniques", ", ".join(settings.get("techniques", ())) or "none"))
        found.append(Fact("Transcribed", settings.get("date", UNKNOWN), f"ctcb {settings.get('ctcb', UNKNOWN)}"))
    return [*found, Fact("Report", made)]


def objections(settings: Mapping[str, Any], listed: InputFile) -> List[str]:
    """Why the transcripts may not be those of this list."""
    used = (settings.get("entities") or {}).get("sha256")
    if used is None or used == listed.sha256:
        return []
    return [f"The transcripts were made with another list than {Path(listed.name).name}, one with SHA-256 {used[:DIGITS]}."]


def setting_rows(settings: Mapping[str, Any]) -> Dict[str, str]:
    """The settings as text."""
    return {name: _plain(value) for name, value in settings.items()}


def _duration(seconds: float) -> str:
    return f"{seconds / 3600:.1f} hours" if seconds >= 3600 else f"{seconds / 60:.1f} minutes"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(item)}" for name, item in value.items()) or "-"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_plain, value)) or "-"
    return "-" if value is None else str(value)
