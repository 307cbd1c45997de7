"""``ctcb tokenize train|show``: subword tokenizers."""
from __future__ import annotations

from itertools import chain
from typing import Tuple

import click

from ctcb.cli.common.help import Group
from ctcb.text.lines import read_sentences
from ctcb.text.tokenizer import Tokenizer


@click.group(cls=Group)
def command() -> None:
    """Train a sentencepiece tokenizer, or segment a text with one."""


@command.command()
@click.option("--text", "files", multiple=True, required=True, metavar="FILE", help="Training text: text, text.gz or manifest.tsv; repeatable.")
@click.option("--vocab-size", default=500, show_default=True, help="Number of pieces, blank and unknown included.")
@click.option("--out", required=True, metavar="DIR", help="Folder for tokens.model and tokens.txt.")
@click.argument("more", nargs=-1, metavar="[FILE]...")
def train(files: Tuple[str, ...], more: Tuple[str, ...], vocab_size: int, out: str) -> None:
    """Train subword pieces on text, which is normalised first.

    \b
    ctcb tokenize train --text train.txt --vocab-size 500 --out exp/lang
    """
    tokenizer = Tokenizer.train(chain.from_iterable(map(read_sentences, files + more)), vocab_size)
    tokenizer.save(out)
    click.echo(f"{out}: {len(tokenizer)} pieces")


@command.command()
@click.option("--tokens", required=True, metavar="DIR", help="Folder with tokens.model and tokens.txt.")
@click.argument("text", nargs=-1, required=True)
def show(tokens: str, text: Tuple[str, ...]) -> None:
    """Print the pieces of TEXT and their ids.

    \b
    ctcb tokenize show --tokens exp/lang please call marlo
    """
    tokenizer = Tokenizer.load(tokens)
    ids = tokenizer.encode(" ".join(text))
    click.echo(" ".join(tokenizer.pieces[i] for i in ids))
    click.echo(" ".join(map(str, ids)))
