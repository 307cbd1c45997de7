"""Which names of a list are nearly the same as others, or as common words: by their phones, or by their letters without phones."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Dict, Iterable, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from ctcb.entities import Entity, EntityList
from ctcb.entities.forms import spoken_forms
from ctcb.entities.pronunciations import pronunciations, words_to_pronounce
from ctcb.phones.neighbours import near_pairs
from ctcb.text.lexicon import Lexicon
from ctcb.text.writing import Writing

MOST_SHOWN = 3  # of a name, the nearest
MOST_PRONUNCIATIONS = 2  # of a name or word
BATCH = 2_000  # names that are pronounced together

Batches = Sequence[Sequence[Entity]]
Shown = Callable[[Batches], Iterable[Sequence[Entity]]]


@dataclass(frozen=True)
class Confusable:
    """A name, or a common word, that another name is near."""

    text: str
    line: Optional[int]  # in the list; None for a common word
    edits: int  # phones, or letters without phones, that differ
    length: int  # of the name's phones, or letters

    def warning(self, unit: str) -> str:
        """A sentence on it; ``unit``: phones or letters."""
        other = f"{self.text!r} in line {self.line}" if self.line is not None else f"the common word {self.text!r}"
        alike = f"{self.edits} of {self.length} {unit} differ{'s' * (self.edits == 1)}" if self.edits else f"the same {unit}"
        return f"is near {other} ({alike}): " + ("one may be taken for the other" if self.line is not None else "false alarms are likely")


def confusable_names(
    entities: EntityList, writing: Writing, lexicon: Optional[Lexicon] = None, common: Sequence[str] = (),
    shown: Shown = iter,
) -> List[Tuple[Confusable, ...]]:
    """The nearest names and common words of each entity, at most MOST_SHOWN, the nearest first.

    Names that share a spelling are not among them. :mod:`ctcb.phones.neighbours` says what is near.

    Parameters
    ----------
    writing : of the model.
    lexicon : of its phones; None: names are compared by their letters.
    common : words.
    shown : is handed the batches of entities that are pronounced one after another, and may show how far that is.
    """
    owners: List[int] = []  # of each sequence: the entity's place, or that of a common word behind all entities
    sequences: List[np.ndarray] = []
    symbols: Dict[str, int] = {}

    def add(owner: int, ways: Sequence[Sequence[str]]) -> None:
        for way in dict.fromkeys(map(tuple, ways)):
            owners.append(owner)
            sequences.append(np.array([symbols.setdefault(symbol, len(symbols)) for symbol in way], np.int64))

    forms = [tuple(map(writing.lower, spoken_forms(entity, writing))) for entity in entities]
    if lexicon is None:
        for place, own in enumerate(forms):
            add(place, [form.replace(" ", "") for form in own])
        for place, word in enumerate(common, start=len(entities)):
            add(place, [word])
    else:
        for place, ways in enumerate(_pronounced(entities, lexicon, shown)):
            add(place, ways)
        for place, word in enumerate(common, start=len(entities)):
            add(place, [way for one in lexicon.words(word)[:1] for way in lexicon.pronunciations(one)[:MOST_PRONUNCIATIONS]])
    texts, lines = [*(entity.text for entity in entities), *common], [*(entities.lines or range(1, len(entities) + 1)), *[None] * len(common)]
    best: List[Dict[int, Confusable]] = [{} for _ in entities]
    pairs = near_pairs(sequences)
    for i, j, edits in zip(pairs.first.tolist(), pairs.second.tolist(), pairs.edits.tolist()):
        for own, other, length in ((owners[i], owners[j], len(sequences[i])), (owners[j], owners[i], len(sequences[j]))):
            if own >= len(entities) or own == other or other < len(entities) and set(forms[own]) & set(forms[other]):
                continue
            known = best[own].get(other)
            if known is None or edits < known.edits:
                best[own][other] = Confusable(texts[other], lines[other], edits, length)
    return [tuple(sorted(near.values(), key=lambda one: (one.edits, one.text))[:MOST_SHOWN]) for near in best]


def _pronounced(entities: EntityList, lexicon: Lexicon, shown: Shown) -> Iterator[Sequence[Sequence[str]]]:
    batches = [entities.entities[start : start + BATCH] for start in range(0, len(entities), BATCH)]
    for batch in shown(batches):
        lexicon.prepare(set().union(*(words_to_pronounce(entity, lexicon) for entity in batch)))
        for entity in batch:
            yield pronunciations(entity, lexicon, MOST_PRONUNCIATIONS)
