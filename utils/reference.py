"""Writes docs/commands.md and docs/api.md from the help of the commands and the docstrings of the package, and the table of
options in docs/techniques.md.

    python utils/reference.py [--out docs]

The tests see that they are up to date.
"""
from __future__ import annotations

import inspect
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Iterator, List, Tuple

import click
from docstrings import as_markdown

import ctcb
from ctcb.biasing.options import OPTIONS
from ctcb.cli import every_command
from ctcb.cli.common.help import option_name, option_text
from ctcb.options import Option
from ctcb.report.markdown import markdown, replace_block

ROOT = Path(__file__).resolve().parents[1]
MADE = "<!-- Written by utils/reference.py; change the source and run it again. -->"

LONGEST = 100  # characters of a signature in one line

# What the package offers from Python: module -> names.
PUBLIC = {
    "ctcb.decoding.load": ["load"],
    "ctcb.decoding.recognizer": ["Recognizer"],
    "ctcb.decoding.ctc_decoder": ["CtcDecoder"],
    "ctcb.compat.pyctcdecode.decoder": ["build_ctcdecoder", "BeamSearchDecoderCTC"],
    "ctcb.decoding.stream": ["Stream"],
    "ctcb.decoding.audio_stream": ["AudioStream"],
    "ctcb.decoding.segment": ["Partial"],
    "ctcb.decoding.endpoint": ["Endpoints"],
    "ctcb.transcript.transcript": ["Transcript", "Segment", "Alternative"],
    "ctcb.transcript.hypothesis": ["Word", "FoundEntity"],
    "ctcb.transcript.explained": ["ExplainedName", "TokenFit", "PhoneFit", "BoostFit", "Hint"],
    "ctcb.search.options": ["BeamOptions"],
    "ctcb.graph.options": ["GraphOptions"],
    "ctcb.biasing.options": ["TechniqueOptions"],
    "ctcb.entities": ["Entity", "EntityList", "LoadReport"],
    "ctcb.entities.per_utt": ["EntitiesPerUtt"],
    "ctcb.ctc.emissions": ["Emissions"],
    "ctcb.scoring.score": ["score"],
    "ctcb.scoring.misses": ["Miss"],
    "ctcb.scoring.report": ["ScoreReport"],
    "ctcb.lm.ngram": ["NgramLm", "Perplexity"],
    "ctcb.lm.vocabulary": ["VocabularyCheck"],
    "ctcb.acoustic.open": ["open_model", "Tokens"],
    "ctcb.errors": ["InputError", "RunError"],
}


def commands() -> str:
    """Every command with its options."""
    lines = ["# Commands", "", MADE, ""]
    lines.append("`ctcb --options FILE` takes options from a file ([using.md](using.md)); `--debug`, anywhere, shows tracebacks.")
    for words, command in every_command():
        given = [one for one in command.params if isinstance(one, click.Argument)]
        named = [one.metavar or one.name.upper() + "..." * (one.nargs < 0) for one in given]
        lines += ["", f"## {' '.join(['ctcb', words, *named])}", "", *_text(command.help or "")]
        for title, options in command.sections().items():
            lines += ["", f"| {title} | meaning |", "|---|---|"]
            lines += [f"| `{option_name(one).replace('|', '/')}` | {_escaped(option_text(one))} |" for one in options]
    return "\n".join([*lines, ""])


def _text(help_text: str) -> List[str]:
    """The help; a paragraph that `\b` keeps from being wrapped becomes a block."""
    lines: List[str] = []
    for part in inspect.cleandoc(help_text).split("\n\n"):
        lines += ["", "```", *part.splitlines()[1:], "```"] if part.startswith("\b") else ["", part]
    return lines[1:]


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _own_names() -> str:
    return f"These are names of `ctcb` itself: {', '.join(f'`{name}`' for name in ctcb.__all__)}."


def api() -> str:
    """What :data:`PUBLIC` names, with signatures and docstrings."""
    lines = ["# From Python", "", MADE, "", _own_names()]
    for module, names in PUBLIC.items():
        for name in names:
            found = getattr(import_module(module), name)
            lines += ["", f"## {module}.{name}", "", *_entry(name, found)]
            if inspect.isclass(found):
                for inner, method in _methods(found):
                    lines += ["", f"### {name}.{inner}", "", *_entry(inner, method)]
    return "\n".join([*lines, ""])


def _methods(found: type) -> Iterator[Tuple[str, Any]]:
    for name, value in vars(found).items():
        value = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
        if not name.startswith("_") and inspect.isfunction(value) and value.__doc__:
            yield name, value
        elif not name.startswith("_") and isinstance(value, property) and value.__doc__:
            yield name, value


def _entry(name: str, found: Any) -> List[str]:
    lines = []
    if inspect.isclass(found) and "__dataclass_fields__" in vars(found):
        # From the source, for the comments.
        own = [line[4:] for line in inspect.getsource(found).splitlines() if line.startswith("    ")]
        lines += ["```python", *(line for line in own if line.partition(":")[0] in found.__dataclass_fields__), "```", ""]
    elif not isinstance(found, property):
        shown = inspect.signature(found.__init__ if inspect.isclass(found) else found)
        parts = [_parameter(one) for one in shown.parameters.values() if one.name not in ("self", "cls")]
        back = "" if inspect.isclass(found) or shown.return_annotation is shown.empty else f" -> {shown.return_annotation}"
        given = f"{name}({', '.join(parts)}){back}"
        if len(given) > LONGEST:  # a parameter a line
            given = f"{name}(\n    " + ",\n    ".join(parts) + f",\n){back}"
        lines += ["```python", given, "```", ""]
    docs = [inspect.getdoc(found) or ""]
    if inspect.isclass(found) and "__init__" in vars(found) and found.__init__.__doc__:
        docs.append(inspect.getdoc(found.__init__))
    return [*lines, *as_markdown("\n\n".join(docs))]


def _parameter(one: inspect.Parameter) -> str:
    """A parameter as in the source; a default that is no plain value is shown as ``...``."""
    kind = "" if one.annotation is one.empty else f": {one.annotation}"
    if one.default is one.empty:
        return f"{one.name}{kind}"
    plain = one.default is None or one.default == () or isinstance(one.default, (str, int, float))
    return f"{one.name}{kind} = {repr(one.default) if plain else '...'}"


def options() -> List[str]:
    """The table of all options of the techniques and the beam search."""
    rows = [(f"`{one.name}`", _range(one), f"`--{one.flag}`" if one.flag else "", _escaped(one.meaning)) for one in OPTIONS.values()]
    return markdown(("option", "default, values", "own flag", "meaning"), rows)[:-1]


def _range(one: Option) -> str:
    """An option's default and the values that it may have."""
    default = str(one.default).lower() if one.kind is bool else f"{one.default:g}" if one.kind is float else str(one.default)
    values = one.range.replace("be at", "at").replace("be one of ", "").replace("lie ", "")
    return f"{default} ({values})" if values else default


def techniques() -> str:
    """docs/techniques.md with the table in its place."""
    path = ROOT / "docs" / "techniques.md"
    return replace_block(path.read_text(encoding="utf-8"), "options", options(), path)


def pages() -> List[Tuple[str, str]]:
    """The pages' names and texts."""
    return [("commands.md", commands()), ("api.md", api()), ("techniques.md", techniques())]


if __name__ == "__main__":
    out = Path(sys.argv[sys.argv.index("--out") + 1]) if "--out" in sys.argv else ROOT / "docs"
    for page, text in pages():
        (out / page).write_text(text, encoding="utf-8")
