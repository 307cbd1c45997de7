"""The beam search for callers: emissions and a context graph in, hypotheses out."""
from __future__ import annotations

import math
from typing import Any, Iterable, Iterator, List, Optional, Tuple

import numpy as np

from ctcb.decoding.emissions import as_log_probs
from ctcb.decoding.options import BeamOptions, EntitySpan, Hypothesis
from ctcb.decoding.search.boosting import Boost
from ctcb.decoding.search.context_graph import ContextGraph
from ctcb.decoding.search.kernel import Pruning, Tokens, last_record, search
from ctcb.decoding.search.spans import answer, spans, trace
from ctcb.decoding.threads import in_order
from ctcb.decoding.vocabulary import Vocabulary
from ctcb.errors import InputError


class BeamDecoder:
    """CTC prefix beam search with adaptive subword boosting.

    Holds nothing that a search changes: one decoder serves any number of threads, and the search
    runs without the GIL.
    """

    def __init__(self, vocabulary: Vocabulary, options: BeamOptions = BeamOptions()) -> None:
        self.vocabulary, self.options = vocabulary, options
        self._no_entities = ContextGraph.empty(vocabulary)
        self._tokens = Tokens(vocabulary.blank, vocabulary.starts_word, vocabulary.is_separator)
        self._boost = Boost(*map(float, (
            options.alpha, options.beta, options.cap, options.boost_gap, options.first)))
        self._pruning = Pruning(
            int(options.beam), int(min(options.top_k, vocabulary.size)),
            float(options.token_gap), int(min(options.boost_top_k, vocabulary.size)), float(options.boost_gap),
            math.inf if options.blank_skip > 1 else math.log(options.blank_skip) if options.blank_skip else -math.inf)

    def decode(
        self, log_probs: Any, graph: Optional[ContextGraph] = None, nbest: Optional[int] = None
    ) -> List[Hypothesis]:
        """The n-best list of one utterance, best first.

        Parameters
        ----------
        log_probs : ``[T, V]`` natural-log probabilities, float16, 32 or 64; T may be 0.
        graph : the entities to lean toward; none by default.
        nbest : hypotheses answered, at most the beam; the options' by default.

        Raises InputError for emissions that are not such (see ``as_log_probs``) and for a graph that
        was built for another vocabulary.
        """
        log_probs = as_log_probs(log_probs, self.vocabulary.size)
        graph = self._no_entities if graph is None else graph
        if graph.vocabulary != self.vocabulary:
            raise InputError("the context graph was built for another vocabulary", mend="build it with the decoder's")
        beam, size, offset, records = search(log_probs, self._tokens, graph.arrays, self._boost, self._pruning)
        places, bonuses, lengths = answer(beam, size, records, self.options.nbest if nbest is None else nbest)
        found = []
        for place, bonus, length in zip(places, bonuses, lengths):
            tokens, frames, ends, certainty, boosts = trace(
                log_probs, self.vocabulary.blank, records, last_record(beam, place), length)
            which, where, gains = spans(graph.arrays, self._tokens, tokens, boosts, self._boost.first)
            acoustic = float(beam.total[place] + offset)
            found.append(Hypothesis(
                tokens=tuple(tokens.tolist()),
                token_frames=tuple(frames.tolist()),
                token_ends=tuple(ends.tolist()),
                token_log_probs=tuple(certainty.tolist()),
                score=acoustic + float(bonus),
                acoustic=acoustic,
                bonus=float(bonus),
                entities=tuple(
                    EntitySpan(entity, first, end, gain) for entity, (first, end), gain in
                    zip(graph.arrays.entity[which].tolist(), where.tolist(), gains.tolist())),
            ))
        return found

    def decode_many(
        self, utterances: Iterable[Tuple[Any, Optional[ContextGraph]]], jobs: int = 1
    ) -> Iterator[List[Hypothesis]]:
        """The n-best lists of ``(log_probs, graph)`` pairs, in order, ``jobs`` threads at once.

        Utterances are read as they are needed, a few ahead of the threads.
        """
        return in_order(lambda utterance: self.decode(*utterance), utterances, jobs)


def warm() -> None:
    """Compile everything and leave it in the cache on disk, so that no first decoding waits for it."""
    vocabulary = Vocabulary.from_tokens(["<blank>", "\u2581a", "b"])
    graph = ContextGraph.build([[[1, 2]], [[1]]], vocabulary, costs=[[0.0], [0.5]], names=["b", "a"])
    BeamDecoder(vocabulary).decode(np.log(np.full((4, 3), 1 / 3, np.float32)), graph)
