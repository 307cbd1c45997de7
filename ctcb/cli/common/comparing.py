"""Options of the verbs that compare texts: by which rules, and what is counted."""
from __future__ import annotations

import click

from ctcb.cli.common.options import Decorator, Once, join
from ctcb.scoring.recognition import FORMATS
from ctcb.scoring.report import UNITS


def comparing_options() -> Decorator:
    """``--language``, ``--fold``, ``--unit`` and ``--speakers``, named as in :func:`ctcb.scoring.score.score`."""
    return join(
        click.option(
            "--language", cls=Once, metavar="TAG",
            help="Language of the texts, such as de or pt-BR: numbers in digits are read by num2words; tr and az have a dotless i.",
        ),
        click.option("--fold", is_flag=True, help="Compare in the letters a-z: accents and other scripts are transliterated, numbers read in English."),
        click.option(
            "--unit", cls=Once, type=click.Choice(UNITS),
            help="What WER counts; characters are those of scripts without spaces.  [default: characters if the references have no spaces, else words]",
        ),
        click.option("--speakers", cls=Once, type=click.Path(), help="utt2spk or manifest.tsv, for the table of speakers.  [default: those that --ref names]"),
    )


def format_option(flag: str, file: str) -> Decorator:
    """An option that names a file's format, for where its content leaves a doubt."""
    return click.option(
        flag, cls=Once, type=click.Choice(FORMATS),
        help=f"Format of {file}; plain is a text a line without ids.  [default: told by the content, or asked for]",
    )
