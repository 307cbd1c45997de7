"""Options from a YAML file (``--options``): they replace the defaults, and the command line takes precedence."""
from __future__ import annotations

from typing import Any, Dict, Mapping

import click

from ctcb.config import read_yaml
from ctcb.errors import InputError


def read_defaults(path: str, context: click.Context) -> Dict[str, Any]:
    """Read a YAML file such as ``decode: {lm: lm.arpa.gz, beam: 32}`` as click's ``default_map``.

    The options of the called command are checked. Raises InputError for an unknown option or command.
    """
    from ctcb.cli import OLD_NAMES  # here: it imports this module

    group = context.command
    data = {OLD_NAMES.get(name, name): options for name, options in read_yaml(path).items()}
    for name in data:
        if name not in group.list_commands(context):
            raise InputError(f"{name!r} is not a command", file=path, hint="name commands of `ctcb --help`, and their options below them")
    called = context.invoked_subcommand
    if called is None or called not in data:
        return {}
    return {called: _options(group.get_command(context, called), data[called], path, called)}


def _options(command: click.Command, entries: Any, path: str, where: str) -> Dict[str, Any]:
    if not isinstance(entries, Mapping):
        raise InputError(f"{where}: not a mapping of options to values", file=path, hint="write the options below the command")
    if isinstance(command, click.Group):
        unknown = [name for name in entries if name not in command.commands]
        if unknown:
            raise InputError(f"{where} {unknown[0]!r} is not a command", file=path, hint=f"choose from {', '.join(command.commands)}")
        return {name: _options(command.commands[name], inner, path, f"{where} {name}") for name, inner in entries.items()}
    options = {flag.lstrip("-"): option for option in command.params for flag in option.opts if flag.startswith("--")}
    defaults = {}
    for key, value in entries.items():
        flag = str(key).replace("_", "-")
        if flag not in options:
            raise InputError(f"{where} has no option --{flag}", file=path, hint=f"see `ctcb {where} --help`")
        defaults[options[flag].name] = _value(options[flag], value, path, f"{where} --{flag}")
    return defaults


def _value(option: click.Parameter, value: Any, path: str, option_name: str) -> Any:
    """A value as click expects it: a list for a repeatable option. Raises InputError for several values of another option."""
    is_list = isinstance(value, (list, tuple))
    if isinstance(value, Mapping) or is_list and not option.multiple and option.nargs == 1:
        raise InputError(f"{option_name} is {value!r}, and takes one value", file=path, hint="give one")
    return [value] if option.multiple and not is_list and value is not None else value
