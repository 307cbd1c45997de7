"""List formats of other toolkits, and the warning if a plain list looks like one of them."""
from __future__ import annotations

import re

import pytest

from ctcb.entities import FORMATS, Entity, EntityList


@pytest.fixture
def load(tmp_path):
    def call(content, format):
        path = tmp_path / "list.txt"
        path.write_text(content, "utf-8")
        return EntityList.load(path, format)

    return call


@pytest.mark.parametrize(
    "format, line, entity, note",
    [
        ("sherpa", "HELLO WORLD :2.0", Entity("HELLO WORLD", 2.0), None),
        ("sherpa", "HELLO WORLD", Entity("HELLO WORLD"), None),
        ("sherpa", "ratio 3:2", Entity("ratio 3:2"), None),
        ("sherpa", "▁HE LL O ▁WORLD :1.5", Entity("HELLO WORLD", 1.5), "changed"),
        ("sherpa", "▁HE LL O :1.5 #0.6 @HELLO", Entity("HELLO", 1.5), "changed"),
        ("sherpa", "hello :0", None, "rejected"),
        ("sherpa", "hello :loud", None, "rejected"),
        ("sherpa", ":2.0", None, "rejected"),
        ("nemo", "gpu_g p u_gee  pee you", Entity("gpu", aliases=("g p u", "gee pee you")), None),
        ("nemo", "nvidia_nvidia", Entity("nvidia"), None),
        ("nemo", "nvidia", Entity("nvidia"), None),
        ("nemo", "_nvidia", None, "rejected"),
        ("nemo-score", "nvidia\t2.5", Entity("nvidia", 2.5), None),
        ("nemo-score", "new york\t 3 ", Entity("new york", 3.0), None),
        ("nemo-score", "nvidia", Entity("nvidia"), "changed"),
        ("nemo-score", "nvidia\t-1", None, "rejected"),
        ("nemo-score", "nvidia\tfast", None, "rejected"),
        ("nemo-score", "nvidia\t1\t2", None, "rejected"),
        ("nemo-score", "\t1", None, "rejected"),
    ],
)
def test_lines_of_other_formats(load, format, line, entity, note):
    entities = load(f"# a comment\n\n{line}\n", format)
    assert list(entities) == ([entity] if entity else [])
    assert {n.outcome for n in entities.report.notes} == ({note} if note else set())
    assert all(n.line == 3 for n in entities.report.notes)
    assert (entities.report.format, entities.report.warnings) == (format, ())


@pytest.mark.parametrize(
    "content, warning",
    [
        ("Ann\nBob Lee :2.0\nEve :1.5\n", "2 of 3 lines look like 'phrase :2.0'.*--entities-format sherpa"),
        ("gpu_g p u\nnvlink_nv link\nann\n", "2 of 3 lines look like 'word_spelling'.*--entities-format nemo"),
        ("ann\t2.0\nbob\n", "1 of 2 lines look like 'word<TAB>2.0'.*--entities-format nemo-score"),
    ],
)
def test_plain_list_like_another_format_warns_once(load, content, warning):
    entities = load(content, "plain")
    assert len(entities) == content.count("\n")  # read as plain, never guessed
    (found,) = entities.report.warnings
    assert re.match(warning, found)
    assert entities.report.render().count("warning: ") == 1 and entities.report.eventful


@pytest.mark.parametrize("content", ["Alien: Covenant\n", "Mission: 2\n", "snake_case\nann\nbob\n", "a\tweight=2\n", "10:30\n"])
def test_plain_list_with_few_similar_lines_does_not_warn(load, content):
    assert load(content, "plain").report.warnings == ()


def test_table_lists_all_formats():
    assert list(FORMATS) == ["plain", "sherpa", "nemo", "nemo-score"]
