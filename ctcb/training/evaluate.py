"""Word error rates of the dev sets after an epoch: greedy decoding, nothing else."""
from __future__ import annotations

import random
from typing import Dict, List

from lhotse import CutSet
from lhotse.cut import Cut
from lhotse.dataset.collation import collate_features

from ctcb.decoding.greedy import greedy
from ctcb.models.ctc import CtcModel
from ctcb.scoring.alignment import align
from ctcb.scoring.wer import word_error_rate
from ctcb.text.tokenizer import Tokenizer

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
        for start in range(0, len(cuts), BATCH):
            batch = CutSet.from_cuts(cuts[start : start + BATCH])
            features, lengths = collate_features(batch)
            emissions, _ = self.model(features, lengths.long())
            for cut, log_probs, length in zip(batch, emissions.subword, emissions.lengths):
                text = self.tokenizer.decode(greedy(log_probs[:length].numpy()).tokens)
                alignments.append(align(cut.supervisions[0].text.split(), text.split()))
        return word_error_rate(alignments).rate or 0.0


def _some(cuts: CutSet, limit: int, seed: int) -> List[Cut]:
    """At most ``limit`` utterances (0: all), the same ones each time, sorted by duration."""
    everything = sorted(cuts, key=lambda cut: cut.id)
    if limit and limit < len(everything):
        everything = random.Random(seed).sample(everything, limit)
    return sorted(everything, key=lambda cut: cut.duration)
