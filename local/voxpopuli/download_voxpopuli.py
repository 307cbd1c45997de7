"""VoxPopuli's original recordings and the English annotations, a year at a time.

    python local/voxpopuli/download_voxpopuli.py CORPUS

``lhotse download voxpopuli --subset asr`` fetches the twelve years at once and starts over after an
interruption. This script asks for one year after the other. A year whose folder exists is complete unless its
archive exists too: lhotse removes the archive once it is unpacked. The annotations go where VoxPopuli's own
scripts put them.
"""
from __future__ import annotations

import sys
from pathlib import Path

import click
from lhotse.recipes import voxpopuli
from torch.hub import download_url_to_file

sys.path.append(str(Path(__file__).resolve().parents[1] / "shared"))
from fetching import fetch  # noqa: E402

from ctcb.cli import run  # noqa: E402
from ctcb.io import require_space  # noqa: E402

ANNOTATIONS = "transcribed_data/en/asr_en.tsv.gz"
# What a year may take on disk, archive and recordings together: an estimate from VoxPopuli's
# README (44 to 75 GB a language, over twelve years), doubled.
YEAR_BYTES = 13e9


@click.command()
@click.argument("corpus", type=click.Path(path_type=Path))
def command(corpus: Path) -> None:
    """Download what CORPUS does not have yet."""
    annotations = corpus / ANNOTATIONS
    if not annotations.exists():
        annotations.parent.mkdir(parents=True, exist_ok=True)
        fetch(annotations.name, lambda: download_url_to_file(
            f"{voxpopuli.DOWNLOAD_BASE_URL}/annotations/asr/{annotations.name}", str(annotations)))
    for year in list(voxpopuli.YEARS):
        if (corpus / f"raw_audios/original/{year}").is_dir() and not (corpus / f"raw_audios/original_{year}.tar").exists():
            continue
        require_space(corpus, YEAR_BYTES)
        voxpopuli.YEARS = [year]  # the years of the subset "asr"
        fetch(f"the recordings of {year}", lambda: voxpopuli.download_voxpopuli(corpus, "asr"))


if __name__ == "__main__":
    run(command, "download_voxpopuli")
