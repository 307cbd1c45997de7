"""The help of a command: what most people need in at most 25 lines, in sections; then the options for experts, and the rest of the text."""
from __future__ import annotations

import inspect
from typing import Any, Dict, List, Mapping, Sequence, Tuple

import click

EXPERT = "Expert"  # the section of options that no other names; titles that begin so stand behind the others
WIDEST = 26  # characters of an option's name and value, where the meaning stands beside it
SHORT = 20  # of one that shows its choices
_VALUES = {"path": "PATH", "integer": "N", "integer range": "N", "float": "X", "float range": "X", "text": "TEXT"}


def option_name(option: click.Option) -> str:
    """An option with its value: ``--out PATH``, ``--method greedy|beam``."""
    named = ", ".join(option.opts) + "".join(f"/{name}" for name in option.secondary_opts)
    return named if option.is_flag else f"{named} {_value(option)}"


def option_text(option: click.Option) -> str:
    """What an option means, the choices that its name does not show, and its default."""
    text, default_begins, default = " ".join((option.help or "").split()).partition(" [default: ")
    if isinstance(option.type, click.Choice) and option.metavar is None and "|" not in _value(option):
        text += f" One of {', '.join(map(str, option.type.choices))}."
    if option.show_default and not option.is_flag:
        return f"{text} [default: {option.show_default if isinstance(option.show_default, str) else option.default}]"
    return text + default_begins + default


def _value(option: click.Option) -> str:
    if option.metavar:
        return option.metavar
    if isinstance(option.type, click.Choice):
        choices = "|".join(map(str, option.type.choices))
        return choices if len(option.opts[0]) + len(choices) < SHORT else option.opts[-1].rpartition("-")[2].upper()
    return " ".join([_VALUES.get(option.type.name, option.type.name.upper())] * max(1, option.nargs))


class Command(click.Command):
    """A command whose help has sections."""

    def __init__(self, *args: Any, sections: Mapping[str, str] = {}, **given: Any) -> None:  # noqa: B006 (never changed)
        """``sections``: title -> the options in it, without dashes and with spaces between. Those that no section names are for
        experts; without sections all are in one."""
        super().__init__(*args, **given)
        self._sections = sections

    def sections(self) -> Dict[str, List[click.Option]]:
        """The options by the titles of their sections, those for experts last. Raises KeyError for a section's unknown option."""
        options = {name.lstrip("-"): one for one in self.params if isinstance(one, click.Option) for name in one.opts}
        found = {title: [options[name] for name in names.split()] for title, names in self._sections.items()}
        named = {id(one) for part in found.values() for one in part}
        rest = [one for one in self.params if isinstance(one, click.Option) and id(one) not in named]
        if rest:
            found[EXPERT if found else "Options"] = rest
        return {title: found[title] for title in sorted(found, key=lambda title: title.startswith(EXPERT))}

    def texts(self) -> Tuple[List[str], List[str]]:
        """The paragraphs of the help: the first with the first examples, and the others."""
        parts = inspect.cleandoc(self.help or "").split("\n\n")
        examples = [part for part in parts[1:] if part.startswith("\b")][:1]
        return [*parts[:1], *examples], [part for part in parts[1:] if part not in examples]

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help."""
        first, more = self.texts()
        self.format_usage(ctx, formatter)
        _paragraphs(formatter, first)
        sections = self.sections()
        basic = [title for title in sections if not title.startswith(EXPERT)]
        formatter.write_paragraph()
        width = max([len(option_name(one)) for title in basic for one in sections[title]], default=0)
        for title in basic:
            write_section(formatter, title, _rows(sections[title]), min(width, WIDEST))
        for title in sections:
            if title not in basic:
                formatter.write_paragraph()
                write_section(formatter, title, _rows(sections[title]), WIDEST)
        if more:
            formatter.write_paragraph()
            formatter.write(click.style("More:", bold=True))
            _paragraphs(formatter, more)


class Group(click.Group):
    """A group of such commands."""

    command_class = Command


def _paragraphs(formatter: click.HelpFormatter, parts: List[str]) -> None:
    for part in parts:
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(part)


def _rows(options: List[click.Option]) -> List[Tuple[str, str]]:
    return [(option_name(one), option_text(one)) for one in options]


def write_section(formatter: click.HelpFormatter, title: str, rows: Sequence[Tuple[str, str]], width: int = 0) -> None:
    """Write a section of the help; its first column is at least ``width`` characters wide."""
    formatter.write(f"{click.style(f'{title}:', bold=True)}\n")
    with formatter.indentation():
        formatter.write_dl([(rows[0][0].ljust(width), rows[0][1]), *rows[1:]], col_max=max(width, WIDEST))
