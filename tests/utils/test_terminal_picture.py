"""docs/demo.svg, the README's picture."""
from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def drawing(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "utils"))
    import terminal_picture

    return terminal_picture


def words(svg):
    """What a reader sees, line by line."""
    lines = {}
    for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):
        if "clip-path" in text.attrib:
            lines.setdefault(float(text.get("y")), []).append((float(text.get("x")), text.text))
    return ["".join(part for _, part in sorted(lines[y])).replace("\xa0", " ").strip() for y in sorted(lines)]


def test_picture_shows_the_session(drawing):
    shown = [("cat names.txt", "Ann <b> & Bob"), ("ctcb decode talk.ogg", "talk two tablets of velotoxine")]
    svg = drawing.picture(shown)
    assert words(svg) == ["$ cat names.txt", "Ann <b> & Bob", "$ ctcb decode talk.ogg", "talk two tablets of velotoxine"]
    assert svg == drawing.picture(shown) and "url(http" not in svg and "@font-face" not in svg
    assert "Ann <b> & Bob" in ElementTree.fromstring(svg).find("{http://www.w3.org/2000/svg}desc").text


@pytest.mark.slow
@pytest.mark.skipif(sys.version_info >= (3, 11), reason="drawn with the reference set's rich")
def test_picture_is_up_to_date(drawing):
    shown = drawing.session()
    assert [command for command, _ in shown] == list(drawing.COMMANDS) and drawing.NAME in shown[-1][1]
    kept = (ROOT / "docs/demo.svg").read_text("utf-8")
    assert words(kept) == words(drawing.picture(shown)), "run python utils/terminal_picture.py"
