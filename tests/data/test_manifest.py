"""Reading manifest.tsv: correct files are read, errors are named with their line."""
import pytest

from ctcb.data.manifest import read_manifest
from ctcb.errors import InputError

HEADER = "utt_id\taudio\tduration_s\tspeaker\ttext"


def write(tmp_path, *lines, encoding="utf-8", end="\n"):
    path = tmp_path / "manifest.tsv"
    path.write_bytes(end.join(lines).encode(encoding))
    return path


def test_reads_fields_and_resolves_audio(tmp_path):
    rows = read_manifest(write(tmp_path, HEADER, "a\tx/a.ogg\t1.5\tann\thello there", "", "b\tb.wav\t\t\tbob"))
    assert [(r.line, r.utt_id, r.text, r.duration, r.speaker) for r in rows] == [
        (2, "a", "hello there", 1.5, "ann"), (4, "b", "bob", None, None),
    ]
    assert rows[0].audio == tmp_path / "x/a.ogg"


@pytest.mark.parametrize("end, encoding", [("\r\n", "utf-8"), ("\n", "utf-8-sig")])
def test_reads_windows_line_ends_and_bom(tmp_path, end, encoding):
    assert read_manifest(write(tmp_path, HEADER, "a\ta.wav\t1\ts\thi", encoding=encoding, end=end))[0].text == "hi"


@pytest.mark.parametrize(
    "lines, told",
    [
        ([], "manifest.tsv: the manifest is empty"),
        ([HEADER], "no utterance below the header"),
        (["utt_id\ttext", "a\thi"], "manifest.tsv:1: no column 'audio'"),
        ([HEADER, "a\ta.wav\t1\thi"], "manifest.tsv:2: 4 fields where the header names 5"),
        ([HEADER, "a\ta.wav\t1\ts\thi", "a\tb.wav\t1\ts\tho"], "manifest.tsv:3: utt_id 'a' stands in line 2 already"),
        ([HEADER, "a b\ta.wav\t1\ts\thi"], "manifest.tsv:2: utt_id 'a b'"),
        ([HEADER, "../a\ta.wav\t1\ts\thi"], "manifest.tsv:2: utt_id '../a'"),
        ([HEADER, "a\t\t1\ts\thi"], "manifest.tsv:2: the audio field is empty"),
        ([HEADER, "a\ta.wav\tlong\ts\thi"], "manifest.tsv:2: duration_s 'long'"),
        ([HEADER, "a\ta.wav\t-1\ts\thi"], "manifest.tsv:2: duration_s '-1'"),
        ([HEADER, "a\ta.wav\tnan\ts\thi"], "manifest.tsv:2: duration_s 'nan'"),
    ],
)
def test_wrong_manifests_are_named(tmp_path, lines, told):
    with pytest.raises(InputError) as error:
        read_manifest(write(tmp_path, *lines))
    assert told in str(error.value) and "\n" not in str(error.value)
    assert error.value.exit_code == 2


def test_wrong_encoding_and_missing_file(tmp_path):
    with pytest.raises(InputError, match="not UTF-8"):
        read_manifest(write(tmp_path, HEADER, "a\ta.wav\t1\ts\tnaïve", encoding="latin-1"))
    with pytest.raises(InputError, match="no such file"):
        read_manifest(tmp_path / "none.tsv")
    with pytest.raises(InputError, match="folder"):
        read_manifest(tmp_path)
