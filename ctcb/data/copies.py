"""An utterance's copies at several speeds: known by a field that `ctcb prepare` writes, or by lhotse's transform, not by their ids."""
from __future__ import annotations

from typing import Any

from lhotse import CutSet
from lhotse.cut import Cut
from lhotse.utils import fastcopy

UTTERANCE, SPEED = "utterance", "speed"  # fields of a copy: the id of what it is a copy of, and its speed


def utterance_of(cut: Cut) -> str:
    """The name that an utterance's copies at several speeds share.

    A copy without the field was made by lhotse's ``perturb_speed``: its recording has the transform of the factor that its id
    ends in (``_sp0.9``). An id that only ends so is an id like others.
    """
    custom = getattr(cut, "custom", None) or {}
    if UTTERANCE in custom:
        return str(custom[UTTERANCE])
    recording: Any = getattr(cut, "recording", None)
    transforms = (recording.transforms if recording is not None else None) or []
    if transforms:
        last = transforms[-1] if isinstance(transforms[-1], dict) else transforms[-1].to_dict()
        suffix = f"_sp{last.get('kwargs', {}).get('factor')}"
        if last.get("name") == "Speed" and cut.id.endswith(suffix):
            return cut.id[: -len(suffix)]
    return cut.id


def at_speed(cuts: CutSet, speed: float) -> CutSet:
    """Copies at another speed, each with the fields UTTERANCE and SPEED and an id that no other cut has."""
    taken = {cut.id for cut in cuts}
    copies = []
    for cut in cuts:
        copy = cut.perturb_speed(speed)
        while copy.id in taken:
            copy = copy.with_id(f"{copy.id}_copy")
        taken.add(copy.id)
        copies.append(fastcopy(copy, custom={**(copy.custom or {}), UTTERANCE: utterance_of(cut), SPEED: speed}))
    return CutSet.from_cuts(copies)
