"""Measures of the dev sets after an epoch, by greedy decoding: word error rates, and with lists entity F1."""
from __future__ import annotations

import random
from typing import Dict, List, NamedTuple, Sequence

import torch
from lhotse import CutSet
from lhotse.cut import Cut
from lhotse.dataset.collation import collate_features

from ctcb.adapter.entries import EntrySpeller
from ctcb.data.loader import Collate, Targets
from ctcb.entities import EntityList
from ctcb.models.ctc import CtcModel
from ctcb.scoring.alignment import align
from ctcb.scoring.entities import EntityMatcher, compare_entities, count_entities
from ctcb.scoring.wer import word_error_rate
from ctcb.search.greedy import greedy
from ctcb.text.lang import Lang
from ctcb.text.tokenizer import Tokenizer
from ctcb.training import adapter_loss
from ctcb.training.adapter_loss import AdapterObjective
from ctcb.training.catalogue import Occurrence

BATCH = 16  # utterances


class DevSets:
    """Measures the WER of the final head."""

    def __init__(self, sets: Dict[str, CutSet], model: CtcModel, tokenizer: Tokenizer, limit: int, seed: int) -> None:
        self.model, self.tokenizer = model, tokenizer
        self.sets = {name: _some(cuts, limit, seed) for name, cuts in sets.items()}

    def __call__(self) -> Dict[str, float]:
        """``{"wer_<set>": errors a reference word}``."""
        return {f"wer_{name}": self._wer(cuts) for name, cuts in self.sets.items()}

    def _wer(self, cuts: List[Cut]) -> float:
        alignments = []
        for batch in _batches(cuts):
            features, lengths = collate_features(batch)
            device = next(self.model.parameters()).device
            emissions, _ = self.model(features.to(device), lengths.long().to(device))
            for cut, log_probs, length in zip(batch, emissions.subword.cpu(), emissions.lengths.tolist()):
                alignments.append(align(cut.supervisions[0].text.split(), _words(self.tokenizer, log_probs[:length])))
        return word_error_rate(alignments).rate or 0.0


class ListedDevSet(NamedTuple):
    """A dev set and the names that it is decoded with."""

    name: str
    cuts: CutSet
    entities: EntityList


class ListedDevSets:
    """Measures an adapter: entity F1 and WER with and without a list, and the attention on the names."""

    def __init__(
        self, sets: Sequence[ListedDevSet], objective: AdapterObjective, lang: Lang, limit: int, seed: int,
        collate: Collate = collate_features,
    ) -> None:
        self.objective, self.lang, self.collate = objective, lang, collate
        self.targets = Targets(lang.tokenizer, lang.lexicon, lang.phones)
        self.sets = [dev._replace(cuts=_some(dev.cuts, limit, seed)) for dev in sets]
        self.speller = EntrySpeller(lang, objective.adapter.config.phones)

    def __call__(self) -> Dict[str, float]:
        """``wer_``, ``f1_`` and ``hit_<set>``: errors a reference word, entity F1, and the share of the
        names' tokens on whose frames the right name holds the most attention; and without the list
        ``plain_wer_`` and ``plain_f1_<set>``."""
        measures: Dict[str, float] = {}
        for dev in self.sets:
            measures.update({f"{name}_{dev.name}": value for name, value in self._measure(dev).items()})
        return measures

    def _measure(self, dev: ListedDevSet) -> Dict[str, float]:
        forms = [form for entity in dev.entities for form in entity.spoken_forms]
        self.speller.prepare(forms)
        entries = [self.speller.entry(form) for form in forms]
        matcher = EntityMatcher((str(place), form.split()) for place, form in enumerate(forms))
        texts: Dict[str, List[List[str]]] = {"": [], "plain_": []}
        references: List[List[str]] = []
        hits = total = 0
        base, adapter = self.objective.base, self.objective.adapter
        device = next(adapter.parameters()).device
        for batch in _batches(dev.cuts):
            features, lengths = self.collate(batch)
            spoken = [cut.supervisions[0].text for cut in batch]
            references += [text.split() for text in spoken]
            features, lengths = features.to(device), lengths.long().to(device)
            encoded = adapter_loss.encode(base, adapter, entries, features, lengths)
            biased = adapter_loss.bias_batch(base, adapter, encoded, entries, recognition=True)
            unbiased = base.emissions(encoded).subword if adapter.inner is None else base(features, lengths)[0].subword
            for name, emissions in (("", biased.log_probs), ("plain_", unbiased)):
                texts[name] += [_words(self.lang.tokenizer, rows[:n]) for rows, n in zip(emissions.cpu(), encoded.lengths.tolist())]
            ids = [self.targets(text)["subword"] for text in spoken]
            frames = adapter_loss.align(
                base, encoded, torch.tensor([token for row in ids for token in row]), torch.tensor([len(row) for row in ids])
            )
            occurrences = [
                Occurrence(row, o.start, o.end, int(o.entity)) for row, text in enumerate(spoken) for o in matcher.occurrences(text.split())
            ]
            tokens = adapter_loss.entity_tokens(occurrences, [self.targets.words(text) for text in spoken], frames)
            attended = adapter_loss.attention_loss_of(biased, tokens, adapter, encoded.lengths)
            hits, total = hits + attended.hits, total + attended.total
        measures = {"hit": hits / max(1, total)}
        for name, recognised in texts.items():
            pairs = list(zip(references, recognised))
            measures[f"{name}wer"] = word_error_rate(align(*pair) for pair in pairs).rate or 0.0
            entities = count_entities(compare_entities(*map(matcher.occurrences, pair)) for pair in pairs)
            measures[f"{name}f1"] = entities.f1 or 0.0
        return measures


def _words(tokenizer: Tokenizer, log_probs: torch.Tensor) -> List[str]:
    return tokenizer.decode(greedy(log_probs.numpy()).tokens).split()


def _batches(cuts: Sequence[Cut]) -> List[CutSet]:
    return [CutSet.from_cuts(cuts[start : start + BATCH]) for start in range(0, len(cuts), BATCH)]


def _some(cuts: CutSet, limit: int, seed: int) -> List[Cut]:
    """At most ``limit`` utterances (0: all), the same ones each time, sorted by duration."""
    everything = sorted(cuts, key=lambda cut: cut.id)
    if limit and limit < len(everything):
        everything = random.Random(seed).sample(everything, limit)
    return sorted(everything, key=lambda cut: cut.duration)
