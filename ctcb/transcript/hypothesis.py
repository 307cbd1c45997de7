"""A hypothesis as people read it: words with times and confidences, and the listed entities among them."""
from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Optional, Sequence, Tuple

from ctcb.moved import warn_renamed
from ctcb.search.hypothesis import Hypothesis
from ctcb.text.tokens import TokenTable


@dataclass(frozen=True)
class Word:
    """One recognised word."""

    word: str
    start: float  # seconds from the utterance's start
    end: float
    conf: float  # 0 to 1: the least of its tokens' highest posteriors
    spaced: bool = True  # whether a space stands before it, where it is not the first


@dataclass(frozen=True)
class FoundEntity:
    """A listed entity that was recognised."""

    entity: str  # in the form in which the list prints it
    place: int  # in the list
    words: Tuple[int, int]  # it is the reading's words[first:end]
    start: float  # seconds from the utterance's start
    end: float
    why: Tuple[str, ...]  # the techniques that spoke for it
    bonus: float  # what these added to the score
    replaced: Optional[str] = None  # the words that it was put in place of
    prefix: str = ""  # what its words hold before it, such as an opening quotation mark,
    suffix: str = ""  # and behind it: punctuation, a possessive
    confidence: Optional[float] = None  # how likely it was spoken, by its phones or tokens, where it was verified

    @property
    def sure(self) -> Optional[float]:
        """The old name of ``confidence``, for one release."""
        warn_renamed("FoundEntity.sure", "FoundEntity.confidence")
        return self.confidence


@dataclass(frozen=True)
class Reading:
    """One way to read an utterance."""

    words: Tuple[Word, ...]
    score: float  # log-probability, and what techniques added to it
    entities: Tuple[FoundEntity, ...] = ()  # in the order of their words
    withdrawn: Tuple[FoundEntity, ...] = ()  # entities that were verified and failed; the words there are others
    acoustic: float = 0.0  # the emissions' share of the score: the log-probability of what the search found

    @property
    def text(self) -> str:
        """The words as one text."""
        return joined(self.words)


def joined(words: Sequence[Word]) -> str:
    """Words as one text, with spaces where the writing has them."""
    return "".join(f" {word.word}" if place and word.spaced else word.word for place, word in enumerate(words))


def spoken_words(hypothesis: Hypothesis, tokens: TokenTable, frame_shift: float) -> Tuple[Word, ...]:
    """The words that a hypothesis spells; ``frame_shift`` in seconds.

    A word lasts from its first token's first frame to its last token's last frame.
    """
    return tuple(
        Word(
            word,
            hypothesis.token_frames[first] * frame_shift,
            hypothesis.token_ends[end - 1] * frame_shift,
            min(1.0, math.exp(min(hypothesis.token_log_probs[first:end]))), spaced,
        )
        for word, first, end, spaced in hypothesis.spaced_words_in(tokens)
    )


def behind(name: str, suffix: str) -> str:
    """What stands behind a name as it is printed: one full stop ends an abbreviation and the sentence."""
    return suffix[1:] if name.endswith(".") and suffix.startswith(".") else suffix


def put(reading: Reading, found: FoundEntity, text: str) -> Reading:
    """A reading with an entity's ``text`` instead of the words ``found.words``.

    Word for word where there are as many; else the time that the old words took is shared out.
    ``found.words``, and those of the entities behind, are adjusted.
    """
    first, end = found.words
    old, new = reading.words[first:end], text.split()
    if len(old) == len(new):
        words = tuple(replace(word, word=text) for word, text in zip(old, new))
    else:
        words = _shared_out(new, old[0].start, old[-1].end, min(word.conf for word in old))
        words = (replace(words[0], spaced=old[0].spaced), *words[1:])
    found = replace(found, words=(first, first + len(new)))
    more = len(new) - len(old)
    before = tuple(one for one in reading.entities if one.words[1] <= first)
    behind = tuple(
        replace(one, words=(one.words[0] + more, one.words[1] + more)) for one in reading.entities if one.words[0] >= end
    )
    words = reading.words[:first] + words + reading.words[end:]
    return replace(reading, words=words, entities=(*before, found, *behind))


def timed(reading: Reading, words: Tuple[int, int], start: float, end: float) -> Reading:
    """A reading in which ``words[first:end]``, a word or an entity, were spoken from ``start`` to ``end`` seconds."""
    first, last = words
    old = reading.words[first:last]
    new = _shared_out([word.word for word in old], start, end)
    new = tuple(replace(word, conf=before.conf, spaced=before.spaced) for word, before in zip(new, old))
    entities = tuple(replace(one, start=start, end=end) if one.words == words else one for one in reading.entities)
    return replace(reading, words=reading.words[:first] + new + reading.words[last:], entities=entities)


def _shared_out(words: Sequence[str], start: float, end: float, conf: float = 1.0) -> Tuple[Word, ...]:
    """Words one after another, each as long as it has letters."""
    letters = [0, *accumulate(map(len, words))]
    at = [start + (end - start) * before / letters[-1] for before in letters]
    return tuple(Word(word, begin, stop, conf) for word, begin, stop in zip(words, at, at[1:]))
