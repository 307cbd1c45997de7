"""``ctcb lm``: estimate an n-gram language model."""
from __future__ import annotations

from typing import Optional, Tuple

import click

from ctcb.cli.common.help import Command
from ctcb.errors import InputError


@click.command(cls=Command)
@click.argument("texts", nargs=-1, required=True, type=click.Path(), metavar="TEXT...")
@click.option("--out", required=True, type=click.Path(), metavar="FILE", help="The ARPA file; gzipped if it ends in .gz.")
@click.option("--order", default=3, show_default=True, help="Order of the n-grams, 2 to 6.")
@click.option("--prune", default="0", show_default=True, help='Pruning thresholds by order, such as "0 0 1": n-grams with at most this count are left out.')
@click.option("--vocab", type=click.Path(), metavar="FILE", help="Limit the vocabulary to these words (a list, or lexicon.txt).")
@click.option("--estimator", type=click.Choice(["auto", "lmplz", "builtin"]), default="auto", show_default=True,
              help="KenLM's lmplz (utils/install_lmplz.sh), the built-in estimator, or lmplz if installed.")  # fmt: skip
@click.option("--held-out", multiple=True, type=click.Path(), metavar="FILE", help="Print the perplexity of this text; repeatable.")
def command(
    texts: Tuple[str, ...], out: str, order: int, prune: str, vocab: Optional[str], estimator: str, held_out: Tuple[str, ...]
) -> None:
    """Estimate an n-gram LM on TEXT (plain, .gz or manifest.tsv), which is normalised first.

    The smoothing is interpolated modified Kneser-Ney; the result is an ARPA file.

    \b
    ctcb lm text.txt more.txt.gz --out lm.arpa.gz --prune "0 0 1" --held-out dev.txt
    """
    from ctcb.lm.estimate import LmOptions, estimate_lm, read_vocab

    try:
        thresholds = tuple(map(int, prune.replace(",", " ").split()))
    except ValueError:
        raise InputError(f"--prune {prune!r} is not a list of numbers", hint='give one for each order, such as "0 0 1"') from None
    options = LmOptions(order, thresholds, read_vocab(vocab) if vocab else None)
    report = estimate_lm(texts, out, options, estimator)
    for note in report.notes:
        click.echo(note, err=True)
    click.echo(report.summary())
    if held_out:
        _print_perplexities(out, held_out)


def _print_perplexities(out: str, held_out: Tuple[str, ...]) -> None:
    from ctcb.lm.ngram import NgramLm
    from ctcb.text.lines import read_sentences
    from ctcb.text.normalize import normalize

    lm = NgramLm.load(out)
    for file in held_out:
        perplexity = lm.perplexity(filter(None, map(normalize, read_sentences(file))))
        click.echo(
            f"{file}: perplexity {perplexity.perplexity:.2f} ({perplexity.perplexity_of_known:.2f} of known words), "
            f"{perplexity.unknown} of {perplexity.words} words unknown, {perplexity.sentences} sentences"
        )
