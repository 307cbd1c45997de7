"""LibriSpeech, through lhotse, and the biasing lists of is21_deep_bias.

    python local/librispeech/download_librispeech.py CORPUS [--part NAME]...

An interrupted download resumes. A part whose folder exists is complete unless its archive exists too: the archive is
removed once it is unpacked. So a part that was unpacked otherwise is left alone.
"""
from __future__ import annotations

import sys
from pathlib import Path
from typing import Tuple

import click
from lhotse.recipes.librispeech import LIBRISPEECH, download_librispeech
from torch.hub import download_url_to_file

sys.path.append(str(Path(__file__).resolve().parents[1] / "shared"))
from fetching import fetch, unpack  # noqa: E402

from ctcb.cli import run  # noqa: E402
from ctcb.io import require_space  # noqa: E402

AUDIO_URL = "http://www.openslr.org/resources"
# A commit, so that the lists stay the published ones.
IS21_URL = "https://raw.githubusercontent.com/facebookresearch/fbai-speech/3fc7bb1ea20732fdb93613c66b14ea884debb443"
IS21 = "is21_deep_bias"
LISTS = [f"ref/test-{kind}.biasing_{count}.tsv" for kind in ("clean", "other") for count in (100, 500, 1000, 2000)]
WORDS = ["words/common_words_5k.txt", "words/all_rare_words.txt"]
IS21_BYTES = 0.5e9  # of all lists; an estimate
# Archive and audio together, from the sizes that OpenSLR gives for the archives.
PART_BYTES = {"train-clean-100": 13e9, "train-clean-360": 46e9, "train-other-500": 60e9}
OTHER_BYTES = 0.7e9  # each dev and test part


@click.command()
@click.argument("corpus", type=click.Path(path_type=Path))
@click.option("--part", "parts", multiple=True, type=click.Choice(LIBRISPEECH), help="Part of LibriSpeech; repeatable.  [default: all]")
def command(corpus: Path, parts: Tuple[str, ...]) -> None:
    """Download what CORPUS does not have yet."""
    missing = [name for name in (*LISTS, *WORDS) if not (corpus / IS21 / name).exists()]
    if missing:
        require_space(corpus, IS21_BYTES)
    for name in missing:
        file = corpus / IS21 / name
        file.parent.mkdir(parents=True, exist_ok=True)
        fetch(file.name, lambda: download_url_to_file(f"{IS21_URL}/{IS21}/{name}", str(file), progress=False))
    for part in parts or LIBRISPEECH:
        archive = corpus / f"{part}.tar.gz"
        if (corpus / "LibriSpeech" / part).is_dir() and not archive.exists():
            continue
        require_space(corpus, PART_BYTES.get(part, OTHER_BYTES))
        fetch(part, lambda: unpack(corpus, lambda: download_librispeech(corpus, part, base_url=AUDIO_URL)))
        archive.unlink()


if __name__ == "__main__":
    run(command, "download_librispeech")
