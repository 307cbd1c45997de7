"""A list for each utterance, in both formats, read once and checked once."""
from __future__ import annotations

import pytest

from ctcb.entities import Entity
from ctcb.entities.per_utt import EntitiesPerUtt, read_entities_per_utt, read_is21
from ctcb.errors import InputError


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "file"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def refused(reader, path):
    with pytest.raises(InputError) as error:
        reader(path)
    assert "\n" not in str(error.value)
    return str(error.value).replace(f"{path.parent}/", "")


def test_names_joined_by_bars(file):
    lists = read_entities_per_utt(file("\ufeffu1\tnew york|ann\r\nu2\t\nu3\n\nu4\t bob  lee | \n"))
    assert lists == {"u1": ("new york", "ann"), "u2": (), "u3": (), "u4": ("bob lee",)}


def test_is21_tables(file):
    path = file('u1\tthe cat\t["cat"]\t["cat", "dog"]\nu2\t\t[]\t[]\n')
    assert read_entities_per_utt(path) == {"u1": ("cat", "dog"), "u2": ()}
    assert read_is21(path)["u1"] == ("the cat", ("cat",), ("cat", "dog"))
    assert read_is21(file("u1\ta\t[]\n"))["u1"].biasing is None


@pytest.mark.parametrize(
    "content, said",
    [
        ("", "file: the file is empty"),
        ("u1\tann\nu1\tbob\n", "file:2: utterance 'u1' stands there already, in line 1"),
        ("u1\tann\tbob\n", "file:1: more than two tab-separated fields"),
        ("u1 ann\n", "file:1: no tab between the utterance and its entities"),
        ("\tann\n", "file:1: no utterance id before the tab"),
        (b"u1\t\xff\n", "file:1: byte 4 of the line is not UTF-8"),
        ('u1\ta\t["a"]\n', "file:1: has no biasing list in a fourth field"),
        ('u1\ta\t[]\t["a"]\nu2\tb\n', "file:2: no line of an is21 biasing list"),
        ('u1\ta\t[]\t["a"\n', "file:1: the fourth field is no JSON"),
        ('u1\ta\t[]\t[7]\n', "file:1: the fourth field is no list of strings"),
    ],
)
def test_malformed_tables_are_refused(file, content, said):
    assert refused(read_entities_per_utt, file(content)).startswith(said)


def test_entities_of_all_utterances_are_checked_once(file):
    lists = EntitiesPerUtt.read(file("u1\tAnn|bob|★\nu2\tann|eve|ANN\nu3\nu4\tbob|Ann\n"))
    assert [entity.text for entity in lists.entities] == ["ANN", "bob", "eve"]
    assert lists.places == {"u1": (0, 1), "u2": (0, 2), "u3": (), "u4": (1, 0)}
    assert lists.of("u2") == (Entity("ANN"), Entity("eve")) and lists.of("u3") == ()
    report = lists.entities.report
    assert [(note.line, note.outcome, note.entry) for note in report.notes] == [
        (1, "rejected", "★"), (2, "merged", "ann"), (2, "merged", "ANN"),
    ]  # fmt: skip
    with pytest.raises(KeyError):
        lists.of("u5")


def test_empty_lists_of_utterances_are_kept(file):
    lists = EntitiesPerUtt.read(file("u1\nu2\t\n"))
    assert len(lists.entities) == 0 and lists.places == {"u1": (), "u2": ()}
