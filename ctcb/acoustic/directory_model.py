"""A model directory's model as an acoustic model."""
from __future__ import annotations

from copy import copy
from typing import List, Optional, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from ctcb.acoustic.directory import LoadedModel
from ctcb.acoustic.fingerprint import of_directory
from ctcb.acoustic.model import MAX_SECONDS
from ctcb.adapter.encoder_bias import EncoderBias
from ctcb.ctc.emissions import Emissions
from ctcb.data.features import FeatureExtractor
from ctcb.models import ctc
from ctcb.phones.phonetics import Phonetics
from ctcb.text.spelling import Spelling, TokenizerSpelling


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
