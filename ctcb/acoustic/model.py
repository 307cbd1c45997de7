"""The acoustic model: samples to emissions, with or without an encoder that is biased toward a list."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, List, Optional, Protocol, Sequence, Union, runtime_checkable

import numpy as np

from ctcb.ctc.emissions import Emissions
from ctcb.errors import InputError
from ctcb.moved import renamed
from ctcb.phones.phonetics import Phonetics
from ctcb.text.spelling import Spelling

if TYPE_CHECKING:
    from torch import Tensor

    from ctcb.adapter.base import ModelWithAdapter
    from ctcb.adapter.encoder_bias import EncoderBias

MAX_SECONDS = 40.0  # of audio at once, for models without a limit of their own: attention's memory grows with the square


Rows = Union[np.ndarray, "Tensor"]  # [T, F] float32 that a model takes in; of models that take samples [N]


class AcousticModel(Protocol):
    """Audio in, emissions out. ``prepare`` serves any number of threads, ``forward`` is called by one."""

    frame_shift: float  # seconds from one frame of the emissions to the next
    rows_per_second: float  # of what `prepare` returns
    max_seconds: float  # of audio that `forward` takes at once; longer recordings go through windows (long_form.py)
    spelling: Optional[Spelling]  # of words in the tokens; None where these spell no words
    phonetics: Optional[Phonetics]  # of the phone head; None where there is none

    @property
    def fingerprint(self) -> str:
        """A digest of what the emissions rest on (:mod:`ctcb.acoustic.fingerprint`), worked out when it is asked for."""

    def prepare(self, samples: np.ndarray) -> Rows:
        """``[N]`` float32 samples at 16 kHz to ``[T, F]`` rows of input."""

    def forward(self, rows: Sequence[Any], utt_ids: Sequence[str]) -> List[Emissions]:
        """The emissions of a batch of inputs, float32 natural-log probabilities."""


@runtime_checkable
class BiasableModel(AcousticModel, Protocol):
    """A model whose encoder can be biased: a model directory's, or one of others with an adapter."""

    model: ModelWithAdapter

    def biased_by(self, bias: Optional[EncoderBias]) -> BiasableModel:
        """The same model, biased toward a list, whose emissions have ``unbiased`` as well; with None not biased."""


def blank_of(model: AcousticModel) -> int:
    """The blank's column in the emissions of its tokens."""
    return 0 if model.spelling is None else model.spelling.table.blank


def as_biasable(model: AcousticModel) -> BiasableModel:
    """The model, whose encoder must be one that can be biased; InputError for others."""
    if not isinstance(model, BiasableModel):
        raise InputError(
            "this model is no model directory, and has no adapter",
            hint="bias the decoder (--bias decoder), or give an adapter for it (--adapter)",
        )
    return model


__getattr__: Callable[[str], Any] = renamed(__name__, {"DirectoryModel": "ctcb.acoustic.directory_model.DirectoryModel"})
