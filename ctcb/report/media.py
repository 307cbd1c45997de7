"""Audio clips and images embedded in a page as data URLs."""
from __future__ import annotations

import base64
from pathlib import Path
from typing import Mapping, Optional

from ctcb.io import PathOrStr
from ctcb.transcript.formats import file_name

# The formats that browsers play; others are left out.
AUDIO = {".wav": "audio/wav", ".flac": "audio/flac", ".ogg": "audio/ogg", ".opus": "audio/ogg", ".oga": "audio/ogg", ".mp3": "audio/mpeg"}


class Clips:
    """The utterances' audio, embedded up to a total size."""

    def __init__(self, files: Mapping[str, Path], room: int) -> None:
        """``files``: utterance id -> audio file; ``room``: the most bytes of audio in the page."""
        self._files, self._room = files, room
        self.left_out = 0

    def player(self, utt_id: str) -> str:
        """The HTML of an utterance's audio player; "" where it has no playable file, or no room is left."""
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
    """The HTML of the plot that ``ctcb decode --attention-plot FOLDER`` wrote for an utterance; "" where there is none."""
    if folder is None:
        return ""
    path = Path(folder) / f"{file_name(utt_id)}.png"
    return f'<p><img alt="attention over the list\'s names" src="{_data(path, "image/png")}"></p>' if path.is_file() else ""


def _data(path: Path, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
