"""The options of all techniques, and of the beam search, under one name each: ``BLOCK.FIELD``.

:data:`OPTIONS` is the one table that preset files, the command line (``--set verify.threshold=0.4``), Python
(``settings={"verify.threshold": 0.4}``), tuning and docs/techniques.md go by. An option gets its default where its class
stands: ``ctcb/search/options.py`` and ``ctcb/phones/options.py``, since the rooms that read them do not know this one.
"""
from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Dict, Iterable, Mapping, Tuple

from ctcb.errors import InputError
from ctcb.options import Option, OptionBlock, options_of
from ctcb.phones import options as phones
from ctcb.phones.options import G2gOptions, LookupOptions, PhoneRescoringOptions, PhoneticOptions, SpotOptions, VerifyOptions
from ctcb.search import options as search
from ctcb.search.options import BeamOptions, SubwordOptions, UnigramOptions


@dataclass(frozen=True)
class TechniqueOptions:
    """The options of each technique that has some."""

    subword: SubwordOptions = SubwordOptions()
    unigram: UnigramOptions = UnigramOptions()
    phones: PhoneRescoringOptions = PhoneRescoringOptions()
    phonetic: PhoneticOptions = PhoneticOptions()  # what several share
    lookup: LookupOptions = LookupOptions()
    spot: SpotOptions = SpotOptions()
    verify: VerifyOptions = VerifyOptions()
    g2g: G2gOptions = G2gOptions()


# Block -> its class. `ctcb tune` tries values in this order, which its random numbers depend on.
BLOCKS: Dict[str, type] = {
    block.block: block for block in (
        SubwordOptions, UnigramOptions, BeamOptions, PhoneRescoringOptions, PhoneticOptions, LookupOptions, VerifyOptions, G2gOptions,
        SpotOptions,
    )
}
OPTIONS: Dict[str, Option] = {one.name: one for block in BLOCKS.values() for one in options_of(block)}
# The names of 0.1.0, when one class had the options of the search and of the boosts, and one the phonetic ones.
OLD_BLOCKS: Dict[str, Dict[str, str]] = {
    "beam": search.RENAMED, "phones": {old: new for old, new in phones.RENAMED.items() if new != f"phones.{old}"},
}
OLD_NAMES: Dict[str, str] = {**{one.field: one.name for one in options_of(BeamOptions)}, **search.RENAMED, **phones.RENAMED}


def find_option(name: str) -> Option:
    """The option of a name; of one that 0.1.0 had, without its block, with a warning. Raises InputError for an unknown one."""
    if name in OLD_NAMES:
        warn_of_old({name: OLD_NAMES[name]})
        name = OLD_NAMES[name]
    if name not in OPTIONS:
        raise InputError(f"{name!r} is no setting", hint=f"choose from {', '.join(sorted(OPTIONS))}")
    return OPTIONS[name]


def warn_of_old(names: Mapping[str, str], where: str = "") -> None:
    """Warn of names of 0.1.0, old ones to new ones; Python shows the same warning once."""
    what = ", ".join(f"{old} is now {new}" for old, new in names.items())
    warnings.warn(f"{where}{what}; old names go with the next release", FutureWarning, stacklevel=3)


def parse_settings(assignments: Iterable[str]) -> Dict[str, Any]:
    """The values of ``NAME=VALUE`` texts. Raises InputError for unknown names, names given twice, and wrong values."""
    found: Dict[str, Any] = {}
    for text in assignments:
        name, sign, value = text.partition("=")
        if not sign:
            raise InputError(f"{text!r} is no setting", hint="write NAME=VALUE, such as verify.threshold=0.4")
        known = find_option(name.strip())
        if known.name in found:
            raise InputError(f"the setting {known.name} is given twice", hint="give it once")
        found[known.name] = known.parse(value.strip())
        known.check(found[known.name])
    return found


def values_of(*blocks: OptionBlock) -> Dict[str, Any]:
    """All options of some blocks with their values."""
    return {known.name: getattr(block, known.field) for block in blocks for known in options_of(type(block))}


def by_block(settings: Mapping[str, Any]) -> Dict[str, Dict[str, Any]]:
    """Settings by their blocks and fields. Raises InputError for an unknown name."""
    found: Dict[str, Dict[str, Any]] = {}
    for name, value in settings.items():
        known = find_option(name)
        found.setdefault(known.block, {})[known.field] = value
    return found


def renamed(block: str, field: str) -> Tuple[str, bool]:
    """How a preset file's option is called now, and whether it has its old name there."""
    new = OLD_BLOCKS.get(block, {}).get(field)
    return (new or f"{block}.{field}", new is not None)
