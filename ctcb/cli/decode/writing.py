"""Where ``ctcb decode`` writes its transcripts: stdout, or a folder."""
from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Dict, List, Mapping, Optional, Sequence

import click

from ctcb.cli.common.options import Decorator, join
from ctcb.cli.decode.made_with import SETTINGS, settings_text
from ctcb.errors import InputError
from ctcb.io import atomic_write, remove_parts
from ctcb.transcript.formats import EXPLANATION, FORMATS, OF_SEGMENTS, Format, file_name
from ctcb.transcript.transcript import Transcript


def writing_options() -> Decorator:
    """``--format``, ``--out``, ``--explain`` and ``--explain-name``."""
    shared = ", ".join(form.file for form in FORMATS.values() if form.file)
    return join(
        click.option(
            "--format", "forms", multiple=True, type=click.Choice(list(FORMATS)), default=("text",), show_default="text",
            help=f"{', '.join(FORMATS)}.", metavar="FORMAT",
        ),
        click.option(
            "--segments", is_flag=True,
            help="Write text with a line for each segment of a long recording, its times in its id, and Kaldi's segments with --out.",
        ),
        click.option("--resume", is_flag=True, help="Go on with a run to --out that was stopped."),
        click.option("--out", type=click.Path(), help=f"Folder for {shared}."),
        click.option(
            "--explain", is_flag=True,
            help="Show what the list changed, and which technique did it.",
        ),
        click.option(
            "--explain-name", multiple=True, metavar="NAME",
            help="As --explain, and why NAME was missed; repeatable.",
        ),
    )  # fmt: skip


class Writer:
    """Writes transcripts one by one; a context manager. Shared files appear when it ends well."""

    def __init__(self, forms: Sequence[str], out: Optional[str], explain: bool, recordings: int, settings: Mapping[str, Any], segments: bool = False) -> None:
        """Writes all of ``forms``, names in FORMATS; several of them need a folder. ``settings`` go beside the
        transcripts there, as JSON. ``segments``: text has a line for each.

        Raises InputError for a format that does not go together with the rest.
        """
        self._settings = settings
        self._out = None if out is None else Path(out)
        self._own: List[Format] = []  # of files for one recording each
        forms = list(dict.fromkeys(forms))
        if segments and explain and self._out is None:
            raise InputError("--segments does not go together with --explain on stdout", hint="give --out DIR, or leave one out")
        if segments and self._out is None and forms != ["text"]:
            raise InputError(f"--segments is for text, and the format is {forms[0]}", hint="give --format text or --out DIR, or leave it out")
        if self._out is not None:
            shared = [one for name, one in FORMATS.items() if one.file is not None and not (segments and name == "text")]
            self._shared = [*shared, *(OF_SEGMENTS if segments else ()), *[EXPLANATION] * explain]
            self._own = [FORMATS[form] for form in forms if FORMATS[form].file is None]
        else:
            if len(forms) > 1:
                raise InputError(f"--format {' and '.join(forms)} are several, and stdout takes one", hint="give --out DIR, or one of them")
            (form,) = forms
            if FORMATS[form].file is None and recordings > 1:
                raise InputError(f"--format {form} is one file a recording, and there are {recordings}", hint="give --out DIR")
            if explain and form not in ("text", "jsonl"):
                raise InputError(f"--explain does not go together with --format {form}", hint="give --out DIR, or leave one out")
            self._shared = [EXPLANATION if explain and form == "text" else OF_SEGMENTS[0] if segments else FORMATS[form]]
        self._files = ExitStack()
        self._sinks: Dict[str, IO[str]] = {}

    def __enter__(self) -> Writer:
        if self._out is not None:
            for one in self._shared:
                remove_parts(self._out / one.file)
                self._sinks[one.file] = self._files.enter_context(atomic_write(self._out / one.file))
            remove_parts(self._out / SETTINGS)
            file = self._files.enter_context(atomic_write(self._out / SETTINGS))
            file.write(settings_text(self._settings))
        return self

    def __exit__(self, *error: Any) -> None:
        with self._files:
            if error[1] is not None:
                raise error[1]
            for sink in self._sinks.values():
                sink.flush()  # a full disk shows before the first of them takes its place

    def write(self, transcript: Transcript) -> None:
        """Write one transcript everywhere."""
        for one in self._shared:
            sink = sys.stdout if self._out is None else self._sinks[one.file]
            sink.write(one.write(transcript))
            if self._out is None:
                sink.flush()  # a reader at the other end of a pipe sees each at once
        for one in self._own:
            with atomic_write(self._out / f"{file_name(transcript.utt_id)}{one.suffix}") as file:
                file.write(one.write(transcript))
