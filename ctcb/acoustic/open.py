"""Which model ``--model`` names: each kind is an :class:`~ctcb.acoustic.model.AcousticModel`, in a module of its own."""
from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional, Tuple, Union

from ctcb.acoustic.model import AcousticModel
from ctcb.errors import InputError, RunError
from ctcb.extras import install
from ctcb.io import PathOrStr
from ctcb.model_names import is_foreign, split_name
from ctcb.moved import renamed

if TYPE_CHECKING:
    from ctcb.acoustic.hf_adapter import HfBase
    from ctcb.acoustic.waveform import WaveformModel


@dataclass(frozen=True)
class Tokens:
    """A model's tokens, and its features, for models that do not name their own."""

    file: Optional[PathOrStr] = None  # tokens.txt
    model: Optional[PathOrStr] = None  # the sentencepiece model of these
    blank: Union[int, str, None] = None
    separator: Optional[str] = None
    language: Optional[str] = None  # ISO 639 code
    features: Optional[PathOrStr] = None  # YAML file of a model in ONNX that takes features (docs/formats.md)


@dataclass(frozen=True)
class Kind:
    """A family of models."""

    module: str  # has `load(name, tokens, device) -> WaveformModel`, the name of the device as in ctcb/device.py
    needs: str  # the package that it is made of
    names: str  # what stands behind the colon
    in_torch: bool = True  # then `load` also takes a precision (ctcb/models/bf16.py)


KINDS: Dict[str, Kind] = {  # those of ctcb/model_names.py; the extra of each is called like it
    "hf": Kind("ctcb.acoustic.hf", "transformers", "a folder or a name of the Hugging Face Hub"),
    "torchaudio": Kind("ctcb.acoustic.torchaudio", "torchaudio", "a bundle of torchaudio.pipelines"),
    "onnx": Kind("ctcb.acoustic.onnx", "onnxruntime", "an .onnx file, with its tokens.txt beside it or --tokens", in_torch=False),
    "nemo": Kind("ctcb.acoustic.nemo", "nemo", "a .nemo file or a name of its model hub"),
    "hama": Kind("ctcb.acoustic.hama", "hama", "nothing", in_torch=False),
}


def open_model(
    model: str, tokens: Tokens = Tokens(), adapter: Optional[PathOrStr] = None, device: str = "cpu",
    precision: str = "fp32",
) -> AcousticModel:
    """The model that ``--model`` names: a model directory, or ``KIND:NAME`` with a kind of ``KINDS``.

    ``adapter`` is the folder of one that was trained for a model of transformers. The encoder runs on ``device``
    (`ctcb.device.open_device`), in a precision (`ctcb.models.bf16`); adapters run on the CPU, in float32. Raises InputError for what is
    no such model or no such adapter, for a device or a precision that is not there, and RunError where the package that runs it is missing.
    """
    if adapter is not None:
        from ctcb.acoustic.hf_adapter import AdaptedModel

        return AdaptedModel(open_base_of(model, tokens, adapter, device, precision))
    if not is_foreign(model):
        from ctcb.acoustic.directory import load_model
        from ctcb.acoustic.directory_model import DirectoryModel

        return DirectoryModel(load_model(model, device, precision))
    kind, rest = _kind_of(model)
    if not kind.in_torch and precision not in ("fp32", "auto"):
        raise InputError(f"--precision {precision} is for models in torch; {model} has the precision of its file", hint="leave it out")
    load: Callable[..., WaveformModel] = import_module(kind.module).load
    opened = load(rest, tokens, device, precision) if kind.in_torch else load(rest, tokens, device)
    opened.opened_as = model, tokens, None, device, precision
    return opened


def open_base_of(
    model: str, tokens: Tokens = Tokens(), adapter: Optional[PathOrStr] = None, device: str = "cpu",
    precision: str = "fp32",
) -> HfBase:
    """A model of transformers as the base of an adapter, and the adapter where there is one; raises as :func:`open_model`."""
    if not model.startswith("hf:"):
        raise InputError(
            f"an adapter in a folder of its own biases models of transformers, and not {model}",
            hint="name one as hf:NAME; in a model directory its own adapter is used",
        )
    _, rest = _kind_of(model)
    from ctcb.acoustic.hf_adapter import load_base
    from ctcb.device import open_device

    return load_base(rest, tokens, adapter, open_device(device), precision)


def _kind_of(model: str) -> Tuple[Kind, str]:
    """What runs the model, whose package is there, and what stands behind the colon."""
    name, rest = split_name(model)
    kind = KINDS[str(name)]
    if not rest and name != "hama":
        raise InputError(f"--model {model} names no model", hint=f"behind the colon stands {kind.names}")
    try:
        import_module(kind.needs)
    except ImportError as error:
        raise RunError(f"--model {name}: needs the package {kind.needs} ({error}); {install(str(name))}") from None
    return kind, rest


__getattr__: Callable[[str], Any] = renamed(__name__, {"open_ear": "open_model"})
