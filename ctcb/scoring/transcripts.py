"""Transcripts that were read from a file: a mapping of ids to texts, with what else the file says; and their format, where it is open."""
from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from ctcb.errors import InputError
from ctcb.scoring.recognition import KALDI, PLAIN, TRN
from ctcb.scoring.timed import TimedText

_EXAMPLES = {KALDI: "the first word of each line is its id", TRN: "the id in parentheses ends each line", PLAIN: "lines without ids"}


@dataclass(frozen=True, eq=False)
class Transcripts(Mapping[str, str]):
    """A mapping of utterance ids to texts, in the file's order.

    While the format is open, its ids are not known: every access raises InputError, which asks for the format.
    """

    texts: Dict[str, str]
    path: Optional[Path] = None
    seconds: Optional[Dict[str, float]] = None  # the durations in a manifest or of an STM file's segments, by id
    speakers: Optional[Dict[str, str]] = None  # by id, where the file names them
    words: Optional[Tuple[TimedText, ...]] = None  # of a CTM file, or of a hyps.jsonl with its words' times
    segments: Optional[Tuple[TimedText, ...]] = None  # of an STM file
    own_ids: bool = True  # False where the ids are made of recordings and channels, or are numbers of lines
    alternatives: bool = False  # whether the format is one of SCTK's: braces hold alternatives, and parentheses optional words
    format: str = KALDI  # one of recognition.FORMATS; of an open one the likeliest
    possible: Mapping[str, Dict[str, str]] = field(default_factory=dict)  # format -> texts, where the format is open

    def __getitem__(self, utterance: str) -> str:
        self.require_format()
        return self.texts[utterance]

    def __iter__(self) -> Iterator[str]:
        self.require_format()
        return iter(self.texts)

    def __len__(self) -> int:
        self.require_format()
        return len(self.texts)

    @property
    def in_order(self) -> Tuple[TimedText, ...]:
        """The segments of an STM file that are scored, in the order of the ids."""
        return tuple(segment for segment in self.segments or () if segment.scored)

    def require_format(self, option: Optional[str] = None) -> None:
        """Raise InputError where the format is open; ``option`` names the flag that settles it."""
        if self.possible:
            choices = [f"{option} {name}" if option else name for name in self.possible]
            known = " or ".join(f"{choice} ({_EXAMPLES[name]})" for choice, name in zip(choices, self.possible))
            raise InputError(
                "its format is not certain, because words could be ids or ids words", file=self.path,
                hint=f"name it: {known}; in Python read_transcripts(path, format)" if option
                else f"name it, as in read_transcripts(path, 'plain') or with --ref-format or --hyp-format: {known}",
            )

    def settled(self, name: str) -> Transcripts:
        """These transcripts read in one of the possible formats."""
        return replace(self, texts=self.possible[name], possible={}, format=name, alternatives=name == TRN, own_ids=name != PLAIN)


def settle(files: Sequence[Optional[Mapping[str, str]]], options: Sequence[str]) -> List[Optional[Mapping[str, str]]]:
    """Transcripts that are compared with each other, with their formats: an open one is that whose ids the others have.

    ``options``: the flag of each file's format, for the message. Raises InputError where no file tells the ids.
    """
    known: Set[str] = set()
    for file in files:
        if isinstance(file, Transcripts) and not file.possible and file.format != PLAIN:
            known.update(file, *({one.recording for one in timed} for timed in (file.words or (), file.segments or ())))
        elif file is not None and not isinstance(file, Transcripts):
            known.update(file)
    settled: List[Optional[Mapping[str, str]]] = []
    for file, option in zip(files, options):
        if isinstance(file, Transcripts) and file.possible:
            if not known:
                file.require_format(option)
            fitting = [name for name, texts in file.possible.items() if name != PLAIN and texts.keys() & known]
            # Of a hypothesis with other ids score() says which ones these are.
            if len(fitting) > 1 or not fitting and (KALDI not in file.possible or not settled):
                file.require_format(option)
            file = file.settled(fitting[0] if fitting else KALDI)
        settled.append(file)
    return settled


def joined(parts: Sequence[TimedText], source: Transcripts, several: Set[str]) -> Transcripts:
    """The texts of whole recordings, in the order of their parts' times.

    ``several`` names the recordings of which each channel has a text of its own, with the id ``recording-channel``.
    Seconds are summed; a speaker is kept where a recording has one alone.
    """
    by_id: Dict[str, List[TimedText]] = {}
    for part in parts:
        name = f"{part.recording}-{part.channel}" if part.recording in several else part.recording
        by_id.setdefault(name, []).append(part)
    texts = {name: " ".join(part.text for part in sorted(found, key=lambda part: part.start)) for name, found in by_id.items()}
    speakers = {name: {part.speaker for part in found} for name, found in by_id.items()}
    return Transcripts(
        texts, source.path,
        None if source.segments is None else {name: sum(part.end - part.start for part in found) for name, found in by_id.items()},
        {name: str(next(iter(found))) for name, found in speakers.items() if len(found) == 1 and None not in found} or None,
        source.words, own_ids=False, alternatives=source.alternatives, format=source.format,
    )  # fmt: skip
