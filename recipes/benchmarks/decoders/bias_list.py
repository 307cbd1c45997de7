"""The lists of the comparison: a set's own entities and distractors up to a given size."""
from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Iterable, Iterator, List, Mapping, Sequence, Set, Tuple

from token_trie import TokenTrie

from ctcb.search.beam.context_graph import ContextGraph
from ctcb.search.vocabulary import Vocabulary
from ctcb.text.normalize import normalize
from ctcb.text.spelling import TokenIds, TokenizerSpelling
from ctcb.text.tokenizer import Tokenizer


@dataclass(frozen=True, eq=False)
class BiasList:
    """A list as every decoder gets it."""

    texts: Tuple[str, ...]  # normalised
    sequences: Tuple[Tuple[TokenIds, ...], ...]  # each text's segmentations, the best first
    vocabulary: Vocabulary

    @classmethod
    def of(cls, texts: Sequence[str], tokenizer: Tokenizer, vocabulary: Vocabulary) -> BiasList:
        """Spell normalised texts in the model's pieces, as ``ctcb decode`` does."""
        return cls(tuple(texts), tuple(map(tuple, TokenizerSpelling(tokenizer).spell(texts))), vocabulary)

    @cached_property
    def graph(self) -> ContextGraph:
        """For our own beam."""
        return ContextGraph.build(self.sequences, self.vocabulary)

    @cached_property
    def trie(self) -> TokenTrie:
        """For decoders that take a hook or a graph."""
        return TokenTrie(chain.from_iterable(self.sequences), self.vocabulary.starts_word)


def fill(targets: Sequence[str], distractors: Iterable[str], size: int) -> List[str]:
    """The targets, and as many distractors as there is room for; a target is never left out."""
    texts = list(dict.fromkeys(targets))
    known = set(texts)
    for text in distractors:
        if len(texts) >= size:
            break
        if text not in known:
            known.add(text)
            texts.append(text)
    return texts


def distractors(files: Sequence[Sequence[str]], references: Mapping[str, str]) -> Iterator[str]:
    """Normalised distractors in a fixed order, without those that occur in a reference.

    The first file's phrases come first, each file's in the order of their hashes. When all files are
    used up, phrases are made up: the first word of one phrase of several words and the last word of
    another, again in an order by hashes.
    """
    phrases = [sorted({normalize(text) for text in file} - {""}, key=_hash) for file in files]
    pool = list(dict.fromkeys(chain.from_iterable(phrases)))
    candidates = list(dict.fromkeys(chain(pool, made_up(pool))))
    present = _present(candidates, references)
    return (text for text in candidates if text not in present)


def made_up(phrases: Sequence[str], most: int = 20_000) -> Iterator[str]:
    """Up to ``most`` made-up phrases: the first word of each phrase and the last word of one further on."""
    several = [phrase.split() for phrase in phrases if " " in phrase]
    count = 0
    for distance in range(1, len(several)):
        for place, words in enumerate(several):
            if count == most:
                return
            count += 1
            yield f"{words[0]} {several[(place + distance) % len(several)][-1]}"


def _present(texts: Sequence[str], references: Mapping[str, str]) -> Set[str]:
    """The texts that occur somewhere in the references, as whole words."""
    lengths = {len(text.split()) for text in texts}
    grams = set()
    for reference in references.values():
        words = normalize(reference).split()
        grams.update(" ".join(words[start : start + n]) for n in lengths for start in range(len(words) - n + 1))
    return grams.intersection(texts)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
