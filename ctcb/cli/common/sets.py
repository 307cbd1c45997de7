"""Options of the verbs that evaluate on data sets: the distractors of each set."""
from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

import click

from ctcb.cli.common.options import Decorator
from ctcb.errors import InputError


def distractors_option() -> Decorator:
    """``--distractors FILE``: one file for all sets, or one for each."""
    return click.option(
        "--distractors", type=click.Path(), multiple=True,
        help="Names that nobody says; repeated, one list for each --data.  [default: each folder's distractors.txt, if any]",
    )


def with_distractors(folders: Sequence[str], files: Sequence[str]) -> List[Tuple[str, Optional[str]]]:
    """The pairs of a folder and its file of distractors. Raises InputError where the number of files does not fit."""
    return list(zip(folders, one_each(folders, files, "lists of distractors")))


def one_each(folders: Sequence[str], files: Sequence[str], what: str) -> List[Optional[str]]:
    """Each folder's file: the only one for all, or one for each, or none. Raises InputError for another number of ``what``."""
    if len(files) not in (0, 1, len(folders)):
        raise InputError(f"{len(files)} {what} for {len(folders)} sets", hint="give one for all, or one for each")
    return list(files) if len(files) > 1 else [files[0] if files else None] * len(folders)


def absent_option(default: int) -> Decorator:
    """``--absent N``: the size of a list of distractors only."""
    return click.option(
        "--absent", type=click.IntRange(min=0), default=default, show_default=True,
        help="Size of a list of distractors only, with which false alarms are measured.",
    )
