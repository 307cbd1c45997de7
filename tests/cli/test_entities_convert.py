"""The command ``ctcb entities convert``, and lists of other formats in the other commands."""
from __future__ import annotations

import pytest

from ctcb.cli import main
from ctcb.entities import Entity, EntityList


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def call(*words):
        try:
            main(list(words))
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        output = capsys.readouterr()
        return code, output.out, output.err

    return call


def test_list_is_converted(run, tmp_path):
    (tmp_path / "hot.txt").write_text("Łódź 20\nБрянск 10\n# 1 Brixby 30\n", "utf-8")
    code, out, err = run("entities", "convert", "hot.txt", "--entities-format", "funasr", "--out", "names.txt")
    assert (code, out) == (0, "") and err.startswith("hot.txt: 2 of 2 entries loaded\n")
    assert (tmp_path / "names.txt").read_text("utf-8") == "Łódź\nБрянск\tweight=0.5\n"
    (tmp_path / "hot.json").write_text('["# Brixby", {"text": "Ann", "alias": ["an"], "spoken": "anne"}]', "utf-8")
    assert run("entities", "convert", "hot.json", "--entities-format", "json", "--out", "names.txt")[0] == 0
    assert list(EntityList.read(tmp_path / "names.txt")) == [Entity("# Brixby"), Entity("Ann", 1.0, ("an",), spoken=("anne",))]


def test_suspicious_list_is_converted_only_where_its_format_is_named(run, tmp_path):
    (tmp_path / "hot.csv").write_text("Brixby,15\nAnn,2\n", "utf-8")
    code, _, err = run("entities", "convert", "hot.csv", "--out", "names.txt")
    assert code == 2 and not (tmp_path / "names.txt").exists()
    assert err == "ctcb: hot.csv: 2 of 2 lines look like 'name,weight'; give --entities-format csv, or plain if it is a plain list\n"
    assert run("entities", "convert", "hot.csv", "--entities-format", "csv", "--out", "names.txt")[0] == 0
    assert list(EntityList.read(tmp_path / "names.txt")) == [Entity("Brixby", 15.0), Entity("Ann", 2.0)]
    assert run("entities", "convert", "hot.csv", "--entities-format", "plain", "--out", "names.txt")[0] == 0
    assert [entity.text for entity in EntityList.read(tmp_path / "names.txt")] == ["Brixby,15", "Ann,2"]


def test_list_without_entities_is_not_converted(run, tmp_path):
    (tmp_path / "hot.json").write_text("[1, 2]", "utf-8")
    code, _, err = run("entities", "convert", "hot.json", "--entities-format", "json", "--out", "names.txt")
    assert code == 2 and "hot.json:1: no entity is left" in err and not (tmp_path / "names.txt").exists()


@pytest.mark.parametrize("format, content", [
    ("csv", "name;weight\nBrixby;2\n"), ("json", '[{"text": "Brixby", "weight": 2}]'), ("funasr", "Brixby 40\n"), ("comma", "Ann, Brixby\n"),
    ("vcard", "BEGIN:VCARD\nVERSION:3.0\nFN:Brixby\nEND:VCARD\n"),
])  # fmt: skip
def test_score_reads_every_format_and_warns_of_it(run, tmp_path, format, content):
    (tmp_path / "list").write_text(content, "utf-8")
    (tmp_path / "ref").write_text("u1 call brixby now\n")
    (tmp_path / "hyp").write_text("u1 call brixby\n")
    code, out, err = run("score", "--ref", "ref", "--hyp", "hyp", "--entities", "list", "--entities-format", format, "--per-entity", "--bootstrap", "0")
    assert (code, err) == (0, "") and "Brixby" in out
    code, out, err = run("score", "--ref", "ref", "--hyp", "hyp", "--entities", "list", "--bootstrap", "0")
    assert code == 0 and err.count(f"give --entities-format {format}") == 1
