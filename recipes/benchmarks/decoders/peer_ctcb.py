"""This project's own decoders: greedy, the beam alone, and the beam with boosting."""
from __future__ import annotations

from dataclasses import replace
from typing import Optional

from bias_list import BiasList
from peer import Peer, Search, Setting, grid

import ctcb
from ctcb.search.beam.decoder import BeamDecoder, warm
from ctcb.search.greedy import greedy
from ctcb.search.options import ALIGNMENTS, BeamOptions, SubwordOptions

OF_BEAM = ("boost_gap", "alignments")  # the other settings are those of subword boosting
warm()  # nothing is compiled while decoders are timed


class Greedy(Peer):
    """The likeliest token of each frame."""

    name = "greedy"
    boosts = False
    version = f"ctcb {ctcb.__version__}"

    def search(self, bias: Optional[BiasList], setting: Setting) -> Search:
        return lambda log_probs: greedy(log_probs, self.task.vocabulary.blank).tokens


class Boosted(Peer):
    """The prefix beam search with adaptive boosting."""

    name = "ctcb beam, boosted"
    version = f"ctcb {ctcb.__version__}"
    grid = grid(beta=(0.5, 1.0, 1.75, 3.0, 4.5), cap=(4.0, 5.0), surplus=(8.0, 20.0), boost_gap=(7.0, 14.0), alignments=ALIGNMENTS)

    def search(self, bias: Optional[BiasList], setting: Setting) -> Search:
        options = BeamOptions(beam=self.task.beam, top_k=self.task.top_k)
        subword = {name: value for name, value in setting.items() if name not in OF_BEAM}
        options = replace(options, **{name: value for name, value in setting.items() if name in OF_BEAM})
        decoder = BeamDecoder(self.task.vocabulary, options, subword=SubwordOptions(**subword))
        graph = bias.graph if bias is not None else None
        return lambda log_probs: decoder.decode(log_probs, graph)[0].tokens


class Unboosted(Boosted):
    """The prefix beam search as it is without a list."""

    name = "ctcb beam, no list"
    boosts = False
    grid = ({},)

    def search(self, bias: Optional[BiasList], setting: Setting) -> Search:
        return super().search(None, setting)
