"""What an adapter needs of the model whose encoder it biases."""
from __future__ import annotations

from pathlib import Path
from typing import Optional, Protocol, Union

from ctcb.adapter.network import ContextualAdapter
from ctcb.models.ctc import CtcModel
from ctcb.text.lang import Lang


class ModelWithAdapter(Protocol):
    """A model directory's model (:class:`ctcb.acoustic.directory.LoadedModel`), or another kind's that has the same fields."""

    @property
    def network(self) -> CtcModel:
        """In eval mode, float32; or what encodes and has heads as it does."""

    @property
    def lang(self) -> Lang:
        """Its tokens, phones and lexicon."""

    @property
    def adapter(self) -> Optional[ContextualAdapter]:
        """In eval mode, float32; None where the model has none."""

    @property
    def adapter_digest(self) -> str:
        """Of all that the encoding of a list rests on: the adapter's weights, pieces and lexicon."""

    @property
    def folder(self) -> Union[Path, str, None]:
        """Where it was loaded from, or its name."""
