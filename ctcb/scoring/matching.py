"""Which stretch of a hypothesis is compared with which reference, where one of them has times.

References are the segments of an STM file, and a hypothesis is the words of a CTM file or a ``hyps.jsonl``: each word
belongs to the segment that its middle lies in, as in sclite. A word between segments is an insertion in the next one (or
the last one), and a word in a segment that is not scored is left out. Otherwise whole recordings are compared, each channel
by itself. A recording with one channel in all files is one whatever its channel is called.

Plain texts have no ids: their lines are compared in their order, with each other or with a file that has as many utterances.
"""
from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import replace
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from ctcb.errors import InputError
from ctcb.scoring.recognition import PLAIN
from ctcb.scoring.timed import TimedText, segment_ids
from ctcb.scoring.transcripts import Transcripts, joined, settle

Texts = Mapping[str, str]
OPTIONS = ("--ref-format", "--hyp-format", "--compare-format", "--compare-format")
Place = Tuple[str, Optional[str]]  # a recording, and its channel where there are several


def match_times(refs: Texts, systems: Sequence[Optional[Texts]], options: Sequence[str] = OPTIONS) -> Tuple[Texts, List[Optional[Texts]]]:
    """References and the hypotheses of several systems with the same ids; what has no times is returned as it is.

    ``options`` are the flags that name the files' formats, the references' first. Raises InputError for words of a
    recording, or of a channel, that has no reference, for a format that nothing tells, and for plain texts of another number
    of lines than what they are compared with.
    """
    settled, *systems = settle([refs, *systems], options)
    refs = refs if settled is None else settled
    if any(map(_is_plain, (refs, *systems))):
        return _by_line(refs, systems)
    files = [one for one in (refs, *systems) if isinstance(one, Transcripts)]
    several = _several_channels(files)
    if not isinstance(refs, Transcripts) or refs.segments is None:
        if isinstance(refs, Transcripts) and refs.words is not None and not refs.own_ids:
            refs = _by_recording(refs, several)
        return refs, [_fitting(system, refs, several) for system in systems]
    if all(system is None or _fits(system, refs) or _words_of(system) is not None for system in systems):
        return refs, [system if system is None or _fits(system, refs) else _cut(system, refs, several) for system in systems]
    if len(refs.in_order) < len(refs.segments):
        raise InputError(
            "has segments that are not scored, and a transcript without times cannot leave them out", file=refs.path,
            hint="give transcripts with times (CTM, or hyps.jsonl with words), or take these segments out",
        )
    refs = _by_recording(refs, several)
    return refs, [_fitting(system, refs, several) for system in systems]


def _by_line(refs: Texts, systems: Sequence[Optional[Texts]]) -> Tuple[Texts, List[Optional[Texts]]]:
    """Plain texts with the ids of the other files in their order, or with the numbers of their lines.

    Empty lines at the end may be missing or too many.
    """
    files = [refs, *systems]
    named = next((one for one in files if one is not None and not _is_plain(one)), None)
    if isinstance(named, Transcripts) and not named.own_ids:
        plain = next(one for one in files if isinstance(one, Transcripts) and _is_plain(one))
        raise InputError(
            f"has no ids, and {named.path} has times", file=plain.path, hint="put the recording's name before each line, one line a recording",
        )
    texts = [[] if one is None else list(one.values()) for one in files if _is_plain(one)]
    longest = max(max((place for place, text in enumerate(lines, start=1) if text), default=0) for lines in texts)
    ids = [str(place) for place in range(1, longest + 1)] if named is None else list(named)
    matched: List[Optional[Texts]] = []
    for one in files:
        if isinstance(one, Transcripts) and _is_plain(one):
            lines = list(one.values())
            if len(lines) < len(ids) or any(lines[len(ids) :]):
                raise InputError(
                    f"{len(lines)} lines, and what it is compared with has {len(ids)}", file=one.path, hint="give a line for each, an empty one for no words",
                )
            one = replace(one, texts=dict(zip(ids, lines)))
        matched.append(one)
    first, *others = matched
    return first or {}, others


def _is_plain(one: Optional[Texts]) -> bool:
    return isinstance(one, Transcripts) and one.format == PLAIN


def _fits(system: Texts, refs: Texts) -> bool:
    return all(utterance in refs for utterance in system)


def _words_of(system: Texts) -> Optional[Tuple[TimedText, ...]]:
    return system.words if isinstance(system, Transcripts) else None


def _several_channels(files: Iterable[Transcripts]) -> Set[str]:
    """The recordings of which any file has more than one channel."""
    found: Set[str] = set()
    for file in files:
        channels: Dict[str, Set[str]] = defaultdict(set)
        for one in (*(file.words or ()), *(file.segments or ())):
            channels[one.recording].add(one.channel)
        found.update(recording for recording, names in channels.items() if len(names) > 1)
    return found


def _fitting(system: Optional[Texts], refs: Texts, several: Set[str]) -> Optional[Texts]:
    """A hypothesis by recordings, unless it has the references' ids already."""
    if not isinstance(system, Transcripts) or (system.words is None and system.segments is None) or _fits(system, refs):
        return system
    whole = _by_recording(system, several)
    # A channel in which nothing was recognised has no line.
    recordings = {one.recording for one in (*(system.words or ()), *(system.segments or ()))}
    silent = {name: "" for name in refs if name not in whole and any(name.startswith(f"{one}-") for one in recordings & several)}
    return replace(whole, texts={**whole.texts, **silent})


def _by_recording(transcripts: Transcripts, several: Set[str]) -> Transcripts:
    parts = transcripts.words if transcripts.segments is None else transcripts.segments
    return joined([part for part in parts or () if part.scored], transcripts, several)


def _cut(system: Texts, refs: Transcripts, several: Set[str]) -> Transcripts:
    """The words of a hypothesis by the references' segments; a recording without any word has none of them."""
    names = {id(segment): name for name, segment in segment_ids(refs.segments or ()).items()}
    segments: Dict[Place, List[TimedText]] = defaultdict(list)
    for segment in sorted(refs.segments or (), key=lambda one: one.start):
        segments[_place(segment, several)].append(segment)
    words = _words_of(system) or ()
    outside = [word for word in words if _place(word, several) not in segments]
    if outside:
        where = outside[0].recording + (f", channel {outside[0].channel}" if outside[0].recording in several else "")
        raise InputError(
            f"{len(outside)} of {len(words)} words are of recordings without a reference, the first of {where}",
            file=getattr(system, "path", None), hint="take them out, or add their references",
        )
    heard = {word.recording for word in words}.union(system if getattr(system, "own_ids", False) else ())
    texts: Dict[str, List[str]] = {name: [] for name, segment in zip(refs, refs.in_order) if segment.recording in heard}
    for word in sorted(words, key=lambda one: one.start):
        home = _segment_of((word.start + word.end) / 2, segments[_place(word, several)])
        if home is not None and home.scored:
            texts[names[id(home)]].append(word.text)
    path = system.path if isinstance(system, Transcripts) else None
    return Transcripts({name: " ".join(found) for name, found in texts.items()}, path, alternatives=getattr(system, "alternatives", False))


def _place(one: TimedText, several: Set[str]) -> Place:
    return one.recording, one.channel if one.recording in several else None


def _segment_of(middle: float, segments: Sequence[TimedText]) -> Optional[TimedText]:
    """The segment, of those of a channel by their starts, in which a word with this middle is scored."""
    for segment in segments:
        if segment.start <= middle <= segment.end:
            return segment
    scored = [segment for segment in segments if segment.scored]
    behind = bisect_left([segment.start for segment in scored], middle)
    return scored[min(behind, len(scored) - 1)] if scored else None
