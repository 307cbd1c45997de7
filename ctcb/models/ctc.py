"""The base model: a front end, conformer layers, self-conditioned inner CTC heads, a final subword head."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

import torch
from torch import Tensor, nn

from ctcb.device import sent
from ctcb.models.config import ModelConfig
from ctcb.models.conformer import ConformerLayer, LayerState, Subsampling, SubsamplingState, chunk_reach, rotary_table
from ctcb.models.normalization import NormalizerState, RunningNormalizer, frame_mask, normalize_features
from ctcb.models.whisper import WhisperFrontEnd


def no_autocast(x: Tensor) -> torch.autocast:
    """The context in which what is computed on the device of ``x`` keeps its precision."""
    return torch.autocast(x.device.type, enabled=False)


def in_float32(layer: nn.Module, x: Tensor) -> Tensor:
    """Apply a layer in float32 even under autocast."""
    with no_autocast(x):
        return layer(x.float())


class Encoded(NamedTuple):
    """The encoder's output for a batch; B utterances, T frames after subsampling; on the features' device."""

    last: Tensor  # [B, T, D] the last layer's output
    taps: List[Tensor]  # [B, T, D] each inner head's layer, after its posteriors were added
    inter_logits: List[Tensor]  # [B, T, V_i] float32, one an inner head
    lengths: Tensor  # [B] frames

    @property
    def frames(self) -> int:
        """T."""
        return self.last.shape[1]

    def cut(self, first: int, last: int) -> Encoded:
        """The frames ``first`` to ``last``, without the latter, of utterances without padding; views, not copies."""
        parts = ([one[:, first:last] for one in some] for some in ([self.last], self.taps, self.inter_logits))
        (output,), taps, logits = parts
        return Encoded(output, taps, logits, torch.full_like(self.lengths, output.shape[1]))

    @staticmethod
    def concatenate(parts: Sequence[Encoded]) -> Encoded:
        """Parts of the same utterances that follow one another, without padding."""

        def joined(pieces: Iterable[Tensor]) -> Tensor:
            return torch.cat(list(pieces), dim=1)

        taps, logits = ([joined(pieces) for pieces in zip(*some)] for some in ([p.taps for p in parts], [p.inter_logits for p in parts]))
        return Encoded(joined(part.last for part in parts), taps, logits, sum((part.lengths for part in parts[1:]), parts[0].lengths))


class Emissions(NamedTuple):
    """Log-probabilities of a batch."""

    subword: Tensor  # [B, T, V] float32, the final head
    inter: List[Tensor]  # [B, T, V_i] float32, the inner heads
    lengths: Tensor  # [B] frames


@dataclass
class StreamState:
    """What the encoder needs of the frames before; :meth:`CtcModel.stream_state` makes one, and `encode` brings it up to date."""

    layers: List[LayerState]
    normalizer: NormalizerState = field(default_factory=NormalizerState)
    subsampling: SubsamplingState = field(default_factory=SubsamplingState)


# Biases the stream at an inner head: (stream [B, T, D], taps below, inner logits below) -> stream.
InnerBias = Callable[[Tensor, List[Tensor], List[Tensor]], Tensor]
SECOND_HEAD = 1  # the inner head before which it does, counted from 0


def _at_home(bias: InnerBias, home: torch.device) -> InnerBias:
    """The bias, computed on the device ``home``."""

    def moved(x: Tensor, taps: List[Tensor], logits: List[Tensor]) -> Tensor:
        return bias(x.to(home), [part.to(home) for part in taps], [part.to(home) for part in logits]).to(x.device)

    return moved


class CtcModel(nn.Module):
    """A conformer with intermediate CTC (Lee and Watanabe 2021) and self-conditioning (Nozaki and Komatsu 2021)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        dim = config.encoder.dim
        sizes = {"phone": config.num_phones, "subword": config.num_subwords}
        if config.streaming is not None:
            self.normalizer = RunningNormalizer(config.num_mel_bins)
        if config.whisper is None:
            self.subsampling = Subsampling(config.num_mel_bins, dim, config.encoder.dropout)
        else:
            self.whisper = WhisperFrontEnd(config.whisper, config.num_mel_bins, dim, config.encoder.dropout)
        self.layers = nn.ModuleList([ConformerLayer(config.encoder, config.streaming is not None) for _ in range(config.encoder.layers)])
        self.inter_heads = nn.ModuleList([nn.Linear(dim, sizes[inter.target]) for inter in config.inter_ctc])
        self.conditioning = nn.ModuleList([nn.Linear(sizes[inter.target], dim) for inter in config.inter_ctc])
        self.head = nn.Linear(dim, config.num_subwords)

    def encoder_to(self, device: torch.device) -> None:
        """Let the encoder run on ``device``. The final head stays where it is, with whatever else reads `encode`'s results."""
        for name, part in self.named_children():
            if name != "head":
                part.to(device)

    @property
    def encoder_parts(self) -> List[nn.Module]:
        """What takes most of the time: the layers, and Whisper's where there are some."""
        return [self.layers] if self.config.whisper is None else [self.whisper, self.layers]

    @property
    def encoder_device(self) -> torch.device:
        """The device on which the encoder runs."""
        return self.layers[0].norm.weight.device

    def stream_state(self) -> StreamState:
        """The state before an utterance's first frame. Raises ValueError where the configuration has no section `streaming`."""
        streaming = self.config.streaming
        if streaming is None:
            raise ValueError("the model's frames see whole utterances")
        return StreamState([LayerState(streaming.chunk * streaming.left_chunks) for _ in self.layers])

    def encode(
        self, features: Tensor, lengths: Tensor, inner_bias: Optional[InnerBias] = None, state: Optional[StreamState] = None
    ) -> Encoded:
        """``features [B, T, F]`` natural-log mel energies, ``lengths [B]`` frames; on any device, on which the result is, too.

        With ``state`` they are the next chunk of utterances that come piece by piece: `streaming.chunk` frames after subsampling,
        at their end fewer, and as many of each utterance.
        """
        home, device = features.device, self.encoder_device
        if home != device:
            there = self._encode(sent(features, device), sent(lengths, device), inner_bias and _at_home(inner_bias, home), state)
            last, *parts = (part.to(home) for part in (there.last, *there.taps, *there.inter_logits))
            return Encoded(last, parts[: len(there.taps)], parts[len(there.taps) :], there.lengths.to(home))
        return self._encode(features, lengths, inner_bias, state)

    def _encode(self, features: Tensor, lengths: Tensor, inner_bias: Optional[InnerBias], state: Optional[StreamState]) -> Encoded:
        if self.config.streaming is not None:
            x = self.normalizer(features, lengths, state and state.normalizer)
            x, lengths = self.subsampling(x, lengths, state and state.subsampling)
        elif self.config.whisper is None:
            x, lengths = self.subsampling(normalize_features(features, lengths), lengths)
        else:
            x, lengths = self.whisper(features, lengths)
        return self.encode_upper(x, lengths, inner_bias, state)

    def encode_upper(
        self, x: Tensor, lengths: Tensor, inner_bias: Optional[InnerBias] = None, state: Optional[StreamState] = None
    ) -> Encoded:
        """The conformer's layers on their input ``x [B, T, D]``, ``lengths [B]`` frames of it. ``state`` as for :meth:`encode`."""
        # Under bf16 the stream, the heads and the softmaxes stay in float32: with a bf16 stream the
        # gradients of the lower layers came out at a cosine of 0.4 to those in float32.
        x = x.float()
        mask = frame_mask(lengths, x.shape[1])
        streaming, frames = self.config.streaming, x.shape[1]
        reach = None if streaming is None or state is not None else chunk_reach(frames, streaming, x.device)
        if state is not None:
            frames += state.layers[0].frames
        table = rotary_table(frames, self.config.encoder.dim // self.config.encoder.heads, x.device)
        inner: Dict[int, int] = {inter.layer: i for i, inter in enumerate(self.config.inter_ctc)}
        taps, inter_logits = [], []
        for number, layer in enumerate(self.layers, start=1):
            x = layer(x, mask, table, reach, state and state.layers[number - 1])
            if number in inner:
                if inner_bias is not None and inner[number] == SECOND_HEAD:
                    x = inner_bias(x, taps, inter_logits)
                logits = in_float32(self.inter_heads[inner[number]], x)
                x = x + self.conditioning[inner[number]](logits.softmax(dim=-1))
                taps.append(x)
                inter_logits.append(logits)
        return Encoded(x, taps, inter_logits, lengths)

    def emissions(self, encoded: Encoded) -> Emissions:
        """The log-probabilities of the heads."""
        return Emissions(
            in_float32(self.head, encoded.last).log_softmax(dim=-1),
            [logits.log_softmax(dim=-1) for logits in encoded.inter_logits],
            encoded.lengths,
        )

    def forward(self, features: Tensor, lengths: Tensor) -> Tuple[Emissions, Encoded]:
        """Emissions of all heads, and the encoder's output for whatever builds on it."""
        encoded = self.encode(features, lengths)
        return self.emissions(encoded), encoded
