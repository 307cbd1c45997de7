"""Tables in Markdown, and blocks of a results file that a recipe rewrites.

A block is delimited by ``<!-- begin NAME -->`` and ``<!-- end NAME -->``; everything else in the file is
kept.
"""
from __future__ import annotations

from pathlib import Path
from typing import List, Sequence

from ctcb.errors import InputError
from ctcb.io import PathOrStr, atomic_write


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> List[str]:
    """The lines of a Markdown table, and an empty line."""
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines] + [""]


def replace_block(text: str, name: str, lines: Sequence[str], file: PathOrStr) -> str:
    """``text`` with the content of the block ``name`` replaced by ``lines``; a missing block is appended.

    Raises
    ------
    InputError : the block has no end mark; ``file`` is named in the message.
    """
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    block = "\n".join([begin, "", *lines, "", end])
    if begin not in text:
        return f"{text.rstrip()}\n\n{block}\n".lstrip()
    before, rest = text.split(begin, 1)
    if end not in rest:
        raise InputError(f"{begin} has no {end}", file=file, line=before.count("\n") + 1, hint="add the end line")
    return before + block + rest.split(end, 1)[1]


def write_block(path: PathOrStr, name: str, lines: Sequence[str]) -> None:
    """Write ``lines`` into the block ``name`` of a file, which is created with its folder if needed.

    Raises InputError as :func:`replace_block` does.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    with atomic_write(path) as file:
        file.write(replace_block(text, name, lines, path))
