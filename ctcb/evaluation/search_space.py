"""What is tuned, and between which bounds: the options that say so (``ctcb/options.py``)."""
from __future__ import annotations

from typing import Collection, List, Sequence

from ctcb.biasing.options import OPTIONS, find_option
from ctcb.biasing.technique import Technique
from ctcb.errors import InputError
from ctcb.options import Option

# Few, and wide: what only a narrow valley favours will not hold on other speech. The bounds are our judgement.
SPACE = tuple(option for option in OPTIONS.values() if option.tuned is not None)


def parameters(techniques: Sequence[Technique], lm: bool, only: Collection[str] = ()) -> List[Option]:
    """The tuned options that matter to the techniques; ``only`` those of these names, if any.

    ``lm``: whether there is an LM. Raises InputError for a name that is none of them.
    """
    present = {technique.name for technique in techniques}
    found = [option for option in SPACE if (not present.isdisjoint(option.serves) if option.serves else lm)]
    wanted = [find_option(name).name for name in only]
    for name in wanted:
        if name not in {option.name for option in found}:
            known = ", ".join(sorted(option.name for option in found))
            raise InputError(f"{name!r} is nothing that can be tuned here", hint=f"choose from {known}")
    return [option for option in found if not wanted or option.name in wanted]
