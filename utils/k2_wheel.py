"""Print the address of the newest wheel of k2 for this Python and its torch, from the k2 project's own index.

    python utils/k2_wheel.py

The exit code is 1, with one line, where the index cannot be reached or has none.
"""
from __future__ import annotations

import re
import sys
from typing import Optional
from urllib.error import URLError
from urllib.parse import unquote, urljoin
from urllib.request import urlopen

INDEX = "https://k2-fsa.github.io/k2/{}.html"
TIMEOUT = 30  # seconds


def newest(page: str, python: str, torch: str, cuda: Optional[str]) -> Optional[str]:
    """The address on an index page of the wheel for ``python`` (``cp311``), ``torch`` (``2.9.1``) and ``cuda`` (``12.8``; None: CPU)."""
    build = f"cuda{cuda}" if cuda else "cpu"
    name = re.compile(rf"k2-([\d.]+)\.dev(\d+)\+{re.escape(build)}\.torch{re.escape(torch)}-{python}-{python}-manylinux\w*_x86_64[\w.]*\.whl")
    found = []
    for address in re.findall(r"href=[\"']?([^\"'\s>]+\.whl)", page):
        match = name.search(unquote(address))
        if match:
            found.append((tuple(map(int, match[1].split("."))), match[2], address))
    return max(found)[2] if found else None


def main() -> None:
    """Print it."""
    import torch

    release, cuda = torch.__version__.split("+")[0], torch.version.cuda
    index = INDEX.format("cuda" if cuda else "cpu")
    try:
        with urlopen(index, timeout=TIMEOUT) as answer:
            page = answer.read().decode("utf-8", "replace")
    except (URLError, OSError) as error:
        sys.exit(f"k2_wheel: {index} cannot be reached ({getattr(error, 'reason', error)})")
    found = newest(page, f"cp{sys.version_info[0]}{sys.version_info[1]}", release, cuda)
    if found is None:
        sys.exit(f"k2_wheel: {index} has no wheel for torch {release}, {'CUDA ' + cuda if cuda else 'CPU'} and Python {sys.version_info[0]}.{sys.version_info[1]}")
    print(urljoin(index, found))


if __name__ == "__main__":
    main()
