"""The outcome of every line of a list."""
from __future__ import annotations

import textwrap
from dataclasses import asdict, dataclass
from typing import Any, Dict, List, Optional, Tuple

# The outcomes of a line other than being loaded unchanged.
REJECTED = "rejected"  # not loaded
MERGED = "merged"  # joined to an earlier line with the same normal form
CHANGED = "changed"  # loaded with changes
WARNING = "warning"  # loaded unchanged, but likely a mistake
OUTCOMES = (REJECTED, MERGED, CHANGED, WARNING)


@dataclass(frozen=True)
class LineNote:
    """The outcome of one entry, and the reason. An entry is rejected, or merged, once."""

    line: int  # counted from 1; in a list from Python, the number of the entry
    outcome: str  # one of OUTCOMES
    entry: str  # the line's entity, or the line itself where it has none
    reason: str


@dataclass(frozen=True)
class LoadReport:
    """The outcome of loading a list. ``entries == loaded + rejected + merged``."""

    file: Optional[str]  # None for a list from Python
    format: Optional[str]  # of the file's lines; None for a list from Python and for a list for each utterance
    entries: int  # what is neither blank nor a comment: a line of most formats, a name of those with several a line
    loaded: int  # entities in the list
    notes: Tuple[LineNote, ...] = ()  # by line
    warnings: Tuple[str, ...] = ()  # about the list as a whole
    looks_like: Optional[str] = None  # another format that the list seems to have

    def lines(self, outcome: str) -> Tuple[int, ...]:
        """The numbers of the lines with this outcome."""
        return tuple(dict.fromkeys(note.line for note in self.notes if note.outcome == outcome))

    @property
    def rejected(self) -> int:
        """The number of rejected entries."""
        return self._count(REJECTED)

    @property
    def merged(self) -> int:
        """The number of entries that were merged into others."""
        return self._count(MERGED)

    @property
    def changed(self) -> int:
        """The number of lines that were loaded with changes."""
        return len(self.lines(CHANGED))

    def _count(self, outcome: str) -> int:
        return sum(note.outcome == outcome for note in self.notes)

    @property
    def eventful(self) -> bool:
        """Whether there is anything to report beside the number of loaded entities."""
        return bool(self.notes or self.warnings)

    def render(self, limit: Optional[int] = 20) -> str:
        """The report as text: the counts, then at most ``limit`` lines of each outcome (None: all)."""
        entries = f"{self.entries:,} entr{'y' if self.entries == 1 else 'ies'}"
        rows = [f"{self.file or 'entities'}: {self.loaded:,} of {entries} loaded" + self._counts()]
        rows += [f"  warning: {warning}" for warning in self.warnings]
        for outcome in OUTCOMES:
            notes = [note for note in self.notes if note.outcome == outcome]
            rows += map(_row, notes[:limit])
            if limit is not None and len(notes) > limit:
                rows.append(f"  {outcome}: {len(notes) - limit:,} more{self._where()}")
        return "\n".join(rows) + "\n"

    def to_dict(self) -> Dict[str, Any]:
        """The report as plain values for JSON."""
        counts = {"rejected": self.rejected, "merged": self.merged, "changed": self.changed}
        return {
            "file": self.file, "format": self.format, "entries": self.entries, "loaded": self.loaded, **counts,
            "warnings": list(self.warnings), "notes": [asdict(note) for note in self.notes],
        }  # fmt: skip

    def _where(self) -> str:
        if self.format is None:
            return ""
        option = "" if self.format == "plain" else f" --entities-format {self.format}"
        return f"; `ctcb entities check{option} --limit 0 {self.file}` names them all"

    def _counts(self) -> str:
        parts: List[str] = []
        for outcome, label in ((REJECTED, "rejected"), (MERGED, "merged into others"), (CHANGED, "changed")):
            count = len(self.lines(outcome))
            if count:
                parts.append(f"{count:,} {label}")
        return f" ({', '.join(parts)})" if parts else ""


def _row(note: LineNote) -> str:
    # repr() escapes control characters.
    return f"  line {note.line}: {note.outcome}: {textwrap.shorten(note.entry, 60)!r}: {note.reason}"
