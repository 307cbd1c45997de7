"""Make OUT's files of those of its parts, OUT/parts/NUMBER/out, one after the other.

    python utils/merge_parts.py OUT [--copy SUFFIX]... [--failed WORDS] [--rejected MANIFEST] [--settings COMMAND] FILE...

Of a .tsv only the first header is kept, an .npz is read and written, symbol tables are the same in all parts, and the lines
that rejected.tsv names become those of MANIFEST. A FILE that the parts do not have is left out. ``--copy .srt`` copies files of one recording each, and
lists them in OUT/parts/copied. ``--failed`` names the utterances of the parts' failed.tsv, with WORDS for what befell
them; the exit code is then that of a single run. ``--rejected``: of MANIFEST, rejected.tsv names the utterances that cannot be
used, and there must be others. ``--settings``: OUT/settings.json is the parts', with the COMMAND of a single run.
"""
from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import IO, Iterator, List, Sequence

from ctcb.cli.common.tally import Tally, read_failed
from ctcb.cli.decode.made_with import SETTINGS, settings_text
from ctcb.errors import InputError, run_script
from ctcb.io import atomic_write


def parts_of(out: Path) -> List[Path]:
    """The folders of the parts, in their order."""
    count = int((out / "parts/count").read_text())
    return [out / "parts" / str(number) for number in range(1, count + 1)]


def merge(parts: Sequence[Path], target: Path) -> None:
    """Write ``target`` of the parts' files of its name. Raises InputError for an array that cannot be read."""
    files = [part / "out" / target.name for part in parts]
    if not any(file.exists() for file in files):
        return
    if target.suffix == ".npz":
        from merge_npz import merge as merge_arrays

        merge_arrays(str(target), [str(file) for file in files])
        return
    if target.name.endswith(".tokens.txt"):
        files = files[:1]
    with atomic_write(target, "wb") as merged:
        for number, (part, file) in enumerate(zip(parts, files)):
            with open(file, "rb") as opened:
                if target.suffix == ".tsv":
                    header = opened.readline()
                    merged.write(b"" if number else header)
                if target.name == "rejected.tsv":
                    merged.writelines(_renumbered(opened, part / "lines"))
                else:
                    shutil.copyfileobj(opened, merged)


def _renumbered(rejected: IO[bytes], lines: Path) -> Iterator[bytes]:
    """Rows of a rejected.tsv; a part's line 2 is the first that ``lines`` names."""
    numbers = lines.read_bytes().split()
    for row in rejected:
        line, _, rest = row.partition(b"\t")
        yield numbers[int(line) - 2] + b"\t" + rest


def copy(parts: Sequence[Path], out: Path, suffixes: Sequence[str]) -> None:
    """Copy the parts' files with these suffixes to ``out``, and list them."""
    files = [file for part in parts for file in sorted((part / "out").iterdir()) if file.suffix in suffixes]
    if files:
        with atomic_write(out / "parts/copied") as listed:
            listed.writelines(f"{out / file.name}\n" for file in files)
    for file in files:
        shutil.copy(file, out)


def write_settings(parts: Sequence[Path], out: Path, command: str) -> None:
    """Write OUT/settings.json. The parts' differ in their commands, and in the day if parts of an earlier run are among them: the last day counts."""
    settings = max((json.loads((part / "out" / SETTINGS).read_text(encoding="utf-8")) for part in parts), key=lambda one: one["date"])
    with atomic_write(out / SETTINGS) as file:
        file.write(settings_text({**settings, "command": command}))


def report_rejected(parts: Sequence[Path], manifest: str, out: Path) -> None:
    """Say how many utterances can be used. Raises InputError where none can."""
    rejected: List[bytes] = []
    for part in parts:
        with open(part / "out/rejected.tsv", "rb") as file:
            file.readline()
            rejected += _renumbered(file, part / "lines")
    total = _utterances(parts)
    if len(rejected) == total:
        line, _, reason = rejected[0].decode("utf-8").rstrip("\n").split("\t", 2)
        raise InputError(f"no usable utterance ({reason})", file=manifest, line=int(line), hint="check the audio paths")
    print(f"{total - len(rejected)} utterances; left out: {len(rejected) or 'none'}", file=sys.stderr)
    if rejected:
        print(f"reasons: {out}/rejected.tsv", file=sys.stderr)


def _utterances(parts: Sequence[Path]) -> int:
    return sum(len((part / "lines").read_bytes().split()) for part in parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--copy", action="append", default=[], metavar="SUFFIX")
    parser.add_argument("--failed", metavar="WORDS")
    parser.add_argument("--rejected", metavar="MANIFEST")
    parser.add_argument("--settings", metavar="COMMAND")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    parts = parts_of(options.out)
    tally = None
    if options.failed:
        tally = Tally(_utterances(parts), options.failed)
        for part in parts:
            for error in read_failed(part / "out/failed.tsv"):
                tally.failed(error)
        tally.require()
    if options.rejected:
        report_rejected(parts, options.rejected, options.out)
    for file in options.files:
        merge(parts, options.out / file)
    copy(parts, options.out, options.copy)
    if options.settings:
        write_settings(parts, options.out, options.settings)
    if tally is not None:
        tally.close()


if __name__ == "__main__":
    run_script(main, "ctcb")
