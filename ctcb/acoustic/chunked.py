"""A model that is trained to stream, over audio that comes piece by piece: its own chunks, each frame encoded once.

What a chunk needs of the audio before is kept in a state, so that the emissions are those of the whole recording, and the
cost of a second of audio does not grow with the stream.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, List, Optional, Protocol, cast

import numpy as np

from ctcb.acoustic.model import AcousticModel, Rows
from ctcb.ctc.emissions import Emissions
from ctcb.errors import InputError

if TYPE_CHECKING:
    from ctcb.data.feature_stream import FeatureStream


class ChunkedModel(AcousticModel, Protocol):
    """A model that may take an utterance chunk by chunk."""

    chunk: int  # rows of a chunk

    def rows_of_stream(self) -> FeatureStream:
        """What makes chunks of rows of samples that come piece by piece."""

    def begin(self) -> Any:
        """The state before an utterance's first chunk."""

    def forward_chunk(self, rows: Rows, state: Any) -> Emissions:
        """The emissions of the next chunk, by a model with or without a list; ``state`` is brought up to date."""


def as_chunked(model: AcousticModel) -> Optional[ChunkedModel]:
    """The model, where it takes utterances chunk by chunk; None for others, whose ``chunk`` is None or missing."""
    return cast(ChunkedModel, model) if getattr(model, "chunk", None) is not None else None


class Chunks:
    """Samples in, emissions out, as soon as their chunk is whole."""

    def __init__(self, forward: Callable[[Rows], Emissions], model: ChunkedModel, asked: Optional[float] = None) -> None:
        """``forward``: the rows of the next chunk to its emissions. ``asked``: the latency that is asked for, in seconds.

        Raises InputError for one that is less than the model's.
        """
        self._forward, self._rows = forward, model.rows_of_stream()
        self.latency = model.chunk / model.rows_per_second + self._rows.look_ahead  # seconds from a sound to its emissions, at most
        if asked is not None and not self.latency <= asked < float("inf"):
            raise InputError(
                f"a latency of {asked} s", hint=f"this model is trained to stream with {self.latency:.2f} s: leave the latency out"
            )

    def accept(self, samples: np.ndarray) -> List[Emissions]:
        """The emissions of the chunks that are whole with these further samples (``[N]`` float32 at 16 kHz), in order."""
        return list(map(self._forward, self._rows.accept(samples)))

    def end(self) -> List[Emissions]:
        """The emissions of what is left at the end of the audio."""
        return list(map(self._forward, self._rows.end()))
