"""The result of scoring: counts, rates, intervals and alignments in one frozen object."""
from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ctcb.scoring.alignment import Alignment
from ctcb.scoring.biased_wer import BiasedErrorCounts
from ctcb.scoring.bootstrap import Difference, Estimate
from ctcb.scoring.collateral import Collateral
from ctcb.scoring.entities import EntityCounts, Occurrence, UtteranceEntities, count_each_entity, count_entities
from ctcb.scoring.false_alarms import FalseAlarms
from ctcb.scoring.misses import Miss
from ctcb.scoring.wer import ErrorCounts

WORD, CHARACTER = "word", "character"
UNITS = (WORD, CHARACTER)  # what WER counts; characters are those of scripts without spaces


@dataclass(frozen=True)
class UtteranceScore:
    """The score of one utterance; ``biased`` and ``entities`` are None where no list was given."""

    id: str
    alignment: Alignment
    errors: ErrorCounts
    biased: Optional[BiasedErrorCounts] = None
    entities: Optional[UtteranceEntities] = None
    characters: ErrorCounts = ErrorCounts()  # the errors of CER
    units: Optional[Alignment] = None  # of words, and of single characters in scripts without spaces
    names: Tuple[Occurrence, ...] = ()  # the entities in the hypothesis, by places of its units
    speaker: Optional[str] = None
    misses: Tuple[Miss, ...] = ()  # one for each of `entities.missed`, in its order

    @property
    def shown(self) -> Alignment:
        """The alignment in which ``names`` have their places."""
        return self.alignment if self.units is None else self.units


@dataclass(frozen=True)
class SpeakerScore:
    """The scores of a speaker's utterances, summed up."""

    utterances: int
    wer: ErrorCounts
    cer: ErrorCounts
    biased: Optional[BiasedErrorCounts]  # None without a list or rare words
    entities: Optional[EntityCounts]  # None without a list


@dataclass(frozen=True)
class Comparison:
    """The difference of this system and another one, for each measure."""

    differences: Mapping[str, Difference]  # by the names of ctcb.scoring.measures
    missing: Tuple[str, ...] = ()  # utterances without a hypothesis of the other system


@dataclass(frozen=True)
class ScoreReport:
    """The result of :func:`ctcb.scoring.score.score`. Rates are fractions, not percentages."""

    utterances: Tuple[UtteranceScore, ...]
    missing: Tuple[str, ...]  # utterances without a hypothesis, whose words count as deleted
    listed: Optional[int]  # number of different entities on the list; None without a list
    unscorable: Tuple[str, ...]  # listed entities that have no word after normalisation
    wer: ErrorCounts
    biased: Optional[BiasedErrorCounts]  # None without a list or rare words
    entities: Optional[EntityCounts]  # None without a list
    false_alarms: Optional[FalseAlarms]  # None without a list
    estimates: Mapping[str, Estimate]  # by the names of ctcb.scoring.measures
    comparison: Optional[Comparison]
    draws: int  # resampled corpora of the bootstrap
    seed: int
    collateral: Optional[Collateral] = None  # None without a list, or transcripts without it
    cer: ErrorCounts = ErrorCounts()  # of characters
    unit: str = WORD  # what WER counts
    language: Optional[str] = None  # that was given
    numbers_read: bool = True  # False where num2words lacks the language
    markup: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # references, hypotheses, ... -> mark -> how often it was dropped

    @property
    def without_interval(self) -> Tuple[str, ...]:
        """The names of the measures without the interval that was asked for.

        Only one utterance contributes to such a measure, or to its difference from the other system's.
        """
        if not self.draws:
            return ()
        differences = {} if self.comparison is None else self.comparison.differences
        return tuple(
            name for name, estimate in self.estimates.items()
            if estimate.value is not None and estimate.low is None
            or name in differences and differences[name].difference is not None and differences[name].low is None
        )

    @property
    def per_entity(self) -> Dict[str, EntityCounts]:
        """The counts of each entity that occurs in a reference or a hypothesis, those with most errors first."""
        return count_each_entity(u.entities for u in self.utterances if u.entities is not None)

    @property
    def recognised_instead(self) -> Dict[str, Dict[str, int]]:
        """Of each entity that was missed: the words in its place (``""`` for none), and how often, the most frequent first."""
        instead: Dict[str, Counter] = defaultdict(Counter)
        for utterance in self.utterances:
            for miss in utterance.misses:
                instead[miss.entity][miss.recognised] += 1
        return {name: dict(words.most_common()) for name, words in instead.items()}

    @property
    def per_speaker(self) -> Dict[str, SpeakerScore]:
        """The scores of each speaker, by name; empty where no speaker is known. Utterances without one are ``""``."""
        by_name: Dict[str, List[UtteranceScore]] = {}
        for utterance in self.utterances:
            by_name.setdefault(utterance.speaker or "", []).append(utterance)
        return {name: _speaker(by_name[name]) for name in sorted(by_name)} if set(by_name) != {""} else {}

    def to_dict(self) -> Dict[str, Any]:
        """The report as plain objects for JSON; what does not apply is None."""
        instead = self.recognised_instead
        return {
            "format": 1,
            "utterances": len(self.utterances),
            "missing": list(self.missing),
            "unit": self.unit,
            "language": self.language,
            "numbers_read": self.numbers_read,
            "markup": {side: dict(marks) for side, marks in self.markup.items()},
            "measures": {name: asdict(estimate) for name, estimate in self.estimates.items()},
            "bootstrap": {"draws": self.draws, "seed": self.seed, "level": 0.95},
            "counts": {
                "wer": asdict(self.wer),
                "cer": asdict(self.cer),
                "u_wer": asdict(self.biased.unbiased) if self.biased else None,
                "b_wer": asdict(self.biased.biased) if self.biased else None,
                "entities": asdict(self.entities) if self.entities else None,
                "false_alarms": asdict(self.false_alarms) if self.false_alarms else None,
                "collateral": self.collateral._asdict() if self.collateral else None,
            },
            "entities_listed": self.listed,
            "entities_unscorable": list(self.unscorable),
            "per_entity": {
                name: {**asdict(counts), "recognised_instead": instead.get(name, {})} for name, counts in self.per_entity.items()
            },
            "per_speaker": {name: asdict(score) for name, score in self.per_speaker.items()},
            "comparison": None
            if self.comparison is None
            else {
                "measures": {name: asdict(difference) for name, difference in self.comparison.differences.items()},
                "missing": list(self.comparison.missing),
            },
            "per_utterance": [_utterance_dict(utterance) for utterance in self.utterances],
        }

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text, with each utterance on a line of its own."""
        data = self.to_dict()
        utterances = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in data.pop("per_utterance"))
        head = json.dumps(data, ensure_ascii=False, indent=1)
        return f'{head[:-2]},\n "per_utterance": [\n{utterances}\n ]\n}}\n'


def _speaker(utterances: Sequence[UtteranceScore]) -> SpeakerScore:
    biased = [one.biased for one in utterances if one.biased is not None]
    entities = [one.entities for one in utterances if one.entities is not None]
    return SpeakerScore(
        len(utterances),
        sum((one.errors for one in utterances), ErrorCounts()),
        sum((one.characters for one in utterances), ErrorCounts()),
        sum(biased, BiasedErrorCounts()) if biased else None,
        count_entities(entities) if entities else None,
    )


def _utterance_dict(utterance: UtteranceScore) -> Dict[str, Any]:
    alignment = utterance.alignment
    row: Dict[str, Any] = {
        "id": utterance.id,
        "ref": " ".join(alignment.ref),
        "hyp": " ".join(alignment.hyp),
        # [operation, index of the reference word, index of the hypothesis word], counted from 0
        "edits": [list(edit) for edit in alignment.edits],
    }
    if utterance.speaker is not None:
        row["speaker"] = utterance.speaker
    if utterance.entities is not None:
        row["entities"] = asdict(utterance.entities)
    if utterance.misses:
        # `ref` and `hyp` are places of words, and of single characters in scripts without spaces
        row["misses"] = [asdict(miss) for miss in utterance.misses]
    return row
