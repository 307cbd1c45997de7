"""The memory of a search without what no living prefix can come back to.

A search that goes on, as that of a stream does, keeps every prefix and alignment that ever lived. What counts from here
on are the living prefixes, what they came from, and the word boundaries along these ways: everything else is left out,
and what stays is numbered anew, in its order. Results do not depend on the numbers.
"""
from __future__ import annotations

import numpy as np

from ctcb.compiled import compiled
from ctcb.search.beam.bisection import first_not_below
from ctcb.search.beam.boosting import Backpointers
from ctcb.search.beam.kernel import make_search_memory
from ctcb.search.beam.lm_state import LmState
from ctcb.search.beam.memory import Beam, Memory, find_node
from ctcb.search.beam.prefixes import NEVER
from ctcb.search.beam.resources import Resources


@compiled(allocates=False, inner=True)
def mark_way(records, place, used):
    """Mark a node (of NODE records), or backpointer (of BACKPOINTER records), and all that it came from."""
    while place >= 0 and not used[place]:
        used[place] = True
        place = records[place].parent


def compacted(memory: Memory, beam: Beam, size: int, resources: Resources, room: int) -> Memory:
    """The Memory with what the ``size`` living prefixes of ``beam`` need, whose numbers are changed to its own.

    There is room for ``room`` further nodes, and for as many as are kept.
    """
    used_nodes, used_back = used_places(memory.tree, memory.backpointers, beam, size)
    node_of, back_of = _new_numbers(used_nodes), _new_numbers(used_back)
    new = make_search_memory(resources, 2 * (1 + int(max(node_of[-1], back_of[-1]))) + room)
    copy_tree(memory.tree, new.tree, used_nodes, node_of)
    _copy_backpointers(memory.backpointers, new.backpointers, used_back, back_of)
    if resources.fusion.on:
        _copy_lm(memory.lm, new.lm, used_nodes)
    living = beam.slots[:size]
    living["node"] = node_of[living["node"]]
    for field in ("blank_backpointer", "label_backpointer"):
        living[field] = back_of[living[field]]
    return new


def _new_numbers(used: np.ndarray) -> np.ndarray:
    """The number that each place in use gets, in their order; of the others it means nothing. ``[N]`` int64."""
    return np.cumsum(used) - 1


@compiled
def used_places(tree, backpointers, beam, size):
    """Which nodes, and which backpointers (``[N]`` bool each), the living prefixes came from."""
    used_nodes, used_back = np.zeros(tree.count[0], np.bool_), np.zeros(backpointers.count[0], np.bool_)
    used_nodes[0] = used_back[0] = True
    for h in range(size):
        prefix = beam.slots[h]
        mark_way(tree.nodes, np.int64(prefix.node), used_nodes)
        mark_way(backpointers.records, np.int64(prefix.blank_backpointer), used_back)
        mark_way(backpointers.records, np.int64(prefix.label_backpointer), used_back)
    return used_nodes, used_back


@compiled
def used_boundaries(lm, used_nodes):
    """The word boundaries (``[N]`` bool) that nodes in use, and the LM's paths there, lead back to."""
    prefixes, boundaries, paths = lm.prefixes, lm.boundaries, lm.paths
    used = np.zeros(lm.count[0], np.bool_)
    used[0] = True
    for node in range(len(used_nodes)):
        if used_nodes[node]:
            used[prefixes[node].word_start] = True
            if prefixes[node].word_end >= 0:
                used[prefixes[node].word_end] = True
    for boundary in range(len(used) - 1, 0, -1):  # what it came from has a lower number
        if used[boundary]:
            used[boundaries[boundary].previous] = True
            for path in range(boundaries[boundary].num_paths):
                used[paths[boundary, path].source] = True
    return used


@compiled(allocates=False)
def copy_tree(old, new, used, node_of):
    """Make the nodes in use, by their new numbers, in an empty PrefixTree."""
    for node in range(1, len(used)):
        if used[node]:
            find_node(new, np.int64(node_of[old.nodes[node].parent]), np.int64(old.nodes[node].token))


def _copy_backpointers(old: Backpointers, new: Backpointers, used: np.ndarray, back_of: np.ndarray) -> None:
    kept = old.records[: len(used)][used]
    for field in ("parent", "match_origin"):
        kept[field] = back_of[kept[field]]
    new.records[: len(kept)], new.count[0] = kept, len(kept)


def _copy_lm(old: LmState, new: LmState, used_nodes: np.ndarray) -> None:
    used = used_boundaries(old, used_nodes)
    boundary_of = _new_numbers(used)

    def moved(places: np.ndarray) -> np.ndarray:
        return np.where(places < 0, -1, boundary_of[places])

    prefixes, boundaries, paths = old.prefixes[: len(used_nodes)][used_nodes], old.boundaries[: len(used)][used], old.paths[: len(used)][used]
    for kept, field in ((prefixes, "word_start"), (prefixes, "word_end"), (boundaries, "previous"), (paths, "source")):
        kept[field] = moved(kept[field])
    new.prefixes[: len(prefixes)] = prefixes
    new.boundaries[: len(boundaries)], new.paths[: len(paths)], new.count[0] = boundaries, paths, len(boundaries)


@compiled(allocates=False)
def common_backpointer(beam, size, backpointers):
    """The last backpointer that all alignments of the ``size`` living prefixes share."""
    common = np.int64(-1)
    for h in range(size):
        prefix = beam.slots[h]
        for kind in range(2):
            if (prefix.best_blank if kind else prefix.best_label) == NEVER:
                continue
            place = np.int64(prefix.blank_backpointer if kind else prefix.label_backpointer)
            if common < 0:
                common = place
            while common != place:  # what a backpointer came from has a lower number
                if common > place:
                    common = np.int64(backpointers.records[common].parent)
                else:
                    place = np.int64(backpointers.records[place].parent)
    return max(common, np.int64(0))


@compiled(allocates=False)
def chain_length(backpointers, backpointer):
    """How many tokens an alignment has."""
    length = 0
    while backpointer > 0:
        backpointer, length = backpointers.records[backpointer].parent, length + 1
    return length


@compiled
def needed_rows(rows, backpointers, common, blank):
    """Which rows (``[R]`` bool, of Rows) alignments still need beyond the backpointer before ``common``: those in which
    their tokens are likelier than the blank, and the one behind."""
    needed, settled = np.zeros(len(rows.frame), np.bool_), np.zeros(backpointers.count[0], np.bool_)
    settled[0] = True
    mark_way(backpointers.records, np.int64(backpointers.records[common].parent), settled)
    for backpointer in range(backpointers.count[0]):
        if settled[backpointer]:
            continue
        record = backpointers.records[backpointer]
        token, place = record.token, first_not_below(rows.frame, record.frame, 0, len(rows.frame))
        needed[place] = True
        place += 1
        while place < len(needed):
            needed[place] = True
            if not rows.log_probs[place, token] > rows.log_probs[place, blank]:
                break
            place += 1
    return needed
