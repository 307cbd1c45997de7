"""Options as fields of frozen dataclasses, each with its meaning, its range and the bounds between which it is tuned.

A block of options is the class of one technique, or of the search: its options are called ``BLOCK.FIELD``
(``verify.threshold``) in YAML files, on the command line and from Python. ``ctcb/biasing/options.py`` makes one table
of all blocks.
"""
from __future__ import annotations

import dataclasses
import math
import typing
from typing import Any, ClassVar, Optional, Tuple

from ctcb.errors import InputError

SPEC = "option"  # where a field's metadata has the rest of an Option


@dataclasses.dataclass(frozen=True)
class Option:
    """What there is to know of an option."""

    block: str  # of the class that holds it
    field: str  # there
    kind: type  # of its values: int, float, bool or str
    default: Any
    meaning: str  # a sentence for the help
    low: float = -math.inf  # lowest value,
    high: float = math.inf  # and highest,
    within: bool = False  # or, with this, those that it must lie between
    finite: bool = True  # whether infinity is no value
    choices: Tuple[str, ...] = ()  # of a text
    flag: Optional[str] = None  # its own option on the command line, beside ``--set``, without dashes
    lm: bool = False  # whether it does nothing without an LM
    tuned: Optional[Tuple[float, float]] = None  # bounds between which `ctcb tune` looks for it
    serves: Tuple[str, ...] = ()  # techniques that it matters to; the block's own by default, () with any LM

    @property
    def name(self) -> str:
        """``BLOCK.FIELD``."""
        return f"{self.block}.{self.field}"

    def parse(self, text: str) -> Any:
        """A value as it is written on the command line. Raises InputError for one of another type."""
        try:
            if self.kind is bool:
                return {"true": True, "false": False}[text.lower()]
            return self.kind(text)
        except (KeyError, ValueError):
            raise InputError(f"{text!r} is no value of {self.name}", hint=f"its values are like {self.default}") from None

    def check(self, value: Any) -> None:
        """Raise InputError for a value outside of the range."""
        if self.choices:
            if value not in self.choices:
                raise InputError(f"{self.name} is {value!r}", hint=f"choose from {', '.join(self.choices)}")
        elif math.isnan(value):
            raise InputError(f"{self.name} is not a number", hint="give a number")
        elif self.finite and not math.isfinite(value):
            raise InputError(f"{self.name} is not finite", hint="give a finite number")
        elif not self.low <= value <= self.high or self.within and value in (self.low, self.high):
            raise InputError(f"{self.name} is {value}", hint=f"it must {self.range}")

    @property
    def range(self) -> str:
        """The values that it may have, in words behind "must"; empty where any number will do."""
        if self.choices:
            return f"be one of {', '.join(self.choices)}"
        if math.isinf(self.low) and math.isinf(self.high):
            return ""
        if math.isinf(self.low):
            return f"be at most {self.high:g}"
        return f"be at least {self.low:g}" if math.isinf(self.high) else f"lie between {self.low:g} and {self.high:g}"


def option(default: Any, meaning: str, **spec: Any) -> Any:
    """A dataclass field of an :class:`OptionBlock`, with the other fields of an :class:`Option`."""
    return dataclasses.field(default=default, metadata={SPEC: {"meaning": meaning, **spec}})


class OptionBlock:
    """Base of the option classes: it checks their values. Raises InputError for one outside of its range."""

    block: ClassVar[str]  # how the block is called
    technique: ClassVar[bool] = True  # whether that is the name of a technique

    def __post_init__(self) -> None:
        for known in options_of(type(self)):
            known.check(getattr(self, known.field))


def options_of(block: type) -> Tuple[Option, ...]:
    """The options of a block, in their order."""
    if "_options" not in vars(block):
        kinds = typing.get_type_hints(block)
        own = (block.block,) if block.technique else ()  # type: ignore[attr-defined]
        block._options = tuple(  # type: ignore[attr-defined]
            Option(block.block, field.name, kinds[field.name], field.default, **{"serves": own, **field.metadata[SPEC]})  # type: ignore[attr-defined]
            for field in dataclasses.fields(block) if SPEC in field.metadata
        )
    return typing.cast("Tuple[Option, ...]", vars(block)["_options"])
