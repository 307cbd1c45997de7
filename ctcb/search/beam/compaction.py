"""The memory of a search without what no living prefix can come back to.

A search that goes on, as that of a stream does, keeps every prefix and alignment that ever lived. What counts from here
on are the living prefixes, what they came from, and the word boundaries along these ways: everything else is left out,
and what stays is numbered anew, in its order. Results do not depend on the numbers.
"""
from __future__ import annotations

import numpy as np

from ctcb.compiled import compiled
from ctcb.search.beam.kernel import make_search_memory
from ctcb.search.beam.memory import find_node
from ctcb.search.beam.prefixes import NEVER


@compiled(allocates=False, inner=True)
def mark_way(parent, place, used):
    """Mark a node, or backpointer, and all that it came from."""
    while place >= 0 and not used[place]:
        used[place] = True
        place = parent[place]


@compiled(inner=True)
def marked_boundaries(lm, used_nodes):
    """The word boundaries (``[N]`` bool) that nodes in use, and the LM's paths there, lead back to."""
    prefixes, boundaries, paths = lm
    used = np.zeros(boundaries.count[0], np.bool_)
    used[0] = True
    for node in range(len(used_nodes)):
        if used_nodes[node]:
            used[prefixes.word_start[node]] = True
            if prefixes.word_end[node] >= 0:
                used[prefixes.word_end[node]] = True
    for boundary in range(len(used) - 1, 0, -1):  # what it came from has a lower number
        if used[boundary]:
            used[boundaries.previous[boundary]] = True
            for path in range(boundaries.num_paths[boundary]):
                used[paths.source[boundary, path]] = True
    return used


@compiled(inner=True)
def new_numbers(used):
    """The number that each place in use gets, in their order; of the others it means nothing. ``[N]`` int32."""
    return (np.cumsum(used) - 1).astype(np.int32)


@compiled
def compacted(memory, beam, size, resources, room):
    """The Memory with what the ``size`` living prefixes of ``beam`` need, whose numbers are changed to its own.

    There is room for ``room`` further nodes, and for as many as are kept.
    """
    old_tree, old_back = memory.tree, memory.backpointers
    used_nodes, used_back = np.zeros(old_tree.count[0], np.bool_), np.zeros(old_back.count[0], np.bool_)
    used_nodes[0] = used_back[0] = True
    for h in range(size):
        mark_way(old_tree.parent, np.int64(beam.node[h]), used_nodes)
        mark_way(old_back.parent, np.int64(beam.blank_backpointer[h]), used_back)
        mark_way(old_back.parent, np.int64(beam.label_backpointer[h]), used_back)
    node_of, back_of = new_numbers(used_nodes), new_numbers(used_back)
    kept = max(used_nodes.sum(), used_back.sum())
    new = make_search_memory(resources, 2 * kept + room)
    _copy_tree(old_tree, new.tree, used_nodes, node_of)
    _copy_backpointers(old_back, new.backpointers, used_back, back_of)
    if resources.fusion.on:
        _copy_lm(memory.lm, new.lm, used_nodes, node_of)
    for h in range(size):
        beam.node[h] = node_of[beam.node[h]]
        beam.blank_backpointer[h] = back_of[beam.blank_backpointer[h]]
        beam.label_backpointer[h] = back_of[beam.label_backpointer[h]]
    return new


@compiled(inner=True)
def _copy_tree(old, new, used, node_of):
    for node in range(1, len(used)):
        if used[node]:
            find_node(new, np.int64(node_of[old.parent[node]]), np.int64(old.token[node]))


@compiled(inner=True)
def _copy_backpointers(old, new, used, back_of):
    new.count[0] = used.sum()
    for place in range(1, len(used)):
        if used[place]:
            to = back_of[place]
            new.parent[to], new.match_origin[to] = back_of[old.parent[place]], back_of[old.match_origin[place]]
            new.frame[to], new.token[to] = old.frame[place], old.token[place]
            new.boost_sum[to], new.fill_sum[to] = old.boost_sum[place], old.fill_sum[place]
            new.open_bonus[to], new.closed_bonus[to] = old.open_bonus[place], old.closed_bonus[place]
            new.provisional_bonus[to] = old.provisional_bonus[place]


@compiled(inner=True)
def _copy_lm(old, new, used_nodes, node_of):
    used = marked_boundaries(old, used_nodes)
    boundary_of = new_numbers(used)
    for node in range(len(used_nodes)):
        if used_nodes[node]:
            to, word_end = node_of[node], old.prefixes.word_end[node]
            new.prefixes.score[to], new.prefixes.length[to] = old.prefixes.score[node], old.prefixes.length[node]
            new.prefixes.letters[to], new.prefixes.word_tokens[to] = old.prefixes.letters[node], old.prefixes.word_tokens[node]
            new.prefixes.word_start[to] = boundary_of[old.prefixes.word_start[node]]
            new.prefixes.word_end[to] = boundary_of[word_end] if word_end >= 0 else -1
    new.boundaries.count[0] = used.sum()
    for boundary in range(len(used)):
        if used[boundary]:
            _copy_boundary(old, new, boundary, boundary_of)


@compiled(inner=True)
def _copy_boundary(old, new, boundary, boundary_of):
    to, source, target = boundary_of[boundary], old.boundaries, new.boundaries
    target.previous[to], target.word[to] = boundary_of[source.previous[boundary]], source.word[boundary]
    target.num_words[to], target.num_tokens[to] = source.num_words[boundary], source.num_tokens[boundary]
    target.unknown_bonus[to], target.num_paths[to] = source.unknown_bonus[boundary], source.num_paths[boundary]
    target.best[to], target.best_state[to] = source.best[boundary], source.best_state[boundary]
    target.best_unknown[to] = source.best_unknown[boundary]
    for path in range(source.num_paths[boundary]):
        before = old.paths.source[boundary, path]
        new.paths.source[to, path] = boundary_of[before] if before >= 0 else -1
        new.paths.source_path[to, path] = old.paths.source_path[boundary, path]
        new.paths.state[to, path], new.paths.total[to, path] = old.paths.state[boundary, path], old.paths.total[boundary, path]
        new.paths.entity[to, path] = old.paths.entity[boundary, path]
        new.paths.entity_tokens[to, path] = old.paths.entity_tokens[boundary, path]


@compiled(allocates=False)
def common_backpointer(beam, size, backpointers):
    """The last backpointer that all alignments of the ``size`` living prefixes share."""
    common = np.int64(-1)
    for h in range(size):
        for kind in range(2):
            score = beam.best_blank[h] if kind else beam.best_label[h]
            if score == NEVER:
                continue
            place = np.int64(beam.blank_backpointer[h] if kind else beam.label_backpointer[h])
            if common < 0:
                common = place
            while common != place:  # what a backpointer came from has a lower number
                if common > place:
                    common = np.int64(backpointers.parent[common])
                else:
                    place = np.int64(backpointers.parent[place])
    return max(common, np.int64(0))


@compiled(allocates=False)
def chain_length(backpointers, backpointer):
    """How many tokens an alignment has."""
    length = 0
    while backpointer > 0:
        backpointer, length = backpointers.parent[backpointer], length + 1
    return length


@compiled
def needed_rows(rows, backpointers, common, blank):
    """Which rows (``[R]`` bool, of Rows) alignments still need beyond the backpointer before ``common``: those in which
    their tokens are likelier than the blank, and the one behind."""
    needed, settled = np.zeros(len(rows.frame), np.bool_), np.zeros(backpointers.count[0], np.bool_)
    settled[0] = True
    mark_way(backpointers.parent, np.int64(backpointers.parent[common]), settled)
    for backpointer in range(backpointers.count[0]):
        if settled[backpointer]:
            continue
        token, place = backpointers.token[backpointer], np.searchsorted(rows.frame, backpointers.frame[backpointer])
        needed[place] = True
        place += 1
        while place < len(needed):
            needed[place] = True
            if not rows.log_probs[place, token] > rows.log_probs[place, blank]:
                break
            place += 1
    return needed
