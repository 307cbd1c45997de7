"""The model that settings were tuned on, as ``decode.yaml`` names it beside them."""
from __future__ import annotations

import hashlib
import json
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Callable

from ctcb.errors import InputWarning
from ctcb.io import PathOrStr
from ctcb.text.tokens import TokenTable

DIGITS = 16  # of a digest in hexadecimal, in the file


@dataclass(frozen=True)
class TunedOn:
    """A model by its digests; ``""`` where one is unknown."""

    model: str = ""  # as --model named it
    fingerprint: str = ""  # of its weights; not known where only its emissions were there
    tokens: str = ""  # of its tokens

    @classmethod
    def of(cls, table: TokenTable, fingerprint: Callable[[], str] = str, model: PathOrStr = "") -> Callable[[], TunedOn]:
        """A function that says which model has some tokens. It works out the ``fingerprint``
        (:class:`ctcb.acoustic.model.AcousticModel`), which takes seconds for large models, when it is first called."""

        @lru_cache(maxsize=None)
        def tuned_on() -> TunedOn:
            symbols = json.dumps([table.symbols, table.blank])
            return cls(str(model), fingerprint()[:DIGITS], hashlib.sha256(symbols.encode()).hexdigest()[:DIGITS])

        return tuned_on

    def differs(self, other: TunedOn) -> bool:
        """Whether the other is another model: by the fingerprints where both are known, or else by the tokens."""
        if self.fingerprint and other.fingerprint:
            return self.fingerprint != other.fingerprint
        return bool(self.tokens and other.tokens) and self.tokens != other.tokens

    def warn_of_other(self, other: TunedOn) -> None:
        """Warn where the settings are to be used with another model."""
        if self.differs(other):
            which = f"{self.model} (fingerprint {self.fingerprint})" if self.model else f"a model with other tokens (digest {self.tokens})"
            warnings.warn(
                f"the settings of the preset were tuned on another model, {which}; `ctcb tune` finds this one's own",
                InputWarning, stacklevel=3,
            )  # fmt: skip
