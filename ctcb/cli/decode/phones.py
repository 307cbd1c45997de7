"""The options of the phonetic techniques."""
from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, Mapping

import click

from ctcb.cli.common.options import Decorator, join
from ctcb.phones.options import SCORES, PhoneOptions

# Option -> its name in PhoneOptions, and its help.
PHONES = {
    "phone_weight": ("weight", "Factor on the phone score in `phones`."),
    "lookup_evidence": ("evidence", "Nats by which a name must fit better than other words in `lookup`."),
    "lookup_lack": ("lack", "Nats a phone by which it may fit worse than the likeliest phones."),
    "assurance": ("assurance", "How likely a name must have been said to stay, in `verify`; 0 to 1."),
    "g2g": ("g2g", "Spellings that sound alike, of each name, in `g2g`."),
    "g2g_cost": ("g2g_cost", "Factor on what these lose."),
}


def phone_options() -> Decorator:
    """``--phone-score`` and the options in PHONES."""
    options = []
    for option, (name, what) in PHONES.items():
        default = getattr(PhoneOptions, name)
        flag = f"--{option.replace('_', '-')}"
        options.append(click.option(flag, type=type(default), help=f"{what}  [default: {default}]"))
    score = f"How `phones` compares.  [default: {PhoneOptions.score}]"
    return join(click.option("--phone-score", type=click.Choice(list(SCORES)), help=score), *options)


def chosen_phone_options(given: Mapping[str, Any], preset: PhoneOptions = PhoneOptions()) -> PhoneOptions:
    """The options that were given, in the place of a preset's. Raises InputError for a value outside of its range."""
    chosen: Dict[str, Any] = {name: given[option] for option, (name, _) in PHONES.items() if given[option] is not None}
    if given["phone_score"] is not None:
        chosen["score"] = given["phone_score"]
    return replace(preset, **chosen)
