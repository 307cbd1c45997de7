"""The beam search of a stream: emissions come piece by piece, and the end is that of a search of the whole, to the byte.

From one piece to the next the search keeps its living prefixes (Beam, Progress) and what they came from (Memory), both as
the search of a whole does. When the memory is full, what no living prefix can come back to is dropped
(``compaction.py``). Of the emissions it keeps the rows in which unsettled tokens may still get their ends and
log-probabilities (``backtrace.trace``).

The tokens that the alignments of all living prefixes share are *settled*: no emissions that follow can change them.
"""
from __future__ import annotations

from typing import List, Tuple

import numpy as np

from ctcb.compiled import compiled
from ctcb.errors import InputError
from ctcb.search.beam.automaton import step
from ctcb.search.beam.backtrace import NONE_KNOWN, KnownTokens, Rows, answer, class_spans, trace
from ctcb.search.beam.boosting import ancestor
from ctcb.search.beam.compaction import chain_length, common_backpointer, compacted, needed_rows
from ctcb.search.beam.kernel import FIRST_PROGRESS, SearchResult, make_search_memory, most_nodes, run
from ctcb.search.beam.lm_state import LmFusion
from ctcb.search.beam.memory import Beam, Memory, make_beam
from ctcb.search.beam.nbest import found_hypotheses, in_class
from ctcb.search.beam.resources import Resources
from ctcb.search.hypothesis import Hypothesis

UNDER_WAY = 10  # names that are said to be under way
BLOCK = 64  # frames that are searched at once: the memory must have room for all that they could need
NODES = 4096  # prefixes that there is room for at first
ROWS = 256  # rows of emissions that there is room for at first


class BeamStream:
    """One search. Not for two threads at once."""

    def __init__(self, resources: Resources, nbest: int) -> None:
        """:meth:`ctcb.search.beam.decoder.BeamDecoder.stream` calls this; ``nbest`` hypotheses can be asked for."""
        self._resources, self._nbest = resources, nbest
        self._beams = make_beam(resources.pruning.beam), make_beam(resources.pruning.beam)
        self._progress, self._known = FIRST_PROGRESS, NONE_KNOWN
        self._memory = make_search_memory(resources, NODES)
        self._log_probs = np.zeros((ROWS, len(resources.tokens.letters)), np.float32)
        self._frame = np.zeros(ROWS, np.int64)
        self._rows = 0  # of these in use
        self.frames = 0  # that were accepted
        self._settled = 0  # tokens, as in `settled`

    @property
    def held(self) -> Tuple[int, int]:
        """How many places for prefixes and how many rows of emissions there is room for."""
        return len(self._memory.tree.nodes), len(self._frame)

    def accept(self, log_probs: np.ndarray) -> None:
        """Search ``[T, V]`` float32 natural-log probabilities, checked by :func:`ctcb.ctc.log_probs.as_log_probs`."""
        for first in range(0, len(log_probs), BLOCK):
            block = log_probs[first : first + BLOCK]
            self._make_room(block)
            end = self._rows + len(block)
            self._log_probs[self._rows : end] = block
            self._frame[self._rows : end] = np.arange(self.frames, self.frames + len(block))
            living, other = self._beams if not self._progress.swapped else self._beams[::-1]
            self._progress = run(block, self.frames, living, other, self._progress, self._resources, self._memory)
            self._rows, self.frames = end, self.frames + len(block)

    def hypotheses(self, nbest: int) -> List[Hypothesis]:
        """The ``nbest`` hypotheses of what was accepted, best first, as :meth:`BeamDecoder.decode` finds them in the whole.

        Raises InputError for more than the search was made for.
        """
        if nbest > self._nbest:
            raise InputError(f"{nbest} hypotheses of a search for {self._nbest}", hint="ask for them when the stream begins")
        beam, memory = self._living(), self._memory
        result = SearchResult(beam, self._progress.size, self._progress.offset, memory.backpointers, memory.tree, memory.lm)
        return found_hypotheses(result, self._resources, self._kept_rows(), self._known, nbest)

    def settled(self) -> int:
        """How many of the first tokens of every hypothesis from now on are the same, at the same frames, with the same
        entities among them; they end where a word does."""
        beam, memory = self._living(), self._memory
        common = common_backpointer(beam, self._progress.size, memory.backpointers)
        node = int(beam.slots["node"][0])
        found = frozen_tokens(self._resources, memory, common, node, in_class(self._resources), self._settled)
        self._settled = int(found)
        return self._settled

    def under_way(self) -> List[int]:
        """The entities (places in the list, at most `UNDER_WAY`, the shortest first) that the best hypothesis may be in
        the middle of: those that begin with the longest beginning of a name that it ends with."""
        beam, memory, graph = self._living(), self._memory, self._resources.graph
        result = SearchResult(beam, self._progress.size, self._progress.offset, memory.backpointers, memory.tree, memory.lm)
        state = int(beam.slots["state"][answer(result, self._resources, 1).slot[0]])
        found: List[int] = []
        states = list(range(*graph.states["first_child"][state : state + 2])) if state else []
        while states and len(found) < UNDER_WAY:
            state = states.pop(0)
            first, end = graph.states["ends"][state : state + 2]
            found += [one for one in graph.entity[first:end].tolist() if one not in found]
            states += range(*graph.states["first_child"][state : state + 2])
        return found[:UNDER_WAY]

    def _living(self) -> Beam:
        return self._beams[int(self._progress.swapped)]

    def _kept_rows(self) -> Rows:
        return Rows(self._log_probs[: self._rows], self._frame[: self._rows], self.frames)

    def _make_room(self, block: np.ndarray) -> None:
        need = most_nodes(block, self._resources.tokens, self._resources.pruning)
        used = max(int(self._memory.tree.count[0]), int(self._memory.backpointers.count[0]))
        if used + need <= len(self._memory.tree.nodes) and self._rows + len(block) <= len(self._frame):
            return
        self.compact(max(need, NODES), len(block))

    def compact(self, nodes: int = NODES, frames: int = BLOCK) -> None:
        """Drop what cannot count any more; then there is room for so many further prefixes and frames, at least."""
        beam, size = self._living(), self._progress.size
        self._memory = compacted(self._memory, beam, size, self._resources, nodes)
        backpointers, blank = self._memory.backpointers, self._resources.tokens.blank
        common, rows = common_backpointer(beam, size, backpointers), self._kept_rows()
        aligned = trace(rows, self._known, blank, backpointers, common, chain_length(backpointers, common))
        sure = max(0, len(aligned.tokens) - 1)  # where the last one ends depends on what follows
        self._known = KnownTokens(aligned.ends[:sure].copy(), aligned.log_probs[:sure].copy())
        needed = needed_rows(rows, backpointers, common, blank)
        kept = int(needed.sum())
        log_probs = np.zeros((max(ROWS, 2 * kept + frames), self._log_probs.shape[1]), np.float32)
        frame = np.zeros(len(log_probs), np.int64)
        log_probs[:kept], frame[:kept] = rows.log_probs[needed], rows.frame[needed]
        self._log_probs, self._frame, self._rows = log_probs, frame, kept


@compiled
def frozen_tokens(
    resources: Resources, memory: Memory, common: int, node: int, with_class: bool, before: int
) -> int:
    """As :meth:`BeamStream.settled`; at least ``before``. ``node`` is that of a living prefix.

    Entities are chosen from the end of a hypothesis back to its beginning, so that a later one could undo an earlier
    one. But none does where a word begins that no match under way reaches back beyond, and where, with an LM, the
    paths that lead there have the same units of the class.
    """
    graph, vocabulary, backpointers = resources.graph, resources.tokens, memory.backpointers
    length = chain_length(backpointers, common)
    tokens = np.zeros(length, np.int64)
    place = common
    for i in range(length - 1, -1, -1):
        tokens[i], place = backpointers.records[place].token, backpointers.records[place].parent
    free = np.zeros(length, np.bool_)  # whether no match reaches back beyond the token
    state = 0
    for i in range(length):
        token = tokens[i]
        after_separator = i > 0 and vocabulary.is_separator[tokens[i - 1]] != 0
        begins = vocabulary.starts_word[token] != 0 or (after_separator and not vocabulary.is_separator[token])
        state = step(graph, state, token, i == 0 or after_separator or vocabulary.starts_word[token] != 0)
        free[i] = begins and graph.states[state].depth <= 1
    for i in range(length - 1, before, -1):
        if free[i] and (not with_class or same_units(resources.fusion, memory, node, i)):
            return i
    return before


@compiled(inner=True)
def same_units(fusion: LmFusion, memory: Memory, node: int, count: int) -> bool:
    """Whether the LM's paths to the boundary after ``count`` tokens of a ``node`` have the same units of the class, each
    with the same gain."""
    prefixes, boundaries = memory.lm.prefixes, memory.lm.boundaries
    boundary = np.int64(prefixes[ancestor(memory.tree.nodes, node, prefixes[node].length - count)].word_end)
    if boundary < 0:
        return False
    first = class_spans(fusion, memory.lm, boundary, np.int64(0), count)
    for path in range(1, boundaries[boundary].num_paths):
        other = class_spans(fusion, memory.lm, boundary, np.int64(path), count)
        if len(other.entry) != len(first.entry):
            return False
        for k in range(len(first.entry)):
            same = first.entry[k] == other.entry[k] and first.first[k] == other.first[k] and first.end[k] == other.end[k]
            if not same or first.gain[k] != other.gain[k]:
                return False
    return True
