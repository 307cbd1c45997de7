"""What listens: a model, seen as something that turns samples into emissions."""
from __future__ import annotations

from copy import copy
from typing import List, Optional, Protocol, Sequence, Tuple, runtime_checkable

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from ctcb.acoustic.directory import LoadedModel
from ctcb.adapter.encoder_bias import EncoderBias
from ctcb.data.features import FeatureExtractor
from ctcb.errors import InputError
from ctcb.phones.phonetics import Phonetics
from ctcb.text.spelling import Spelling, TokenizerSpelling

Heads = Tuple[np.ndarray, ...]  # [T, V_i] float32 natural-log probabilities, the head that is searched first


class Ear(Protocol):
    """A model that listens. ``prepare`` serves any number of threads, ``hear`` is called by one."""

    frame_shift: float  # seconds from one frame of the emissions to the next
    rows_a_second: float  # what `prepare` makes of a second of audio
    spelling: Optional[Spelling]  # of words in the first head's tokens; None where these spell none
    phonetics: Optional[Phonetics]  # of the phone head; None where there is none
    phone_head: Optional[int]  # its place among the heads

    def prepare(self, samples: np.ndarray) -> torch.Tensor:
        """``[N]`` float32 samples at 16 kHz to ``[T, F]`` rows of input."""

    def hear(self, rows: Sequence[torch.Tensor], utt_ids: Sequence[str]) -> List[Heads]:
        """The emissions of a batch of inputs."""


class ModelEar:
    """A model directory's model."""

    def __init__(self, model: LoadedModel, bias: Optional[EncoderBias] = None) -> None:
        """``bias`` leans the model's encoder toward a list."""
        self.model, self.bias, self._extract = model, bias, FeatureExtractor(model.features)
        self.frame_shift, self.rows_a_second = model.frame_shift, 1.0 / model.features.frame_shift
        self.spelling: Optional[Spelling] = TokenizerSpelling(model.lang.tokenizer)
        place = model.network.config.phone_head
        self.phonetics = None if place is None else Phonetics.of(model.lang)
        self.phone_head = None if place is None else 1 + place

    def leaning(self, bias: Optional[EncoderBias]) -> ModelEar:
        """The same, leaning toward a list; with None not."""
        ear = copy(self)
        ear.bias = bias
        return ear

    def prepare(self, samples: np.ndarray) -> torch.Tensor:
        """Log-mel energies."""
        return self._extract(samples)

    def hear(self, rows: Sequence[torch.Tensor], utt_ids: Sequence[str]) -> List[Heads]:
        """The final head's emissions, and the inner heads'."""
        return self._hear(rows, utt_ids, False)

    def hear_both(self, rows: Sequence[torch.Tensor], utt_ids: Sequence[str]) -> List[Heads]:
        """The same leaning toward the list, then as many heads without it; one pass of the encoder where that can be."""
        if self.bias.one_pass:
            return self._hear(rows, utt_ids, True)
        return [(*one, *other) for one, other in zip(self.hear(rows, utt_ids), self.leaning(None).hear(rows, utt_ids))]

    def _hear(self, rows: Sequence[torch.Tensor], utt_ids: Sequence[str], both: bool) -> List[Heads]:
        lengths = torch.tensor([len(one) for one in rows])
        if int(lengths.max()) == 0:  # audio shorter than a frame
            config = self.model.network.config
            sizes = {"phone": config.num_phones, "subword": config.num_subwords}
            widths = [config.num_subwords, *(sizes[inner.target] for inner in config.inter_ctc)]
            return [tuple(np.zeros((0, width), np.float32) for width in widths * (1 + both)) for _ in rows]
        with torch.no_grad():
            features = pad_sequence(list(rows), batch_first=True)
            if both:
                encoded = self.model.network.encode(features, lengths)
                found = [self.bias.bias(encoded, utt_ids), self.model.network.emissions(encoded)]
            elif self.bias is None:
                found = [self.model.network(features, lengths)[0]]
            else:
                found = [self.bias.emissions(features, lengths, utt_ids)]
        heads = [head for emissions in found for head in (emissions.subword, *emissions.inter)]
        return [
            tuple(head[place, :length].numpy().copy() for head in heads)
            for place, length in enumerate(found[0].lengths.tolist())
        ]


class ComparingEar:
    """Hears everything twice: leaning toward a list, and behind these heads the same ones without it."""

    def __init__(self, leaning: LeaningEar) -> None:
        self.prepare, self.hear = leaning.prepare, leaning.hear_both
        self.frame_shift, self.rows_a_second = leaning.frame_shift, leaning.rows_a_second
        self.spelling, self.phonetics, self.phone_head = leaning.spelling, leaning.phonetics, leaning.phone_head


@runtime_checkable
class LeaningEar(Ear, Protocol):
    """A model whose encoder can be leaned: a model directory's, or one of others with an adapter."""

    model: LoadedModel  # or what has its fields

    def leaning(self, bias: Optional[EncoderBias]) -> LeaningEar:
        """The same, leaning toward a list; with None not."""

    def hear_both(self, rows: Sequence[torch.Tensor], utt_ids: Sequence[str]) -> List[Heads]:
        """What ``hear`` answers, and behind it as many heads without the list."""


def can_lean(ear: Ear) -> LeaningEar:
    """The ear, whose encoder must be one that can be leaned; InputError for others."""
    if not isinstance(ear, LeaningEar):
        raise InputError(
            "this model is no model directory, and has no adapter",
            hint="lean with the decoder (--bias decoder), or give an adapter for it (--adapter)",
        )
    return ear
