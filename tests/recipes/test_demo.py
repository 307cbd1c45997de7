"""The README's first command."""
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_demo_prints_scores_with_and_without_the_list(tmp_path):
    """Names are recognised with the list and not without it; the table compares both."""
    run = subprocess.run(["bash", "utils/demo.sh", "--out", tmp_path], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    without, with_list = ((tmp_path / name / "text").read_text(encoding="utf-8") for name in ("without", "with"))
    names = ["velotoxine", "harrowmere", "quillbrook", "marlo vandersteen", "fenturamide"]
    assert sum(name in with_list for name in names) > sum(name in without for name in names)
    assert without in run.stdout and with_list in run.stdout and "compared with the other system" in run.stdout
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "the bundled model" in page and "velotoxine" in page and "<audio" in page
