"""``ctcb graph``: a language model into a decoding graph."""
from __future__ import annotations

from typing import Optional

import click

from ctcb.bundled import BUNDLED_MODEL
from ctcb.cli.common.options import Once
from ctcb.errors import InputError


@click.command()
@click.option("--model", "--lang", "lang", type=click.Path(), metavar="DIR", default=str(BUNDLED_MODEL), show_default="the bundled model",
              help="Model directory, or a lang folder.")  # fmt: skip
@click.option("--lm", cls=Once, required=True, type=click.Path(), metavar="FILE", help="ARPA file, gzip or not.")
@click.option("--out", required=True, type=click.Path(), metavar="DIR", help="The graph's folder.")
@click.option("--units", cls=Once, type=click.Choice(["subword", "phone"]), default="subword", show_default=True, help="What the emissions are of.")
@click.option("--tokens", type=click.Path(), metavar="FILE", help="Tokens of any other model, one a line (or `token id`), instead of --model.")
@click.option("--blank", metavar="ID|SYMBOL", help="The blank among --tokens.  [default: 0, if called like one]")
@click.option("--tokens-model", type=click.Path(), metavar="FILE", help="The sentencepiece model of --tokens.")
@click.option("--lexicon", type=click.Path(), metavar="FILE", help="Word TAB tokens, a line a way to say it; over phones, instead of the model's.")
@click.option("--segmentations", type=click.IntRange(1, 8), default=1, show_default=True, help="Ways to spell a word in pieces, at most.")
@click.option("--closed", is_flag=True, help="Allow no words but those of the LM and of lists (over phones always so).")
def command(
    lang: str, lm: str, out: str, units: str, tokens: Optional[str], blank: Optional[str], tokens_model: Optional[str],
    lexicon: Optional[str], segmentations: int, closed: bool,
) -> None:
    """Compile an n-gram LM into a graph for `ctcb decode --method graph`.

    A graph that was made from the same inputs stays as it is. Lists of names enter it at decoding time.

    \b
    ctcb graph --lm lm.arpa.gz --out exp/graph
    ctcb graph --lm lm.arpa.gz --units phone --out exp/graph_phone
    ctcb decode --method graph --graph exp/graph --entities names.txt talk.ogg
    """
    from ctcb.graph.compiling import make_graph, units_of_lang, units_of_tokens

    if tokens is None:
        for name, value in (("--blank", blank), ("--tokens-model", tokens_model)):
            if value is not None:
                raise InputError(f"{name} is for --tokens, and --model tells its own", hint="leave it out")
        made_for = units_of_lang(lang, units, lexicon)
    else:
        made_for = units_of_tokens(tokens, units, int(blank) if blank and blank.isdecimal() else blank, lexicon, tokens_model)
    report = make_graph(made_for, lm, out, segmentations, closed)
    for note in report.notes:
        click.echo(f"ctcb: note: {note}", err=True)
    click.echo(f"{out}: {report.summary()}" + ("" if report.made else " (stood there already)"))
