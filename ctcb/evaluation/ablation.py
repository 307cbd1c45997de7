"""A data set under several systems: decoded, scored and timed."""
from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any, Callable, Dict, Iterator, Mapping, Optional, Sequence

from ctcb.biasing.prepared_list import Context, SpelledList
from ctcb.biasing.registry import TECHNIQUES
from ctcb.biasing.technique import Technique
from ctcb.ctc.emissions import Emitted
from ctcb.decoding.builder import EmissionFacts, build_pipeline
from ctcb.decoding.list_preparation import Contexts
from ctcb.entities import EntityList
from ctcb.evaluation.cached_emissions import CachedEmissions
from ctcb.evaluation.dataset import DataSet
from ctcb.evaluation.systems import System
from ctcb.scoring import bootstrap
from ctcb.scoring.bootstrap import Estimate
from ctcb.scoring.report import ScoreReport
from ctcb.scoring.score import count_table, score
from ctcb.search.beam.word_lm import WordLm
from ctcb.search.graph import GraphSetting

FALSE_ALARMS = "false_alarms_per_thousand_words"  # the measure


@dataclass(frozen=True)
class AblationRow:
    """A system's transcripts of a data set, and their measures."""

    system: System
    hyps: Dict[str, str]  # utterance id -> transcript
    report: ScoreReport  # with the set's list, compared with the first system (None there)
    alarms: Optional[Estimate]  # false alarms a thousand words, the mean over lists of which no name is spoken
    ready: float  # seconds of CPU until the list was prepared
    real_time: float  # how often the audio's duration holds the CPU time of the network and the decoding


@dataclass(frozen=True)
class Outcome:
    """Transcripts, and the time that they took."""

    hyps: Dict[str, str]
    without: Dict[str, str]  # and without the list, by the same search and the same reordering
    ready: float  # seconds of CPU until the list was prepared
    emitting: float  # and for reading the audio and the network,
    decoding: float  # and for the decoding alone


class Decoding:
    """Decodes a data set's emissions with one system after another."""

    def __init__(
        self, facts: EmissionFacts, emissions: CachedEmissions, lm: Optional[WordLm] = None, jobs: int = 1,
        biased: Optional[Callable[[EntityList], CachedEmissions]] = None, graph: Optional[GraphSetting] = None,
    ) -> None:
        """
        Parameters
        ----------
        facts : what the emissions are.
        biased : makes the emissions of an encoder that is biased toward a list.
        graph : is searched in the place of the beam search.
        """
        self._emissions, self._lm, self._jobs, self._biased = emissions, lm, jobs, biased
        self._facts, self._graph = facts, graph
        self._over_phones = graph is not None and graph.graph.phones is not None
        self._spelled: Dict[EntityList, SpelledList] = {}

    @property
    def rules(self) -> Dict[str, Any]:
        """How transcripts are compared: models of English letters in one case are trained on folded texts, and the
        references are folded as these were; others are compared in their own writing."""
        writing = self._facts.spelling.writing
        return {"fold": True} if writing.is_plain else {"language": writing.language}

    def spell(self, entities: EntityList) -> SpelledList:
        """A list in the model's tokens; worked out once. Raises InputError where nothing is left of it."""
        if entities not in self._spelled:
            spelled = SpelledList.of(entities, self._facts.spelling)
            spelled.require()
            self._spelled[entities] = spelled
        return self._spelled[entities]

    def run(self, system: System, entities: Optional[EntityList], table: Mapping[str, Technique] = TECHNIQUES) -> Outcome:
        """Decode all utterances; raises what is wrong with one of them. ``table`` has the techniques by their names."""
        config = system.config if self._graph is None else replace(system.config, method="graph", graph=self._graph)
        pipeline = build_pipeline(config, self._facts, self._lm, table)
        emissions = self._emissions
        if entities is not None and system.biases_encoder:
            emissions = self._biased(entities)
        began = time.process_time()
        context: Optional[Context] = None
        if system.techniques and entities is not None:
            context = pipeline.prepare(self.spell(entities))
        ready = time.process_time() - began
        hyps: Dict[str, str] = {}
        without: Dict[str, str] = {}
        began = time.process_time()
        emitted = map(Emitted.over_phones, emissions.emitted) if self._over_phones else emissions.emitted
        for decoded in pipeline.decode_many(emitted, Contexts.alike(context), jobs=self._jobs, compared=context is not None):
            if decoded.error is not None:
                raise decoded.error
            hyps[decoded.utt_id] = decoded.transcript.text
            without[decoded.utt_id] = decoded.transcript.text if decoded.transcript.before is None else decoded.transcript.before
        return Outcome(hyps, without, ready, emissions.facts.took, time.process_time() - began)


def run_ablation(
    data: DataSet, decoding: Decoding, emissions: CachedEmissions, systems: Sequence[System], draws: int = 1000, seed: int = 0
) -> Iterator[AblationRow]:
    """Each system's row, in turn; ``draws`` and ``seed`` are of the bootstrap."""
    seconds = {row.utt_id: row.duration for row in data.rows if row.duration is not None}
    first: Optional[Dict[str, str]] = None
    for system in systems:
        outcome = decoding.run(system, data.entities)
        alarms = false_alarms(data, decoding, system, outcome, draws, seed)
        report = score(
            data.refs, outcome.hyps, data.entities, seconds=seconds, compare=first, without=outcome.without, draws=draws, seed=seed,
            **decoding.rules,
        )  # fmt: skip
        real_time = emissions.facts.seconds / max(1e-9, outcome.emitting + outcome.decoding)
        yield AblationRow(system, outcome.hyps, report, alarms, outcome.ready, real_time)
        first = outcome.hyps if first is None else first


def false_alarms(
    data: DataSet, decoding: Decoding, system: System, outcome: Outcome, draws: int = 0, seed: int = 0
) -> Optional[Estimate]:
    """False alarms a thousand words with lists of which no name is spoken, the mean over the lists; None without a list.

    ``outcome`` is what the system made of the set with another list. The bootstrap resamples utterances, each with its
    false alarms of all lists.
    """
    false = words = 0
    for absent in data.absent:
        # Without a technique no list makes a difference.
        hyps = decoding.run(system, absent).hyps if system.techniques else outcome.hyps
        counts = count_table(score(data.refs, hyps, absent, draws=0, **decoding.rules).utterances)
        false, words = false + counts["false"], words + counts["words"]
    return bootstrap.estimate({"false": false, "words": words}, draws, seed)[FALSE_ALARMS] if data.absent else None
