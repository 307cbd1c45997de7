"""Transcripts and related tables: each format, and the message for each malformed file."""
from __future__ import annotations

import pytest

from ctcb.errors import InputError
from ctcb.scoring.readers import read_transcripts
from ctcb.scoring.tables import read_biasing_list, read_durations, require_all

HEADER = "utt_id\taudio\tduration_s\tspeaker\tsource\tlicense\ttext\n"


def refused(reader, path):
    """The message of the error, without the folder."""
    with pytest.raises(InputError) as error:
        reader(path)
    assert "\n" not in str(error.value)
    return str(error.value).replace(f"{path.parent}/", "")


@pytest.mark.parametrize(
    "content, name",
    [
        ("u1 the cat\nu2\nu3 a  dog\n", "text"),
        ("\ufeffu1 the cat\r\n\r\nu2\r\nu3\ta  dog", "text.txt"),
        ('{"id": "u1", "text": "the cat"}\n{"id": "u2", "text": ""}\n{"id": "u3", "text": "a  dog", "score": -1}\n', "h.jsonl"),
        ('{"id": "u1", "text": "the cat"}\n{"id": "u2", "text": ""}\n{"id": "u3", "text": "a  dog"}\n', "text"),
        (HEADER + "u1\ta.ogg\t1.5\ts\tx\tcc\tthe cat\nu2\tb.ogg\t2\ts\tx\tcc\t\nu3\tc.ogg\t3\ts\tx\tcc\ta  dog\n", "m.tsv"),
        ('u1\tthe cat\t["cat"]\t["cat", "x"]\nu2\t\t[]\t[]\nu3\ta  dog\t[]\t[]\n', "is21.tsv"),
    ],
)
def test_formats_agree(file, content, name):
    transcripts = read_transcripts(file(content, name))
    assert dict(transcripts) == {"u1": "the cat", "u2": "", "u3": "a  dog"}
    assert transcripts.seconds == ({"u1": 1.5, "u2": 2.0, "u3": 3.0} if name == "m.tsv" else None)


@pytest.mark.parametrize(
    "content, name, said",
    [
        ("", "text", "text: the file is empty"),
        ("\n \n", "text", "text: the file is empty"),
        ("u1 a\nu2 b\nu1 c\n", "text", "text:3: utterance 'u1' is already in line 1"),
        (b"u1 a\nu2 caf\xe9\n", "text", "text:2: byte 7 of the line is not UTF-8"),
        ("u1 a\n".encode("utf-16"), "text", "text:1: byte 1 of the line is not UTF-8"),
        ("u1 a\n".encode("utf-16-le"), "text", "text:1: holds NUL bytes"),
        ('{"id": "u1", "text": "a"}\n{"id": "u2", "te', "h.jsonl", "h.jsonl:2: not JSON"),
        ("u1 a\n", "h.jsonl", "h.jsonl:1: not JSON"),
        ('{"id": "u1"}\n', "h.jsonl", "h.jsonl:1: no string 'text'"),
        ('{"id": 7, "text": "a"}\n', "h.jsonl", "h.jsonl:1: no string 'id'"),
        ('["u1", "a"]\n', "h.jsonl", "h.jsonl:1: no string 'id'"),
        ('{"id": " ", "text": "a"}\n', "h.jsonl", "h.jsonl:1: the id is empty"),
        ('{"id": "u", "text": "a"}\n\n{"id": "u", "text": "a"}\n', "h", "h:3: utterance 'u' is already in line 1"),
        (HEADER.replace("\ttext", "\twords") + "u1\ta\t1\ts\tx\tl\ta\n", "m.tsv", "m.tsv:1: no column 'text'"),
        (HEADER.replace("utt_id", "id") + "u1\ta\t1\ts\tx\tl\ta\n", "m.tsv", "m.tsv:1: no column 'utt_id'"),
        (HEADER + "u1\ta\t1\ts\tx\tl\n", "m.tsv", "m.tsv:2: 6 fields where the header names 7"),
        (HEADER + "u1\ta\t-1\ts\tx\tl\tb\n", "m.tsv", "m.tsv:2: duration_s '-1'"),
        (HEADER, "m.tsv", "m.tsv: no utterance"),
        ('u1\ta\t[]\t[]\nu2\tb\n', "is21.tsv", "is21.tsv:2: is not an id, a text and one or two JSON lists"),
    ],
)
def test_malformed_transcripts_are_refused(file, content, name, said):
    assert refused(read_transcripts, file(content, name)).startswith(said)


def test_missing_file_and_folder_are_refused(tmp_path):
    assert refused(read_transcripts, tmp_path / "nothing") == "nothing: no such file; check the path"
    (tmp_path / "folder").mkdir()
    assert refused(read_transcripts, tmp_path / "folder") == "folder: this is a folder; name a file inside it"


def test_unicode_line_separator_does_not_end_a_line(file):
    assert dict(read_transcripts(file("u1 a\u2028b\nu2 c\x0bd\n"))) == {"u1": "a\u2028b", "u2": "c\x0bd"}


def test_biasing_list(file):
    lists = read_biasing_list(file('u1\tthe cat\t["cat"]\t["cat", "dog"]\nu2\t\t[]\n'))
    assert lists == {"u1": {"cat"}, "u2": set()}


@pytest.mark.parametrize(
    "content, said",
    [
        ("", "file: the file is empty"),
        ("u1 the cat\n", "file:1: not a line of an is21 biasing list"),
        ('u1\tthe cat\t["cat"\t["cat"]\n', "file:1: the third field is not JSON"),
        ("u1\tthe cat\t[7]\n", "file:1: the third field is not a list of strings"),
        ('u1\ta\t[]\nu1\tb\t[]\n', "file:2: utterance 'u1' is already in line 1"),
    ],
)
def test_malformed_biasing_list_is_refused(file, content, said):
    assert refused(read_biasing_list, file(content)).startswith(said)


def test_durations(file):
    assert read_durations(file("u1 1.5\nu2\t3\n")) == {"u1": 1.5, "u2": 3.0}
    assert read_durations(file(HEADER + "u1\ta\t1.5\ts\tx\tl\ttwo\n", "m.tsv")) == {"u1": 1.5}
    assert read_durations(file(HEADER + "u1\ta\t\ts\tx\tl\ttwo\n", "n.tsv")) == {}


@pytest.mark.parametrize("value", ["", "long", "0", "-1", "nan", "inf"])
def test_malformed_durations_are_refused(file, value):
    said = refused(read_durations, file(f"u1 1\nu2 {value}\n"))
    assert said.startswith(f"file: {value!r} is not a positive number of seconds (utterance 'u2')")


def test_missing_ids_are_refused(tmp_path):
    require_all({"u1": 1.0, "u2": 1.0}, ["u1"], "duration")
    said = refused(lambda path: require_all({"u1": 1.0}, ["u1", "u2", "u3"], "duration", path), tmp_path / "d")
    assert said == "d: no duration for 2 of the references, the first is 'u2'; add a line for each"
