"""utils/stages.sh, utils/launch.sh and utils/parse_options.sh, which every recipe uses."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def bash(script, *words):
    return subprocess.run(["bash", "-euo", "pipefail", "-c", script, "test", *words], capture_output=True, text=True, cwd=ROOT, env=ENVIRONMENT)


def test_mark_only_after_success(tmp_path):
    script = f". utils/stages.sh; once '{tmp_path}/out' bash -c '[ ! -e {tmp_path}/broken ] && echo ran'; echo on"
    (tmp_path / "broken").touch()
    failed = bash(script)
    assert failed.returncode == 1 and failed.stdout == "" and not (tmp_path / "out/.done").exists()
    (tmp_path / "broken").unlink()
    assert bash(script).stdout == "ran\non\n" and (tmp_path / "out/.done").exists()
    again = bash(script)
    assert again.stdout == "on\n" and "stands already" in again.stderr


@pytest.mark.parametrize("options, first", [
    ("", True), ("--standalone", True), ("--nnodes=2 --node_rank=0 --master_addr=a", True),
    ("--nnodes=2 --node_rank=1", False), ("--nnodes 12 --node-rank 10", False),
])  # fmt: skip
def test_first_node_writes(options, first):
    assert (bash('. utils/launch.sh; first_node "$1"', options).returncode == 0) == first


def test_arguments_are_split_at_dashes():
    script = '. utils/parse_options.sh; until_dashes "$@"; printf "<%s>" "${before[@]}" / "${after[@]}"'
    assert bash(script, "a b", "c", "--", "--d", "e").stdout == "<a b><c></><--d><e>"
    assert bash(script, "a").stdout == "<a></>"


def test_help_shows_the_shared_options():
    ran = bash("recipes/mini/run.sh --help")
    assert ran.returncode == 0 and ran.stdout.startswith("No corpus") and "--sentences" in ran.stdout and "--nproc" in ran.stdout
    assert "set -euo" not in ran.stdout and "stop_stage=" not in ran.stdout
