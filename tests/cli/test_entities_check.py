"""The command ``ctcb entities check``, with the lang folder of a tiny model."""
from __future__ import annotations

import json
import random
import subprocess
import sys

import pytest

from ctcb.cli import main
from ctcb.entities import Entity, EntityList
from ctcb.entities.check import check_entities
from ctcb.entities.pronunciations import pronunciations
from ctcb.text.lang import Lang
from ctcb.text.lexicon import Lexicon, write_phones
from ctcb.text.spelling import TokenizerSpelling
from ctcb.text.tokenizer import Tokenizer

WORDS = "the market of minister and parliament a medicine is with members house doctor said report".split()
PARTS = [word[:cut] for word in WORDS for cut in range(1, len(word))]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    draw = random.Random(0)
    Tokenizer.train((" ".join(draw.choices(WORDS, k=8) + draw.choices(PARTS, k=3)) for _ in range(300)), 80).save(folder)
    write_phones(folder / "phones.txt")
    (folder / "lexicon.txt").write_text("market\tM AA R K IH T\n")
    return folder


@pytest.fixture
def run(tmp_path, model, capsys):
    """Run ``ctcb entities check`` on a list with this content."""

    def call(content, *options):
        path = tmp_path / "list.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        try:
            main(["entities", "check", str(path), "--model", str(model), *options])
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        output = capsys.readouterr()
        return code, output.out, output.err.replace(f"{tmp_path}/", "")

    return call


def test_report_and_entities(run):
    code, out, err = run("Zelenskyy\tweight=2\talias=selenski\tpron=z eh0 l eh1 n\n★\nK2\tspoken=k two\nEU\nMarket\n")
    assert code == 0
    assert err.splitlines()[0] == "list.txt: 4 of 5 entries loaded (1 rejected)"
    assert err.splitlines()[1].startswith("  line 2: rejected: '★': holds no letter or digit")
    blocks = out.split("\n    ")
    assert blocks[0] == "Zelenskyy  (line 1, weight 2)"
    assert blocks[1].startswith("zelenskyy: ▁") and blocks[2].startswith("selenski: ▁")
    assert blocks[3] == "pronunciations (pron=, g2p): Z EH L EH N | S EH L EH N S K IY\nK2  (line 3)"
    assert "    k two: ▁ k " in out and "pronunciations (cmudict): K EY T UW\n" in out
    assert "WARNING: 'eu' has 2 letters: false alarms are likely\n" in out
    assert "pronunciations (own): M AA R K IH T\n" in out
    assert out.endswith("WARNING: 'market' is one of the model's pieces, so a common word: false alarms are likely\n")


def test_check_reports_spellings_and_full_json(run, tmp_path):
    code, out, err = run("Ann Lee\nann lee\nbob\talias=robert\nRobert\n★\n", "--json", str(tmp_path / "o.json"), "--limit", "1")
    assert code == 0 and out.count("(line ") == 1 and "... and 2 more" in err
    data = json.loads((tmp_path / "o.json").read_text("utf-8"))
    assert (data["entries"], data["loaded"], data["merged"], data["rejected"]) == (5, 3, 1, 1)
    assert [(note["line"], note["outcome"]) for note in data["notes"]] == [(2, "merged"), (5, "rejected")]
    assert [entity["line"] for entity in data["entities"]] == [1, 3, 4]
    for entity in data["entities"]:
        spelled = [pieces.replace(" ", "").replace("▁", " ").strip() for pieces in entity["pieces"]]
        assert spelled == entity["spoken_forms"]
    assert data["entities"][2]["warnings"] == ["'robert' is also a spoken form of 'bob': only one of them can be recognised"]


def test_limit_0_prints_all(run):
    names = [f"name{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    content = "".join(f" {name}\n" for name in names)
    code, out, err = run(content)
    assert (code, out.count("(line ")) == (0, 20)
    assert "changed: 6 more; `ctcb entities check --limit 0 list.txt` names them all" in err
    code, out, err = run(content, "--limit", "0")
    assert (out.count("(line "), err.count(": changed: "), "more" in err) == (26, 26, False)


def test_other_formats_are_read_when_asked_for(run):
    content = "Ann Lee :2.0\n"
    code, out, err = run(content)
    assert (code, "ann lee two" in out) == (0, True)
    assert "warning: 1 of 1 lines look like 'phrase :2.0' but were read as plain text" in err
    code, out, err = run(content, "--entities-format", "sherpa")
    assert out.startswith("Ann Lee  (line 1, weight 2)\n")
    assert err == "list.txt: 1 of 1 entry loaded\n  are near a common word: 1 (line 1)\n" and "'only' (1 of 4 phones differs)" in out


@pytest.mark.parametrize(
    "content, said",
    [
        ("", "ctcb: list.txt: holds no entity; write one entity a line"),
        ("★\n", "ctcb: list.txt:1: no entity is left: holds no letter"),
        (b"ann\n\xe9\n", "ctcb: list.txt:2: byte 1 of the line is not UTF-8"),
    ],
)
def test_empty_list_gives_exit_code_2(run, tmp_path, content, said):
    code, out, err = run(content, "--json", str(tmp_path / "o.json"))
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith(said)
    if content == "★\n":  # what became of the list is told all the same
        assert json.loads((tmp_path / "o.json").read_text("utf-8"))["rejected"] == 1


def test_missing_model_is_refused(run):
    code, _, err = run("ann\n", "--model", "nowhere")
    assert (code, err.splitlines()[-1]) == (2, "ctcb: nowhere: no such folder; name a model directory")


def test_pronunciations_are_own_or_those_of_every_form():
    plain, stress = Lexicon({"ann": [("AE1", "N"), ("AA1", "N")], "lee": [("L", "IY1")], "bo": [("B", "OW1")]}), Lexicon(stress=True)
    assert pronunciations(Entity("x", prons=("AE1 N", "AE0 N")), plain) == (("AE", "N"),)
    assert pronunciations(Entity("x", prons=("AE1 N", "AE0 N")), stress) == (("AE1", "N"), ("AE0", "N"))
    assert pronunciations(Entity("Ann Lee", aliases=("bo",)), plain) == (
        ("AE", "N", "L", "IY"), ("B", "OW"), ("AA", "N", "L", "IY"),
    )  # fmt: skip
    assert pronunciations(Entity("Ann Lee", aliases=("bo",)), plain, limit=2) == (("AE", "N", "L", "IY"), ("B", "OW"))
    assert len(pronunciations(Entity("ann " * 30), plain)) == 8  # of 2 ** 30


def test_doubts_and_names_near_others(run, tmp_path):
    code, out, err = run("WHO\nSelensky\nZelenski\tpron=S EH L AH N S K IY\n", "--json", str(tmp_path / "o.json"))
    assert code == 0 and "WARNING: 'WHO' is read as a word; where it is spelled out, give spoken=w h o\n" in out
    assert "WARNING: is near 'Zelenski' in line 3 (the same phones): one may be taken for the other\n" in out
    assert "  may be pronounced otherwise than guessed: 1 (line 1)\n  are near another name: 2 (lines 2, 3)\n" in err
    who, one, other = json.loads((tmp_path / "o.json").read_text("utf-8"))["entities"]
    assert len(who["doubts"]) == 1 and not other["doubts"]
    assert one["confusable"] == [{"text": "Zelenski", "line": 3, "edits": 0, "length": 8}]


def test_checks_span_chunks(model):
    names = [f"{a}{b}nn" for a in "bcdfghjklmnpqrstvwxz" for b in "abcdefghijklmnopqrstuvwxyzaeiou"[:26]]
    lang = Lang.load(model)
    checks = list(check_entities(EntityList.of(names), TokenizerSpelling(lang.tokenizer), lang.lexicon))
    assert [check.entity.text for check in checks] == names and [check.line for check in checks] == list(range(1, 521))
    assert all(check.pronunciations for check in checks)


def test_torch_is_not_imported(model, tmp_path):
    (tmp_path / "list.txt").write_text("ann\n")
    program = (
        "import sys; from ctcb.cli import main\n"
        "main(sys.argv[1:])\n"
        "print('imported', sorted({'torch', 'k2', 'lhotse'} & set(sys.modules)))"
    )
    arguments = ["entities", "check", str(tmp_path / "list.txt"), "--model", str(model), "--json", str(tmp_path / "o.json")]
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "imported []"), done.stderr
