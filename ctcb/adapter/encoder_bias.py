"""Encoder biasing at recognition: a list and a batch of utterances in, biased emissions out."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor

from ctcb.adapter.alignment import BatchAlignment, align_entries, batch_alignment
from ctcb.adapter.base import ModelWithAdapter
from ctcb.adapter.catalogue import Catalogue, by_entry
from ctcb.adapter.competition import recognise
from ctcb.adapter.encoded_list import EncodedList
from ctcb.adapter.penalties import AlignedEntries, Penalties
from ctcb.entities.forms import spoken_forms
from ctcb.errors import InputError
from ctcb.models.conformer import subsampled
from ctcb.models.ctc import Emissions, Encoded

MAX_ACTIVE = 300  # entries of a long list that an utterance is aligned with; what they leave out: docs/adapter.md


@dataclass(frozen=True)
class AttentionMap:
    """The attention of an utterance's frames to the entities."""

    names: Tuple[str, ...]  # the entities among which they chose, as they are printed
    weights: np.ndarray  # [T, 1 + len(names)] float32, rows sum up to 1, `<no-bias>` first


Watch = Callable[[str, AttentionMap], None]


class _Chosen(NamedTuple):
    entries: Tensor  # [M] int64
    catalogue: Optional[Catalogue]


class EncoderBias:
    """A model whose encoder is biased toward the names of a list. Calls change nothing in it."""

    def __init__(
        self, model: ModelWithAdapter, encoded: EncodedList, places: Optional[Mapping[str, Sequence[int]]] = None,
        max_active: int = MAX_ACTIVE, watch: Optional[Watch] = None, penalties: Optional[Penalties] = None,
    ) -> None:
        """
        Parameters
        ----------
        model : one with an adapter, and ``encoded`` a list that it encoded.
        places : each utterance's own entities of the list; an utterance that it lacks has none. Without
            it all utterances have all.
        max_active : of more entries than that, those with the highest scores of the prefilter take part.
        watch : called with each utterance's id and its attention.
        penalties : in the place of the model's own.

        Raises InputError for a ``max_active`` below 1.
        """
        if max_active < 1:
            raise InputError(f"--max-active-entities is {max_active}", hint="it must be at least 1")
        self._model, self._encoded, self._places = model, encoded, places
        self._max_active, self._watch = max_active, watch
        self._penalties = Penalties.of(model.lang) if penalties is None else penalties

    @property
    def one_pass(self) -> bool:
        """Whether the encoder's output is the same with and without the list, so that :meth:`bias` serves."""
        return self._model.adapter.inner is None

    @torch.no_grad()
    def emissions(self, features: Tensor, lengths: Tensor, utt_ids: Sequence[str]) -> Emissions:
        """The model's emissions for ``features [B, T, F]`` and ``lengths [B]`` frames, biased toward the list."""
        network, adapter = self._model.network, self._model.adapter
        chosen: List[Optional[_Chosen]] = []

        def inner_bias(x: Tensor, taps: List[Tensor], logits: List[Tensor]) -> Tensor:
            frames = subsampled(lengths).tolist()
            chosen.extend(self._choose(utt_ids, logits, frames))
            x = x.clone()
            for row, (active, count) in enumerate(zip(chosen, frames)):
                if active is not None:
                    part = slice(row, row + 1), slice(count)
                    x[part] = adapter.bias_inner(x[part], [tap[part] for tap in taps], active.catalogue)
            return x

        return self._bias(network.encode(features, lengths, None if adapter.inner is None else inner_bias), utt_ids, chosen)

    @torch.no_grad()
    def bias(self, encoded: Encoded, utt_ids: Sequence[str]) -> Emissions:
        """The biased emissions of a batch that the encoder has encoded; for an adapter without an inner site."""
        return self._bias(encoded, utt_ids, [])

    def _bias(self, encoded: Encoded, utt_ids: Sequence[str], chosen: List[Optional[_Chosen]]) -> Emissions:
        network, adapter = self._model.network, self._model.adapter
        frames, logits = encoded.lengths.tolist(), network.head(encoded.last)
        chosen = chosen or self._choose(utt_ids, encoded.inter_logits or [logits], frames)
        last = encoded.last.clone()
        for row, (active, count) in enumerate(zip(chosen, frames)):
            if active is None:
                continue
            part = slice(row, row + 1), slice(count)
            stream = last[part], [tap[part] for tap in encoded.taps]
            if adapter.config.alignment:
                aligned = self._align(active, encoded.inter_logits[network.config.phone_head][part], logits[part])
                if aligned is None:
                    continue
                active, alignment, entry_scores = aligned
                last[part], weights = recognise(adapter, *stream, active.catalogue, alignment, entry_scores)
            else:
                last[part], weights = adapter.bias(*stream, active.catalogue)
            if self._watch is not None:
                self._watch(utt_ids[row], self._map(active, weights[0]))
        return network.emissions(encoded._replace(last=last))

    def _align(self, chosen: _Chosen, phones: Tensor, logits: Tensor) -> Optional[Tuple[_Chosen, BatchAlignment, Tensor]]:
        """The chosen entries that align with the heads' logits ``[1, T, V]``, how, and their scores ``[1, M]`` less penalties."""
        encoded, adapter = self._encoded, self._model.adapter
        by_phone, by_piece = (x[0].log_softmax(dim=-1).numpy() for x in (phones, logits))
        alignment = align_entries(by_phone, by_piece, [encoded.entries[place] for place in chosen.entries.tolist()])
        if not alignment.entries:
            return None
        left = chosen.entries[torch.tensor(alignment.entries)]
        entries = [encoded.entries[place] for place in left.tolist()]
        batch = batch_alignment([alignment], alignment.entries, [adapter.keys_of(len(entry.tokens)) for entry in entries], logits)
        own = [spoken_forms(encoded.entities[place], self._model.lang.writing) for place in encoded.entity_of[left].tolist()]
        entry_scores = adapter.final.entry_scores(batch)
        penalty = self._penalties(entry_scores[0], AlignedEntries(alignment, entries, own), by_phone, by_piece)
        return _Chosen(left, encoded.pick(left)), batch, entry_scores - penalty

    def _choose(self, utt_ids: Sequence[str], logits: List[Tensor], frames: Sequence[int]) -> List[Optional[_Chosen]]:
        """The entries that take part in each utterance; None where it has no frames or no entries."""
        adapter, chosen = self._model.adapter, []
        for row, (utt_id, count) in enumerate(zip(utt_ids, frames)):
            entries = self._encoded.among(None if self._places is None else self._places.get(utt_id, ()))
            if len(entries) > self._max_active:
                log_probs = logits[0][row, :count].log_softmax(dim=-1).numpy()
                entries = self._encoded.likeliest(entries, log_probs, self._max_active)
            if not (len(entries) and count):
                chosen.append(None)
                continue
            chosen.append(_Chosen(entries, None if adapter.picks_late else self._encoded.pick(entries)))
        return chosen

    def _map(self, chosen: _Chosen, weights: Tensor) -> AttentionMap:
        places, entity = self._encoded.entity_of[chosen.entries].unique(return_inverse=True)
        summed = by_entry(by_entry(weights, chosen.catalogue.owner), entity)
        return AttentionMap(tuple(self._encoded.entities[place].text for place in places.tolist()), summed.numpy())
