"""``ctcb graph``: compile a language model into a decoding graph."""
from __future__ import annotations

from typing import Optional

import click

from ctcb.bundled import BUNDLED_MODEL
from ctcb.cli.common.help import Command
from ctcb.cli.common.options import Once, blank_of
from ctcb.errors import InputError
from ctcb.model_names import is_foreign


@click.command(cls=Command, sections={
    "Input": "lm model",
    "Output": "out",
})
@click.option("--model", "--lang", "lang", type=click.Path(), default=str(BUNDLED_MODEL), show_default="the bundled model",
              help="Model directory, a lang folder, or hf:NAME, torchaudio:BUNDLE, onnx:FILE (with --tokens, or tokens.txt beside it), nemo:FILE, hama.")  # fmt: skip
@click.option("--lm", cls=Once, required=True, type=click.Path(), metavar="FILE", help="ARPA file, gzip or not.")
@click.option("--out", required=True, type=click.Path(), metavar="DIR", help="The graph's folder.")
@click.option("--units", cls=Once, type=click.Choice(["subword", "phone"]), default="subword", show_default=True, help="The units of the emissions.")
@click.option("--tokens", type=click.Path(), metavar="FILE", help="Tokens of another toolkit's model, one on each line (or `token id`), instead of --model.")
@click.option("--blank", metavar="ID|SYMBOL", help="The blank of --tokens.  [default: 0, if its symbol is a usual one]")
@click.option("--tokens-model", type=click.Path(), metavar="FILE", help="The sentencepiece model of --tokens.")
@click.option("--lexicon", type=click.Path(), metavar="FILE", help="Lexicon, lines of word TAB tokens; for phones, it replaces the model's.")
@click.option("--segmentations", type=click.IntRange(1, 8), default=1, show_default=True, help="Maximum number of segmentations of a word.")
@click.option("--closed", is_flag=True, help="Allow only words of the LM and of lists (graphs over phones always do).")
def command(
    lang: str, lm: str, out: str, units: str, tokens: Optional[str], blank: Optional[str], tokens_model: Optional[str],
    lexicon: Optional[str], segmentations: int, closed: bool,
) -> None:
    """Compile an n-gram LM into a graph for `ctcb decode --method graph`.

    An existing graph of the same inputs is kept. Lists of names are inserted at decoding time.

    \b
    ctcb graph --lm lm.arpa.gz --out exp/graph
    ctcb graph --lm lm.arpa.gz --units phone --out exp/graph_phone
    ctcb decode --method graph --graph exp/graph --entities names.txt talk.ogg
    """
    from ctcb.graph.compiling import make_graph, units_of_lang, units_of_model, units_of_tokens

    if is_foreign(lang):
        from ctcb.acoustic.open import Tokens, open_model  # here: import torch

        opened = open_model(lang, Tokens(tokens, tokens_model, blank_of(blank)))
        made_for = units_of_model(lang, opened.spelling, opened.phonetics and opened.phonetics.symbols, units, lexicon)
    elif tokens is None:
        for name, value in (("--blank", blank), ("--tokens-model", tokens_model)):
            if value is not None:
                raise InputError(f"{name} belongs to --tokens, which is not given", hint="leave it out")
        made_for = units_of_lang(lang, units, lexicon)
    else:
        made_for = units_of_tokens(tokens, units, blank_of(blank), lexicon, tokens_model)
    report = make_graph(made_for, lm, out, segmentations, closed)
    for note in report.notes:
        click.echo(f"ctcb: note: {note}", err=True)
    click.echo(f"{out}: {report.summary()}" + ("" if report.made else " (up to date)"))
