"""Options of the verbs that measure on data sets: which distractors go with which set."""
from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

import click

from ctcb.cli.common.options import Decorator
from ctcb.errors import InputError


def distractors_option() -> Decorator:
    """``--distractors FILE``: for all sets, or one for each."""
    return click.option(
        "--distractors", type=click.Path(), multiple=True,
        help="Names that are not spoken; repeated, one for each --data.  [default: each folder's distractors.txt, if any]",
    )


def with_distractors(folders: Sequence[str], files: Sequence[str]) -> List[Tuple[str, Optional[str]]]:
    """Each folder and its file. Raises InputError for another number of files."""
    if len(files) not in (0, 1, len(folders)):
        raise InputError(f"{len(files)} lists of distractors for {len(folders)} sets", hint="give one for all, or one for each")
    each = list(files) if len(files) > 1 else [files[0] if files else None] * len(folders)
    return list(zip(folders, each))


def absent_option(default: int) -> Decorator:
    """``--absent N``: a list of distractors alone."""
    return click.option(
        "--absent", type=click.IntRange(min=0), default=default, show_default=True,
        help="Distractors in a list of their own, of which none is spoken: for false alarms.",
    )
