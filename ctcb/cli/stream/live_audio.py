"""Where the audio of ``ctcb stream`` comes from: standard input, or a microphone."""
from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, Iterator, Optional, Union

import click
import numpy as np

from ctcb.data.audio import SAMPLE_RATE
from ctcb.data.pcm import SAMPLE
from ctcb.data.piped_wav import PipedWav
from ctcb.errors import InputError, RunError
from ctcb.extras import EXTRAS, install

PIECE = 0.1  # seconds that are read at once from a WAV or a microphone
BYTES = 1 << 16  # at most, of raw PCM


@dataclass(frozen=True)
class LiveAudio:
    """Audio that comes piece by piece."""

    rate: int  # Hz
    channels: int
    pieces: Union[Iterator[bytes], Iterator[np.ndarray]]  # interleaved 16-bit little-endian samples; or [n, channels] in -1..1

    def seconds(self, piece: Union[bytes, np.ndarray]) -> float:
        """How long a piece is."""
        samples = len(piece) / (SAMPLE.itemsize * self.channels) if isinstance(piece, bytes) else len(piece)
        return samples / self.rate


def from_stdin(rate: Optional[int], channels: int) -> LiveAudio:
    """Raw 16-bit PCM at a ``rate``; without one a WAV, which says it itself. Raises InputError for anything else."""
    stdin: Any = sys.stdin.buffer
    if sys.stdin.isatty():
        raise InputError("standard input is a terminal", hint="pipe audio in (arecord -f S16_LE -r 16000 -t raw | ctcb stream --rate 16000), or use --mic")
    if rate is not None:
        return LiveAudio(rate, channels, iter(lambda: stdin.read1(BYTES), b""))
    wav = PipedWav(stdin, "standard input")
    return LiveAudio(wav.rate, wav.channels, wav.pieces(PIECE))


def from_microphone() -> LiveAudio:
    """The default microphone. Raises RunError without sounddevice, and where there is no microphone."""
    try:
        import sounddevice
    except ImportError as error:
        raise RunError(f"--mic needs the package sounddevice ({error}); {install('mic')}") from None
    except OSError as error:
        raise RunError(f"--mic needs PortAudio ({error}); {EXTRAS['mic'].system}") from None
    try:
        microphone = sounddevice.RawInputStream(samplerate=SAMPLE_RATE, channels=1, dtype="int16")
        microphone.start()
    except sounddevice.PortAudioError as error:
        raise RunError(f"no microphone can be opened; connect one, or pipe audio in ({error})") from None

    def pieces() -> Iterator[bytes]:
        lost = 0
        try:
            while True:
                piece, overflowed = microphone.read(round(PIECE * SAMPLE_RATE))
                lost += overflowed
                yield bytes(piece)
        finally:
            microphone.close()
            if lost:
                click.echo(f"ctcb: warning: the microphone was read too late {lost} times, and audio is lost", err=True)

    return LiveAudio(SAMPLE_RATE, 1, pieces())
