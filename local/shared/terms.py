"""Terms of a trade in a corpus's text: phrases of a list, and rare words."""
from __future__ import annotations

from typing import Dict, Iterable, Iterator, List

from training_words import TrainingWords

from ctcb.text.normalize import normalize

SHORTEST_WORD = 5  # letters; shorter rare words are mostly slips and parts of others


class Terms:
    """Finds a list's phrases and rare words in texts."""

    def __init__(self, phrases: Iterable[str], training: TrainingWords) -> None:
        """``phrases`` as they are printed; those without a rare word are skipped."""
        self.training = training
        self.printed: Dict[str, str] = {}  # normal form -> as printed
        for phrase in phrases:
            words = normalize(phrase).split()
            if any(map(training.is_rare, words)):
                self.printed.setdefault(" ".join(words), phrase.strip())
        self.longest = max((name.count(" ") + 1 for name in self.printed), default=0)

    def find(self, text: str) -> Iterator[str]:
        """The phrases in a text, the longest first and none within another; then the other rare words."""
        words: List[str] = normalize(text).split()
        at = 0
        while at < len(words):
            for size in range(min(self.longest, len(words) - at), 0, -1):
                printed = self.printed.get(" ".join(words[at : at + size]))
                if printed is not None:
                    yield printed
                    at += size
                    break
            else:
                if len(words[at]) >= SHORTEST_WORD and self.training.is_rare(words[at]):
                    yield words[at]
                at += 1
