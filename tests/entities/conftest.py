"""Lists that are read from a file."""
from __future__ import annotations

import pytest

from ctcb.entities import EntityList


@pytest.fixture
def load(tmp_path):
    """The list of a file with this content."""

    def call(content, format="plain"):
        path = tmp_path / "list.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return EntityList.load(path, format)

    return call
