"""Dataclasses from YAML; every key and type is checked."""
from __future__ import annotations

import dataclasses
import reprlib
import typing
from typing import Any, Mapping, Optional, Type, TypeVar

import yaml

from ctcb.errors import InputError
from ctcb.io import PathOrStr, read_text

T = TypeVar("T")
_SHORT = reprlib.Repr()
_SHORT.maxlevel = 2


def read_yaml(path: PathOrStr) -> Mapping[str, Any]:
    """Read a YAML mapping with the safe loader.

    Raises
    ------
    InputError : no such file, not YAML (with the line), or no mapping at the top.
    """
    text = read_text(path)
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise InputError("not valid YAML", file=path, line=mark.line + 1 if mark else None, hint="correct it") from None
    except (ValueError, RecursionError) as error:  # a day that no month has; brackets in brackets in brackets
        raise InputError(f"not valid YAML ({error})", file=path, hint="correct it") from None
    if not isinstance(data, dict):
        raise InputError("no key: value pairs at the top", file=path, hint="write a key: value pair a line")
    return data


def from_mapping(cls: Type[T], data: Mapping[str, Any], file: Optional[PathOrStr] = None, where: str = "") -> T:
    """Build the dataclass ``cls`` from ``data``, recursively.

    Keys that a class has renamed are read under their old names, too: its ``RENAMED_KEYS`` map old to new.

    Raises
    ------
    InputError : a key that ``cls`` does not know, one that is missing, or a value of another type.
    """
    renamed: Mapping[str, str] = getattr(cls, "RENAMED_KEYS", {})
    for old, new in renamed.items():
        if old in data and new in data:
            raise InputError(f"{where}{new} is given twice, as {old}, too", file=file, hint="leave one out")
    data = {renamed.get(key, key): value for key, value in data.items()}
    hints = typing.get_type_hints(cls)
    known = {item.name: item for item in dataclasses.fields(cls) if item.init}  # type: ignore[arg-type]
    for key in data:
        if key not in known:
            raise InputError(f"unknown key {where + str(key)!r}", file=file, hint=f"known are {', '.join(known)}")
    values = {key: _convert(hints[key], value, file, f"{where}{key}") for key, value in data.items()}
    for name, item in known.items():
        if name not in values and item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            raise InputError(f"no key {where + name!r}", file=file, hint="add it")
    try:
        return cls(**values)
    except InputError as error:  # of the values together
        if error.file is not None or file is None:
            raise
        block = where.partition(".")[0]
        raise InputError(f"{block}: {error.problem}" if block else error.problem, file=file, hint=error.hint) from None


def _convert(kind: Any, value: Any, file: Optional[PathOrStr], key: str) -> Any:
    def wrong(expected: str) -> InputError:
        # Abbreviated: with YAML aliases, a few lines can expand to a value that fills the memory.
        return InputError(f"{key} is {_SHORT.repr(value)} where {expected} is expected", file=file, hint="correct it")

    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise wrong("key: value pairs")
        return from_mapping(kind, value, file, f"{key}.")
    origin = typing.get_origin(kind)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise wrong("a list")
        return tuple(_convert(typing.get_args(kind)[0], item, file, f"{key}[{i}]") for i, item in enumerate(value))
    if origin is typing.Union:  # Optional
        return None if value is None else _convert(typing.get_args(kind)[0], value, file, key)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if kind in (int, float, str, bool) and type(value) is not kind:
        raise wrong({int: "a whole number", float: "a number", str: "text", bool: "true or false"}[kind])
    return value
