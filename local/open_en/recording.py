"""The names that a list brings in, with their scores and whether they were spoken: what verification is fitted on."""
from __future__ import annotations

from typing import Callable, Generic, Iterator, List, Mapping, Optional, Sequence, Tuple, TypeVar

from ctcb.biasing.prepared_list import Context
from ctcb.biasing.technique import SearchedEmissions
from ctcb.biasing.verification import Verification
from ctcb.ctc.emissions import Emitted
from ctcb.decoding.pipeline import Pipeline
from ctcb.entities import Entity, EntityList
from ctcb.progress import progress
from ctcb.text.normalize import normalize
from ctcb.transcript.hypothesis import Reading

Score = TypeVar("Score")


class Recording(Verification, Generic[Score]):
    """In the place of `verify`: records the score of each name that the list brought in, and withdraws none."""

    def __init__(self, scores: Callable[[Reading, SearchedEmissions, Context], Sequence[Optional[Score]]]) -> None:
        """``scores``: those of a reading's entities; None for one that cannot be judged, which is not recorded."""
        self._scores = scores
        self.noted: List[Tuple[Entity, Score]] = []

    def rescore(self, nbest: List[Reading], emissions: SearchedEmissions, context: Context) -> List[Reading]:
        if nbest[0].entities:
            before = f" {emissions.unbiased_nbest()[0].text} "
            for found, score in zip(nbest[0].entities, self._scores(nbest[0], emissions, context)):
                if score is not None and f" {found.entity} " not in before:
                    self.noted.append((context.entities[found.place], score))
        return nbest


def recognised(
    pipeline: Pipeline, recording: Recording[Score], names: EntityList, emitted: Sequence[Emitted], refs: Mapping[str, str], title: str
) -> Iterator[Tuple[Score, bool]]:
    """The score of each name that a pipeline with ``recording`` recognises because of the list, and whether the reference has it."""
    context = pipeline.prepare(pipeline.spell(names))
    for one in progress(emitted, f"{title}, {len(names)} names", total=len(emitted)):
        recording.noted.clear()
        pipeline.decode(one.utt_id, one.emissions, context)
        text = f" {normalize(refs[one.utt_id])} "
        for entity, score in recording.noted:
            yield score, any(f" {form} " in text for form in entity.spoken_forms)
