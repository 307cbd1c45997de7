"""Endpoints: where a stream is cut into utterances. The rules are those of sherpa and Kaldi's online decoders."""
from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Optional

import numpy as np

from ctcb.errors import InputError


@dataclass(frozen=True)
class Endpoints:
    """An utterance ends where one of three rules holds. Raises InputError for values that are not above 0.

    The defaults are sherpa's.
    """

    silence: float = 1.2  # seconds of silence behind a word
    silence_before_words: float = 2.4  # seconds of silence where there was no word yet
    longest: float = 20.0  # seconds, whatever is said

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not value > 0:
                raise InputError(f"endpoint rule {field.name} is {value}", hint="give seconds above 0")


class EndpointDetector:
    """Applies the rules frame by frame, so that the pieces in which a stream comes make no difference."""

    def __init__(self, rules: Optional[Endpoints], frame_shift: float) -> None:
        """Without rules there is no endpoint; ``frame_shift`` in seconds."""
        rules = rules or Endpoints(math.inf, math.inf, math.inf)
        frames = [seconds / frame_shift - 1e-6 for seconds in (rules.silence, rules.silence_before_words, rules.longest)]
        self._silence, self._before_words, self._longest = frames
        self.reset()

    def reset(self) -> None:
        """Begin another utterance."""
        self._frames = self._silent = 0
        self.spoken = False  # whether there was a word in the utterance under way

    def find(self, silent: np.ndarray) -> Optional[int]:
        """How many of the frames that follow belong to the utterance under way, where it ends within them; else None.

        ``silent``: ``[T]`` bool, whether each frame's best token is the blank or stands between words.
        """
        for count, quiet in enumerate(silent.tolist(), 1):
            self._frames += 1
            self._silent = self._silent + 1 if quiet else 0
            self.spoken |= not quiet
            if self._silent >= (self._silence if self.spoken else self._before_words) or self._frames >= self._longest:
                self.reset()
                return count
        return None
