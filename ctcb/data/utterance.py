"""An utterance to be recognised: a stretch of an audio file, and what is known of it."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import List, Optional, Tuple

from ctcb.data.audio_file import opened
from ctcb.data.channels import ALL, EACH, MIX, Channel, Channels
from ctcb.data.source import AudioSource
from ctcb.data.transforms import NONE, Transforms
from ctcb.errors import InputError

Turn = Tuple[float, float, str]  # seconds from an utterance's start to its end, and who speaks


@dataclass(frozen=True)
class Utterance:
    """A stretch of an audio file."""

    utt_id: str
    audio: AudioSource
    start: float = 0.0  # seconds
    duration: Optional[float] = None  # seconds; None: to the file's end
    speaker: Optional[str] = None
    known: float = 0.0  # seconds from its start that are decoded already, inf for all
    channels: Channels = ALL
    transforms: Transforms = NONE  # done to the file before the stretch is taken
    recording: Optional[str] = None  # the id that it shares with the file's other channels, where these are kept apart
    turns: Tuple[Turn, ...] = ()  # who speaks when, where that is known

    def speaker_of(self, start: float, end: float) -> Optional[str]:
        """Who speaks most of the time from ``start`` to ``end`` seconds from its start."""
        shares: "dict[str, float]" = {}
        for first, last, speaker in self.turns:
            shares[speaker] = shares.get(speaker, 0.0) + max(0.0, min(last, end) - max(first, start))
        most = max(shares, key=lambda speaker: shares[speaker], default=None)
        return most if most is not None and shares[most] > 0 else self.speaker


def in_channels(utterance: Utterance, channel: Channel) -> List[Utterance]:
    """An utterance of all channels as one of the mix, of one channel, or as one for each.

    One that cannot be read stays as it is: the error comes out in its turn.
    """
    if channel == MIX:
        return [utterance]
    if channel != EACH:
        return [replace(utterance, channels=Channels((int(channel),)))]
    try:
        with opened(utterance.audio, mixed=False) as file:
            count = file.channels
    except InputError:
        return [utterance]
    if count == 1:
        return [replace(utterance, channels=Channels((0,)))]
    return [kept_apart(utterance, number) for number in range(count)]


def kept_apart(utterance: Utterance, number: int) -> Utterance:
    """The utterance of one of several channels, with an id of its own."""
    channels = replace(utterance.channels, wanted=(number,))
    return replace(utterance, utt_id=f"{utterance.utt_id}-ch{number}", channels=channels, recording=utterance.utt_id)
