"""A model directory's model as an acoustic model."""
from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import List, Optional, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ctcb.acoustic.directory import LoadedModel
from ctcb.acoustic.fingerprint import of_directory
from ctcb.acoustic.model import MAX_SECONDS
from ctcb.acoustic.sliding import LEFT
from ctcb.adapter.encoder_bias import EncoderBias
from ctcb.ctc.emissions import Emissions
from ctcb.data.feature_stream import FeatureStream
from ctcb.data.features import FeatureExtractor
from ctcb.models import ctc
from ctcb.phones.phonetics import Phonetics
from ctcb.text.spelling import Spelling, TokenizerSpelling


@dataclass
class ChunkState:
    """An utterance that comes chunk by chunk."""

    encoder: ctc.StreamState
    recent: Optional[ctc.Encoded] = None  # the last seconds, which an adapter sees beside a chunk

    def extended(self, chunk: ctc.Encoded, frames: int) -> ctc.Encoded:
        """The chunk and up to ``frames`` frames before it."""
        whole = chunk if self.recent is None else ctc.Encoded.concatenate([self.recent, chunk])
        self.recent = whole.cut(max(0, whole.frames - chunk.frames - frames), whole.frames)
        return self.recent


class DirectoryModel:
    """A model directory's model."""

    def __init__(self, model: LoadedModel, bias: Optional[EncoderBias] = None) -> None:
        """``bias`` biases the model's encoder toward a list."""
        self.model, self._bias = model, bias
        self._extract = FeatureExtractor(model.features)
        self.frame_shift, self.rows_per_second = model.frame_shift, 1.0 / model.features.frame_shift
        self.max_seconds = MAX_SECONDS if model.network.config.whisper is None else model.network.config.whisper.max_seconds
        self.spelling: Optional[Spelling] = TokenizerSpelling(model.lang.tokenizer)
        self._phone_head = model.network.config.phone_head
        self.phonetics = None if self._phone_head is None else Phonetics.of(model.lang)

    @property
    def fingerprint(self) -> str:
        """Of the folder that it was loaded from."""
        return of_directory(self.model.folder or "")

    def biased_by(self, bias: Optional[EncoderBias]) -> DirectoryModel:
        """See :class:`ctcb.acoustic.model.BiasableModel`."""
        model = copy(self)
        model._bias = bias
        return model

    def prepare(self, samples: np.ndarray) -> Tensor:
        """Log-mel energies."""
        return self._extract(samples)

    @property
    def chunk(self) -> Optional[int]:
        """See :class:`ctcb.acoustic.chunked.ChunkedModel`; None, too, where an adapter changes what the encoder keeps in its state."""
        config, adapter = self.model.network.config, self.model.adapter
        if config.streaming is None or (adapter is not None and adapter.inner is not None):
            return None
        return config.streaming.chunk * config.subsampling

    def rows_of_stream(self) -> FeatureStream:
        """See :class:`ctcb.acoustic.chunked.ChunkedModel`."""
        assert self.chunk is not None
        return FeatureStream(self._extract, self.chunk)

    def begin(self) -> ChunkState:
        """See :class:`ctcb.acoustic.chunked.ChunkedModel`."""
        return ChunkState(self.model.network.stream_state())

    @torch.no_grad()
    def forward_chunk(self, rows: Tensor, state: ChunkState) -> Emissions:
        """See :class:`ctcb.acoustic.chunked.ChunkedModel`. An adapter sees the chunk and the seconds before it."""
        encoded = self.encode_chunk(rows, state)
        window = state.extended(encoded, round(LEFT / self.frame_shift))
        if self._bias is None:
            return self.unbiased_emissions(encoded)
        return self.emissions(window).cut(window.frames - encoded.frames, window.frames)

    @torch.no_grad()
    def encode_chunk(self, rows: Tensor, state: ChunkState) -> ctc.Encoded:
        """See :class:`ctcb.acoustic.chunked.ChunkedModel`."""
        return self.model.network.encode(rows[None], torch.tensor([len(rows)]), state=state.encoder)

    @torch.no_grad()
    def unbiased_emissions(self, encoded: ctc.Encoded) -> Emissions:
        """See :class:`ctcb.acoustic.chunked.ChunkedModel`."""
        return self._split(self.model.network.emissions(encoded), None)[0]

    @torch.no_grad()
    def emissions(self, encoded: ctc.Encoded, utt_id: str = "") -> Emissions:
        """See :class:`ctcb.acoustic.chunked.ChunkedModel`."""
        if self._bias is None:
            return self.unbiased_emissions(encoded)
        return self._split(self._bias.bias(encoded, [utt_id]), self.model.network.emissions(encoded))[0]

    @torch.no_grad()
    def forward(self, rows: Sequence[Tensor], utt_ids: Sequence[str]) -> List[Emissions]:
        """The final head's emissions and the phone head's; one pass of the encoder where that serves both."""
        network, bias, unbiased = self.model.network, self._bias, None
        lengths = torch.tensor([len(row) for row in rows])
        if int(lengths.max()) == 0:  # audio shorter than a frame
            return [self._no_frames()] * len(rows)
        features = pad_sequence(list(rows), batch_first=True)
        if bias is None:
            found = network(features, lengths)[0]
        elif bias.one_pass:
            encoded = network.encode(features, lengths)
            found, unbiased = bias.bias(encoded, utt_ids), network.emissions(encoded)
        else:
            found, unbiased = bias.emissions(features, lengths, utt_ids), network(features, lengths)[0]
        return self._split(found, unbiased)

    def _split(self, found: ctc.Emissions, unbiased: Optional[ctc.Emissions]) -> List[Emissions]:
        """A batch's emissions as those of its utterances."""
        phones = None if self._phone_head is None else found.inter[self._phone_head]
        batch = Emissions(found.subword, phones, None if unbiased is None else unbiased.subword)
        return [
            batch.map(lambda head, place=place, length=length: head[place, :length].numpy().copy())
            for place, length in enumerate(found.lengths.tolist())
        ]

    def _no_frames(self) -> Emissions:
        config = self.model.network.config
        tokens = np.zeros((0, config.num_subwords), np.float32)
        phones = None if self._phone_head is None else np.zeros((0, config.num_phones), np.float32)
        return Emissions(tokens, phones, None if self._bias is None else tokens)
