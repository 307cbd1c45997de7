"""The graph search, with the interface of the other searches: log-probabilities in, hypotheses out."""
from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, List, Optional, Sequence, Tuple

import numpy as np

from ctcb.ctc.log_probs import as_log_probs
from ctcb.entities import Entity
from ctcb.entities.changes import ListChange
from ctcb.errors import InputError
from ctcb.graph.backend import import_k2
from ctcb.graph.entity_class import put_in, without_list
from ctcb.graph.grammar import NO_WORD, START
from ctcb.graph.nbest import Path, Texts
from ctcb.graph.options import GraphOptions
from ctcb.graph.possessives import Names, with_possessives
from ctcb.graph.search import ReadyGraph, search
from ctcb.graph.static import NO_ENTITY, expand
from ctcb.graph.store import CompiledGraph
from ctcb.graph.texts import spelled_by_tokens, spelled_by_words
from ctcb.search.hypothesis import EntitySpan, Hypothesis
from ctcb.search.options import UNIGRAM
from ctcb.search.protocol import SearchContext, SearchStream
from ctcb.search.vocabulary import Vocabulary
from ctcb.text.spelling import TokenIds


@dataclass(frozen=True)
class GraphSetting:
    """A graph and the options of its search."""

    graph: CompiledGraph
    options: GraphOptions = GraphOptions()

    nbest: int = 1  # requested texts of an n-best list, at most `beam`

    @property
    def beam(self) -> int:
        """The most texts of an n-best list."""
        return self.options.beam


@dataclass(frozen=True)
class ListGraph:
    """A graph with a list in its class."""

    ready: ReadyGraph
    compiled: CompiledGraph
    names: Names  # of the list

    @cached_property
    def texts(self) -> Texts:
        """What the arcs add to the text, by which n-best lists tell texts apart."""
        if self.compiled.phones is None:
            return spelled_by_tokens(self.ready.graph, self.compiled.table)
        return spelled_by_words(self.ready.graph, self.compiled.words, self.names.names)


class GraphSearch:
    """CTC decoding in an LM's graph, by k2. Thread-safe.

    A hypothesis is one path: its ``acoustic`` is the log-probability of one alignment, not their sum.
    """

    serves = frozenset({UNIGRAM})

    def __init__(self, vocabulary: Vocabulary, setting: GraphSetting) -> None:
        """Expand the graph. Raises InputError for another model's tokens and RunError where k2 is missing."""
        import_k2()
        self.compiled, self.settings, self.options = setting.graph, setting, setting.options
        if (vocabulary.size, vocabulary.blank) != (len(self.compiled.table), self.compiled.table.blank):
            raise InputError(
                f"this graph was made for {len(self.compiled.table)} tokens, and the model has {vocabulary.size}",
                file=self.compiled.folder, hint="compile one for this model with `ctcb graph`",
            )
        self._static = expand(self.compiled.grammar, vocabulary.size, vocabulary.blank, self.options)
        self._without = ListGraph(ReadyGraph(without_list(self._static)), self.compiled, Names((), (), (), None, (), ()))

    def compile(self, context: SearchContext) -> Optional[ListGraph]:
        """The list in the place of the graph's class: ``log P(<unk> | history) + log weight``, and bonuses.

        Raises InputError for a phrase to push away: the graph's words are those of its LM.
        """
        for one in context.pushed:
            raise InputError(
                f"{one.text!r} has a negative weight, which a graph cannot have", file=context.file, line=one.line,
                hint="use --method beam, or leave it out",
            )
        return self.fill(context.entities, context.phrases, context.costs) if context.in_class else None

    def recompile(self, graph: Optional[ListGraph], context: SearchContext, change: ListChange) -> Optional[ListGraph]:
        """:meth:`compile`: a graph is filled as a whole."""
        return self.compile(context)

    def fill(
        self, entities: Sequence[Entity], phrases: Sequence[Sequence[TokenIds]], costs: Optional[Sequence[Sequence[float]]] = None
    ) -> ListGraph:
        """The graph with a list in its class.

        ``phrases``: the token sequences of each entity; ``costs``: the cost of each of these, 0 by default.
        Raises InputError for a token sequence that the graph cannot hold.
        """
        # Over phones a word's letters are those of the graph's words, and no token writes an ending.
        table = self.compiled.table if self.compiled.phones is None else None
        names = with_possessives(tuple(map(_words, entities)), phrases, [entity.weight for entity in entities], costs, table, self.options)
        full = put_in(self._static, names.phrases, names.weights, names.names, self.options, names.costs)
        return ListGraph(ReadyGraph(full), self.compiled, names)

    def decode(self, log_probs: Any, graph: Optional[ListGraph] = None, nbest: Optional[int] = None) -> List[Hypothesis]:
        """The best hypotheses of ``[T, V]`` natural-log probabilities, of different texts, best first.

        ``nbest``: how many, 1 by default. Raises InputError as ``as_log_probs`` does.
        """
        return self.decode_batch([log_probs], graph, nbest)[0]

    def stream(self, graph: Optional[ListGraph] = None, nbest: Optional[int] = None) -> SearchStream:
        """Raises InputError: k2 searches an utterance as a whole."""
        raise InputError("the graph search takes no stream", hint="use the beam search (--method beam, without a graph)")

    def decode_batch(
        self, log_probs: Sequence[Any], graph: Optional[ListGraph] = None, nbest: Optional[int] = None
    ) -> List[List[Hypothesis]]:
        """:meth:`decode` for several utterances in one search, which is faster."""
        emissions = [as_log_probs(rows, len(self.compiled.table)) for rows in log_probs]
        graph = self._without if graph is None else graph
        nonempty = [i for i, rows in enumerate(emissions) if len(rows)]
        hypotheses: List[List[Hypothesis]] = [[self._silence(rows)] for rows in emissions]
        if nonempty:
            nbest_arguments = (graph.texts, nbest) if nbest is not None and nbest > 1 else ()
            results = search(graph.ready, [emissions[i] for i in nonempty], self.options, *nbest_arguments)
            for i, paths in zip(nonempty, results):
                if paths:
                    hypotheses[i] = [self._hypothesis(emissions[i], path, graph) for path in paths]
        return hypotheses

    def _silence(self, emissions: np.ndarray) -> Hypothesis:
        """The empty hypothesis, for utterances without frames or without a complete path."""
        grammar = self.compiled.grammar
        end = self.options.lm_weight * float(grammar.final_score[grammar.final_state == START].max())
        acoustic = float(emissions[:, self.compiled.table.blank].sum())
        return Hypothesis((), (), (), (), acoustic + end, acoustic, 0.0, (), words=(), lm=end)

    def _hypothesis(self, emissions: np.ndarray, path: Path, graph: ListGraph) -> Hypothesis:
        blank = self.compiled.table.blank
        labels, new, word, entity, bonus = graph.ready.graph.meaning(path.arcs[:-1])  # without the final arc: one a frame
        starts = np.flatnonzero(new)
        breaks = np.append(np.flatnonzero(new | (labels == blank)), len(labels))
        ends = breaks[np.searchsorted(breaks, starts, side="right")]
        tokens = labels[starts]
        count = np.cumsum(new)  # tokens so far
        spans, words, first = [], [], 0
        for frame in np.flatnonzero((word != NO_WORD) | (entity != NO_ENTITY)):
            end, place = int(count[frame]), int(entity[frame])
            if place != NO_ENTITY:
                words_of_name = graph.names.names[place].split()
                earned = float(bonus[starts[first] : frame + 1].sum()) - self.options.word_bonus * len(words_of_name)
                spans.append(EntitySpan(graph.names.entity[place], first, end - graph.names.ending[place], 0.0, earned))
                words += _shared_out(words_of_name, first, end)
            else:
                words.append((self.compiled.words[word[frame]], first, end))
            first = end
        acoustic = float(emissions[np.arange(len(labels)), labels].astype(np.float64).sum())
        gained = sum(span.gain for span in spans)
        return Hypothesis(
            tokens=tuple(tokens.tolist()),
            token_frames=tuple(starts.tolist()),
            token_ends=tuple(ends.tolist()),
            token_log_probs=tuple(float(emissions[s:e, token].max()) for s, e, token in zip(starts, ends, tokens)),
            score=path.score,
            acoustic=acoustic,
            bonus=gained,
            lm=path.score - acoustic - gained,
            entities=tuple(spans),
            words=None if self.compiled.phones is None else tuple(words),
        )


def _words(entity: Entity) -> str:
    return entity.normal or entity.spoken_forms[0]


def _shared_out(words: Sequence[str], first: int, end: int) -> List[Tuple[str, int, int]]:
    """Divide a name's tokens among its words in proportion to their letters: its pronunciation has no word boundaries."""
    letters = np.cumsum([0, *map(len, words)])
    cuts = first + np.round((end - first) * letters / letters[-1]).astype(int)
    if len(words) > end - first:
        return [(" ".join(words), first, end)]
    cuts = np.maximum(cuts, first + np.arange(len(cuts)))
    cuts = np.minimum(cuts, end - np.arange(len(cuts))[::-1])
    return [(word, int(a), int(b)) for word, a, b in zip(words, cuts, cuts[1:])]
