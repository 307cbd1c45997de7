"""Which folder of the package may import which (CONTRIBUTING.md, "How the code is laid out")."""
from __future__ import annotations

import ast
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Set

import pytest

PACKAGE = Path(__file__).parents[1] / "ctcb"
# From the bottom up. A room imports those of lower layers, and none of its own layer but itself.
LAYERS = (
    {"text", "ctc"},
    {"phones", "lm", "entities", "models"},
    {"adapter", "graph", "data"},
    {"search", "acoustic", "scoring"},
    {"transcript"},
    {"biasing", "training", "report"},
    {"decoding"},
    {"evaluation", "compat"},
    {"cli"},
)
LAYER: Dict[str, int] = {room: number for number, rooms in enumerate(LAYERS) for room in rooms}
# Files of no room are below all of them, but for these, which lead to the top.
DOORS = ("ctcb", "ctcb.__main__")


class Import(NamedTuple):
    """``importer`` imports ``name``; ``lazy`` within a function, ``typing`` for annotations alone."""

    importer: str
    name: str
    lazy: bool = False
    typing: bool = False


def modules() -> Dict[str, Path]:
    """All modules of the package by their dotted names."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports(importer: str, source: str) -> Iterator[Import]:
    """What a module imports, wherever it does so; of names and modules in a package the modules."""

    def walk(node: ast.AST, lazy: bool, typing: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            yield from (Import(importer, alias.name, lazy, typing) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{importer} imports by a relative path"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield Import(importer, inner if inner in MODULES else str(node.module), lazy, typing)
        for child in ast.iter_child_nodes(node):
            function = isinstance(node, (ast.FunctionDef, ast.Lambda))
            checked = isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
            yield from walk(child, lazy or function, typing or checked)

    return walk(ast.parse(source), False, False)


ALL: List[Import] = [one for name, path in MODULES.items() for one in imports(name, path.read_text(encoding="utf-8"))]


def room(module: str) -> str:
    """The folder under ``ctcb`` that holds a module; empty where none does."""
    parts = module.split(".")
    path = MODULES.get(module)
    return parts[1] if len(parts) > 2 or (path is not None and path.name == "__init__.py" and len(parts) > 1) else ""


def against_the_rule(one: Import) -> bool:
    """Whether an import goes up, or sideways."""
    if one.name.split(".")[0] != "ctcb" or one.importer in DOORS:
        return False
    here, there = room(one.importer), room(one.name)
    if not there or here == there:
        return False
    return not here or LAYER[there] >= LAYER[here]


def reached(module: str) -> Set[str]:
    """All that a module imports at run time, and what these import, lazily or not."""
    found: Set[str] = set()
    todo = [module]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.append(name.rpartition(".")[0])  # the package that holds it runs first
            todo += [one.name for one in ALL if one.importer == name and not one.typing]
    return found


def test_every_folder_has_a_layer():
    assert {path.name for path in PACKAGE.iterdir() if list(path.glob("*.py"))} == set(LAYER)
    assert sum(map(len, LAYERS)) == len(LAYER)


def test_imports_go_down_the_layers():
    assert [one for one in ALL if against_the_rule(one)] == []


def test_imported_modules_exist():
    missing = [one for one in ALL if one.name.split(".")[0] == "ctcb" and one.name not in MODULES]
    assert missing == []


def test_only_graph_search_imports_k2():
    found = [one for one in ALL if one.name.split(".")[0] == "k2"]
    assert found and all(room(one.importer) == "graph" and one.lazy for one in found)


def test_scoring_never_imports_torch():
    assert "torch" in {name.split(".")[0] for name in reached("ctcb.cli.emit")}
    found = {name.split(".")[0] for name in reached("ctcb.cli.score")}
    assert "numpy" in found and not found & {"torch", "numba", "k2", "lhotse"}


def test_decoding_never_imports_training():
    assert not any(name.startswith("ctcb.training") for name in reached("ctcb.decoding.recognizer") | reached("ctcb.decoding.ctc_decoder"))


@pytest.mark.parametrize("importer, source, wrong", [
    ("ctcb.search.greedy", "from ctcb.decoding.pipeline import Pipeline", True),
    ("ctcb.search.greedy", "def f():\n    import ctcb.acoustic.model", True),  # sideways
    ("ctcb.decoding.pipeline", "from ctcb.training import loop", False),  # downwards, but test_decoding_never_imports_training
    ("ctcb.search.greedy", "if TYPE_CHECKING:\n    from ctcb.biasing.technique import Setting", True),
    ("ctcb.search.beam.kernel", "from ctcb.search.options import BeamOptions", False),
    ("ctcb.io", "from ctcb.text.tokens import TokenTable", True),
    ("ctcb.biasing.registry", "from ctcb import io\nfrom ctcb.errors import InputError\nimport numpy", False),
    ("ctcb.text.lang", "from ctcb import cli", True),
])
def test_import_rule_by_example(importer, source, wrong):
    assert any(map(against_the_rule, imports(importer, source))) == wrong
