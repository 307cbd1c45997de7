"""The simulated patient-physician interviews of Fareez et al. (2022), through lhotse.

    python local/medical/download_medical.py CORPUS

An interrupted download resumes. CORPUS/.unpacked is written when both archives are unpacked.
"""
from __future__ import annotations

import sys
from pathlib import Path

import click
from lhotse.recipes.medical import download_medical

sys.path.append(str(Path(__file__).resolve().parents[1] / "shared"))
from fetching import fetch, unpack  # noqa: E402

from ctcb.cli import run  # noqa: E402
from ctcb.io import require_space  # noqa: E402

CORPUS_BYTES = 10e9  # about 50 h of mp3, packed and unpacked; an estimate


@click.command()
@click.argument("corpus", type=click.Path(path_type=Path))
def command(corpus: Path) -> None:
    """Download what CORPUS does not have yet."""
    mark = corpus / ".unpacked"
    if not mark.exists():
        require_space(corpus, CORPUS_BYTES)
        fetch("the corpus", lambda: unpack(corpus, lambda: download_medical(corpus)))
        mark.touch()


if __name__ == "__main__":
    run(command, "download_medical")
