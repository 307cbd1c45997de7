"""A word to whoever waits for the first decoding ever."""
from __future__ import annotations

import os
import sys

import click

from ctcb.search.beam.kernel import search


def is_compiled() -> bool:
    """Whether the beam search lies compiled in the cache on disk (:mod:`ctcb.compiled`); not where there is no such cache."""
    file = getattr(search._cache, "_cache_file", None)
    return file is not None and os.path.exists(file._index_path)


def tell_of_compiling() -> None:
    """Say on a terminal that the search will be compiled, where it is not yet."""
    if sys.stderr.isatty() and not is_compiled():
        click.echo(
            "ctcb: note: the search is compiled before its first use, once for each version of ctcb; that takes about a minute "
            "(`ctcb doctor --compile` does it beforehand)", err=True,
        )  # fmt: skip
