"""Spotting: where the phone head heard a name, the search may write it.

The search cannot write a name whose tokens lie far below others, whatever its boost, and the rescorers only choose among
what the search found. Where a name's phones were spotted, the tokens that spell it are raised there, by the best path
through the stretch, so far that they lack no more than the phones do. Where the tokens lack too much for each letter of the
name, they heard something else, and nothing is raised. The search then weighs the name, with the words around it, against
everything else, and the verification judges it as any other.
"""
from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Optional

import numpy as np

from ctcb.biasing.prepared_list import Context
from ctcb.biasing.pronounced_list import with_changed_sounds, with_sounds
from ctcb.biasing.technique import EmissionTechnique, SearchedEmissions
from ctcb.ctc import viterbi
from ctcb.entities.changes import ListChange
from ctcb.phones.graph import floored
from ctcb.phones.spotting import Spot, spot


class Spotting(EmissionTechnique):
    """Raises the tokens of listed names where their phones were spotted."""

    name = "spot"
    summary = "lets the search write a name wherever its phones are"
    needs_phones = True

    def prepare(self, context: Context) -> Context:
        """Index the entities' pronunciations; variants spell no entity."""
        return replace(with_sounds(context), spellings=context.spellings or context.phrases)

    def update(self, context: Context, before: Context, change: ListChange) -> Context:
        """The index without the entities that are gone and with those that came; long lists have no variants."""
        return replace(with_changed_sounds(context, before, change), spellings=context.phrases)

    def bias(self, emissions: SearchedEmissions, context: Context) -> np.ndarray:
        """The emissions ``[T, V]`` with the tokens of spotted names raised."""
        if context.sounds is None:
            return emissions.tokens
        options = context.setting.options
        raised, count = emissions.tokens, 0
        for found in spot(floored(emissions.phones, options.phonetic.floor), context.sounds, len(context.entities), options.spot.probability):
            if count == options.spot.most:
                break
            path = self._path(emissions.tokens, found, context)
            if path is None:
                continue
            raised, count = raised.copy() if count == 0 else raised, count + 1
            frames = np.arange(found.first, found.end)
            likeliest, own = path.likeliest, path.own
            kept = min(1.0, options.spot.cost * found.loss / path.lacking) if path.lacking > 0 else 1.0
            raised[frames, path.labels] = np.maximum(raised[frames, path.labels], likeliest - kept * (likeliest - own))
        # Of a frame that has more than all probability all tokens are scaled, which changes no hypothesis's rank.
        return raised - np.logaddexp.reduce(raised, axis=1, keepdims=True) if count else raised

    def _path(self, tokens: np.ndarray, found: Spot, context: Context) -> Optional[_Path]:
        """The best path that spells a spotted name in its stretch; None where the tokens lack too much, or are too many."""
        stretch, vocabulary = tokens[found.first : found.end], context.setting.vocabulary
        best: Optional[_Path] = None
        for ids in context.spellings[found.entity]:
            score, labels = viterbi.chain_path(stretch, np.array(ids, np.int64), vocabulary.blank)
            path = _Path(labels, stretch.max(axis=1), stretch[np.arange(len(stretch)), labels])
            most = context.setting.options.spot.max_loss_per_letter * int(vocabulary.letters[list(ids)].sum())
            if score > -np.inf and path.lacking <= most and (best is None or path.lacking < best.lacking):
                best = path
        return best


@dataclass(frozen=True)
class _Path:
    """A path through a stretch of frames."""

    labels: np.ndarray  # [T] int64
    likeliest: np.ndarray  # [T] float32, each frame's highest log-probability,
    own: np.ndarray  # and that of the path's label

    @cached_property
    def lacking(self) -> float:
        """Nats by which the path is less likely than the likeliest tokens."""
        return float((self.likeliest - self.own).sum())
