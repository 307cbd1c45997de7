"""The list file: every outcome of the table in ctcb/entities/__init__.py; every line is accounted for."""
from __future__ import annotations

import json
import random
import tempfile
import unicodedata
from pathlib import Path

import pytest
from growth import linear
from hypothesis import given, settings
from hypothesis import strategies as st

from ctcb.entities import Entity, EntityList
from ctcb.errors import InputError


def said(entities):
    """(line, outcome, the reason's beginning) of each note."""
    return [(note.line, note.outcome, note.reason.split(":")[0].split(";")[0]) for note in entities.report.notes]


def test_plain_lines_are_entities(load):
    entities = load("\ufeffSelenski\r\n# a comment\r\n\r\nNew York\r\n#1 hit\r\n#\r\nCôte d'Ivoire")
    assert list(entities) == [Entity("Selenski"), Entity("New York"), Entity("#1 hit"), Entity("Côte d'Ivoire")]
    assert entities.lines == (1, 4, 5, 7)
    assert (entities.report.entries, entities.report.loaded, entities.report.notes) == (4, 4, ())


def test_fields_in_any_order_and_repeated(load):
    entities = load("Zelenskyy\tpron=Z EH0  L\tweight=2.5\talias=selenski\tpron=z eh l\talias=zelen  sky\t\t\nK2\tspoken=k two")
    assert list(entities) == [
        Entity("Zelenskyy", weight=2.5, aliases=("selenski", "zelen sky"), prons=("Z EH0 L", "Z EH L")),
        Entity("K2", spoken=("k two",)),
    ]
    assert entities.report.notes == ()


@pytest.mark.parametrize(
    "text, matched",
    [
        ("ZELENSKYY", "zelenskyy"),
        ("Łódź", "lodz"),
        ("Boeing 737", "boeing seven hundred thirty seven"),
        ("A.B. O'Neill-Smith", "a b o'neill smith"),
        ("Cafe\u0301", "cafe"),  # decomposed
        ("می\u200cخواهم", "mykhwhm"),  # its joiner is part of the spelling
    ],
)
def test_printed_form_is_kept_and_matching_is_normalised(load, text, matched):
    (entity,) = load(text + "\n")
    assert (entity.text, entity.spoken_forms) == (text, (matched,))


# The table, row by row: content, what is loaded, what is said.
OUTCOMES = {
    "another script": ("Москва\n", [Entity("Москва")], []),
    "accents": ("Jose\nJosé\nJOSÉ\n", [Entity("Jose"), Entity("JOSÉ")], [(3, "merged", "has the normal form of 'José' in line 2")]),
    "another script, its reading given": ("Москва\tspoken=moscow\n", [Entity("Москва", spoken=("moscow",))], []),
    "no letter": ("ann\n★★\n", [Entity("ann")], [(2, "rejected", "holds no letter or digit")]),
    "no letter but a reading": ("★\tspoken=star\n", [Entity("★", spoken=("star",))], []),
    "20 words": (" ".join(["word"] * 20), [Entity(" ".join(["word"] * 20))], []),
    "21 words": (" ".join(["word"] * 21), [Entity(" ".join(["word"] * 21))], [(1, "warning", "21 words")]),
    "white space": (" ann  lee\t\n", [Entity("ann lee")], [(1, "changed", "leading, trailing or repeated white space removed")]),
    "hard space": ("ann\u00a0lee\n", [Entity("ann lee")], [(1, "changed", "control or invisible characters removed")]),
    "control": ("an\x07n\u200b\n", [Entity("an n")], [(1, "changed", "control or invisible characters removed")]),
    "old Mac": ("ann\rbob\rcarl\n", [], [(1, "rejected", "carriage returns inside the line")]),
    "unknown field": ("ann\tboost=2.0\n", [Entity("ann")], [(1, "changed", "'boost=2.0' ignored")]),
    "empty field": ("ann\talias=\n", [Entity("ann")], [(1, "changed", "alias= ignored")]),
    "weights": ("ann\tweight=2\tweight=3\n", [Entity("ann", 3.0)], [(1, "changed", "weight= is given 2 times")]),
    "unknown phone": (
        "ann\tpron=AE N\tpron=AE Q\n", [Entity("ann", prons=("AE N",))], [(1, "changed", "pron=AE Q ignored")],
    ),
    "the blank is no phone": ("ann\tpron=<blk>\n", [Entity("ann")], [(1, "changed", "pron=<blk> ignored")]),
    "fields without a word": (
        "ann\talias=...\tspoken=-\n", [Entity("ann")], [(1, "changed", "alias=... ignored"), (1, "changed", "spoken=- ignored")],
    ),
    "no text": ("\tweight=2\n", [], [(1, "rejected", "no entity before the first tab")]),
    "space for tab": ("ann weight=2\n", [Entity("ann weight=2")], [(1, "warning", "holds a field without a tab before it")]),
    "arrow for tab": ("ann⇥alias=anne\n", [Entity("ann⇥alias=anne")], [(1, "warning", "holds a field without a tab before it")]),
    "escaped tab": ("ann\\tweight=2\n", [Entity("ann\\tweight=2")], [(1, "warning", "holds a field without a tab before it")]),
    "no field": ("overweight=2\n", [Entity("overweight=2")], []),
}  # fmt: skip


@pytest.mark.parametrize("content, loaded, notes", OUTCOMES.values(), ids=OUTCOMES)
def test_outcomes_of_lines(load, content, loaded, notes):
    entities = load(content)
    assert list(entities) == loaded
    assert said(entities) == notes


@pytest.mark.parametrize("weight", ["x", "0", "-0.0", "inf", "-inf", "nan", "1e39", "-1e39", "2,5"])
def test_invalid_weight_rejects_the_line(load, weight):
    entities = load(f"bob\nann\tweight={weight}\n")
    assert list(entities) == [Entity("bob")]
    (note,) = entities.report.notes
    assert (note.line, note.outcome) == (2, "rejected") and repr(weight) in note.reason


def test_negative_weight_is_kept(load):
    entities = load("bob\tweight=-2.5\nann\tweight=-1\nAnn\tweight=-3\neve\tweight=-1\nEve\tweight=2\n")
    assert [(entity.text, entity.weight) for entity in entities] == [("bob", -2.5), ("Ann", -1.0), ("Eve", 2.0)]
    assert list(EntityList.of({"bob": -2.5})) == [Entity("bob", -2.5)]


def test_duplicates_are_merged(load):
    entities = load("ann lee\tweight=2\talias=anne lea\nbob\nAnn Lee\tpron=AE N\tweight=3\nann lee\talias=an li\talias=anne lea\n")
    assert list(entities) == [Entity("Ann Lee", 3.0, ("anne lea", "an li"), ("AE N",)), Entity("bob")]
    assert entities.lines == (1, 2)
    assert [(note.line, note.outcome) for note in entities.report.notes] == [(3, "merged"), (4, "merged")]
    assert entities.report.notes[0].reason == "has the normal form of 'ann lee' in line 1; printed 'Ann Lee'; the larger weight, 3, is used"
    assert [entities.find(text) for text in ("ANN  LEE", "bob", "carl")] == [0, 1, None]


@pytest.mark.parametrize("forms, printed", [
    (["us", "US", "Us"], "US"), (["josé", "José"], "José"), (["k two", "K2"], "K2"), (["Ann Lee", "Ann-Lee"], "Ann-Lee"),
])  # fmt: skip
def test_printed_form_of_duplicates_is_order_independent(forms, printed):
    for order in (forms, forms[::-1]):
        assert [entity.text for entity in EntityList.of(order)] == [printed]


def test_additional_spoken_form_is_kept():
    one, other = Entity("K2", spoken=("kilo two",)), Entity("k two")
    for order in ([one, other], [other, one]):
        (entity,) = EntityList.of(order)
        assert entity.text == "K2" and set(entity.spoken_forms) == {"kilo two", "k two"}


def test_shuffling_lines_changes_only_the_order(load):
    lines = ["Ann\tweight=2", "ann\talias=anne", "ANN", "K2\tspoken=kilo two", "k two", "bob", "Bob\tweight=0.5", "x\tweight=0"]
    results = set()
    for seed in range(20):
        random.Random(seed).shuffle(lines)
        results.add(frozenset(
            (e.text, e.weight, frozenset(e.spoken_forms)) for e in load("\n".join(lines))
        ))  # fmt: skip
    assert results == {frozenset([
        ("ANN", 2.0, frozenset({"ann", "anne"})), ("K2", 1.0, frozenset({"kilo two", "k two"})), ("Bob", 1.0, frozenset({"bob"})),
    ])}  # fmt: skip


def test_spoken_forms_and_surface_forms():
    entity = Entity("HMS K2", aliases=("H.M.S. K2", "kay two"), spoken=("Kilo 2", "kilo two"))
    assert entity.spoken_forms == ("kilo two", "h m s k two", "kay two")
    assert entity.surface_forms == ("HMS K2", "Kilo 2", "kilo two")
    assert Entity("HMS K2", aliases=("hms k two",)).spoken_forms == ("hms k two",)


LINES = st.lists(
    st.text(st.sampled_from("aAé2 \t\t=-★я\r\x07\u200b#:_w") | st.characters(blacklist_categories=("Cs",), blacklist_characters="\n\0"))
    | st.sampled_from(["Ann", "ann", "ann\tweight=2", "ann\tweight=0", "\talias=x", "# note", "★", "★\tspoken=star"]),
    max_size=12,
)  # fmt: skip


@settings(deadline=None)
@given(LINES, st.sampled_from(["plain", "sherpa", "nemo", "nemo-score", "funasr"]))
def test_every_line_is_accounted_for(tmp_path_factory, lines, format):
    path = tmp_path_factory.mktemp("lists") / "list.txt"
    path.write_bytes("\n".join(lines).encode())
    entities = EntityList.load(path, format)
    report = entities.report
    text = path.read_bytes().decode("utf-8-sig")
    entries = [line for line in text.split("\n") if line.strip() and not line.startswith("# ") and line.rstrip() != "#"]
    assert report.entries == len(entries) == report.loaded + report.rejected + report.merged
    assert report.loaded == len(entities) == len(entities.lines)
    gone = set(report.lines("rejected")) | set(report.lines("merged"))
    assert not gone & set(entities.lines) and len(gone) == report.rejected + report.merged
    assert all(entity.spoken_forms and entity.text.strip() for entity in entities)
    # English names are merged by how they are read, others by their letters in either case: accents tell names apart.
    english = [entity.normal or entity.text for entity in entities if entity.text.isascii()]
    others = [unicodedata.normalize("NFKC", entity.text).lower() for entity in entities if not entity.text.isascii()]
    assert len(set(english)) == len(english) and len(set(others)) == len(others)


@pytest.mark.parametrize(
    "content, message, format",
    [(*row, "plain") for row in [
        ("", "list.txt: holds no entity; write one entity a line"),
        ("\ufeff", "list.txt: holds no entity"),
        ("# only a comment\n\n", "list.txt: holds no entity"),
        ("\n★\n?\n", "list.txt:2: no entity is left: holds no letter or digit; give its spoken form with spoken=; the"),
        (b"ann\n\xff\xfe\n", "list.txt:2: byte 1 of the line is not UTF-8"),
        ("ann\ncafé\n".encode("latin-1"), "list.txt:2: byte 4 of the line is not UTF-8; save the file as UTF-8"),
        ("ann\n".encode("utf-16"), "list.txt:1: byte 1 of the line is not UTF-8"),
        ("ann\n".encode("utf-16-le"), "list.txt:1: holds NUL bytes"),
    ]] + [("\n \n", "list.txt: holds no entity", format) for format in ("comma", "csv", "json", "vcard")],
)
def test_unusable_lists_are_refused(tmp_path, content, message, format):
    path = tmp_path / "list.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as error:
        EntityList.read(path, format)
    assert str(error.value).replace(f"{tmp_path}/", "").startswith(message)
    assert "\n" not in str(error.value)


def test_missing_file_and_unknown_format(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        EntityList.load(tmp_path / "list.txt")
    with pytest.raises(InputError, match="'xml' is not a list format; choose from plain, sherpa, nemo, nemo-score, funasr, comma, csv, json, vcard"):
        EntityList.load(tmp_path / "list.txt", "xml")


def test_python_lists_are_checked_like_files():
    entities = EntityList.of(["Ann", Entity("Bob\t Lee", weight=2, prons=("b aa b", "Q")), "ann", "★", Entity("x", weight=float("nan"))])
    assert list(entities) == [Entity("Ann"), Entity("Bob Lee", 2.0, prons=("B AA B",))]
    assert [(note.line, note.outcome) for note in entities.report.notes] == [
        (2, "changed"), (2, "changed"), (2, "changed"), (3, "merged"), (4, "rejected"), (5, "rejected"),
    ]  # fmt: skip
    assert len(EntityList.of([])) == 0
    with pytest.raises(InputError, match="entity 2 is of the type int; give strings or ctcb.entities.Entity"):
        EntityList.of(["ann", 7])


def test_report_as_text_and_json(load, tmp_path):
    report = load("Ann\n" + "★\x1b\n" * 30 + "ann\nbob\talias=\n").report
    rows = report.render(2).replace(f"{tmp_path}/", "").splitlines()
    assert rows[0] == "list.txt: 2 of 33 entries loaded (30 rejected, 1 merged into others, 1 changed)"
    assert rows[1].startswith(r"  line 2: rejected: '★\x1b': holds no letter")  # the terminal gets no control characters
    assert rows[3] == "  rejected: 28 more; `ctcb entities check --limit 0 list.txt` names them all"
    assert rows[4:] == ["  line 32: merged: 'ann': has the normal form of 'Ann' in line 1", "  line 33: changed: 'bob': alias= ignored: it is empty"]
    assert len(report.render(None).splitlines()) == 33
    data = json.loads(json.dumps(report.to_dict()))
    assert (data["entries"], data["loaded"], data["rejected"], data["merged"], data["changed"]) == (33, 2, 30, 1, 1)
    assert data["notes"][-1] == {"line": 33, "outcome": "changed", "entry": "bob", "reason": "alias= ignored: it is empty"}


def test_long_list_loads_fast(load):
    def names(count):
        entities = load("".join(f"Name{'abcdefghij'[i % 10]} {i:x}".replace(*"4é") + "\n" for i in range(count)))
        assert entities.report.loaded + entities.report.merged == count

    linear(names, 25_000)


@given(lines=st.lists(st.from_regex(r"[A-Za-z]{1,6}( [A-Za-z]{1,4}){0,21}", fullmatch=True) | st.sampled_from(["Mr Poe", "mr poe", "a" * 1001]), max_size=8))
def test_bare_names_are_read_as_from_python(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("bare") / "names.txt"
    path.write_text("".join(f"{line}\n" for line in lines))
    read, made = EntityList.load(path), EntityList.of(lines)
    assert read == made and read.lines == made.lines and read.keys == made.keys and read.report.notes == made.report.notes


ODD = ("Łódź", "Mr Foo", "mister foo", "foo", "Foo\tweight=2", "FOO\talias=fu", "a  b", "", "# no", "O'Neill", "!!!", "b\tbad=1", "a, b", "東京", "one " * 21, "x" * 1001)


@given(st.lists(st.one_of(st.sampled_from(ODD), st.sampled_from(("Foo Bar", "foo bar", "Baz", "qux quux", "Dr Dre"))), max_size=25))
def test_long_lists_are_as_short_ones(lines):
    """Without an object for each entity (from LONG entries on), and with one."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder) / "names.txt"
        path.write_text("\n".join(lines), encoding="utf-8")
        short = EntityList.load(path)
        patch.setattr("ctcb.entities.collected.LONG", 1)
        long = EntityList.load(path)
    assert long == short and long.lines == short.lines and long.report == short.report and long.keys == short.keys
    assert all(long.find(entity.text) == place for place, entity in enumerate(short))


def test_time_to_read_grows_with_the_list(tmp_path):
    """With names that are merged, changed and rejected among them."""
    def read(count):
        path = tmp_path / "names.txt"
        path.write_text("".join(f"Name {number:b} x\nname {number:b} X\nplain name\n  wide\t\n!!!\n" for number in range(count)))
        EntityList.load(path)

    linear(read, 2000)
