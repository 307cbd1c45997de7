"""Clips of audio and pictures that a page embeds as data URLs, up to a total size."""
from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from typing import List, Mapping, NamedTuple, Optional, Sequence

import soundfile

from ctcb.data.audio import SAMPLE_RATE, read_audio
from ctcb.data.channels import ALL, Channels
from ctcb.errors import InputError
from ctcb.io import PathOrStr
from ctcb.report.moments import Moment
from ctcb.transcript.formats import file_name

# MP3 is what every browser plays; a libsndfile that cannot write it writes WAV.
MP3, WAV = ("MP3", "MPEG_LAYER_III", "audio/mpeg"), ("WAV", "PCM_16", "audio/wav")


class Clip(NamedTuple):
    """A moment's audio."""

    label: str  # its times
    url: str


@dataclass
class Room:
    """The characters of data that may still be embedded."""

    left: float
    refused: int = 0

    def take(self, url: str) -> bool:
        """Whether there is room for an address, which then takes it."""
        if len(url) > self.left:
            self.refused += 1
            return False
        self.left -= len(url)
        return True


class Clips:
    """The audio of utterances, at the moments that are asked for."""

    def __init__(self, files: Mapping[str, Path], room: float, channels: Optional[Mapping[str, int]] = None) -> None:
        """``files``: utterance id -> audio file; ``room``: the most bytes of all clips in the page; ``channels``: utterance id -> the
        file's channel that was recognised, where not all of them."""
        self._files, self._channels = files, channels or {}
        self._room = Room(room)
        self.unreadable: List[str] = []  # why clips could not be made

    @property
    def left_out(self) -> int:
        """The number of clips that there was no room for."""
        return self._room.refused

    def of(self, utt_id: str, moments: Sequence[Moment]) -> List[Clip]:
        """The clips of an utterance; fewer where no audio is known, it cannot be read, or no room is left."""
        path = self._files.get(utt_id)
        clips: List[Clip] = []
        for moment in moments if path is not None else ():
            if self._room.left <= 0:  # before it is read
                self._room.refused += 1
                continue
            try:
                url = self._url(utt_id, path, moment)
            except InputError as error:
                self.unreadable.append(str(error))
                break
            if self._room.take(url):
                clips.append(Clip(_label(moment), url))
        return clips

    def _url(self, utt_id: str, path: Path, moment: Moment) -> str:
        channel = self._channels.get(utt_id)
        channels = ALL if channel is None else Channels((channel,))
        seconds = None if moment.end is None else moment.end - moment.start
        samples = read_audio(path, moment.start, seconds, channels).samples
        container, coding, kind = MP3 if soundfile.check_format(*MP3[:2]) else WAV
        file = io.BytesIO()
        soundfile.write(file, samples, SAMPLE_RATE, format=container, subtype=coding)
        return _data(file.getvalue(), kind)


class Pictures:
    """The plots that ``ctcb decode --attention-plot FOLDER`` wrote."""

    def __init__(self, folder: Optional[PathOrStr], room: float) -> None:
        """``room``: the most bytes of all pictures in the page."""
        self._folder = None if folder is None else Path(folder)
        self._room = Room(room)

    @property
    def left_out(self) -> int:
        """The number of pictures that there was no room for."""
        return self._room.refused

    def of(self, utt_id: str) -> Optional[str]:
        """The address of an utterance's plot; None where there is none, or no room for it."""
        path = None if self._folder is None else self._folder / f"{file_name(utt_id)}.png"
        if path is None or not path.is_file():
            return None
        url = _data(path.read_bytes(), "image/png")
        return url if self._room.take(url) else None


def _label(moment: Moment) -> str:
    return "the whole utterance" if moment.end is None else f"{moment.start:.1f} to {moment.end:.1f} s"


def _data(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
