"""What a model in ONNX says of itself: the metadata that exports for sherpa-onnx carry, and the features that follow from them."""
from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Callable, Dict, Mapping, Optional, TypeVar

from ctcb.acoustic.native_fbank import FbankOptions
from ctcb.config import from_mapping, read_yaml
from ctcb.errors import InputError
from ctcb.io import PathOrStr

T = TypeVar("T")
LANGUAGE = "lang_"  # before the code of a language, in the names of the ids that a multilingual model takes


@dataclass(frozen=True)
class Family:
    """What the models of a toolkit have in common."""

    features: FbankOptions
    features_first: bool = False  # whether their input is [N, F, T]
    prompt_frames: int = 0  # frames before the audio's, which tell the language and the like


# As the toolkits compute them in training; dither is left out.
FAMILIES: Dict[str, Family] = {
    "icefall": Family(FbankOptions()),
    "nemo": Family(
        FbankOptions(window="hanning", remove_dc_offset=False, centred=True, low_freq=0.0, high_freq=0.0, slaney_mel=True), features_first=True,
    ),
    "giga_am": Family(
        FbankOptions(
            num_mel_bins=64, window="hann", preemphasis=0.0, remove_dc_offset=False, snip_edges=True, round_to_power_of_two=False,
            low_freq=0.0, high_freq=8000.0,
        ), features_first=True,
    ),
    "wenet": Family(FbankOptions(high_freq=0.0, snip_edges=True, int16_samples=True)),
    "sense_voice": Family(FbankOptions(window="hamming", high_freq=0.0, snip_edges=True, int16_samples=True), prompt_frames=4),
}  # fmt: skip
# The metadata's model_type -> a name in FAMILIES.
MODEL_TYPES = {
    "zipformer2_ctc": "icefall", "wenet_ctc": "wenet", "sense_voice_ctc": "sense_voice",
    "EncDecCTCModel": "nemo", "EncDecCTCModelBPE": "nemo", "EncDecHybridRNNTCTCModel": "nemo", "EncDecHybridRNNTCTCBPEModel": "nemo",
}  # fmt: skip


@dataclass(frozen=True)
class Metadata:
    """A model's metadata, by the keys of sherpa-onnx's exports."""

    values: Mapping[str, str]
    file: PathOrStr

    def read(self, key: str, kind: Callable[[str], T], default: T) -> T:
        """A value; ``default`` where there is none. Raises InputError for one that is malformed."""
        text = self.values.get(key, "").strip()
        if not text:
            return default
        try:
            return kind(text)
        except ValueError:
            raise InputError(f"its metadata have {key}={text[:40]!r}", file=self.file, hint="export the model again") from None

    @property
    def family(self) -> Optional[str]:
        """A name in FAMILIES; None where the metadata do not tell."""
        if self.read("is_giga_am", int, 0):
            return "giga_am"
        return MODEL_TYPES.get(self.values.get("model_type", ""))

    @property
    def subsampling(self) -> int:
        """Rows of features a frame of the emissions; 0 where it is not known."""
        return self.read("subsampling_factor", int, 0)

    def language(self, code: Optional[str]) -> int:
        """The id of a language (ISO 639), or of what lets the model find it. Raises InputError for one that it does not know."""
        known = {key[len(LANGUAGE) :]: self.read(key, int, 0) for key in self.values if key.startswith(LANGUAGE)}
        if code is None:
            return known.get("auto", 0)
        if code not in known:
            raise InputError(f"the model knows no language {code!r}", file=self.file, hint=f"choose from {', '.join(sorted(known)) or 'none'}")
        return known[code]

    @property
    def text_norm(self) -> int:
        """The id for words as they are spoken, without inverse text normalisation: names are found by their words."""
        return self.read("without_itn", int, 0)

    def changes(self) -> Dict[str, Any]:
        """What the metadata say of features, by the names of :class:`FbankOptions`."""
        found: Dict[str, Any] = {}
        for name, key, kind in (
            ("stack", "lfr_window_size", int), ("stack_shift", "lfr_window_shift", int),
            ("neg_mean", "neg_mean", _numbers), ("inv_stddev", "inv_stddev", _numbers),
            ("int16_samples", "normalize_samples", lambda text: int(text) == 0),
        ):  # fmt: skip
            if self.values.get(key):
                found[name] = self.read(key, kind, None)
        if "normalize_type" in self.values:
            found["normalize"] = self.values["normalize_type"].replace("NA", "")
        return found


def family_of(metadata: Metadata, file: Optional[PathOrStr], num_mel_bins: Optional[int]) -> Family:
    """The features of a model: of its metadata's family, changed by its metadata, and by a YAML ``file``.

    ``file`` has the fields of :class:`FbankOptions`, and ``family``, a name in FAMILIES; ``num_mel_bins`` is the width
    of the model's input where the graph tells. Raises InputError where nothing tells the family, and for a file that is malformed.
    """
    given = {} if file is None else dict(read_yaml(file))
    name = given.pop("family", metadata.family)
    if name is None and file is None:
        kind = metadata.values.get("model_type")
        raise InputError(
            "it takes features, and " + ("its metadata have no model_type" if kind is None else f"its model_type {kind!r} is not known"),
            file=metadata.file, hint=f"describe the features (--features FILE), at least as `family: NAME`, one of {', '.join(FAMILIES)}",
        )
    if name is not None and name not in FAMILIES:
        raise InputError(f"the family {name!r} is unknown", file=file, hint=f"choose from {', '.join(FAMILIES)}")
    family = FAMILIES[name or "icefall"]
    default = {field.name: getattr(family.features, field.name) for field in fields(FbankOptions)}
    changes = {**metadata.changes(), **given}
    stack = changes.get("stack", 1)
    if num_mel_bins and "num_mel_bins" not in given and isinstance(stack, int) and stack > 0 and num_mel_bins % stack == 0:
        changes["num_mel_bins"] = num_mel_bins // stack
    features = from_mapping(FbankOptions, {**default, **changes}, file or metadata.file)
    if num_mel_bins and features.width != num_mel_bins:
        raise InputError(f"it takes {num_mel_bins} values a row, and the features have {features.width}", file=metadata.file, hint="correct --features")
    return replace(family, features=features)


def _numbers(text: str) -> "tuple[float, ...]":
    return tuple(float(number) for number in text.split(","))
