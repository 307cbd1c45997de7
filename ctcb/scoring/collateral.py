"""Collateral: the words outside listed names that a list changes.

A list should touch its names and nothing else. U-WER hides what it touches beside them where wrong words become other
wrong words, so the transcripts with and without the list are compared with each other and not with the reference.
"""
from __future__ import annotations

from typing import List, NamedTuple, Sequence, Tuple

from rapidfuzz.distance import Levenshtein

Words = Tuple[int, int]  # words[first:end]


class Collateral(NamedTuple):
    """Of one utterance, or summed over several."""

    changed: int  # words outside names that differ
    words: int  # of the transcript without the list

    @property
    def rate(self) -> float:
        """The share of the words; 0 where there are none."""
        return self.changed / self.words if self.words else 0.0


def count_collateral(without: Sequence[str], with_list: Sequence[str], names: Sequence[Words]) -> Collateral:
    """Compare the words recognised without and with a list, which has recognised ``names`` in the latter.

    Where the two differ and no name stands, each word that is substituted, inserted or deleted counts. Where a name
    stands, it may have taken the place of any number of words; what counts are the words beside it.
    """
    changed = 0
    for (a, b), (c, d) in differences(without, with_list, names):
        inside = [name for name in names if c <= name[0] and name[1] <= d]
        beside = (d - c) - sum(end - first for first, end in inside)
        changed += beside if inside else max(b - a, d - c)
    return Collateral(changed, len(without))


def differences(old: Sequence[str], new: Sequence[str], names: Sequence[Words]) -> List[Tuple[Words, Words]]:
    """Where ``new`` differs from ``old``, as places in both, in order; each of ``new``'s names is within one stretch or in none."""
    steps = [step for step in Levenshtein.opcodes(old, new) if step.tag == "equal"]
    same = {step.dest_start + i: step.src_start + i for step in steps for i in range(step.dest_end - step.dest_start)}
    for first, end in names:
        inside = [place for place in range(first, end) if place in same]
        if len(inside) < end - first or (inside and same[end - 1] - same[first] != end - 1 - first):  # not as a whole
            for place in inside:
                del same[place]
    edges = [(-1, -1), *((a, c) for c, a in sorted(same.items())), (len(old), len(new))]
    return [((a + 1, b), (c + 1, d)) for (a, c), (b, d) in zip(edges, edges[1:]) if (b - a, d - c) != (1, 1)]
