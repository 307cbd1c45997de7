"""What became of every line of a list."""
from __future__ import annotations

import textwrap
from dataclasses import asdict, dataclass
from typing import Any, Dict, List, Optional, Tuple

# What can become of a line apart from being loaded as it stands.
REJECTED = "rejected"  # not loaded
MERGED = "merged"  # not loaded by itself: it reads as an earlier line and was joined to that
CHANGED = "changed"  # loaded, but not just as it stands there
WARNING = "warning"  # loaded as it stands, though that is likely not what was meant
OUTCOMES = (REJECTED, MERGED, CHANGED, WARNING)


@dataclass(frozen=True)
class LineNote:
    """What became of one line, and why."""

    line: int  # counted from 1; in a list that came from Python, the place of the entry
    outcome: str  # one of OUTCOMES
    entry: str  # the line's entity, or the line where none could be made out
    reason: str


@dataclass(frozen=True)
class LoadReport:
    """What became of a list. ``entries == loaded + rejected + merged``: nothing is left out."""

    file: Optional[str]  # None for a list that came from Python
    format: Optional[str]  # of the file's lines; None where it is no list (Python, a list for each utterance)
    entries: int  # lines that are neither blank nor comments
    loaded: int  # entities in the list
    notes: Tuple[LineNote, ...] = ()  # by line
    warnings: Tuple[str, ...] = ()  # about the list as a whole

    def lines(self, outcome: str) -> Tuple[int, ...]:
        """The lines with this outcome, each once."""
        return tuple(dict.fromkeys(note.line for note in self.notes if note.outcome == outcome))

    @property
    def rejected(self) -> int:
        return len(self.lines(REJECTED))

    @property
    def merged(self) -> int:
        return len(self.lines(MERGED))

    @property
    def changed(self) -> int:
        return len(self.lines(CHANGED))

    @property
    def eventful(self) -> bool:
        """Whether there is more to say than how many were loaded."""
        return bool(self.notes or self.warnings)

    def render(self, limit: Optional[int] = 20) -> str:
        """The report as text: how many, then at most ``limit`` lines of each outcome (None: all)."""
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
        """All of it as plain values, ready for JSON."""
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
        for outcome, what in ((REJECTED, "rejected"), (MERGED, "merged into others"), (CHANGED, "changed")):
            count = len(self.lines(outcome))
            if count:
                parts.append(f"{count:,} {what}")
        return f" ({', '.join(parts)})" if parts else ""


def _row(note: LineNote) -> str:
    # repr() shows control characters instead of sending them to the terminal.
    return f"  line {note.line}: {note.outcome}: {textwrap.shorten(note.entry, 60)!r}: {note.reason}"
