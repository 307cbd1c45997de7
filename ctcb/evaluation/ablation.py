"""A data set under several systems: decoded, scored and timed."""
from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Callable, Dict, Iterator, Optional, Sequence

from ctcb.biasing.prepared_list import Biasing, SpelledList
from ctcb.biasing.registry import in_encoder
from ctcb.decoding.pipeline import Pipeline
from ctcb.entities import EntityList
from ctcb.evaluation.cached_emissions import Listened
from ctcb.evaluation.dataset import DataSet
from ctcb.evaluation.systems import System
from ctcb.phones.phonetics import Phonetics
from ctcb.scoring.bootstrap import Estimate
from ctcb.scoring.report import ScoreReport
from ctcb.scoring.score import score
from ctcb.search.beam.word_lm import WordLm
from ctcb.text.spelling import Spelling


@dataclass(frozen=True)
class Rung:
    """What a system made of a data set."""

    system: System
    hyps: Dict[str, str]  # utterance id -> transcript
    report: ScoreReport  # with the set's list, compared with the first system (None there)
    alarms: Optional[Estimate]  # false alarms a thousand words, with the list of which nothing is said
    ready: float  # seconds of CPU until the list was ready
    real_time: float  # how often the audio's duration holds the CPU time of the network and the decoding


@dataclass(frozen=True)
class Outcome:
    """Transcripts, and the time that they took."""

    hyps: Dict[str, str]
    ready: float  # seconds of CPU until the list was ready
    listening: float  # and for reading the audio and the network,
    took: float  # and for the decoding alone


class Decoding:
    """Decodes a data set's emissions with one system after another."""

    def __init__(
        self, spelling: Spelling, phonetics: Phonetics, listened: Listened, lm: Optional[WordLm] = None, jobs: int = 1,
        lean: Optional[Callable[[EntityList], Listened]] = None,
    ) -> None:
        """``lean`` makes the emissions that an adapter leans toward a list."""
        self._spelling, self._listened, self._lm, self._jobs, self._lean = spelling, listened, lm, jobs, lean
        self._phonetics = phonetics if listened.facts.phones else None
        self._spelled: Dict[EntityList, SpelledList] = {}

    def spell(self, entities: EntityList) -> SpelledList:
        """A list in the model's tokens; worked out once. Raises InputError where nothing is left of it."""
        if entities not in self._spelled:
            spelled = SpelledList.of(entities, self._spelling)
            spelled.require()
            self._spelled[entities] = spelled
        return self._spelled[entities]

    def run(self, system: System, entities: Optional[EntityList]) -> Outcome:
        """Decode all utterances; raises what is wrong with one of them."""
        pipeline = Pipeline(
            self._spelling, self._listened.facts.frame_shift, "beam", system.preset.beam, system.techniques, lm=self._lm,
            phonetics=self._phonetics, technique_options=system.preset.options,
        )
        listened = self._listened
        if entities is not None and in_encoder(system.techniques):
            listened = self._lean(entities)
        began = time.process_time()
        biasing: Optional[Biasing] = None
        if system.techniques and entities is not None:
            biasing = pipeline.prepare(self.spell(entities))
        ready, hyps = time.process_time() - began, {}
        began = time.process_time()
        for decoded in pipeline.decode_many(listened.emissions, lambda utt_id: biasing, jobs=self._jobs):
            if decoded.error is not None:
                raise decoded.error
            hyps[decoded.utt_id] = decoded.transcript.text
        return Outcome(hyps, ready, listened.facts.took, time.process_time() - began)


def climb(
    data: DataSet, decoding: Decoding, listened: Listened, systems: Sequence[System], draws: int = 1000, seed: int = 0
) -> Iterator[Rung]:
    """Each system's rung, in turn; ``draws`` and ``seed`` are of the bootstrap."""
    seconds = {row.utt_id: row.duration for row in data.rows if row.duration is not None}
    first: Optional[Dict[str, str]] = None
    for system in systems:
        made = decoding.run(system, data.entities)
        alarms = None
        if data.absent is not None:
            # Without a technique no list makes a difference.
            leaned = decoding.run(system, data.absent).hyps if system.techniques else made.hyps
            alarms = score(data.refs, leaned, data.absent, draws=draws, seed=seed).estimates["false_alarms_per_thousand_words"]
        report = score(data.refs, made.hyps, data.entities, seconds=seconds, compare=first, draws=draws, seed=seed)
        facts = listened.facts
        yield Rung(system, made.hyps, report, alarms, made.ready, facts.seconds / max(1e-9, made.listening + made.took))
        first = made.hyps if first is None else first
