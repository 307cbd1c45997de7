"""The list file: its fields, and what is said of each malformed line."""
from __future__ import annotations

import pytest

from ctcb.entities import Entity, EntityList
from ctcb.errors import InputError


def read(tmp_path, content):
    path = tmp_path / "list.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(EntityList.read(path))


def test_plain_lines(tmp_path):
    content = "\ufeffSelenski\r\n# a comment\r\n\r\n  New   York  \r\n#1 hit\r\n#\r\nCôte d'Ivoire"
    assert read(tmp_path, content) == [Entity("Selenski"), Entity("New York"), Entity("#1 hit"), Entity("Côte d'Ivoire")]


def test_fields(tmp_path):
    content = "Zelenskyy\tpron=Z EH0  L\tweight=2.5\talias=selenski\talias=zelen sky\t\nK2\tspoken=k two\n"
    assert read(tmp_path, content) == [
        Entity("Zelenskyy", weight=2.5, aliases=("selenski", "zelen sky"), prons=("Z EH0 L",)),
        Entity("K2", spoken=("k two",)),
    ]


def test_length_and_order(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("b\na\n")
    entities = EntityList.read(path)
    assert len(entities) == 2 and [entity.text for entity in entities] == ["b", "a"]


@pytest.mark.parametrize(
    "content, said",
    [
        ("", "list.txt: holds no entity"),
        ("# only a comment\n", "list.txt: holds no entity"),
        ("ann\n\tweight=2\n", "list.txt:2: fields without an entity"),
        ("ann\tweight=x\n", "list.txt:1: weight=x is no positive number"),
        ("ann\tweight=-1\n", "list.txt:1: weight=-1 is no positive number"),
        ("ann\tweight=inf\n", "list.txt:1: weight=inf is no positive number"),
        ("ann\tweight=1\tweight=2\n", "list.txt:1: weight= stands there more than once"),
        ("ann\talias=\n", "list.txt:1: alias= is empty"),
        ("ann\t2.0\n", "list.txt:1: '2.0' is no field"),
        ("ann\tboost=2.0\n", "list.txt:1: 'boost=2.0' is no field"),
        (b"ann\n\xff\xfe\n", "list.txt:2: byte 1 of the line is not UTF-8"),
    ],
)
def test_malformed(tmp_path, content, said):
    with pytest.raises(InputError) as error:
        read(tmp_path, content)
    assert str(error.value).replace(f"{tmp_path}/", "").startswith(said)
    assert "\n" not in str(error.value)


def test_no_such_file(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        EntityList.read(tmp_path / "list.txt")
