"""A CTC model of transformers as the frozen base of a contextual adapter, and as an acoustic model that is biased by one.

It has no phone head: names are aligned by their pieces alone, which stand in for phones.
"""
from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from typing import Any, List, Optional, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized, remove_parametrizations
from torch.nn.utils.rnn import pad_sequence

from ctcb.acoustic.fingerprint import of_module
from ctcb.acoustic.hf import opened
from ctcb.acoustic.model import MAX_SECONDS
from ctcb.acoustic.open import Tokens
from ctcb.acoustic.waveform import measured_shift
from ctcb.adapter.encoder_bias import EncoderBias
from ctcb.adapter.folder import load_adapter_folder
from ctcb.adapter.network import ContextualAdapter
from ctcb.ctc import emissions
from ctcb.data.audio import SAMPLE_RATE
from ctcb.errors import InputError
from ctcb.io import PathOrStr
from ctcb.models.bf16 import set_precision
from ctcb.models.config import EncoderConfig, InterCtc, ModelConfig
from ctcb.models.ctc import Emissions, Encoded, InnerBias, in_float32
from ctcb.text.lang import Lang
from ctcb.text.spelling import PieceSpelling
from ctcb.text.table_lang import table_lang


class HfNetwork(nn.Module):
    """The methods of :class:`ctcb.models.ctc.CtcModel` that adapters need; symbols are in the lang's order, blank first.

    Takes samples ``[B, N, 1]`` in the place of features. Its inner layers are the two at a third and two thirds of
    the depth; their heads are the final head.
    """

    def __init__(self, model: Any, extractor: Any, order: Sequence[int], name: str) -> None:
        super().__init__()
        head = getattr(model, "lm_head", None)
        if not isinstance(head, nn.Linear):
            raise InputError("this model's head is not the linear layer that an adapter biases", file=name, hint="bias the decoder")
        self.model, self._extractor = model.eval().requires_grad_(False), extractor
        self.head = nn.Linear(head.in_features, head.out_features).requires_grad_(False)
        self.head.weight.data, bias = head.weight.data[list(order)], head.bias
        self.head.bias.data = torch.zeros(len(order)) if bias is None else bias.data[list(order)]
        shapes = [tuple(state.shape) for state in self._states(np.zeros(SAMPLE_RATE, np.float32))]
        depth = len(shapes) - 2  # the first is what enters the layers, the last comes after them
        self.places = [place for place in dict.fromkeys((depth // 3, 2 * depth // 3)) if 0 < place < depth and shapes[place] == shapes[-1]]
        if not self.places:
            raise InputError("this model has too few layers of its head's width", file=name, hint="bias the decoder")
        self.config = ModelConfig(
            num_subwords=len(order), num_phones=len(order), encoder=EncoderConfig(dim=head.in_features, layers=depth, heads=1),
            inter_ctc=tuple(InterCtc(place, target) for place, target in zip(self.places, ("phone", "subword"))),
        )  # fmt: skip

    def encode(self, features: Tensor, lengths: Tensor, inner_bias: Optional[InnerBias] = None) -> Encoded:
        """``features [B, N, 1]`` samples, of which ``lengths [B]`` count, on any device, on which the result is, too.

        One utterance after another, as in ``WaveformModel``.
        """
        if inner_bias is not None:
            raise InputError("adapter.inner_bias is for model directories", hint="turn it off")
        rows: List[List[Tensor]] = []  # of each utterance the inner layers' states and the last ones
        for samples, count in zip(features, lengths.tolist()):
            states = self._states(samples[:count, 0].cpu().numpy())
            rows.append([states[place][0].float().to(features.device) for place in (*self.places, -1)])
        *taps, last = (pad_sequence(list(layer), batch_first=True) for layer in zip(*rows))
        logits = in_float32(self.head, last)
        return Encoded(last, taps, [logits] * len(taps), torch.tensor([len(row[-1]) for row in rows], device=features.device))

    def emissions(self, encoded: Encoded) -> Emissions:
        """What the head makes of the encoder's output."""
        return Emissions(in_float32(self.head, encoded.last).log_softmax(dim=-1), [], encoded.lengths)

    def forward(self, features: Tensor, lengths: Tensor) -> "tuple[Emissions, Encoded]":
        encoded = self.encode(features, lengths)
        return self.emissions(encoded), encoded

    @torch.no_grad()
    def _states(self, samples: np.ndarray) -> List[Tensor]:
        """``[1, T, D]`` on the model's device: what enters the layers, what each of them makes of it, and what the head takes."""
        inputs = self._extractor(samples, sampling_rate=SAMPLE_RATE, return_tensors="pt").to(self.model.device)
        found = self.model.base_model(**inputs, output_hidden_states=True)
        return [*found.hidden_states, found[0]]


@dataclass(frozen=True)
class HfBase:
    """What an adapter needs of its base; in the place of :class:`ctcb.acoustic.directory.LoadedModel`."""

    network: HfNetwork
    lang: Lang
    spelling: PieceSpelling
    frame_shift: float  # seconds
    digest: str  # of the weights and the tokens
    folder: str  # its name
    adapter: Optional[ContextualAdapter] = None
    adapter_digest: str = ""


def load_base(
    name: str, tokens: Tokens, adapter: Optional[PathOrStr] = None, device: torch.device = torch.device("cpu"),
    precision: str = "fp32",
) -> HfBase:
    """A folder or a name of the Hub, and the folder of an adapter that was trained for it. The model runs on ``device``,
    in a precision (`ctcb.models.bf16`).

    Raises InputError for what is no CTC model whose head can be biased, and for another model's adapter.
    """
    extractor, model, table = opened(name, tokens)
    spelling = PieceSpelling(table)
    lang = table_lang(spelling)
    digest = of_module(model, lang.tokenizer.pieces)
    _without_parametrizations(model)
    network = HfNetwork(model, extractor, lang.tokenizer.order, f"hf:{name}")

    def frames(samples: np.ndarray) -> np.ndarray:
        return network._states(samples)[-1][0].cpu().numpy()

    model.to(device)
    set_precision([model.base_model], precision, device)
    base = HfBase(network, lang, spelling, measured_shift(frames), digest, f"hf:{name}")
    if adapter is None:
        return base
    own, known_as = load_adapter_folder(adapter, network.config, base.digest, base.folder)
    return replace(base, adapter=own, adapter_digest=known_as)


def _without_parametrizations(model: nn.Module) -> None:
    """Keep weights as they are in the place of what computes them: newer transformers do so for convolutions, which cannot be pickled then."""
    for module in list(model.modules()):
        if is_parametrized(module):
            for name in list(module.parametrizations):
                remove_parametrizations(module, name)
            module._load_state_dict_pre_hooks.clear()  # weight_norm's reads older state dicts, and cannot be pickled


class AdaptedModel:
    """A model of transformers with an adapter."""

    rows_per_second = float(SAMPLE_RATE)
    max_seconds = MAX_SECONDS
    phonetics = None

    def __init__(self, model: HfBase, bias: Optional[EncoderBias] = None) -> None:
        """``bias`` biases the model's encoder toward a list."""
        self.model, self._bias = model, bias
        self.spelling, self.frame_shift = model.spelling, model.frame_shift
        order = model.lang.tokenizer.order
        self._columns = np.argsort(order)  # of the emissions, in the order of the model's own tokens

    @property
    def fingerprint(self) -> str:
        """Of the base."""
        return self.model.digest

    def biased_by(self, bias: Optional[EncoderBias]) -> AdaptedModel:
        """See :class:`ctcb.acoustic.model.BiasableModel`."""
        model = copy(self)
        model._bias = bias
        return model

    def prepare(self, samples: np.ndarray) -> Tensor:
        """The samples as they are, ``[N, 1]``."""
        return torch.from_numpy(np.ascontiguousarray(samples, dtype=np.float32))[:, None]

    @torch.no_grad()
    def forward(self, rows: Sequence[Tensor], utt_ids: Sequence[str]) -> List[emissions.Emissions]:
        """Natural-log probabilities of each, by one pass of the encoder."""
        features, lengths = pad_sequence(list(rows), batch_first=True), torch.tensor([len(row) for row in rows])
        network = self.model.network
        encoded = network.encode(features, lengths)
        unbiased = network.emissions(encoded).subword
        if self._bias is None:
            batch = emissions.Emissions(unbiased)
        else:
            batch = emissions.Emissions(self._bias.bias(encoded, utt_ids).subword, None, unbiased)
        return [
            batch.map(lambda head, place=place, count=count: head[place, :count].numpy()[:, self._columns].copy())
            for place, count in enumerate(encoded.lengths.tolist())
        ]
