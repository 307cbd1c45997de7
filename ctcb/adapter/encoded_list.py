"""A list encoded by the contextual adapter: every name's vectors, computed once a list; of a long list when they are needed.

An adapter that aligns needs the vectors of the few dozen entries that align with an utterance, and no others. Those of a long
list are encoded when they are first asked for. Each is encoded by itself: a batch would round it otherwise than another batch,
and a transcript would depend on what was transcribed before.
"""
from __future__ import annotations

import warnings
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import List, Optional, Sequence, Tuple, Union

import numpy as np
import torch
from torch import Tensor

from ctcb.adapter.base import ModelWithAdapter
from ctcb.adapter.cache import CatalogueCache
from ctcb.adapter.catalogue import Catalogue
from ctcb.adapter.entries import Entry, EntrySpeller, collate
from ctcb.adapter.network import ContextualAdapter
from ctcb.adapter.prefilter import Prefilter
from ctcb.entities import Entity
from ctcb.entities.forms import spoken_forms
from ctcb.entities.pronunciations import of_languages
from ctcb.errors import InputError, InputWarning
from ctcb.progress import progress

CHUNK = 1000  # entries that are encoded at once
MANY = 500  # entities; shorter lists are encoded faster than a file is worth
# Entities of a list that is encoded at once, by an adapter that needs few of them an utterance: 0.4 ms each at once, 3.5 ms by itself.
AT_ONCE = 2000
# Entities of a list that an encoder is biased toward. Of so many the prefilter takes about a quarter of the encoder's time, and an
# entry half a kilobyte.
MOST = 100_000
KEPT = 10_000  # entries of a longer list whose vectors are kept: about 6 kB each


class VectorsOnDemand:
    """The vectors of entries, encoded when they are first asked for; the last ``KEPT`` are kept. For one thread at a time."""

    def __init__(self, adapter: ContextualAdapter, entries: Sequence[Entry]) -> None:
        self._adapter, self._entries = adapter, entries
        self._known: OrderedDict[int, Catalogue] = OrderedDict()

    def pick(self, entries: Tensor) -> Catalogue:
        """The catalogue of some entries (``[M]`` int64, at least one), float16, renumbered from 0 in the order given."""
        found = map(self._encoded, entries.tolist())
        return Catalogue.join([one._replace(owner=one.owner + number) for number, one in enumerate(found)])

    @torch.no_grad()
    def _encoded(self, number: int) -> Catalogue:
        found = self._known.pop(number, None)
        if found is None:
            found = self._adapter.encode(collate([self._entries[number]])).to(torch.float16)
        self._known[number] = found
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
        return found


@dataclass(frozen=True)
class EncodedList:
    """N entries, one a pronunciation or spelling of an entity, in the order of the entities."""

    entities: Tuple[Entity, ...]
    entity_of: Tensor  # [N] int64, the place of each entry's entity, rising
    catalogue: Union[Catalogue, VectorsOnDemand]  # float16
    entries: Tuple[Entry, ...]  # N
    phones: bool  # whether the prefilter scores phones, or pieces

    @cached_property
    def prefilter(self) -> Prefilter:
        """Made when it is first needed: most lists are short."""
        return Prefilter([entry.phones if self.phones else entry.tokens for entry in self.entries])

    @cached_property
    def whole(self) -> Catalogue:
        """The catalogue of all entries, float32."""
        return self.catalogue.to(torch.float32)

    def among(self, places: Optional[Sequence[int]]) -> Tensor:
        """The entries ``[M]`` int64 of the entities at some places, or of all, rising."""
        if places is None:
            return torch.arange(len(self.entity_of))
        return torch.isin(self.entity_of, torch.tensor(sorted(places), dtype=torch.int64)).nonzero()[:, 0]

    def likeliest(self, entries: Tensor, log_probs: np.ndarray, most: int) -> Tensor:
        """The ``most`` entries with the highest scores in ``[T, V]`` natural-log probabilities of the prefilter's head."""
        scores = torch.from_numpy(self.prefilter.scores(log_probs))[entries]
        return entries[torch.argsort(-scores, stable=True)[:most].sort().values]

    def pick(self, entries: Tensor) -> Catalogue:
        """The catalogue of some entries, float32."""
        if len(entries) == len(self.entity_of) and isinstance(self.catalogue, Catalogue):
            return self.whole
        return self.catalogue.pick(entries).to(torch.float32)


def scores_phones(model: ModelWithAdapter) -> bool:
    """Whether the prefilter scores phones: those of the first inner head, if it has them. Else it scores pieces."""
    heads = model.network.config.inter_ctc
    return bool(heads) and heads[0].target == "phone"


def require_adapter(model: ModelWithAdapter) -> None:
    """Raise InputError for a model without an adapter."""
    if model.adapter is None:
        hint = "train one (ctcb train adapter), or bias in the decoder (--bias decoder)"
        raise InputError("this model has no adapter", file=model.folder, hint=hint)


def can_bias(entities: Sequence[Entity]) -> bool:
    """Whether an encoder is biased toward so many names, at least one; warns of too many."""
    if len(entities) > MOST:
        told = f"the list has {len(entities):,} names: above {MOST:,} the adapter is left out, and the decoder alone is biased"
        warnings.warn(told, InputWarning, stacklevel=2)
    return 0 < len(entities) <= MOST


def encode_list(model: ModelWithAdapter, entities: Sequence[Entity], cache: Optional[CatalogueCache] = None) -> EncodedList:
    """Encode a list with a model's adapter, or find it in a cache. Raises InputError for a model without one."""
    require_adapter(model)
    entities, phones = tuple(entities), scores_phones(model)
    speller = EntrySpeller(model.lang, phones or model.adapter.config.phones)
    if len(entities) > AT_ONCE and model.adapter.picks_late:
        entries, entity_of = entries_of(entities, speller)
        return EncodedList(entities, torch.tensor(entity_of), VectorsOnDemand(model.adapter, entries), tuple(entries), phones)
    key = None if cache is None or len(entities) < MANY else cache.key(model.adapter_digest, entities, model.lang.writing)
    kept = None if key is None else cache.load(key)
    if kept is None:
        entries, entity_of = entries_of(entities, speller)
        kept = torch.tensor(entity_of), encode(model, entries), tuple(entries)
        if key is not None:
            cache.save(key, *kept)
    return EncodedList(entities, *kept, phones)


def entries_of(entities: Sequence[Entity], speller: EntrySpeller) -> Tuple[List[Entry], List[int]]:
    """All pronunciations and spellings of the entities, each once, and the place of each one's entity.

    Pronunciations that the list gives (``pron=``) replace the lexicon's for an entity's first spoken form; those of its languages
    (``lang=``) stand beside them.
    """
    lexicon = speller.lang.lexicon
    forms = [spoken_forms(entity, speller.lang.writing) for entity in entities]
    speller.prepare(form for own in forms for form in own)
    entries: List[Entry] = []
    entity_of: List[int] = []
    for place, (entity, (first, *others)) in enumerate(zip(entities, forms)):
        given: List[Optional[str]] = [None]
        if speller.has_phones:
            prons = [" ".join(lexicon.adapted(pron.split())) for pron in entity.prons]
            given = [*(prons or given), *map(" ".join, of_languages(entity, lexicon))]
        own = [speller.entry(first, pronunciation) for pronunciation in given]
        own = list(dict.fromkeys([*own, *map(speller.entry, others)]))
        entries += own
        entity_of += [place] * len(own)
    return entries, entity_of


@torch.no_grad()
def encode(model: ModelWithAdapter, entries: Sequence[Entry]) -> Catalogue:
    """The catalogue of entries, at least one, in float16."""
    parts: List[Catalogue] = []
    before = 0
    starts = range(0, len(entries), CHUNK)
    for start in progress(starts, "encoding the names", total=len(starts)):
        part = model.adapter.encode(collate(entries[start : start + CHUNK])).to(torch.float16)
        parts.append(part._replace(owner=part.owner + before))
        before += min(CHUNK, len(entries) - start)
    return Catalogue.join(parts)
