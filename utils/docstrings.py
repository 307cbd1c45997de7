"""Docstrings in numpy's style as Markdown."""
from __future__ import annotations

import re
from typing import Iterator, List

ROLE = re.compile(r":(?:func|class|meth|mod|data|attr|exc):`~?([^`]+)`")
ENTRY = re.compile(r"(\*{0,2}\w[\w, *]*) : (.*)")


def as_markdown(docstring: str) -> List[str]:
    """The lines of a docstring: sections as lists, references as code, examples as blocks."""
    lines = ROLE.sub(lambda role: f"`{role[1]}`", docstring).splitlines()
    return list(_examples(_sections(lines)))


def _sections(lines: List[str]) -> Iterator[str]:
    """Headings underlined with dashes become bold, and their ``name : meaning`` items of a list."""
    inside, number = False, 0
    while number < len(lines):
        line = lines[number]
        if number + 1 < len(lines) and line and re.fullmatch("-{3,}", lines[number + 1]):
            inside, number = True, number + 2
            yield from (f"**{line}**", "")
            continue
        entry = ENTRY.fullmatch(line) if inside else None
        if entry:
            yield f"- {', '.join(f'`{name.strip()}`' for name in entry[1].split(','))}: {entry[2]}"
        elif inside and line and not line.startswith(" "):  # a paragraph below the section
            inside = False
            yield line
        else:
            yield line
        number += 1


def _examples(lines: Iterator[str]) -> Iterator[str]:
    """Runs of ``>>>`` lines become blocks of Python."""
    inside = False
    for line in lines:
        example = line.startswith((">>> ", "... "))
        if example != inside:
            yield "```python" if example else "```"
        inside = example
        yield line[4:] if example else line
    if inside:
        yield "```"
