"""The inputs and outputs of a CTC model in ONNX: which takes the audio, what the others are, where the lengths are."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

import numpy as np

from ctcb.acoustic.onnx_metadata import Metadata
from ctcb.errors import InputError
from ctcb.io import PathOrStr

FLOATS = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
INTS = {"tensor(int32)": np.int32, "tensor(int64)": np.int64}
PHONES = "phone_log_probs"  # the output of a second head, for phones, in what `ctcb export --onnx` writes


@dataclass(frozen=True)
class Signature:
    """How a session is fed, and what of its outputs is read."""

    audio: str  # the name of the first input: [1, N] samples, [1, T, F] or [1, F, T] features
    dtype: type  # of that input
    takes_features: bool
    features_first: Optional[bool]  # whether they are [1, F, T]; None where the graph does not tell
    width: Optional[int]  # F; None where the graph does not tell
    lengths: Tuple[Tuple[str, type], ...]  # inputs that are the number of samples or rows
    masks: Tuple[Tuple[str, type], ...]  # inputs that are a mask over them, [1, N]
    ids: Tuple[Tuple[str, type, int], ...]  # inputs with one number, and that
    outputs: Tuple[str, ...]  # the emissions; then their number, where the model says it; then the phones'
    has_lengths: bool

    @classmethod
    def of(cls, session: Any, metadata: Metadata, file: PathOrStr, language: Optional[str] = None) -> Signature:
        """What a session's graph says. Raises InputError for inputs or outputs of another kind of model."""
        first, *others = session.get_inputs()
        rank = len(first.shape)
        if first.type not in FLOATS or rank not in (2, 3):
            raise InputError(
                f"its input {first.name!r} is {first.type} of {rank} dimensions, not [1, samples] or [1, frames, features]", file=file,
                hint="export a CTC model that takes audio or features, or give its emissions (--emissions)",
            )
        inner, outer = (first.shape[1], first.shape[2]) if rank == 3 else (None, None)
        features_first = None if isinstance(inner, int) == isinstance(outer, int) else isinstance(inner, int)
        fixed = inner if features_first else outer
        lengths: List[Tuple[str, type]] = []
        masks: List[Tuple[str, type]] = []
        ids: List[Tuple[str, type, int]] = []
        for one in others:
            kind = INTS.get(one.type)
            if kind is not None and len(one.shape) == 1 and one.name == "language":
                ids.append((one.name, kind, metadata.language(language)))
            elif kind is not None and len(one.shape) == 1 and one.name == "text_norm":
                ids.append((one.name, kind, metadata.text_norm))
            elif kind is not None and len(one.shape) == 1:
                lengths.append((one.name, kind))
            elif kind is not None and len(one.shape) == 2:
                masks.append((one.name, kind))
            else:
                raise InputError(
                    f"its input {one.name!r} ({one.type} of {len(one.shape)} dimensions) is neither a length nor a mask", file=file,
                    hint="export the model for whole utterances: those for streams take their state as inputs",
                )
        outputs = {one.name: one for one in session.get_outputs()}
        names = list(outputs)
        has_lengths = len(names) > 1 and outputs[names[1]].type in INTS
        read = [*names[: 1 + has_lengths], *([PHONES] if PHONES in outputs else [])]
        return cls(
            first.name, FLOATS[first.type], rank == 3, features_first, fixed if isinstance(fixed, int) else None, tuple(lengths), tuple(masks),
            tuple(ids), tuple(read), has_lengths,
        )

    def feed(self, rows: np.ndarray, features_first: bool = False) -> Dict[str, np.ndarray]:
        """The inputs for ``[N]`` samples or ``[T, F]`` features."""
        feed = {self.audio: np.ascontiguousarray((rows.T if features_first else rows)[None], self.dtype)}
        feed.update({name: np.array([len(rows)], kind) for name, kind in self.lengths})
        feed.update({name: np.ones((1, len(rows)), kind) for name, kind in self.masks})
        feed.update({name: np.array([number], kind) for name, kind, number in self.ids})
        return feed

    def heads(self, outputs: List[np.ndarray]) -> List[np.ndarray]:
        """The emissions ``[T, V]`` of each head, float32, without padding."""
        count = int(np.ravel(outputs[1])[0]) if self.has_lengths else None
        return [np.asarray(head[0], np.float32)[:count] for head in (outputs[:1] + outputs[1 + self.has_lengths :])]
