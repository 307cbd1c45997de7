"""A stream over audio: PCM in, words while people speak, and a transcript an utterance."""
from __future__ import annotations

from threading import Lock
from typing import Any, Callable, List, Optional, Union, cast

import numpy as np

from ctcb.acoustic.chunked import ChunkedModel, Chunks, as_chunked
from ctcb.acoustic.model import AcousticModel, Rows, blank_of
from ctcb.acoustic.sliding import LATENCY, SlidingWindows
from ctcb.biasing.prepared_list import Context
from ctcb.ctc.emissions import Emissions
from ctcb.data.audio import SAMPLE_RATE
from ctcb.data.pcm import PcmStream
from ctcb.decoding.list_cache import Entities
from ctcb.decoding.segment import Partial
from ctcb.decoding.stream import Stream
from ctcb.transcript.transcript import Transcript

_ONE_AT_A_TIME = Lock()  # a model's `forward` serves one thread; the streams of a process take turns


class AudioStream:
    """Audio that comes piece by piece; :meth:`ctcb.Recognizer.stream` makes one. For one thread at a time.

    The encoder runs on the chunks of a model that is trained to stream (:mod:`ctcb.acoustic.chunked`), and on windows of others
    (:mod:`ctcb.acoustic.sliding`). The emissions go into a :class:`ctcb.decoding.stream.Stream`.
    """

    def __init__(
        self, stream: Stream, biased: Callable[[Optional[Context]], AcousticModel], sample_rate: int = SAMPLE_RATE, channels: int = 1,
        latency: Optional[float] = None,
    ) -> None:
        """``biased``: the model, biased toward a list. The others as :meth:`ctcb.Recognizer.stream` has them."""
        self._stream, self._biased = stream, biased
        self._list = stream.context
        self._model = biased(self._list)
        self._pcm = PcmStream(sample_rate, channels)
        self._source: Union[Chunks, SlidingWindows]
        chunked = as_chunked(self._model)
        if chunked is not None:
            self._state = chunked.begin()
            self._source = Chunks(self._forward_chunk, chunked, latency)
        else:
            latency = LATENCY if latency is None else latency
            self._source = SlidingWindows(self._forward, self._model.frame_shift, self._model.max_seconds, blank_of(self._model), latency)

    @property
    def latency(self) -> float:
        """Seconds of audio, at most, between a sound and its emissions: a chunk and its look-ahead."""
        return self._source.latency

    def accept(self, audio: Any) -> List[Transcript]:
        """Take the audio that follows. Returns the transcripts of utterances that ended within it, often none.

        ``audio``: ``[N]`` or ``[N, channels]`` int16, or floats in -1..1, of numpy or torch; or the bytes of 16-bit
        little-endian samples. Raises InputError for anything else, and for samples that are not finite; then nothing was taken.
        """
        self._stream.require_open()
        return self._decoded(self._source.accept(self._pcm.take(audio)))

    def partial(self) -> Partial:
        """What is recognised so far of the utterance under way; see :meth:`Stream.partial`."""
        return self._stream.partial()

    def swap_list(self, entities: Entities) -> None:
        """Another list from the next utterance on; see :meth:`Stream.swap_list`. The encoder follows with its next chunk or window."""
        self._stream.swap_list(entities)

    def finish(self) -> List[Transcript]:
        """The audio is over: the transcripts of the utterances that are still to come, at least one.

        Raises InputError for a stream that is finished already.
        """
        self._stream.require_open()
        closed = self._decoded([*self._source.accept(self._pcm.end()), *self._source.end()])
        return [*closed, self._stream.finish()]

    def _decoded(self, pieces: List[Emissions]) -> List[Transcript]:
        return [closed for one in pieces for closed in self._stream.accept(one.tokens, one.phones, one.unbiased)]

    def _forward(self, samples: np.ndarray) -> Emissions:
        model = self._biased_model()
        with _ONE_AT_A_TIME:
            return model.forward([model.prepare(samples)], [""])[0]

    def _forward_chunk(self, rows: Rows) -> Emissions:
        model = cast(ChunkedModel, self._biased_model())
        with _ONE_AT_A_TIME:
            return model.forward_chunk(rows, self._state)

    def _biased_model(self) -> AcousticModel:
        """The model, biased toward the list of the moment."""
        context = self._stream.context
        if context is not self._list:
            self._model, self._list = self._biased(context), context
        return self._model
