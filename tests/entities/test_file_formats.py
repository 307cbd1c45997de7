"""Lists that are read as a whole: tables, JSON, address books, names apart by commas; and writing them as plain lists."""
from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcb.entities import Entity, EntityList
from ctcb.entities.writer import write_list
from ctcb.errors import InputError


def rows(entities):
    """(line, text) of each entity."""
    return [(line, entity.text) for line, entity in zip(entities.lines, entities)]


@pytest.mark.parametrize("content, expected", [
    ("Zelenskyy, Brixby, Marta Novak\n\nMüller; Schön,\n", [(1, "Zelenskyy"), (1, "Brixby"), (1, "Marta Novak"), (3, "Müller"), (3, "Schön")]),
    ("张三，李明、王五\n", [(1, "张三"), (1, "李明"), (1, "王五")]),
    ("أحمد، ليلى\n", [(1, "أحمد"), (1, "ليلى")]),
])  # fmt: skip
def test_names_apart_by_commas(load, content, expected):
    assert rows(load(content, "comma")) == expected


def test_the_report_counts_names_not_lines(load):
    report = load("Ann, Bob\nann, --, ..., Bob, Ann\n", "comma").report
    assert (report.entries, report.loaded, report.rejected, report.merged) == (7, 2, 2, 3)


TABLES = {
    "no header": ("Brixby,15\n\nMarta Novak,\nMüller,2.5\n", [(1, Entity("Brixby", 15.0)), (3, Entity("Marta Novak")), (4, Entity("Müller", 2.5))]),
    "one column": ("Brixby\nAnn\n", [(1, Entity("Brixby")), (2, Entity("Ann"))]),
    "header in any order": (
        "\ufeffWeight;Sounds like;Word\r\n2;bricks bee|brigs bee;Brixby\r\n;;Łódź\r\n",
        [(2, Entity("Brixby", 2.0, ("bricks bee", "brigs bee"))), (3, Entity("Łódź"))],
    ),
    "tabs": ("phrase\tpron\tspoken\nK2\tK EY T UW\tk two\n", [(2, Entity("K2", prons=("K EY T UW",), spoken=("k two",)))]),
    "quotes": ('text,boost\n"Acme, ""Best"" Inc.",3\n"New\nYork",-4\n', [(2, Entity('Acme, "Best" Inc.', 3.0)), (3, Entity("New York", -4.0))]),
    "display beside phrase": ("Phrase,SoundsLike,DisplayAs\nLos-Angeles,los anjelis,Los Angeles\n", [(2, Entity("Los Angeles", 1.0, ("los anjelis",)))]),
}  # fmt: skip


@pytest.mark.parametrize("content, expected", TABLES.values(), ids=TABLES)
def test_tables(load, content, expected):
    entities = load(content, "csv")
    assert list(zip(entities.lines, entities)) == expected


def test_table_of_contacts(load):
    entities = load("First Name,Last Name,Nickname,Organization Name,E-mail\nMarta,Novák,Mimi,Brixby GmbH,m@x.y\nAnna,Novák,,,\n", "csv")
    assert rows(entities) == [
        (2, "Marta Novák"), (2, "Marta"), (2, "Novák"), (2, "Mimi"), (2, "Brixby GmbH"), (3, "Anna Novák"), (3, "Anna"),
    ]  # fmt: skip


def test_what_a_table_does_not_use_is_reported(load):
    entities = load("text,weight,phone\nAnn,2,555\nBob,loud,\nEve,1,,,more\n", "csv")
    assert [(note.line, note.outcome) for note in entities.report.notes] == [(2, "changed"), (3, "rejected"), (4, "changed")]
    assert [entity.text for entity in entities] == ["Ann", "Eve"] and entities.report.entries == 3


JSON = {
    "strings": ('["Brixby",\n "Žižek"]', [(1, Entity("Brixby")), (2, Entity("Žižek"))]),
    "objects": (
        '[{"text": "Brixby", "weight": 2, "alias": "bricks bee"},\n\n{"content": "gnocchi", "sounds_like": ["nyohki", "nokey"]}]',
        [(1, Entity("Brixby", 2.0, ("bricks bee",))), (3, Entity("gnocchi", 1.0, ("nyohki", "nokey")))],
    ),
    "under a key": (
        '{"id": [1],\n "phraseSet": 1,\n "phrases": [\n{"value": "Сидоров", "boost": -6},\n"李明"]}',
        [(4, Entity("Сидоров", -6.0)), (5, Entity("李明"))],
    ),
    "names and weights": ('{"Brixby": 2,\n"Ann": null,\n"Łódź": ["woodge"], "Eve": {"weight": "3"}}', [
        (1, Entity("Brixby", 2.0)), (2, Entity("Ann")), (3, Entity("Łódź", 1.0, ("woodge",))), (3, Entity("Eve", 3.0)),
    ]),
    "an object a line": ('{"text": "大树", "weight": 4}\n{"text": "Ann"}\n', [(1, Entity("大树", 4.0)), (2, Entity("Ann"))]),
    "a single object": ('{"word": "Ann", "score": 2}', [(1, Entity("Ann", 2.0))]),
    "names that are keys": ('{"words": {"Words": 2}}', [(1, Entity("Words", 2.0))]),
    "repeated keys": ('{"Ann": 1,\n"Ann": 2}', [(2, Entity("Ann", 2.0))]),
}  # fmt: skip


@pytest.mark.parametrize("content, expected", JSON.values(), ids=JSON)
def test_json(load, content, expected):
    entities = load(content, "json")
    assert list(zip(entities.lines, entities)) == expected


def test_entries_of_json_that_are_none_are_rejected(load):
    entities = load('[7, {"boost": 2}, {"text": "Ann", "alias": [3]}, {"text": 5}, ["a", 2],\n"Bob"]', "json")
    assert rows(entities) == [(2, "Bob")]
    assert entities.report.rejected == 5 and entities.report.entries == 6
    assert len(entities.report.notes) == 5


CARDS = """BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=BCr=
gen
FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=BCrgen M=C3=BCller
TEL;CELL:+49 123
PHOTO;ENCODING=BASE64;JPEG:/9j/4AAQSkZJRgABAQ
 %%broken

END:VCARD
BEGIN:VCARD
VERSION:4.0
N:Novák;Marta,Anna;J.;Dr.;
item1.FN:Dr. Marta Anna
  Novák
NICKNAME:Mimi,Mar\\,ti
ORG:Brixby\\, Inc.;Sales
X-PHONETIC-LAST-NAME:no vaak
END:VCARD
begin:vcard
version:3.0
n:李;明;;;
fn:李明
org:Brixby\\, Inc.
end:vcard
"""


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_address_book(load, ends):
    entities = load("\ufeff" + CARDS.replace("\n", ends), "vcard")
    assert rows(entities) == [
        (1, "Jürgen Müller"), (1, "Jürgen"), (1, "Müller"),
        (11, "Dr. Marta Anna Novák"), (11, "Marta"), (11, "Anna"), (11, "Novák"), (11, "Mimi"), (11, "Mar,ti"), (11, "Brixby, Inc."),
        (20, "李明"),
    ]  # fmt: skip
    assert entities.entities[6] == Entity("Novák", aliases=("no vaak",))
    assert not entities.report.rejected and not entities.report.merged


@pytest.mark.parametrize("format, content, message", [
    ("json", '["a",\n]', "list.txt:2: is not JSON (Expecting value, column 1); correct it there"),
    ("json", "Ann\n", "list.txt:1: is not JSON"),
    ("json", "[" * 100_000, "list.txt: its values are nested too deeply"),
    ("json", "7", "list.txt:1: holds no list of names; write"),
    ("csv", 'a,b\n"c,d\ne', "list.txt:2: is not a table from here on"),
    ("csv", "weight,alias\n2,x\n", "list.txt:1: the header names no column of texts; call that column text"),
    ("vcard", "Ann\n", "list.txt:1: a line of a card cannot be read (Ann)"),
    ("vcard", "FN:Ann\n", "list.txt:1: is not a vCard file: it does not begin with BEGIN:VCARD"),
    ("vcard", "BEGIN:VCARD\nFN:Ann\n", "list.txt:1: this card has no END:VCARD: the file is cut off"),
    ("vcard", "BEGIN:VCARD\nFN:Ann\nBEGIN:VCARD\n", "list.txt:3: the card that begins in line 1 does not end before this one"),
    ("vcard", "BEGIN:VCARD\nFN;CHARSET=XX;ENCODING=QUOTED-PRINTABLE:=FC\nEND:VCARD\n", "list.txt:2: a line of a card cannot be read (unknown encoding"),
])  # fmt: skip
def test_unreadable_files_are_refused(load, tmp_path, format, content, message):
    with pytest.raises(InputError) as error:
        load(content, format)
    assert str(error.value).replace(f"{tmp_path}/", "").startswith(message)


PLAIN = st.text(st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=12)
ENTRIES = st.lists(st.fixed_dictionaries({"text": PLAIN}, optional={
    "weight": st.floats(-100, 100), "alias": st.lists(PLAIN, max_size=2), "spoken": st.lists(PLAIN, max_size=2),
    "pron": st.lists(st.sampled_from(["AE1 N", "B AA B"]), max_size=2),
}), max_size=4)  # fmt: skip


@settings(deadline=None)
@given(ENTRIES)
def test_written_lists_read_the_same(tmp_path_factory, entries):
    folder = tmp_path_factory.mktemp("lists")
    (folder / "list.json").write_text(json.dumps(entries, ensure_ascii=False), "utf-8")
    first = EntityList.load(folder / "list.json", "json")
    write_list(folder / "list.txt", first)
    second = EntityList.load(folder / "list.txt")
    assert second.entities == first.entities
    assert not second.report.rejected and not second.report.merged
