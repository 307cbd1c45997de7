"""The interface of a model whose encoder an adapter biases."""
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
        """In eval mode, float32; or a network with the same methods."""

    @property
    def lang(self) -> Lang:
        """Its tokens, phones and lexicon."""

    @property
    def adapter(self) -> Optional[ContextualAdapter]:
        """In eval mode, float32; None where the model has none."""

    @property
    def adapter_digest(self) -> str:
        """A digest of all that the encoding of a list depends on: the adapter's weights, pieces and lexicon."""

    @property
    def folder(self) -> Union[Path, str, None]:
        """The folder that it was loaded from, or its name."""
