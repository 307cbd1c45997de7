"""Cut a manifest.tsv into DIR/1/manifest.tsv, DIR/2/manifest.tsv, ...; prints how many there are.

    python utils/split_manifest.py MANIFEST DIR [--chunk 1024]

The parts' sizes do not depend on how many jobs will work on them. They are multiples of the number of
utterances that the recogniser batches among themselves, so that what the parts give, one after the
other, is to the byte what the whole gives.
"""
from __future__ import annotations

import argparse
import itertools
from pathlib import Path

from ctcb.errors import InputError, run_script
from ctcb.io import atomic_write

POOL = 64  # ctcb.acoustic.emit.POOL, which is not imported for the time that torch takes


def split(manifest: Path, folder: Path, chunk: int) -> int:
    """Write the parts, reading line by line; their number."""
    if not manifest.is_file():
        raise InputError("no such file", file=manifest, hint="name a manifest.tsv")
    with open(manifest, encoding="utf-8-sig") as file:
        header = file.readline()
        columns = header.rstrip("\n").split("\t")
        if "audio" not in columns:
            raise InputError("no column 'audio' in the header", file=manifest, line=1, hint="name a manifest.tsv")
        audio = columns.index("audio")
        here = manifest.parent.resolve()
        for part in itertools.count(1):
            lines = list(itertools.islice(file, chunk))
            if not lines:
                break
            with atomic_write(folder / str(part) / "manifest.tsv") as out:
                out.write(header)
                for line in lines:
                    fields = line.rstrip("\n").split("\t")
                    if len(fields) > audio:
                        fields[audio] = str(here / fields[audio])
                    out.write("\t".join(fields) + "\n")
    if part == 1:
        raise InputError("no utterance below the header", file=manifest, hint="add a line an utterance")
    return part - 1


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
