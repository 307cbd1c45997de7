"""A long list as it was prepared, as arrays: its forms and token sequences, the search's graph, and the pronunciations."""
from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

import numpy as np

from ctcb.biasing.prepared_list import Context, Setting
from ctcb.entities.entity import Texts
from ctcb.entities.forms import Forms
from ctcb.kept_arrays import Arrays
from ctcb.phones.index import SoundIndex
from ctcb.search.beam.automaton import GraphArrays
from ctcb.search.beam.context_graph import ContextGraph
from ctcb.search.beam.phrase_table import PhraseTable
from ctcb.sequences import Lines, Runs
from ctcb.text.lexicon import Lexicon
from ctcb.text.spelling import PieceSpelling, SentencepieceSpelling, TokenizerSpelling

_TABLE = ("flat", "lengths", "owners", "costs", "letters", "order", "weights")
_SOUNDS = ("phones", "begins", "owners", "first", "posted")


def setting_facts(setting: Setting) -> Optional[Tuple[Any, ...]]:
    """All that decides how a setting prepares a list, as text and bytes; None where that is not known of its tokens or its phones."""
    spelling, phonetics = setting.spelling, setting.phonetics
    if type(spelling) not in (TokenizerSpelling, PieceSpelling, SentencepieceSpelling):
        return None
    if phonetics is not None and type(phonetics.lexicon) is not Lexicon:  # espeak-ng's word may change
        return None
    table = spelling.table
    facts = [type(spelling).__name__, table.symbols, table.blank, sorted(table.separators), table.language, repr(setting.options)]
    lexicon = None if phonetics is None else phonetics.lexicon
    phones = None if phonetics is None or lexicon is None else [phonetics.symbols, lexicon.stress, lexicon.g2p, list(lexicon.entries.items())]
    return facts, phones, spelling.model


def pack_context(context: Context) -> Optional[Arrays]:
    """A prepared list as arrays; None for one that has more than these hold, as short ones do."""
    graph, sounds = context.graph, context.sounds
    if not isinstance(graph, ContextGraph) or not graph.changeable or context.variants or context.pushed or not isinstance(context.forms, Forms):
        return None
    if sounds is not None and sounds.later is not None:
        return None
    arrays: Dict[str, np.ndarray] = {f"graph.{name}": array for name, array in graph.arrays._asdict().items()}
    arrays.update({f"table.{name}": _small(getattr(graph.table, name)) for name in _TABLE}, end=_small(graph.end))
    if sounds is not None:
        arrays.update({f"sounds.{name}": _small(getattr(sounds, name)) for name in _SOUNDS})
    arrays["forms"] = context.forms.lines.content
    arrays["flags"] = np.array([context.boosted, context.in_class, context.costs is not None, bool(context.spellings), graph.boosted])
    arrays["token_pool"] = np.asarray(context.token_pool, np.int64)
    return arrays


def unpack_context(arrays: Arrays, context: Context) -> Context:
    """The list of :func:`pack_context`; ``context`` has its entities, and the setting. Raises KeyError and ValueError for other arrays."""
    setting = context.setting
    boosted, in_class, costly, spelled, graph_boosted = arrays["flags"].tolist()
    table = {name: arrays[f"table.{name}"] for name in _TABLE}
    lengths, order = table["lengths"].astype(np.int64), table["order"].astype(np.int64)
    starts = np.empty(len(lengths), np.int64)
    starts[order] = np.cumsum(lengths[order]) - lengths[order]
    phrases = PhraseTable(
        table["flat"], starts, lengths, table["owners"].astype(np.int64), table["costs"], table["letters"], order, table["weights"],
        setting.vocabulary.size,
    )  # fmt: skip
    graph_arrays = GraphArrays(**{name: arrays[f"graph.{name}"] for name in GraphArrays._fields})
    graph = ContextGraph(graph_arrays, setting.vocabulary, phrases, arrays["end"].astype(np.int64), graph_boosted)
    sounds = None
    if "sounds.phones" in arrays:
        phones, begins, owners, first, posted = (arrays[f"sounds.{name}"] for name in _SOUNDS)
        sounds = SoundIndex(
            Texts(context.entities), phones, begins.astype(np.int64), owners.astype(np.int64), len(setting.phonetics.symbols),
            first.astype(np.int64), posted,
        )  # fmt: skip
    sequences = phrases.sequences
    return Context(
        context.entities, context.lines, context.file, Forms(Lines(arrays["forms"])), sequences, setting, Runs(phrases.costs, sequences.limits) if costly else None,
        boosted, in_class, graph, spellings=sequences if spelled else (), sounds=sounds, encoded=context.encoded,
        token_pool=arrays["token_pool"],
    )  # fmt: skip


def _small(values: np.ndarray) -> np.ndarray:
    """Whole numbers as int32, where they fit."""
    fits = values.dtype == np.int64 and (not len(values) or max(abs(int(values.min())), abs(int(values.max()))) < 2**31)
    return values.astype(np.int32) if fits else values
