"""Spotting: where the phone head heard a name, the search may write it.

The search cannot write a name whose tokens lie far below others, whatever its boost, and the rescorers only choose among
what the search found. Where a name's phones were spotted, the tokens that spell it are raised there, by the best path
through the stretch, so far that they lack no more than the phones do. The search then weighs the name, with the words
around it, against everything else, and the verification judges it as any other.
"""
from __future__ import annotations

from dataclasses import replace

import numpy as np

from ctcb.biasing.prepared_list import Context
from ctcb.biasing.pronounced_list import with_sounds
from ctcb.biasing.technique import EmissionTechnique, SearchedEmissions
from ctcb.ctc import viterbi
from ctcb.phones.graph import floored
from ctcb.phones.spotting import Spot, spot


class Spotting(EmissionTechnique):
    """Raises the tokens of listed names where their phones were spotted."""

    name = "spot"
    summary = "lets the search write a name wherever its phones are"
    needs_phones = True

    def prepare(self, context: Context) -> Context:
        """Index the entities' pronunciations, and note which sequences spell the entities themselves, and not their variants."""
        own = context.phrases
        if context.costs is not None:
            own = tuple(tuple(ids for ids, cost in zip(*ways) if cost == 0) for ways in zip(context.phrases, context.costs))
        return replace(with_sounds(context), spellings=own)

    def bias(self, emissions: SearchedEmissions, context: Context) -> np.ndarray:
        """The emissions ``[T, V]`` with the tokens of spotted names raised."""
        if context.sounds is None:
            return emissions.tokens
        options, phonetic = context.setting.options.spot, context.setting.options.phonetic
        log_probs = floored(emissions.phones, phonetic.floor)
        raised = emissions.tokens
        for found in spot(log_probs, context.sounds, len(context.entities), options):
            raised = self._raised(raised, emissions.tokens, found, context)
        # Of a frame that has more than all probability all tokens are scaled, which changes no hypothesis's rank.
        return raised if raised is emissions.tokens else raised - np.logaddexp.reduce(raised, axis=1, keepdims=True)

    def _raised(self, raised: np.ndarray, tokens: np.ndarray, found: Spot, context: Context) -> np.ndarray:
        stretch = tokens[found.first : found.end]
        paths = [viterbi.chain_path(stretch, np.array(ids, np.int64), context.setting.vocabulary.blank) for ids in context.spellings[found.entity]]
        score, labels = max(paths, key=lambda path: path[0], default=(-np.inf, None))
        if score == -np.inf:  # more tokens than frames
            return raised
        frames = np.arange(found.first, found.end)
        likeliest, own = stretch.max(axis=1), stretch[np.arange(len(stretch)), labels]
        lacking = float((likeliest - own).sum())
        kept = min(1.0, context.setting.options.spot.cost * found.loss / lacking) if lacking > 0 else 1.0
        raised = raised.copy() if raised is tokens else raised
        raised[frames, labels] = np.maximum(raised[frames, labels], likeliest - kept * (likeliest - own))
        return raised
