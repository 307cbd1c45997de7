"""One utterance of a stream: its searches, and what its transcript will need of its emissions."""
from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import List, Optional, Tuple

import numpy as np

from ctcb.biasing.prepared_list import Context
from ctcb.biasing.restoration import restored
from ctcb.biasing.technique import SearchedEmissions
from ctcb.ctc.emissions import Emissions
from ctcb.decoding.pipeline import Pipeline
from ctcb.search.hypothesis import Hypothesis
from ctcb.transcript.hypothesis import FoundEntity, Reading, Word, joined
from ctcb.transcript.transcript import Transcript

NOTHING_SEARCHED = SearchedEmissions(None)


@dataclass(frozen=True)
class Partial:
    """What is recognised so far of the utterance under way; times in seconds from the stream's beginning."""

    words: Tuple[Word, ...] = ()
    settled: int = 0  # words[:settled] stay as they are, whatever follows
    entities: Tuple[FoundEntity, ...] = ()  # the list's names among the words
    under_way: Tuple[str, ...] = ()  # the list's names that the last word may be the beginning of: a few
    start: float = 0.0  # where the utterance begins,
    end: float = 0.0  # and the end of what was heard of it

    @property
    def text(self) -> str:
        """The words as one text."""
        return joined(self.words)


class Segment:
    """An utterance of a stream. Its transcript is what the pipeline's ``decode`` makes of its emissions as a whole."""

    def __init__(self, pipeline: Pipeline, context: Optional[Context], nbest: int, phones: bool) -> None:
        """``phones``: whether its emissions come with those of the phone head."""
        self._pipeline, self.context, self._nbest = pipeline, context, nbest
        self._rescorers, self._plain = pipeline.rescorers(context, phones), pipeline.rescorers(None, phones)
        changed = pipeline.changes_emissions(context)  # when it ends: then they are searched again
        self._by_emissions = changed or any(technique.reach is None for technique in self._rescorers)
        # What only takes names back leaves the words that both searches agree on as they are.
        self._changes_words = changed or any(technique.reach is None and not technique.verifies for technique in self._rescorers)
        search = pipeline.search
        self._width = pipeline.width(self._rescorers, nbest)
        self._search = search.stream(None if context is None else context.graph, self._width)
        # With a list, what is recognised without it stays outside of names.
        self._unbiased_width = search.settings.beam if self._plain else 1
        self._unbiased = None if context is None else search.stream(context.without_list, self._unbiased_width)
        self._kept: List[Emissions] = []  # for the rescorers

    @property
    def frames(self) -> int:
        """Frames so far."""
        return self._search.frames

    def accept(self, emissions: Emissions) -> None:
        """More emissions, as ``Pipeline.checked`` returns them."""
        self._search.accept(emissions.tokens)
        if self._unbiased is not None:
            self._unbiased.accept(emissions.tokens if emissions.unbiased is None else emissions.unbiased)
        if self._by_emissions:
            self._kept.append(emissions.map(np.array))

    def transcript(self, utt_id: str) -> Transcript:
        """The transcript of all that was accepted."""
        emissions = Emissions.concatenate(self._kept) if self._kept else self._pipeline.no_frames()
        rows = emissions.tokens if emissions.unbiased is None else emissions.unbiased

        def unbiased(count: int) -> List[Reading]:
            assert self._unbiased is not None  # without a list nobody asks
            found = self._unbiased.hypotheses(max(count, self._unbiased_width))
            return self._pipeline.unbiased(found, SearchedEmissions(rows, emissions.phones), self._plain)[:count]

        whole = SearchedEmissions(emissions.tokens, emissions.phones)
        tokens = self._pipeline.biased(whole, self.context)
        if tokens is whole.tokens or self.context is None:
            hypotheses = self._search.hypotheses(self._width)
        else:
            hypotheses = list(self._pipeline.search.decode(tokens, self.context.graph, self._width))
        searched = SearchedEmissions(emissions.tokens, emissions.phones, emissions.unbiased, lru_cache(maxsize=None)(unbiased))
        return self._pipeline.concluded(
            utt_id, hypotheses, searched, self.frames, self.context, self._rescorers, self._nbest)

    def partial(self) -> Partial:
        """What is found so far, before what rescorers do by the emissions of the whole; times from the utterance's beginning."""
        found = self._search.hypotheses(1)[0]
        unbiased = None if self._unbiased is None else self._unbiased.hypotheses(1)[0]
        best = self._respelled(self._reading(found, self.context))
        if unbiased is not None:
            best = restored(best, self._reading(unbiased))
        names = () if self.context is None else tuple(self.context.entities[place].text for place in self._search.under_way())
        settled, seconds = self._settled_words(found, unbiased), self.frames * self._pipeline.setting.frame_shift
        return Partial(best.words, settled, best.entities, names, 0.0, seconds)

    def _reading(self, hypothesis: Hypothesis, context: Optional[Context] = None) -> Reading:
        return self._pipeline.readings([hypothesis], context)[0]

    def _respelled(self, reading: Reading) -> Reading:
        """A reading behind the rescorers that need no emissions."""
        for technique in self._rescorers:
            if technique.reach is not None and self.context is not None:
                [reading] = technique.rescore([reading], NOTHING_SEARCHED, self.context)
        return reading

    def _settled_words(self, found: Hypothesis, unbiased: Optional[Hypothesis]) -> int:
        """How many words of the partial are final; the best hypotheses with the list and without it.

        None where rescorers, or names that are looked for among the words, may still change any. With a list, those that
        both searches agree on from the beginning: so far restoration aligns them with each other, whatever follows.
        """
        if self._changes_words or (self.context is not None and not (self.context.graph is not None and self.context.searched)):
            return 0
        best = self._reading(_beginning(found, self._search.settled()), self.context)
        if unbiased is None or self._unbiased is None:
            return len(best.words)
        other = self._reading(_beginning(unbiased, self._unbiased.settled()))
        settled = len(best.words) - sum((technique.reach or 1) - 1 for technique in self._rescorers)
        new = [one.words[0] for one in self._respelled(best).entities if one not in best.entities]
        most = max(0, min([settled, len(other.words), *new]))
        same = next((place for place in range(most) if best.words[place].word != other.words[place].word), most)
        return min([same, *(one.words[0] for one in best.entities if one.words[0] < same < one.words[1])])


def _beginning(hypothesis: Hypothesis, count: int) -> Hypothesis:
    """The first ``count`` tokens of a hypothesis."""
    return replace(
        hypothesis, tokens=hypothesis.tokens[:count], token_frames=hypothesis.token_frames[:count],
        token_ends=hypothesis.token_ends[:count], token_log_probs=hypothesis.token_log_probs[:count],
        entities=tuple(span for span in hypothesis.entities if span.end <= count),
    )
