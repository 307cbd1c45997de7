"""Which names of a list are nearly the same as others, or as common words: by their phones, or by their letters without phones."""
from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import count
from typing import Callable, Dict, Iterable, List, Optional, Sequence, Tuple

import numpy as np

from ctcb.entities import Entity, EntityList
from ctcb.entities.forms import spoken_forms
from ctcb.entities.pronunciations import pronounce_all
from ctcb.phones.neighbours import near_pairs
from ctcb.text.lexicon import Lexicon
from ctcb.text.writing import Writing

MOST_SHOWN = 3  # of a name, the nearest
MOST_PRONUNCIATIONS = 2  # of a name or word
BATCH = 10_000  # names that are pronounced together

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
    shown : is handed the batches of names and words that are pronounced one after another, and may show how far that is.
    """
    forms = [tuple(map(writing.lower, spoken_forms(entity, writing))) for entity in entities]
    if lexicon is None:
        numbers: Dict[str, int] = defaultdict(count().__next__)
        written = [*([form.replace(" ", "") for form in own] for own in forms), *([word] for word in common)]
        owners = [place for place, own in enumerate(written) for _ in own]
        sequences = [np.array([numbers[letter] for letter in text], np.int64) for own in written for text in own]
    else:
        owners, sequences = _pronounced([*entities, *map(Entity, common)], lexicon, shown)
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


def _pronounced(entities: Sequence[Entity], lexicon: Lexicon, shown: Shown) -> Tuple[List[int], List[np.ndarray]]:
    """The pronunciations of all entities, their phones as numbers, and the place of each one's entity."""
    numbers: Dict[str, int] = defaultdict(count().__next__)
    owners: List[int] = []
    sequences: List[np.ndarray] = []
    batches = [entities[start : start + BATCH] for start in range(0, len(entities), BATCH)]
    for start, batch in zip(count(0, BATCH), shown(batches)):
        phones, begins, own = pronounce_all(batch, lexicon, numbers, MOST_PRONUNCIATIONS)
        bounds = begins.tolist()
        owners += (own + start).tolist()
        sequences += [phones[begin:end] for begin, end in zip(bounds, bounds[1:])]
    return owners, sequences
