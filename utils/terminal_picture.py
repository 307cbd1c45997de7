"""Draws docs/demo.svg: a clip that comes with ctcb, transcribed without and with a list, as a terminal shows it.

    python utils/terminal_picture.py [--out docs/demo.svg]

What stands in the picture is what the commands print.
"""
from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import List, Tuple

from rich.console import Console
from rich.text import Text

from ctcb.bundled import BUNDLED_MODEL

ROOT = Path(__file__).resolve().parents[1]
DEMO = BUNDLED_MODEL.parent / "demo"
COLUMNS = 76  # longer lines are wrapped, as a terminal does: on a phone, more columns are too small to read
COMMANDS = ("cat names.txt", "ctcb decode talk.ogg", "ctcb decode --entities names.txt --explain talk.ogg")
NAME = "velotoxine"


def session() -> List[Tuple[str, str]]:
    """The commands, and what each prints on stdout."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(DEMO / "audio/demo_03.ogg", f"{folder}/talk.ogg")
        shutil.copy(DEMO / "entities.txt", f"{folder}/names.txt")
        return [(command, _output(command, folder)) for command in COMMANDS]


def _output(command: str, folder: str) -> str:
    words = shlex.split(command)
    words = [sys.executable, "-m", *words] if words[0] == "ctcb" else words
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    return subprocess.run(words, cwd=folder, env=env, check=True, capture_output=True, text=True).stdout.rstrip()


def picture(shown: List[Tuple[str, str]]) -> str:
    """The session as SVG. It names no font from the network, as rich's template does."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor", highlight=False)
    for command, output in shown:
        console.print(Text("$ ", "green") + Text(command, "bold"))
        text = Text(output)
        text.highlight_words([NAME], "bold green")
        text.highlight_words(["veletoxine"], "bold red")
        console.print(text)
    drawn = console.export_svg(title="ctcb", unique_id="demo")
    drawn = re.sub(r"\s*@font-face \{.*?\}", "", drawn, flags=re.S).replace("Fira Code, monospace", "ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace")
    # The role and the words, for those who have it read to them.
    words = "\n".join(f"$ {command}\n{output}" for command, output in shown).replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"(<svg [^>]*)>", rf'\1 role="img">\n<desc>{words}</desc>', drawn, count=1) + "\n"


if __name__ == "__main__":
    out = Path(sys.argv[sys.argv.index("--out") + 1]) if "--out" in sys.argv else ROOT / "docs/demo.svg"
    out.write_text(picture(session()), encoding="utf-8")
