"""Options from a file: what stands on the command line goes before it, and it goes before the defaults."""
from __future__ import annotations

from typing import Any, Dict, Mapping

import click

from ctcb.config import read_yaml
from ctcb.errors import InputError


def read_defaults(path: str, context: click.Context) -> Dict[str, Any]:
    """A YAML file such as ``decode: {lm: lm.arpa.gz, beam: 32}`` as click's ``default_map``.

    The options of the command that is called are checked. Raises InputError for one that it does not
    have, and for a command that there is not.
    """
    from ctcb.cli import OLD_NAMES  # here: it imports this module

    group = context.command
    data = {OLD_NAMES.get(name, name): options for name, options in read_yaml(path).items()}
    for name in data:
        if name not in group.list_commands(context):
            raise InputError(f"{name!r} is no command", file=path, hint="name commands of `ctcb --help`, and their options below them")
    called = context.invoked_subcommand
    if called is None or called not in data:
        return {}
    return {called: _options(group.get_command(context, called), data[called], path, called)}


def _options(command: click.Command, given: Any, path: str, where: str) -> Dict[str, Any]:
    if not isinstance(given, Mapping):
        raise InputError(f"{where}: no option: value pairs", file=path, hint="write them below the command")
    if isinstance(command, click.Group):
        unknown = [name for name in given if name not in command.commands]
        if unknown:
            raise InputError(f"{where} {unknown[0]!r} is no command", file=path, hint=f"choose from {', '.join(command.commands)}")
        return {name: _options(command.commands[name], inner, path, f"{where} {name}") for name, inner in given.items()}
    options = {flag.lstrip("-"): option for option in command.params for flag in option.opts if flag.startswith("--")}
    found = {}
    for key, value in given.items():
        flag = str(key).replace("_", "-")
        if flag not in options:
            raise InputError(f"{where} has no option --{flag}", file=path, hint=f"see `ctcb {where} --help`")
        found[options[flag].name] = _value(options[flag], value, path, f"{where} --{flag}")
    return found


def _value(option: click.Parameter, value: Any, path: str, what: str) -> Any:
    """A value as click takes it: of a repeatable option a list. Raises InputError for several of one that is not."""
    several = isinstance(value, (list, tuple))
    if isinstance(value, Mapping) or several and not option.multiple and option.nargs == 1:
        raise InputError(f"{what} is {value!r}, and takes one value", file=path, hint="give one")
    return [value] if option.multiple and not several and value is not None else value
