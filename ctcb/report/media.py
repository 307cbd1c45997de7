"""Clips and pictures inside a page: as data, so that the page asks for nothing."""
from __future__ import annotations

import base64
from pathlib import Path
from typing import Mapping, Optional

from ctcb.io import PathOrStr
from ctcb.transcript.formats import file_name

# What browsers play. Others are left out.
AUDIO = {".wav": "audio/wav", ".flac": "audio/flac", ".ogg": "audio/ogg", ".opus": "audio/ogg", ".oga": "audio/ogg", ".mp3": "audio/mpeg"}


class Clips:
    """Audio of utterances, as long as there is room for it."""

    def __init__(self, files: Mapping[str, Path], room: int) -> None:
        """``room``: bytes of audio that may go into the page."""
        self._files, self._room = files, room
        self.left_out = 0

    def player(self, utt_id: str) -> str:
        """A player for an utterance; "" where it has no file that can be played, or there is no room left."""
        path = self._files.get(utt_id)
        if path is None or path.suffix.lower() not in AUDIO or not path.is_file():
            return ""
        size = path.stat().st_size
        if size > self._room:
            self.left_out += 1
            return ""
        self._room -= size
        return f'<audio controls preload="none" src="{_data(path, AUDIO[path.suffix.lower()])}"></audio>'


def attention_picture(folder: Optional[PathOrStr], utt_id: str) -> str:
    """The picture that ``ctcb decode --attention-plot FOLDER`` drew of an utterance; "" where there is none."""
    if folder is None:
        return ""
    path = Path(folder) / f"{file_name(utt_id)}.png"
    return f'<p><img alt="attention over the list\'s names" src="{_data(path, "image/png")}"></p>' if path.is_file() else ""


def _data(path: Path, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
