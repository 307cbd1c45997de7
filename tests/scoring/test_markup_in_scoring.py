"""Markup in references and transcripts is no word: it is dropped, counted and named, in Python and by the command."""
from __future__ import annotations

import json

import pytest

from ctcb.cli import main
from ctcb.scoring.readers import read_transcripts
from ctcb.scoring.score import score
from ctcb.scoring.wer import ErrorCounts

REFS = {"u1": "[noise] yes <unk> (laughter) we do <COMMA>", "u2": "don&#39;t &amp; R&amp;D"}
HYPS = {"u1": "yes we [Noise] do", "u2": "don't r d {breath}"}


def test_markup_is_dropped_and_counted():
    report = score(REFS, HYPS, draws=0)
    assert report.wer == ErrorCounts(6)
    assert report.markup == {
        "references": {"[noise]": 1, "<unk>": 1, "<comma>": 1, "(laughter)": 1}, "hypotheses": {"[noise]": 1, "{breath}": 1},
    }  # fmt: skip
    assert report.to_dict()["markup"] == report.markup
    assert score({"u": "a (so) b"}, {"u": "a so b"}, draws=0).markup == {}


@pytest.mark.parametrize("options, errors", [({}, 0), ({"fold": True}, 0), ({"language": "de"}, 0), ({"normalize": None}, 3), ({"normalize": str.lower}, 3)])
def test_own_rules_see_the_texts_as_they_are(options, errors):
    report = score({"u": "[Husten] ich (lacht) weiß <unk>"}, {"u": "ich weiß"}, draws=0, **options)
    assert report.wer.errors == errors and bool(report.markup) == (errors == 0)


@pytest.mark.parametrize("ref, hyp", [
    ("（笑）今天天气【音乐】好", "今天天气好"), ("да [шум] %эм нет", "да нет"), ("oui (rires) <bruit/> non", "oui non"),
    ("sí &iquest;verdad?", "sí verdad"), ("ça va&nbsp;bien &eacute;t&eacute;", "ça va bien été"),
])  # fmt: skip
def test_other_languages(ref, hyp):
    assert score({"u": ref}, {"u": hyp}, draws=0).wer.errors == 0 == score({"u": hyp}, {"u": ref}, draws=0).wer.errors


def test_all_sides_are_counted_and_names_are_found(tmp_path, capsys):
    files = {
        "ref.txt": "u1 [noise] call <unk> marta novak\nu2 yes\n", "hyp.txt": "u1 call marta (cough) novak\nu2 yes\n",
        "other.txt": "u1 call <unk> <unk> martha\nu2 yes\n", "names.txt": "Marta Novak\n",
    }  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    words = ["--ref", "ref.txt", "--hyp", "hyp.txt", "--compare", "other.txt", "--entities", "names.txt", "--bootstrap", "0", "--json", "o.json"]
    main(["score", *(str(tmp_path / word) if "." in word else word for word in words)])
    said = capsys.readouterr()
    assert said.err == (
        "markup dropped: 2 in the references (1 <unk>, 1 [noise]); 1 in the transcripts (1 (cough)); 2 in the compared transcripts (2 <unk>)\n"
    )
    found = json.loads((tmp_path / "o.json").read_text())
    assert found["counts"]["entities"] == {"found": 1, "missed": 0, "false": 0} and found["counts"]["wer"]["words"] == 4
    assert found["markup"] == {"references": {"<unk>": 1, "[noise]": 1}, "hypotheses": {"(cough)": 1}, "compared": {"<unk>": 2}}
    assert found["comparison"]["measures"]["wer"]["other"] == pytest.approx(2 / 4)
    python = score(*(read_transcripts(tmp_path / name) for name in ("ref.txt", "hyp.txt")), ["Marta Novak"], compare=read_transcripts(tmp_path / "other.txt"), draws=0)
    assert json.loads(python.to_json()) == found


def test_words_in_parentheses_and_alternatives_of_sctk_stay(tmp_path):
    (tmp_path / "r.stm").write_text("r 1 s 0.0 2.0 <O,F> { um / uh } (so) {laugh} (%hesitation) [noise] ja (lacht)\n")
    (tmp_path / "h.ctm").write_text("r 1 0.1 0.2 uh\nr 1 0.4 0.2 <unk>\nr 1 0.9 0.2 ja\n")
    report = score(read_transcripts(tmp_path / "r.stm"), read_transcripts(tmp_path / "h.ctm"), draws=0)
    assert report.wer == ErrorCounts(2)
    assert sum(report.markup["references"].values()) == 4 and report.markup["hypotheses"] == {"<unk>": 1}


def test_no_line_without_markup(tmp_path, capsys):
    (tmp_path / "r").write_text("u1 a (so) { b\n")
    main(["score", "--ref", str(tmp_path / "r"), "--hyp", str(tmp_path / "r"), "--bootstrap", "0"])
    assert capsys.readouterr().err == ""
