"""What a long run has done so far, so that one that was stopped can be resumed."""
from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Sequence

from ctcb.decoding.stitching import from_plain, to_plain
from ctcb.errors import InputError
from ctcb.io import PathOrStr, atomic_write, remove_parts
from ctcb.transcript.transcript import Decoded

FILE = ".decode.jsonl"


class Journal:
    """A file with a line a decoded stretch; the first line holds the run's settings.

    ``known``: utterance id -> seconds of it that are done, ``inf`` for all.
    """

    def __init__(self, folder: PathOrStr, settings: str, resume: bool) -> None:
        """Begin anew or, with ``resume``, go on where the journal in ``folder`` ends, if there is one.

        Raises InputError where that one is of other ``settings``.
        """
        self._path = Path(folder) / FILE
        self._done: Dict[str, List[Decoded]] = {}
        self.known: Dict[str, float] = {}
        self._lines = [json.dumps({"settings": settings})]
        if resume and self._path.exists():
            self._lines += self._read(settings)

    def _read(self, settings: str) -> List[str]:
        kept = []
        for number, line in enumerate(self._path.read_bytes().split(b"\n"), start=1):
            try:
                row = json.loads(line.decode("ascii"))
                if number == 1:
                    if row["settings"] != settings:
                        raise InputError(
                            "the run that is to go on had other inputs, lists or options", file=self._path.parent,
                            hint="give the same again, or leave --resume out to begin anew",
                        )
                    continue
                transcript = from_plain(row["transcript"])
                decoded = Decoded(transcript.utt_id, transcript, None, row["start"], row["last"])
            except (ValueError, KeyError, TypeError):
                break  # the line that was being written when the run was stopped, or what follows the last one
            self._done.setdefault(decoded.utt_id, []).append(decoded)
            self.known[decoded.utt_id] = math.inf if decoded.last else decoded.start + transcript.seconds
            kept.append(line.decode("ascii"))
        return kept

    def complete(self, fresh: Iterable[Decoded], utt_ids: Sequence[str]) -> Iterator[Decoded]:
        """What was done before and what is done now, in the order of the ids; the latter is noted down."""
        coming = iter(fresh)
        remove_parts(self._path)
        with atomic_write(self._path) as file:
            file.writelines(f"{line}\n" for line in self._lines)
        with open(self._path, "a", encoding="utf-8") as file:
            for utt_id in utt_ids:
                yield from self._done.pop(utt_id, ())
                while self.known.get(utt_id) != math.inf:
                    decoded = next(coming)
                    if decoded.transcript is not None:
                        row = {"start": decoded.start, "last": decoded.last, "transcript": to_plain(decoded.transcript)}
                        file.write(json.dumps(row) + "\n")  # ASCII: no letter is cut in two
                        file.flush()
                    yield decoded
                    if decoded.last:
                        break

    def close(self) -> None:
        """The run is done: there is nothing to go on with."""
        self._path.unlink()
