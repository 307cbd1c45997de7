"""Word times of a long recording, by CTC forced alignment; and where to cut it.

The recording goes through the model in windows (`ctcb.acoustic.long_form`); the alignment goes over all of their frames.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import AbstractSet, List, Optional, Sequence, Tuple

import numpy as np

from ctcb.acoustic.directory import LoadedModel
from ctcb.acoustic.directory_model import DirectoryModel
from ctcb.acoustic.emit import stretches_of
from ctcb.ctc.viterbi import align_tokens
from ctcb.text.tokenizer import BLANK_ID

MOST_CELLS = 2_000_000_000  # frames times states of an alignment: bytes of memory


@dataclass(frozen=True)
class WordTime:
    """Where a word was spoken: the first frames of its first and its last token, in seconds."""

    first: float
    last: float


def align_words(model: LoadedModel, samples: np.ndarray, words: Sequence[str]) -> Optional[List[WordTime]]:
    """The times of normalised words that were all spoken in ``[N]`` float32 samples at 16 kHz; None where they do not fit."""
    spelled = model.lang.tokenizer.encode_all(list(words))
    log_probs = np.concatenate([stretch.emissions.tokens for stretch in stretches_of(DirectoryModel(model), samples)])
    targets = np.array([token for ids in spelled for token in ids], np.int64)
    if len(log_probs) * (2 * len(targets) + 1) > MOST_CELLS:
        return None
    frames = align_tokens(log_probs, targets, BLANK_ID)
    if not len(frames) or frames[0] < 0:
        return None
    times, at = [], 0
    for ids in spelled:
        times.append(WordTime(frames[at] * model.frame_shift, frames[at + len(ids) - 1] * model.frame_shift))
        at += len(ids)
    return times


def cut_points(
    times: Sequence[WordTime], duration: float, longest: float, turns: AbstractSet[int] = frozenset(),
    shortest: float = 1.0, turn_bonus: float = 0.5,
) -> List[Tuple[int, int, float, float]]:
    """Cut a recording in its pauses until no part is longer than ``longest`` seconds.

    ``turns`` are the words after which another speaker begins; there a pause counts as ``turn_bonus``
    seconds longer. Each cut is made at the longest pause that leaves ``shortest`` seconds on both sides.
    Returns ``(first word, word after the last, start, end)`` of each part, in seconds, without gaps.
    """
    def cut(first: int, last: int, start: float, end: float) -> List[Tuple[int, int, float, float]]:
        if end - start <= longest:
            return [(first, last, start, end)]
        best, place, at = -1.0, 0, 0.0
        for word in range(first, last - 1):
            middle = (times[word].last + times[word + 1].first) / 2
            pause = times[word + 1].first - times[word].last + (turn_bonus if word in turns else 0.0)
            if pause > best and middle - start >= shortest and end - middle >= shortest:
                best, place, at = pause, word + 1, middle
        if best < 0:
            return [(first, last, start, end)]
        return cut(first, place, start, at) + cut(place, last, at, end)

    return cut(0, len(times), 0.0, duration)
