"""The beam search for callers: emissions and a context graph in, hypotheses out."""
from __future__ import annotations

import math
from copy import copy
from typing import Any, List, Optional

import numpy as np

from ctcb.ctc.log_probs import as_log_probs
from ctcb.entities.changes import ListChange
from ctcb.errors import InputError
from ctcb.lm.arpa import Arpa, Table
from ctcb.lm.arrays import ArrayLm
from ctcb.search.beam.backtrace import NONE_KNOWN, Rows
from ctcb.search.beam.boosting import BoostOptions
from ctcb.search.beam.context_graph import ContextGraph
from ctcb.search.beam.kernel import search
from ctcb.search.beam.listed import compile_list, recompile_list
from ctcb.search.beam.nbest import found_hypotheses, in_class
from ctcb.search.beam.resources import Pruning, Resources, Tokens
from ctcb.search.beam.stream import BeamStream
from ctcb.search.beam.word_lm import WordLm, no_fusion
from ctcb.search.hypothesis import Hypothesis
from ctcb.search.options import ALIGNMENTS, SUBWORD, UNIGRAM, BeamOptions, SubwordOptions, UnigramOptions
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
            alpha=float(subword.alpha), beta=float(subword.beta), entropy=float(subword.entropy), cap=float(subword.cap),
            surplus=float(subword.surplus), gap=float(options.boost_gap))
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
                sums=options.alignments == ALIGNMENTS[0],
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

    def recompile(self, graph: Optional[ContextGraph], context: SearchContext, change: ListChange) -> Optional[ContextGraph]:
        """:meth:`compile` of a list that came out of another one, whose graph is there."""
        return recompile_list(graph, context, change)

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
        nbest = self.options.nbest if nbest is None else nbest
        resources = self._resources_for(graph, nbest)
        rows = Rows(log_probs, np.arange(len(log_probs)), len(log_probs))
        return found_hypotheses(search(log_probs, resources), resources, rows, NONE_KNOWN, nbest)

    def stream(self, graph: Optional[ContextGraph] = None, nbest: Optional[int] = None) -> BeamStream:
        """A search that takes its emissions piece by piece; parameters and errors as in :meth:`decode`."""
        nbest = self.options.nbest if nbest is None else nbest
        return BeamStream(self._resources_for(graph, nbest), nbest)

    def _resources_for(self, graph: Optional[ContextGraph], nbest: int) -> Resources:
        """What the search of one utterance reads. Raises InputError for a graph of another vocabulary."""
        graph = self._no_entities if graph is None else graph
        if graph.vocabulary != self.vocabulary:
            raise InputError("the context graph was built for another vocabulary", hint="build it with the decoder's")
        resources = self._resources._replace(graph=graph.arrays)
        wider = min(max(nbest, WITH_LM if resources.fusion.on else 1), WIDEST)
        pruning = resources.pruning._replace(per_key=nbest, beam=wider * resources.pruning.beam)
        boost = self._class_boost if in_class(resources) else resources.boost
        if graph is self._no_entities:
            boost = boost._replace(entropy=0.0)  # nothing is boosted: no entropy is worked out
        return resources._replace(pruning=pruning, boost=boost)


def warm() -> None:
    """Compile everything and leave it in the cache on disk, so that no first decoding waits for it."""
    vocabulary = Vocabulary.from_tokens(["<blank>", "\u2581a", "b"])
    words = Table(np.arange(4)[:, None], np.full(4, -0.6), np.zeros(4), 1)
    lm = WordLm.build(ArrayLm.build(Arpa(["<s>", "</s>", "<unk>", "ab"], [words])), ["", "a", "b"])
    graph = ContextGraph.build([[[1, 2]], [[1]]], vocabulary, costs=[[0.0], [0.5]], names=["b", "a"], pushed=[([[1, 2]], 1.0)])
    graph = graph.with_class([0.0, 0.0])
    decoder, log_probs = BeamDecoder(vocabulary, lm=lm), np.log(np.full((4, 3), 1 / 3, np.float32))
    decoder.decode(log_probs, graph)
    stream = decoder.stream(graph)
    stream.accept(log_probs)
    stream.compact()
    stream.hypotheses(1), stream.settled()
