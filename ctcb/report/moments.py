"""The moments of an utterance that a report plays: where its words differ from others, in seconds."""
from __future__ import annotations

from typing import Any, Callable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from rapidfuzz.distance import Levenshtein

from ctcb.scoring.misses import Span

MARGIN = 0.6  # seconds before and behind the words in question
NEAR = 0.8  # seconds; moments that are nearer to each other are one
LONGEST = 10.0  # seconds of a moment; of a longer one this much from its start
WHOLE = 15.0  # seconds up to which an utterance whose words have no times is played as a whole


class Moment(NamedTuple):
    """A stretch of an utterance, in seconds from its start; ``end`` None: to the utterance's end."""

    start: float
    end: Optional[float]


class TimedWord(NamedTuple):
    """A recognised word and its time in seconds."""

    word: str
    start: float
    end: float


def timed_words(row: Mapping[str, Any]) -> Tuple[TimedWord, ...]:
    """The words of a line of ``hyps.jsonl``; none where it has no times."""
    words = row.get("words") or ()
    return tuple(TimedWord(word["word"], float(word["start"]), float(word["end"])) for word in words if "start" in word and "end" in word)


def differing(before: Sequence[str], after: Sequence[str]) -> List[Span]:
    """The stretches of ``after`` that differ from ``before``, as places of its units; an empty one where units are gone."""
    return [(op.dest_start, op.dest_end) for op in Levenshtein.opcodes(list(before), list(after)) if op.tag != "equal"]


def moments(
    spans: Sequence[Span], units: Sequence[str], words: Sequence[TimedWord], comparable: Callable[[str], str], seconds: Optional[float] = None
) -> Tuple[Moment, ...]:
    """When the ``spans`` of an utterance's units were spoken, in order; each of at most LONGEST seconds.

    Parameters
    ----------
    units : of the recognised text as it is compared (:func:`ctcb.scoring.text.units_of`).
    words : those of the same text as they were recognised, with their times.
    comparable : makes the text of a word comparable.
    seconds : the utterance's duration, where it is known.

    Where the units are not those of the words, the whole utterance is a moment if it is known to be at most WHOLE seconds long.
    """
    owners = [place for place, word in enumerate(words) for _ in comparable(word.word).replace(" ", "")]
    starts = [0]
    for unit in units:
        starts.append(starts[-1] + len(unit))
    if not words or len(owners) != starts[-1]:
        return (Moment(0.0, None),) if spans and seconds is not None and seconds <= WHOLE else ()
    found: List[Moment] = []
    for first, end in spans:
        start, stop = _times(owners, words, starts[first], starts[end])
        start, stop = max(0.0, start - MARGIN), stop + MARGIN
        if found and found[-1].end is not None and start - found[-1].end < NEAR:
            start = found.pop().start
        found.append(Moment(start, stop))
    return tuple(Moment(start, min(end, start + LONGEST)) for start, end in found if end is not None)


def _times(owners: Sequence[int], words: Sequence[TimedWord], first: int, end: int) -> Tuple[float, float]:
    """From when to when the characters ``first`` to ``end`` were spoken; of none, the pause in which they are not."""
    if first < end:
        return words[owners[first]].start, words[owners[end - 1]].end
    before = words[owners[first - 1]].end if first else 0.0
    behind = words[owners[first]].start if first < len(owners) else words[-1].end
    return before, max(before, behind)
