"""The configuration of a contextual adapter: the section ``adapter`` of ``model.yaml``, ``adapter.yaml`` and conf/train/*.yaml."""
from __future__ import annotations

from dataclasses import dataclass

from ctcb.errors import InputError


@dataclass(frozen=True)
class AdapterConfig:
    """The contextual adapter's size, and which of its parts are there."""

    dim: int = 192  # of queries, keys and values
    heads: int = 4  # attention heads; divides dim
    embedding: int = 64  # of pieces and of phones
    hidden: int = 128  # of the LSTMs, each direction
    mix: int = 256  # hidden width where an entry's value meets the frame, without `alignment`
    alignment: bool = True  # attention starts from the entries' forced alignments (ctcb/adapter/alignment.py)
    per_token: bool = True  # a key and a value a token of an entry; false: one of each an entry
    phones: bool = True  # entries are read by their phones beside their pieces
    inner_layers: bool = True  # the query reads the inner heads' layers beside the last
    inner_bias: bool = False  # the stream is biased before the second inner head, too

    def __post_init__(self) -> None:
        if self.heads < 1 or self.dim % self.heads:
            raise InputError(f"adapter.dim {self.dim} does not divide into {self.heads} heads")
        if self.alignment and not (self.per_token and self.phones):
            raise InputError("adapter.alignment needs adapter.per_token and adapter.phones", hint="turn them on, or it off")
