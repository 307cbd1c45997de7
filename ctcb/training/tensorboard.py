"""A run's log as TensorBoard's events, beside ``log.jsonl``."""
from __future__ import annotations

from pathlib import Path

from ctcb.errors import InputError
from ctcb.extras import install
from ctcb.io import PathOrStr
from ctcb.training.log import Row, read_log, scalars

SUFFIX = ".ctcb"  # of event files that are ours


class Events:
    """Event files that say what the log of a training directory says.

    A run writes them anew from the log when it begins or resumes, so no step occurs twice. Raises InputError where TensorBoard is missing.
    """

    def __init__(self, folder: PathOrStr) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise InputError(f"TensorBoard cannot be used here ({error})", hint=install("tensorboard")) from None
        self._folder, self._kind = Path(folder), SummaryWriter
        self._writer = None

    def add(self, row: Row) -> None:
        """Write a row that has just been logged."""
        if self._writer is None:
            self.write_all()
        else:
            self._write(row)
            self._writer.flush()

    def write_all(self) -> None:
        """Write the whole log, in the place of earlier events."""
        rows = read_log(self._folder)
        for old in self._folder.glob(f"events.out.tfevents.*{SUFFIX}"):
            old.unlink()
        # What a TensorBoard that is running has read, it forgets from step 0 on.
        self._writer = self._kind(str(self._folder), purge_step=0, filename_suffix=SUFFIX)
        for row in rows:
            self._write(row)
        self._writer.flush()

    def _write(self, row: Row) -> None:
        for tag, value in scalars(row).items():
            self._writer.add_scalar(tag, value, int(row["step"]))
