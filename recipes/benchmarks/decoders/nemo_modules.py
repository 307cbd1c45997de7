"""The parts of NeMo that its two decoders are made of, without the rest of the toolkit.

Several of NeMo's packages import all models, data sets and metrics in their ``__init__``, and what those need. Here these
packages stand without it, so that their modules can be imported one by one, unchanged, from the installed wheel.
"""
from __future__ import annotations
import __future__

import ast
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Dict

import torch

ASR, TOKENIZERS = "nemo.collections.asr", "nemo.collections.common.tokenizers"
BIASING, SEARCHES = f"{ASR}.parts.context_biasing", f"{ASR}.parts.submodules"
# Packages without their ``__init__``; of its names, the modules below need these: name -> the module that defines it.
_PACKAGES: Dict[str, Dict[str, str]] = {
    ASR: {},
    "nemo.collections.common": {},
    TOKENIZERS: {"AggregateTokenizer": "aggregate_tokenizer", "TokenizerSpec": "tokenizer_spec"},
    BIASING: {"GPUBoostingTreeModel": "boosting_graph_batched", "BoostingTreeModelConfig": "boosting_graph_batched"},
}


class _Buffer(torch.Tensor):
    """In the place of torch 2.5's ``nn.Buffer`` for an older torch, which the tree's tensors are made with. It is the
    tensor itself, an ordinary attribute, which is enough for a tree that is neither moved nor saved."""

    def __new__(cls, tensor: torch.Tensor) -> torch.Tensor:
        return tensor


def nemo_module(name: str) -> ModuleType:
    """The module of this full name. Raises ModuleNotFoundError for a package that is not installed."""
    if ASR not in sys.modules:
        _prepare()
    return import_module(name)


def nemo_function(module: str, name: str, **names: Any) -> Any:
    """One function of a module that imports more than the function needs; ``names`` are those of the module that it
    does need."""
    tree = ast.parse(_file(module).read_bytes())
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    scope: Dict[str, Any] = {"__name__": module, **names}
    flags = __future__.annotations.compiler_flag  # what annotations name is not needed
    exec(compile(ast.Module(found, []), str(_file(module)), "exec", flags=flags, dont_inherit=True), scope)
    return scope[name]


def _prepare() -> None:
    if find_spec("nemo") is None:
        raise ModuleNotFoundError("No module named 'nemo'", name="nemo")
    if not hasattr(torch.nn, "Buffer"):
        torch.nn.Buffer = _Buffer
    for package in _PACKAGES:
        spec = ModuleSpec(package, None, is_package=True)
        spec.submodule_search_locations = [str(_folder(package))]
        sys.modules[package] = module_from_spec(spec)
        parent, _, child = package.rpartition(".")
        setattr(import_module(parent), child, sys.modules[package])
    for package, names in _PACKAGES.items():
        for name, module in names.items():
            setattr(sys.modules[package], name, getattr(import_module(f"{package}.{module}"), name))


def _folder(package: str) -> Path:
    top, *below = package.split(".")
    return Path(find_spec(top).submodule_search_locations[0], *below)


def _file(module: str) -> Path:
    return _folder(module).with_suffix(".py")
