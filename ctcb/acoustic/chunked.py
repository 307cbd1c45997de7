"""A model that is trained to stream, over audio that comes piece by piece: its own chunks, each frame encoded once.

What a chunk needs of the audio before is kept in a state, so that the emissions are those of the whole recording, and the
cost of a second of audio does not grow with the stream. Long recordings go the same way as a stream.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Generic, Iterator, List, Optional, Protocol, TypeVar, cast

import numpy as np

from ctcb.acoustic.long_form import Stretch, stretches
from ctcb.acoustic.model import AcousticModel, Rows, blank_of
from ctcb.ctc.emissions import Emissions
from ctcb.data.audio import SAMPLE_RATE
from ctcb.errors import InputError

if TYPE_CHECKING:
    from ctcb.data.feature_stream import FeatureStream
    from ctcb.models.ctc import Encoded

BLOCK = 10 * SAMPLE_RATE  # samples of a recording that are read at a time

T = TypeVar("T")


class ChunkedModel(AcousticModel, Protocol):
    """A model that may take an utterance chunk by chunk."""

    chunk: int  # rows of a chunk

    def rows_of_stream(self) -> FeatureStream:
        """What makes chunks of rows of samples that come piece by piece."""

    def begin(self) -> Any:
        """The state before an utterance's first chunk."""

    def forward_chunk(self, rows: Rows, state: Any) -> Emissions:
        """The emissions of the next chunk, by a model with or without a list; ``state`` is brought up to date."""

    def encode_chunk(self, rows: Rows, state: Any) -> Encoded:
        """The encoder's output for the next chunk, which no list changes; ``state`` is brought up to date."""

    def emissions(self, encoded: Encoded, utt_id: str = "") -> Emissions:
        """The emissions of some of an utterance's frames, by a model with or without a list, which sees these frames alone."""

    def unbiased_emissions(self, encoded: Encoded) -> Emissions:
        """:meth:`emissions` without the list."""


def as_chunked(model: AcousticModel) -> Optional[ChunkedModel]:
    """The model, where it takes utterances chunk by chunk; None for others, whose ``chunk`` is None or missing."""
    return cast(ChunkedModel, model) if getattr(model, "chunk", None) is not None else None


class Chunks(Generic[T]):
    """Samples in, emissions out, or the encoder's output, as soon as their chunk is whole."""

    def __init__(self, forward: Callable[[Rows], T], model: ChunkedModel, asked: Optional[float] = None) -> None:
        """``forward``: the rows of the next chunk to what comes out. ``asked``: the latency that is asked for, in seconds.

        Raises InputError for one that is less than the model's.
        """
        self._forward, self._rows = forward, model.rows_of_stream()
        self.latency = model.chunk / model.rows_per_second + self._rows.look_ahead  # seconds from a sound to its emissions, at most
        if asked is not None and not self.latency <= asked < float("inf"):
            raise InputError(
                f"a latency of {asked} s", hint=f"this model is trained to stream with {self.latency:.2f} s: leave the latency out"
            )

    def accept(self, samples: np.ndarray) -> List[T]:
        """What comes out of the chunks that are whole with these further samples (``[N]`` float32 at 16 kHz), in order."""
        return list(map(self._forward, self._rows.accept(samples)))

    def end(self) -> List[T]:
        """What comes out of the rest at the end of the audio."""
        return list(map(self._forward, self._rows.end()))


def stretches_of_chunks(
    model: ChunkedModel, utt_id: str, read: Callable[[int, int], np.ndarray], samples: int, known: int = 0
) -> Iterator[Stretch]:
    """A recording's stretches from frame ``known`` on, as a stream would emit them.

    The encoder goes through the whole recording, chunk by chunk, also through what is known: what follows rests on it. Cuts
    lie where the model is quiet without a list. An adapter sees a stretch as it sees an utterance.

    Parameters
    ----------
    read : ``(first, last)`` to these samples, ``[N]`` float32 at 16 kHz.
    samples : how many the recording has.
    """
    state = model.begin()
    chunks = Chunks(lambda rows: model.encode_chunk(rows, state), model)
    held: List[Encoded] = []  # the frames that were emitted without the list and are in no stretch yet

    def encoded() -> Iterator[Encoded]:
        for first in range(0, samples, BLOCK):
            yield from chunks.accept(read(first, min(samples, first + BLOCK)))
        yield from chunks.end()

    def unbiased() -> Iterator[Emissions]:
        done = 0
        for chunk in encoded():
            done += chunk.frames
            if done > known:
                held.append(chunk.cut(max(0, chunk.frames - (done - known)), chunk.frames))
                yield model.unbiased_emissions(held[-1])

    for stretch in stretches(unbiased(), 1.0 / model.frame_shift, blank_of(model), known):
        whole, count = type(held[0]).concatenate(held), len(stretch.emissions)
        held[:] = [whole.cut(count, whole.frames)]
        yield stretch._replace(emissions=model.emissions(whole.cut(0, count), utt_id))
