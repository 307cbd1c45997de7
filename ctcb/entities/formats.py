"""The formats of lists, by name: our own and those of other tools."""
from __future__ import annotations

from typing import Callable, Dict, Iterable, List, Tuple

from ctcb.entities.entity import Entity
from ctcb.entities.fields import Record
from ctcb.entities.json_lists import read_json
from ctcb.entities.line_formats import funasr, nemo, nemo_score, plain, sherpa
from ctcb.entities.tables import read_commas, read_csv
from ctcb.entities.vcards import read_vcards
from ctcb.io import PathOrStr

LineParser = Callable[[str, List[str]], Entity]
FileReader = Callable[[PathOrStr], Iterable[Tuple[int, Record]]]  # entries with their line numbers

# With one entity a line.
LINE_FORMATS: Dict[str, LineParser] = {"plain": plain, "sherpa": sherpa, "nemo": nemo, "nemo-score": nemo_score, "funasr": funasr}
# Of files that are read as a whole.
FILE_FORMATS: Dict[str, FileReader] = {"comma": read_commas, "csv": read_csv, "json": read_json, "vcard": read_vcards}
FORMATS: Tuple[str, ...] = (*LINE_FORMATS, *FILE_FORMATS)
