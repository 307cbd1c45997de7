"""docs/lists.md and the list to start from, docs/names.txt."""
from __future__ import annotations

import re
from pathlib import Path

from ctcb.entities import EntityList
from ctcb.entities.fields import FIELDS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/lists.md").read_text("utf-8")


def test_the_table_has_every_field_and_its_examples_are_read(tmp_path):
    rows = re.findall(r"^\| `(\w+)=`(?: below 0)? \| `([^`]+)` \|", PAGE, re.M)
    assert {name for name, _ in rows} == set(FIELDS) and len(rows) == len(FIELDS) + 1
    for name, example in rows:
        (tmp_path / "list.txt").write_text(example.replace("⇥", "\t") + "\n", encoding="utf-8")
        entities = EntityList.load(tmp_path / "list.txt")
        assert f"⇥{name}=" in example and len(entities) == 1 and not entities.report.notes, entities.report.render()


def test_the_list_to_start_from_is_read_as_it_is_written(tmp_path):
    text = (ROOT / "docs/names.txt").read_text("utf-8")
    entities = EntityList.load(ROOT / "docs/names.txt")
    assert len(entities) == 6 and not entities.report.notes and not entities.report.warnings
    by_text = {entity.text: entity for entity in entities}
    assert by_text["velotoxine"].weight == 2 and by_text["bell a toxin"].weight == -5
    assert by_text["K2"].spoken == ("k two", "kay two") and by_text["Zelenskyy"].aliases == ("selenski",)
    assert by_text["Zelenskyy"].prons == ("Z EH0 L EH1 N S K IY0",)
    uncommented = tmp_path / "names.txt"  # as the file says
    uncommented.write_text(text.replace("# Jorge", "Jorge"), encoding="utf-8")
    assert EntityList.load(uncommented).entities[-1].languages == ("es",)
    assert all(f"{field}=" in text for field in FIELDS)
