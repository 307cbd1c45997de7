"""Files that the tests of scoring write."""
import pytest


@pytest.fixture
def file(tmp_path):
    """``file(content)``: the path of a file that holds it."""

    def write(content, name="file"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write
