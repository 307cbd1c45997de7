"""Where the audio of ``ctcb stream`` comes from: standard input, or a microphone."""
from __future__ import annotations

import sys
import wave
from dataclasses import dataclass
from typing import Any, BinaryIO, Iterator, Optional

import click

from ctcb.data.audio import SAMPLE_RATE
from ctcb.errors import InputError, RunError
from ctcb.extras import EXTRAS, install

PIECE = 0.1  # seconds that are read at once from a WAV or a microphone
BYTES = 1 << 16  # at most, of raw PCM
SIXTEEN_BIT = "ffmpeg -i FILE -f s16le -ac 1 -ar 16000 - | ctcb stream --rate 16000"


@dataclass(frozen=True)
class LiveAudio:
    """Audio that comes piece by piece, as the bytes of 16-bit little-endian samples."""

    rate: int  # Hz
    channels: int  # interleaved
    pieces: Iterator[bytes]


def from_stdin(rate: Optional[int], channels: int) -> LiveAudio:
    """Raw PCM at a ``rate``; without one a WAV, which says it itself. Raises InputError for anything else."""
    stdin: Any = sys.stdin.buffer
    if sys.stdin.isatty():
        raise InputError("standard input is a terminal", hint="pipe audio in (arecord -f S16_LE -r 16000 -t raw | ctcb stream --rate 16000), or use --mic")
    if rate is not None:
        return LiveAudio(rate, channels, iter(lambda: stdin.read1(BYTES), b""))
    head = stdin.read(4)
    if head[:4] != b"RIFF":
        what = "is empty" if not head else "holds no WAV"
        raise InputError(f"standard input {what}", hint="give a WAV; or raw 16-bit PCM, and its rate (--rate HZ)")
    try:
        file = wave.open(_Rejoined(head, stdin))  # type: ignore[call-overload]
    except (wave.Error, EOFError) as error:
        raise InputError(f"the WAV on standard input cannot be read ({error or 'it ends too early'})", hint=f"give 16-bit PCM: {SIXTEEN_BIT}") from None
    if file.getsampwidth() != 2:
        raise InputError(f"the WAV on standard input has {8 * file.getsampwidth()} bits a sample", hint=f"give 16-bit PCM: {SIXTEEN_BIT}")
    size = max(1, round(PIECE * file.getframerate()))
    return LiveAudio(file.getframerate(), file.getnchannels(), iter(lambda: file.readframes(size), b""))


class _Rejoined:
    """A stream whose first bytes were read already. It cannot be sought in, as a pipe cannot."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head, self._rest = head, rest

    def read(self, size: int) -> bytes:
        """``size`` bytes, fewer at the end."""
        head, self._head = self._head[:size], self._head[size:]
        return head + self._rest.read(size - len(head))


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
