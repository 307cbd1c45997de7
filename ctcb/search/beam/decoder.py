"""The beam search for callers: emissions and a context graph in, hypotheses out."""
from __future__ import annotations

import math
from copy import copy
from dataclasses import replace
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from ctcb.ctc.log_probs import as_log_probs
from ctcb.errors import InputError
from ctcb.lm.arpa import Arpa, Table
from ctcb.lm.arrays import ArrayLm
from ctcb.search.beam.automaton import GraphArrays
from ctcb.search.beam.backtrace import Spans, answer, boosted_spans, class_spans, trace
from ctcb.search.beam.boosting import BoostOptions
from ctcb.search.beam.context_graph import ContextGraph
from ctcb.search.beam.kernel import search
from ctcb.search.beam.listed import compile_list
from ctcb.search.beam.prefixes import last_backpointer
from ctcb.search.beam.resources import Pruning, Resources, Tokens
from ctcb.search.beam.word_lm import WordLm, no_fusion
from ctcb.search.hypothesis import EntitySpan, Hypothesis
from ctcb.search.options import SUBWORD, UNIGRAM, BeamOptions, SubwordOptions, UnigramOptions
from ctcb.search.protocol import SearchContext
from ctcb.search.vocabulary import Vocabulary

# For an n-best list, prefixes with one recombination key (kernel.py) are kept, which take the places of others in
# the beam: it is so many times as wide at most, so that the first of the list is about what is found without one.
# With an LM fewer prefixes have one key (results/notes/lm.md has what more places are worth).
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
        self._no_entities = ContextGraph.empty(vocabulary)
        subword = options.before(subword)
        boost = BoostOptions(
            alpha=float(subword.alpha), beta=float(subword.beta), cap=float(subword.cap), surplus=float(subword.surplus),
            gap=float(options.boost_gap))
        self._class_boost = boost._replace(cap=float(subword.class_cap))
        self._resources = Resources(
            tokens=Tokens(
                blank=vocabulary.blank, starts_word=vocabulary.starts_word, is_separator=vocabulary.between_words,
                ends_name=vocabulary.ends_name,
                letters=vocabulary.letters),
            graph=self._no_entities.arrays,
            boost=boost,
            fusion=no_fusion() if lm is None else lm.fusion(options, options.before(unigram)),
            pruning=Pruning(
                beam=int(options.beam),
                top_k=int(min(options.top_k, vocabulary.size)),
                token_gap=float(options.token_gap),
                boost_top_k=int(min(options.boost_top_k, vocabulary.size)),
                boost_gap=float(options.boost_gap),
                log_blank_skip=math.inf if options.blank_skip > 1 else math.log(options.blank_skip) if options.blank_skip else -math.inf,
                per_key=1,
            ),
        )

    def starting_at(self, state: int) -> BeamDecoder:
        """The same search, whose LM goes on from a state in place of the beginning of a sentence (:func:`ctcb.lm.arrays.advance`)."""
        decoder = copy(self)
        decoder._resources = self._resources._replace(fusion=self._resources.fusion._replace(begin=state))
        return decoder

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
        graph : the entities to bias toward; none by default.
        nbest : hypotheses answered, at most the beam; the options' by default.

        Raises InputError for emissions that are not such (see ``as_log_probs``) and for a graph that
        was built for another vocabulary.
        """
        log_probs = as_log_probs(log_probs, self.vocabulary.size)
        graph = self._no_entities if graph is None else graph
        if graph.vocabulary != self.vocabulary:
            raise InputError("the context graph was built for another vocabulary", hint="build it with the decoder's")
        nbest = self.options.nbest if nbest is None else nbest
        resources = self._resources_for(graph.arrays, nbest)
        arrays, fusion = resources.graph, resources.fusion
        result = search(log_probs, resources)
        answers = answer(result, resources, nbest)
        hypotheses = []
        for i, slot in enumerate(answers.slot.tolist()):
            length, bonus, lm = int(answers.length[i]), float(answers.bonus[i]), float(answers.lm[i])
            penalty = float(answers.penalty[i])
            aligned = trace(
                log_probs, self.vocabulary.blank, result.backpointers, last_backpointer(result.beam, slot), length)
            entities = _entities(arrays, boosted_spans(arrays, resources.tokens, resources.boost, aligned))
            if _in_class(resources):
                units = class_spans(fusion, result.lm, answers.boundary[i], answers.path[i], length)
                entities = _with_units(entities, _entities(arrays, units))
            acoustic = float(result.beam.total[slot] + result.offset)
            hypotheses.append(Hypothesis(
                tokens=tuple(aligned.tokens.tolist()),
                token_frames=tuple(aligned.frames.tolist()),
                token_ends=tuple(aligned.ends.tolist()),
                token_log_probs=tuple(aligned.log_probs.tolist()),
                score=acoustic + bonus + lm - penalty,
                acoustic=acoustic,
                bonus=bonus,
                entities=tuple(entities),
                lm=lm,
                penalty=penalty,
            ))
        return hypotheses

    def _resources_for(self, graph: GraphArrays, nbest: int) -> Resources:
        """What the search of one utterance reads."""
        resources = self._resources._replace(graph=graph)
        wider = min(max(nbest, WITH_LM if resources.fusion.on else 1), WIDEST)
        pruning = resources.pruning._replace(per_key=nbest, beam=wider * resources.pruning.beam)
        boost = self._class_boost if _in_class(resources) else resources.boost
        return resources._replace(pruning=pruning, boost=boost)


def _in_class(resources: Resources) -> bool:
    """Whether an LM has the entities in its class."""
    return resources.fusion.on and len(resources.graph.end_class) > 0


def _entities(graph: GraphArrays, spans: Spans) -> List[EntitySpan]:
    fields = (graph.entity[spans.entry], spans.first, spans.end, spans.gain)
    return [EntitySpan(*span) for span in zip(*(field.tolist() for field in fields))]


def _with_units(boosted: Sequence[EntitySpan], units: Sequence[EntitySpan]) -> List[EntitySpan]:
    """Boosted entities and units of the class, in order; of two that overlap the one that added more."""
    spans: Dict[Tuple[int, int], EntitySpan] = {(span.first, span.end): span for span in boosted}
    for unit in units:
        known = spans.get((unit.first, unit.end), replace(unit, bonus=0.0))
        spans[unit.first, unit.end] = replace(known, unit=unit.bonus)
    kept: List[EntitySpan] = []
    for span in sorted(spans.values(), key=lambda span: -span.gain):
        if all(span.end <= other.first or other.end <= span.first for other in kept):
            kept.append(span)
    return sorted(kept, key=lambda span: span.first)


def warm() -> None:
    """Compile everything and leave it in the cache on disk, so that no first decoding waits for it."""
    vocabulary = Vocabulary.from_tokens(["<blank>", "\u2581a", "b"])
    words = Table(np.arange(4)[:, None], np.full(4, -0.6), np.zeros(4), 1)
    lm = WordLm.build(ArrayLm.build(Arpa(["<s>", "</s>", "<unk>", "ab"], [words])), ["", "a", "b"])
    graph = ContextGraph.build([[[1, 2]], [[1]]], vocabulary, costs=[[0.0], [0.5]], names=["b", "a"], pushed=[([[1, 2]], 1.0)])
    BeamDecoder(vocabulary, lm=lm).decode(np.log(np.full((4, 3), 1 / 3, np.float32)), graph.with_class([0.0, 0.0]))
