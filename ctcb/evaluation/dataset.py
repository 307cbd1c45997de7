"""A data set with its lists: the names that are spoken, and names that are not."""
from __future__ import annotations

import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

from ctcb.data.folder_names import distinct_names
from ctcb.data.halves import half_of
from ctcb.data.manifest import ManifestRow, read_manifest
from ctcb.entities import Entity, EntityList
from ctcb.errors import InputError
from ctcb.io import PathOrStr
from ctcb.text.markup import clean
from ctcb.text.normalize import normalize

MANIFEST, ENTITIES, DISTRACTORS = "manifest.tsv", "entities.txt", "distractors.txt"


@dataclass(frozen=True)
class DataSet:
    """Utterances, their texts, and lists."""

    name: str
    manifest: Path
    rows: Tuple[ManifestRow, ...]
    half: Optional[str]  # of the manifest's utterances that `rows` are, one of HALVES; None: all
    entities: EntityList  # the set's own names, and the distractors that were added to them
    added: int  # how many of these there are
    absent: Tuple[EntityList, ...]  # lists of distractors alone, none of which is spoken; () where there are none
    warnings: Tuple[str, ...] = ()  # about the lists as they were read, each with its file

    @property
    def refs(self) -> Dict[str, str]:
        """Utterance id -> its text."""
        return {row.utt_id: row.text for row in self.rows}


def read_set(
    folder: PathOrStr, entities: Optional[PathOrStr] = None, entities_format: str = "plain",
    distractors: Optional[PathOrStr] = None, added: int = 0, absent: int = 1000, half: Optional[str] = None, seed: int = 0,
    absent_lists: int = 1,
) -> DataSet:
    """Read a folder with a ``manifest.tsv`` and, unless others are named, ``entities.txt`` and ``distractors.txt``.

    Parameters
    ----------
    added : distractors that join the entities.
    absent : distractors that are a list of their own (the anti-context list); fewer where there are not so many.
    absent_lists : number of such lists, each drawn anew. False alarms are the mean over them.
    half : only the utterances of this half, by a hash of their ids.
    seed : which distractors these are. Names that are spoken somewhere in the set, and its entities, are none.

    Raises InputError for what cannot be read, and where there are not as many distractors as are to be added.
    """
    folder = Path(folder)
    manifest = folder / MANIFEST
    every = read_manifest(manifest)
    rows = tuple(row for row in every if half is None or half_of(row.utt_id) == half)
    own = EntityList.read(folder / ENTITIES if entities is None else entities, entities_format)
    file = folder / DISTRACTORS if distractors is None and (folder / DISTRACTORS).exists() else distractors
    others: List[Entity] = []
    reports = [own.report]
    if file is not None:
        spoken = "|".join(f" {normalize(clean(row.text).text)} " for row in every)
        listed = EntityList.read(file, entities_format)
        reports.append(listed.report)
        others = _unspoken(listed, own, spoken)
        random.Random(seed).shuffle(others)
    if added > len(others):
        raise InputError(
            f"{added} distractors are to be added, and there are {len(others)}", file=file,
            hint="name a longer list (--distractors), or add fewer",
        )
    together = EntityList.of([*own, *others[:added]]) if added else own
    draws = [others[:absent]] if others and absent else []
    for number in range(1, absent_lists if draws else 0):
        draws.append(random.Random(f"{seed}-{number}").sample(others, min(absent, len(others))))
    warnings = tuple(f"{report.file}: {warning}" for report in reports for warning in report.warnings)
    return DataSet(folder.resolve().name, manifest, rows, half, together, added, tuple(map(EntityList.of, draws)), warnings)


def with_distinct_names(sets: Sequence[DataSet]) -> List[DataSet]:
    """The sets under names that differ: of folders that are called alike, with those above them."""
    names = distinct_names([data.manifest.parent for data in sets])
    return [replace(data, name=name) for data, name in zip(sets, names)]


def _unspoken(distractors: EntityList, own: EntityList, spoken: str) -> List[Entity]:
    """The distractors that are none of the set's entities, nor spoken in it."""
    listed = {form for entity in own for form in entity.spoken_forms}

    def occurs(form: str) -> bool:
        return form in listed or f" {form} " in spoken

    return [entity for entity in distractors if not any(map(occurs, entity.spoken_forms))]
