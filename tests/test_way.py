"""The way of an utterance, as CONTRIBUTING.md lists it: few files, and none leads back to an earlier one."""
from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import List, Set

ROOT = Path(__file__).parents[1]


def way() -> List[str]:
    """The files of the numbered list, in order."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    part = text.split("## The way of an utterance")[1].split("\n## ")[0]
    return [file for line in re.findall(r"^\d+\. .*", part, re.M) for file in re.findall(r"`([\w/]+\.py)`", line)[:1]]


def imported(file: str) -> Set[str]:
    """The files of the package that a file imports as it is loaded."""
    found = set()
    for node in ast.parse((ROOT / "ctcb" / file).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("ctcb."):
            for name in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names)):
                found.add("/".join(name.split(".")[1:]) + ".py")
    return found


def test_an_utterance_passes_at_most_12_files():
    files = way()
    assert files[0] == "cli/decode/command.py" and files[-1] == "cli/decode/writing.py"
    assert 8 <= len(files) == len(set(files)) <= 12
    assert all((ROOT / "ctcb" / file).is_file() for file in files)


def test_no_file_leads_back_to_an_earlier_one():
    files = way()
    back = [(file, earlier) for place, file in enumerate(files) for earlier in files[:place] if earlier in imported(file)]
    assert back == []
