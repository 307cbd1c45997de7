"""The beam search for callers: emissions and a context graph in, hypotheses out."""
from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ctcb.ctc.log_probs import as_log_probs
from ctcb.errors import InputError
from ctcb.lm.arpa import Arpa, Table
from ctcb.lm.arrays import ArrayLm
from ctcb.search.beam.automaton import GraphArrays
from ctcb.search.beam.backtrace import answer, spans, trace, units
from ctcb.search.beam.boosting import Boost
from ctcb.search.beam.context_graph import ContextGraph
from ctcb.search.beam.kernel import Pruning, Tokens, last_record, search
from ctcb.search.beam.listed import compile_list
from ctcb.search.beam.word_lm import WordLm, no_fusion
from ctcb.search.hypothesis import EntitySpan, Hypothesis
from ctcb.search.options import SUBWORD, UNIGRAM, BeamOptions, SubwordOptions, UnigramOptions
from ctcb.search.protocol import SearchContext
from ctcb.search.vocabulary import Vocabulary

# An n-best list keeps prefixes that go on alike (kernel.py), which take the places of others in the beam: it is
# so many times as wide at most, so that the first of the list is about what is found without one. With an LM
# fewer prefixes go on alike (results/notes/lm.md has what more places are worth).
WIDEST, WITH_LM = 4, 2


class BeamDecoder:
    """CTC prefix beam search with adaptive subword boosting and, if there is one, a word LM.

    Holds nothing that a search changes: one decoder serves any number of threads, and the search
    runs without the GIL.
    """

    serves = frozenset({SUBWORD, UNIGRAM})

    def __init__(
        self, vocabulary: Vocabulary, options: BeamOptions = BeamOptions(), lm: Optional[WordLm] = None,
        subword: SubwordOptions = SubwordOptions(), unigram: UnigramOptions = UnigramOptions(),
    ) -> None:
        """Raises InputError for an LM that was made ready for another vocabulary."""
        if lm is not None and lm.num_tokens != vocabulary.size:
            raise InputError(
                f"the LM was made ready for {lm.num_tokens} tokens, but the vocabulary has {vocabulary.size}",
                hint="load it with the decoder's tokens")
        self.vocabulary, self.options, self.lm = vocabulary, options, lm
        self._fusion = no_fusion() if lm is None else lm.fusion(options, options.before(unigram))
        subword = options.before(subword)
        self._no_entities = ContextGraph.empty(vocabulary)
        self._tokens = Tokens(vocabulary.blank, vocabulary.starts_word, vocabulary.is_separator, vocabulary.letters)
        self._boost = Boost(*map(float, (
            subword.alpha, subword.beta, subword.cap, options.boost_gap)))
        self._class_boost = self._boost._replace(cap=float(subword.class_cap))
        self._pruning = Pruning(
            int(options.beam), int(min(options.top_k, vocabulary.size)),
            float(options.token_gap), int(min(options.boost_top_k, vocabulary.size)), float(options.boost_gap),
            math.inf if options.blank_skip > 1 else math.log(options.blank_skip) if options.blank_skip else -math.inf, 1)

    @property
    def settings(self) -> BeamOptions:
        """The options."""
        return self.options

    def compile(self, context: SearchContext) -> Optional[ContextGraph]:
        """The list's context graph (``listed.py``)."""
        return compile_list(context, self.vocabulary)

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
            raise InputError("the context graph was built for another vocabulary", hint="build it with the decoder's")
        arrays, fusion = graph.arrays, self._fusion
        nbest = self.options.nbest if nbest is None else nbest
        wider = min(max(nbest, WITH_LM if fusion.on else 1), WIDEST)
        pruning = self._pruning._replace(alike=nbest, beam=wider * self._pruning.beam)
        in_class = fusion.on and len(arrays.end_class) > 0
        boost = self._class_boost if in_class else self._boost
        beam, size, offset, records, tree, told = search(log_probs, self._tokens, arrays, boost, fusion, pruning)
        places, bonuses, lms, ends, lengths = answer(beam, size, records, arrays, fusion, tree, told, nbest)
        found = []
        for place, bonus, lm, (boundary, path), length in zip(places, bonuses, lms, ends, lengths):
            tokens, frames, ends, certainty, boosts = trace(
                log_probs, self.vocabulary.blank, records, last_record(beam, place), length)
            entities = _entities(arrays, *spans(arrays, self._tokens, tokens, boosts))
            if in_class:
                entities = _with_units(entities, _entities(arrays, *units(fusion, told, boundary, path, length)))
            acoustic = float(beam.total[place] + offset)
            found.append(Hypothesis(
                tokens=tuple(tokens.tolist()),
                token_frames=tuple(frames.tolist()),
                token_ends=tuple(ends.tolist()),
                token_log_probs=tuple(certainty.tolist()),
                score=acoustic + float(bonus) + float(lm),
                acoustic=acoustic,
                bonus=float(bonus),
                entities=tuple(entities),
                lm=float(lm),
            ))
        return found


def _entities(graph: GraphArrays, which: np.ndarray, where: np.ndarray, gains: np.ndarray) -> List[EntitySpan]:
    return [
        EntitySpan(entity, first, end, gain)
        for entity, (first, end), gain in zip(graph.entity[which].tolist(), where.tolist(), gains.tolist())]


def _with_units(boosted: Sequence[EntitySpan], units_: Sequence[EntitySpan]) -> List[EntitySpan]:
    """Boosted entities and units of the class, in order; of two that overlap the one that added more."""
    spans_: Dict[Tuple[int, int], EntitySpan] = {(span.first, span.end): span for span in boosted}
    for unit in units_:
        known = spans_.get((unit.first, unit.end), replace(unit, bonus=0.0))
        spans_[unit.first, unit.end] = replace(known, unit=unit.bonus)
    kept: List[EntitySpan] = []
    for span in sorted(spans_.values(), key=lambda span: -span.gain):
        if all(span.end <= other.first or other.end <= span.first for other in kept):
            kept.append(span)
    return sorted(kept, key=lambda span: span.first)


def warm() -> None:
    """Compile everything and leave it in the cache on disk, so that no first decoding waits for it."""
    vocabulary = Vocabulary.from_tokens(["<blank>", "\u2581a", "b"])
    words = Table(np.arange(4)[:, None], np.full(4, -0.6), np.zeros(4), 1)
    lm = WordLm.build(ArrayLm.build(Arpa(["<s>", "</s>", "<unk>", "ab"], [words])), ["", "a", "b"])
    graph = ContextGraph.build([[[1, 2]], [[1]]], vocabulary, costs=[[0.0], [0.5]], names=["b", "a"])
    BeamDecoder(vocabulary, lm=lm).decode(np.log(np.full((4, 3), 1 / 3, np.float32)), graph.with_class([0.0, 0.0]))
