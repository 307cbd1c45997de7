"""Channels of recordings: all mixed, or single ones."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple, Union

import numpy as np

from ctcb.data.source import AudioSource
from ctcb.errors import InputError

MIX, EACH = "mix", "each"
Channel = Union[int, str]  # a number, counted from 0; MIX; EACH


@dataclass(frozen=True)
class Channels:
    """Which channels of a file are wanted; several are mixed."""

    wanted: Tuple[int, ...] = ()  # none: all of them
    names: Tuple[int, ...] = ()  # the numbers by which a manifest calls the file's channels, in their order; none: 0, 1, ...

    @property
    def single(self) -> Optional[int]:
        """The channel, where one is wanted."""
        return self.wanted[0] if len(self.wanted) == 1 else None

    def pick(self, samples: np.ndarray, file: Optional[AudioSource] = None) -> np.ndarray:
        """The wanted ones of ``[N, channels]`` samples. Raises InputError for one that the file lacks."""
        if not self.wanted:
            return samples
        count = samples.shape[1]
        # A manifest of files for single channels names the file's own; one of a file with more names places in it.
        names = self.names if len(self.names) == count else tuple(range(count))
        missing = [number for number in self.wanted if number not in names]
        if missing:
            has = "1 channel" if count == 1 else f"{count} channels"
            raise InputError(
                f"there is no channel {missing[0]}: it has {has}", file=None if file is None else str(file),
                hint=f"channels are counted from 0; ask for {' or '.join(map(str, names))}, or for each",
            )
        return samples[:, [names.index(number) for number in self.wanted]]


ALL = Channels()


def require_channel(channel: Channel) -> Channel:
    """A channel as callers and the command line give it. Raises InputError for what is none."""
    if channel in (MIX, EACH) or isinstance(channel, (int, np.integer)) and not isinstance(channel, bool) and channel >= 0:
        return channel
    if isinstance(channel, str) and channel.isascii() and channel.isdigit():
        return int(channel)
    raise InputError(f"{channel!r} is no channel", hint="give a number, counted from 0, each or mix")
