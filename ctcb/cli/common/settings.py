"""``--set NAME=VALUE``, and the options that some settings have of their own; presets from a file."""
from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, TypeVar

import click

from ctcb.biasing.options import OPTIONS, find_option, parse_settings
from ctcb.biasing.presets import Preset, read_presets
from ctcb.cli.common.options import Decorator, join
from ctcb.errors import InputError
from ctcb.io import PathOrStr
from ctcb.options import Option

T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """What was given on the command line."""

    values: Mapping[str, Any]  # by the settings' names
    flags: Mapping[str, str]  # how each was given: --alpha, or --set subword.alpha


def set_option() -> Decorator:
    """``--set NAME=VALUE``."""
    return click.option(
        "--set", "assignments", metavar="NAME=VALUE", multiple=True,
        help="A setting of a technique or the search, such as verify.threshold=0.4 (docs/techniques.md has all); repeatable.",
    )


def flags_of(settings: Iterable[Option]) -> Decorator:
    """The options of their own that some of the settings have."""
    return join(*(_flag(one) for one in settings if one.flag is not None and one.name != "beam.nbest"))


def _flag(setting: Option) -> Decorator:
    kind = click.Choice(list(setting.choices)) if setting.choices else setting.kind
    text = f"{setting.meaning} (--set {setting.name})  [default: {setting.default}]"
    return click.option(f"--{setting.flag}", type=kind, help=text)


def settings_given(assignments: Sequence[str], options: Mapping[str, Any]) -> Settings:
    """What ``--set`` and the settings' own options say. Raises InputError for a setting that is given both ways."""
    values = read_settings(assignments)
    flags = {name: f"--set {name}" for name in values}
    for setting in OPTIONS.values():
        value = None if setting.flag is None else options.get(setting.flag.replace("-", "_"))
        if value is not None:
            if setting.name in values:
                raise InputError(f"both --{setting.flag} and --set {setting.name} are given", hint="give one of them")
            setting.check(value)
            values[setting.name], flags[setting.name] = value, f"--{setting.flag}"
    return Settings(values, flags)


def read_settings(assignments: Sequence[str]) -> Dict[str, Any]:
    """The values of ``--set``; old names are warned of on stderr. Raises InputError."""
    return _warned(lambda: parse_settings(assignments))


def setting_names(names: Sequence[str]) -> List[str]:
    """The names of settings; old ones are warned of on stderr. Raises InputError for an unknown one."""
    return _warned(lambda: [find_option(name).name for name in names])


def presets_of(config: Optional[PathOrStr], assignments: Sequence[str] = ()) -> Dict[str, Preset]:
    """The presets of a file, with settings in the place of theirs; old names are warned of on stderr. Raises InputError."""
    presets = _warned(lambda: read_presets(config))
    settings = read_settings(assignments)
    return {name: preset.with_settings(settings) for name, preset in presets.items()} if settings else presets


def _warned(read: Callable[[], T]) -> T:
    """What ``read`` returns; its warnings as lines on stderr."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", FutureWarning)
        found = read()
    for text in dict.fromkeys(str(one.message) for one in caught):
        click.echo(f"ctcb: warning: {text}", err=True)
    return found
