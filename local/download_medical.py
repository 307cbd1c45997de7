"""The simulated patient-physician interviews of Fareez et al. (2022), through lhotse.

    python local/download_medical.py CORPUS

An interrupted download goes on where it was; CORPUS/.unpacked is set when both archives are unpacked.
"""
from __future__ import annotations

from pathlib import Path

import click
from fetching import fetch
from lhotse.recipes.medical import download_medical

from ctcb.cli import run
from ctcb.data.segments import require_space

CORPUS_BYTES = 10e9  # about 50 h of mp3, packed and unpacked; an estimate


@click.command()
@click.argument("corpus", type=click.Path(path_type=Path))
def command(corpus: Path) -> None:
    """Fetch what CORPUS lacks."""
    mark = corpus / ".unpacked"
    if not mark.exists():
        require_space(corpus, CORPUS_BYTES)
        fetch("the corpus", lambda: download_medical(corpus))
        mark.touch()


if __name__ == "__main__":
    run(command, "download_medical")
