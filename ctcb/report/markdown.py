"""Tables in Markdown, and blocks of a results file that a recipe writes anew.

A block stands between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``; all else in the file is left
alone.
"""
from __future__ import annotations

from pathlib import Path
from typing import List, Sequence

from ctcb.errors import InputError
from ctcb.io import PathOrStr, atomic_write


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> List[str]:
    """The lines of a table, and an empty one."""
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(cells) + " |" for cells in lines] + [""]


def replace_block(text: str, name: str, lines: Sequence[str], file: PathOrStr) -> str:
    """``text`` with the block's content replaced by ``lines``; a text without the block gets it at its end.

    Raises
    ------
    InputError : the block begins and does not end; ``file`` is named in the message.
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
    """Put ``lines`` into a file's block; the file and its folder are made where there are none. Raises InputError."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    with atomic_write(path) as file:
        file.write(replace_block(text, name, lines, path))
