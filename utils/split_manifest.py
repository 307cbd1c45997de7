"""Cut a manifest.tsv into DIR/1/manifest.tsv, DIR/2/manifest.tsv, ...; prints how many there are.

    python utils/split_manifest.py MANIFEST DIR [--chunk 1024]

DIR/NUMBER/lines holds the numbers that the part's lines have in the manifest, and DIR/count how many parts there are.
Parts of an earlier, longer manifest are removed. The manifest is checked as a whole: an id in two parts is an error.

The parts' sizes do not depend on how many jobs will work on them. They are multiples of the number of
utterances that the recogniser batches among themselves, so that what the parts give, one after the
other, is to the byte what the whole gives.
"""
from __future__ import annotations

import argparse
import itertools
import shutil
from pathlib import Path

from ctcb.data.manifest import checked_rows
from ctcb.errors import run_script
from ctcb.io import atomic_write, iterate_lines

POOL = 64  # ctcb.acoustic.emit.POOL, which is not imported for the time that torch takes


def split(manifest: Path, folder: Path, chunk: int) -> int:
    """Write the parts, reading line by line; their number. Raises InputError as `ctcb.data.manifest.read_manifest` does."""
    here = manifest.parent.resolve()
    rows = checked_rows(manifest, iterate_lines(manifest))
    number = 0
    while part := list(itertools.islice(rows, chunk)):
        number += 1
        with atomic_write(folder / str(number) / "manifest.tsv") as out:
            out.write("\t".join(part[0][1]) + "\n")
            for _, fields in part:
                out.write("\t".join({**fields, "audio": str(here / fields["audio"])}.values()) + "\n")
        with atomic_write(folder / str(number) / "lines") as out:
            out.writelines(f"{row.line}\n" for row, _ in part)
    for old in folder.iterdir():
        if old.name.isdigit() and int(old.name) > number:
            shutil.rmtree(old)
    with atomic_write(folder / "count") as out:
        out.write(f"{number}\n")
    return number


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--chunk", type=int, default=16 * POOL)
    options = parser.parse_args()
    if options.chunk < 1 or options.chunk % POOL:
        parser.error(f"--chunk must be a multiple of {POOL}")
    print(split(options.manifest, options.folder, options.chunk))


if __name__ == "__main__":
    run_script(main, "split_manifest.py")
