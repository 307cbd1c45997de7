"""ffmpeg, where it is installed: reads what libsndfile does not."""
from __future__ import annotations

import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from ctcb.data.source import AudioSource
from ctcb.errors import InputError

PROGRAM = "ffmpeg"


def installed() -> bool:
    """Whether there is an ffmpeg on PATH."""
    return shutil.which(PROGRAM) is not None


@contextmanager
def converted(source: AudioSource, rate: int, mixed: bool = True) -> Iterator[Path]:
    """The first audio track of a file as a WAV at ``rate`` Hz, mono where it is ``mixed``, which is there within the block.

    Raises InputError where ffmpeg finds none.
    """
    with tempfile.TemporaryDirectory(prefix="ctcb-") as folder:
        wav = Path(folder) / "audio.wav"
        if isinstance(source, Path):
            path = source
        else:  # formats with an index at their end cannot be read from a pipe
            path = Path(folder) / "given"
            path.write_bytes(source.data)
        # `file:` in front, and no other protocol: a name is never an option or an address, and a playlist
        # fetches nothing.
        words = [
            PROGRAM, "-v", "error", "-nostdin", "-protocol_whitelist", "file", "-i", f"file:{path}", "-map", "0:a:0",
            *(("-ac", "1") if mixed else ()), "-ar", str(rate), "-c:a", "pcm_s16le", "-rf64", "auto", str(wav),
        ]  # fmt: skip
        ran = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if ran.returncode or not wav.exists():
            reason = ran.stderr.decode("utf-8", "replace").strip().splitlines()
            raise InputError(
                f"not readable as audio (ffmpeg: {reason[-1] if reason else 'no reason given'})", file=str(source),
                hint="name a file with an audio track",
            )
        yield wav
