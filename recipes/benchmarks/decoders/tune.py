"""Which setting of a decoder is its best: entity F1, as long as the other words do not suffer."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Sequence, Tuple

from peer import Setting

U_WER_SLACK = 0.001  # U-WER may be so much above greedy's (0.1 points)


@dataclass(frozen=True)
class Tried:
    """A setting and what it reached on the tuning utterances."""

    setting: Setting
    f1: float
    u_wer: float


@dataclass(frozen=True)
class Chosen:
    """The setting that a decoder is scored with."""

    setting: Setting
    within: bool  # whether its U-WER on the tuning utterances was within the limit
    utterances: int  # that it was tuned on; 0 where there was nothing to choose
    size: int  # of the lists that it was tuned with
    left_out: int = 0  # settings that were too slow to be tried


def tune(grid: Sequence[Setting], attempt: Callable[[Setting], Tried], greedy_u_wer: float) -> Tuple[Setting, bool]:
    """Try every setting; the best one, and whether its U-WER is at most greedy's + 0.1 points.

    That is the highest F1 among those within this limit or, where there are none, the lowest U-WER.
    Ties go to the other measure, then to the earlier setting.
    """
    tried = [attempt(setting) for setting in grid]
    within = [one for one in tried if one.u_wer <= greedy_u_wer + U_WER_SLACK + 1e-12]
    if within:
        return max(within, key=lambda one: (one.f1, -one.u_wer)).setting, True
    return min(tried, key=lambda one: (one.u_wer, -one.f1)).setting, False
