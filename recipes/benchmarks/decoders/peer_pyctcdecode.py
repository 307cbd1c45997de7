"""pyctcdecode's hotwords, through its public ``decode``: phrases fall into single words inside it."""
from __future__ import annotations

import logging
from importlib.metadata import version
from typing import Optional

from bias_list import BiasList
from peer import Peer, Search, Setting, Task, grid
from pyctcdecode import build_ctcdecoder


class Pyctcdecode(Peer):
    """Words that are on the list, or begin like one, get ``weight`` and a share of it."""

    name = "pyctcdecode"
    version = f"pyctcdecode {version('pyctcdecode')}"
    # Thresholds: the package's own, and wider ones, which take several times as long.
    grid = grid(hotword_weight=(0.5, 1.0, 2.0, 4.0, 6.0, 10.0, 15.0), token_min_logp=(-5.0, -7.0), beam_prune_logp=(-10.0,))
    plain = {"token_min_logp": -5.0, "beam_prune_logp": -10.0}

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        logging.getLogger("pyctcdecode").setLevel(logging.ERROR)  # it advises a language model
        labels = list(task.pieces)
        labels[task.vocabulary.blank] = ""
        self._decoder = build_ctcdecoder(labels)

    def search(self, bias: Optional[BiasList], setting: Setting) -> Search:
        options = {"beam_width": self.task.beam, **setting}
        if bias is not None:
            options["hotwords"] = list(bias.texts)
        return lambda log_probs: self._decoder.decode(log_probs, **options)
