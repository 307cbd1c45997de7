"""Reading the cuts of folders that `ctcb prepare` or lhotse wrote: each utterance under an id of its own, each file where it now lies."""
from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Callable, List, Sequence, Set

from lhotse import CutSet, combine
from lhotse.cut import Cut
from lhotse.utils import fastcopy

from ctcb.data.copies import UTTERANCE, utterance_of
from ctcb.data.located import located
from ctcb.data.prepare import CUTS, FEATURE_CUTS
from ctcb.errors import InputError
from ctcb.io import PathOrStr

Read = Callable[[PathOrStr], CutSet]  # the cuts of a folder, as a stream; InputError where there are none


def read_feature_cuts(folder: PathOrStr) -> CutSet:
    """The cuts with stored features of a folder, as a stream; InputError where there are none."""
    path = Path(folder) / FEATURE_CUTS
    if not path.exists():
        raise InputError(f"no {FEATURE_CUTS} in this folder", file=folder, hint="run `ctcb prepare MANIFEST --features` first")
    return _stream(path)


def read_audio_cuts(folder: PathOrStr) -> CutSet:
    """The cuts of a folder, without features; InputError where there are none."""
    path = Path(folder) / CUTS
    if not path.exists():
        raise InputError(f"no {CUTS} in this folder", file=folder, hint="run `ctcb prepare MANIFEST` first")
    return _stream(path)


def read_either(folder: PathOrStr) -> CutSet:
    """The cuts with stored features of a folder or, where there are none, those without."""
    if not (Path(folder) / FEATURE_CUTS).exists() and (Path(folder) / CUTS).exists():
        return read_audio_cuts(folder)
    return read_feature_cuts(folder)


def read_folders(folders: Sequence[PathOrStr], read: Read) -> CutSet:
    """The cuts of all folders, as a stream, of each as often as it is named.

    Where a folder numbers its utterances as another one does, its cuts get a prefix: they are others. Raises InputError where an
    id stands in a folder twice.
    """
    cuts: List[CutSet] = []
    taken: Set[str] = set()
    for number, (folder, times) in enumerate(Counter(map(str, folders)).items(), start=1):
        of_folder = read(folder)
        names = names_of(of_folder, folder)
        for time in range(times):
            prefix = f"repeat{time}-" if time else ""
            while not taken.isdisjoint(prefix + name for name in names):
                prefix = f"set{number}-{prefix}"
            taken.update(prefix + name for name in names)
            cuts.append(of_folder.map(partial(renamed, prefix=prefix)) if prefix else of_folder)
    return combine(cuts)


def read_unique(folder: PathOrStr, read: Read) -> CutSet:
    """The cuts of one folder. Raises InputError where an id stands there twice."""
    return read_folders([folder], read)


def names_of(cuts: CutSet, folder: PathOrStr) -> Set[str]:
    """The ids of a folder's cuts and of the utterances that they are copies of. Raises InputError for an id that stands there twice."""
    ids: Set[str] = set()
    utterances: Set[str] = set()
    for cut in cuts:
        if cut.id in ids:
            raise InputError(f"the id {cut.id!r} stands there twice", file=folder, hint="give each utterance an id of its own, and prepare it again")
        ids.add(cut.id)
        utterances.add(utterance_of(cut))
    return ids | utterances


def renamed(cut: Cut, prefix: str) -> Cut:
    """The cut, and what it is a copy of, under names of their own."""
    utterance, named = utterance_of(cut), cut.with_id(prefix + cut.id)
    if utterance == cut.id:
        return named
    return fastcopy(named, custom={**(named.custom or {}), UTTERANCE: prefix + utterance})


def _stream(path: Path) -> CutSet:
    return CutSet.from_file(path).map(partial(located, folder=path.parent.resolve()))
