"""The parts of NeMo that its two decoders are made of, without the rest of the toolkit.

Several of NeMo's packages import all models, data sets and metrics in their ``__init__``, and what those need. Here these
packages stand without it, so that their modules can be imported one by one, unchanged, from the installed wheel.
"""
from __future__ import annotations
import __future__

import ast
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Dict

ASR, TOKENIZERS = "nemo.collections.asr", "nemo.collections.common.tokenizers"
BIASING, SEARCHES = f"{ASR}.parts.context_biasing", f"{ASR}.parts.submodules"
# Packages without their ``__init__``; of its names, the modules below need these: name -> the module that defines it.
_PACKAGES: Dict[str, Dict[str, str]] = {
    ASR: {},
    "nemo.collections.common": {},
    TOKENIZERS: {"AggregateTokenizer": "aggregate_tokenizer", "TokenizerSpec": "tokenizer_spec"},
    BIASING: {"GPUBoostingTreeModel": "boosting_graph_batched", "BoostingTreeModelConfig": "boosting_graph_batched"},
}
# Its annotations name a class of torch 2.5, and nothing else there needs it.
_ANNOTATED = f"{BIASING}.biasing_multi_model"


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
    exec(_compiled(ast.Module(found, []), str(_file(module))), scope)
    return scope[name]


def _prepare() -> None:
    if find_spec("nemo") is None:
        raise ModuleNotFoundError("No module named 'nemo'", name="nemo")
    for package in _PACKAGES:
        spec = ModuleSpec(package, None, is_package=True)
        spec.submodule_search_locations = [str(_folder(package))]
        sys.modules[package] = module_from_spec(spec)
        parent, _, child = package.rpartition(".")
        setattr(import_module(parent), child, sys.modules[package])
    for package, names in _PACKAGES.items():
        for name, module in names.items():
            setattr(sys.modules[package], name, getattr(import_module(f"{package}.{module}"), name))
    spec = spec_from_file_location(_ANNOTATED, _file(_ANNOTATED), loader=_Unevaluated(_ANNOTATED, str(_file(_ANNOTATED))))
    module = sys.modules[_ANNOTATED] = module_from_spec(spec)
    spec.loader.exec_module(module)


class _Unevaluated(SourceFileLoader):
    """Loads a module as if it began with ``from __future__ import annotations``."""

    def get_code(self, fullname: str) -> CodeType:
        return _compiled(self.get_data(self.path), self.path)


def _compiled(source: Any, path: str) -> CodeType:
    return compile(source, path, "exec", flags=__future__.annotations.compiler_flag, dont_inherit=True)


def _folder(package: str) -> Path:
    top, *below = package.split(".")
    return Path(find_spec(top).submodule_search_locations[0], *below)


def _file(module: str) -> Path:
    return _folder(module).with_suffix(".py")
