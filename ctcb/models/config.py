"""The configuration of a model; written to and read from ``model.yaml``."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, Optional, Tuple

from ctcb.config import from_mapping
from ctcb.errors import InputError
from ctcb.io import PathOrStr

TARGETS = ("phone", "subword")


@dataclass(frozen=True)
class EncoderConfig:
    """The conformer's size."""

    dim: int = 192  # width of the stream
    layers: int = 12
    heads: int = 4  # attention heads; dim / heads must be even (rotary positions)
    ff_dim: int = 768  # hidden width of the feed-forward modules
    conv_kernel: int = 15  # frames after subsampling, odd
    dropout: float = 0.1


@dataclass(frozen=True)
class StreamingConfig:
    """Limited context, for a model that is trained to stream: causal convolutions, a running mean of the features, chunked attention."""

    chunk: int = 16  # frames after subsampling that are encoded together and see one another; a stream waits for the last of them
    left_chunks: int = 4  # chunks before its own that a frame attends to, in every layer

    def __post_init__(self) -> None:
        if self.chunk < 1 or self.left_chunks < 0:
            raise InputError(
                f"streaming.chunk is {self.chunk} and streaming.left_chunks {self.left_chunks}", hint="give 1 or more and 0 or more"
            )


@dataclass(frozen=True)
class WhisperConfig:
    """Whisper's encoder as the model's lower half; the sizes are those of `base`."""

    dim: int = 512
    layers: int = 6
    heads: int = 8
    positions: int = 1500  # frames at 50 a second that it takes at once, the tail included
    tap: int = 3  # the block whose output the conformer reads beside the last one's
    tail: int = 50  # input frames of silence behind each utterance
    name: str = ""  # where the weights came from, with licence and digest; written by training
    licence: str = ""
    digest: str = ""  # SHA-256 of the files

    @property
    def max_seconds(self) -> float:
        """Seconds of audio that the encoder takes at once: its positions without the tail, and half a second to spare."""
        return self.positions / 50 - self.tail / 100 - 0.5

    def __post_init__(self) -> None:
        if self.dim % self.heads:
            raise InputError(f"whisper.dim {self.dim} does not divide into {self.heads} heads")
        if not 1 <= self.tap <= self.layers:
            raise InputError(f"whisper.tap {self.tap} must lie between 1 and {self.layers}")


@dataclass(frozen=True)
class InterCtc:
    """A CTC head on an inner layer, whose posteriors are projected back into the stream."""

    layer: int  # counted from 1
    target: str  # "phone" or "subword"
    weight: float = 0.2  # share of the loss


@dataclass(frozen=True)
class AttentionDecoderConfig:
    """The decoder that only training uses; weight 0 leaves it out."""

    weight: float = 0.0  # share of the loss
    layers: int = 2
    heads: int = 4
    ff_dim: int = 768
    dropout: float = 0.1
    label_smoothing: float = 0.1


@dataclass(frozen=True)
class ModelConfig:
    """The base model."""

    num_subwords: int  # with the blank (id 0)
    num_phones: int  # with the blank (id 0)
    num_mel_bins: int = 80
    encoder: EncoderConfig = EncoderConfig()
    whisper: Optional[WhisperConfig] = None  # below the conformer, in place of its own subsampling
    streaming: Optional[StreamingConfig] = None  # None: every frame sees the whole utterance
    # The paper's layers 6 and 12 of 18 are a third and two thirds of the depth.
    inter_ctc: Tuple[InterCtc, ...] = (InterCtc(4, "phone"), InterCtc(8, "subword"))
    attention_decoder: AttentionDecoderConfig = AttentionDecoderConfig()
    subsampling: int = field(default=4, init=False)  # input frames an output frame

    def __post_init__(self) -> None:
        if self.streaming is not None and self.whisper is not None:
            raise InputError("streaming is for the conformer from scratch, and whisper sees whole utterances", hint="leave one section out")
        layers = [inter.layer for inter in self.inter_ctc]
        if sorted(set(layers)) != layers or any(not 1 <= layer < self.encoder.layers for layer in layers):
            raise InputError(f"inter_ctc layers {layers} must rise and lie between 1 and {self.encoder.layers - 1}")
        for inter in self.inter_ctc:
            if inter.target not in TARGETS:
                raise InputError(f"inter_ctc target {inter.target!r} is unknown", hint=f"use one of {', '.join(TARGETS)}")
        if sum(inter.weight for inter in self.inter_ctc) >= 1.0:
            raise InputError("the inter_ctc weights add up to 1 or more", hint="leave some for the final head")
        if self.encoder.dim % (2 * self.encoder.heads):
            raise InputError(f"encoder.dim {self.encoder.dim} does not divide into {self.encoder.heads} heads of even width")
        if self.encoder.conv_kernel % 2 == 0:
            raise InputError(f"encoder.conv_kernel {self.encoder.conv_kernel} is even", hint="use an odd one")

    @property
    def phone_head(self) -> Optional[int]:
        """The place of the phone head among the inner heads; None where there is none."""
        return next((place for place, inter in enumerate(self.inter_ctc) if inter.target == "phone"), None)

    @classmethod
    def from_dict(cls, data: Dict[str, Any], file: Optional[PathOrStr] = None) -> "ModelConfig":
        """Build from YAML's dictionaries; unknown or ill-typed keys raise InputError naming ``file``."""
        return from_mapping(cls, data, file)
