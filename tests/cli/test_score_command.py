"""The command ``ctcb score``: output, errors, and imports that it avoids."""
from __future__ import annotations

import json
import subprocess
import sys

import pytest

from ctcb.cli import main

HEADER = "utt_id\taudio\tduration_s\ttext\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "ref.tsv").write_text(HEADER + "u1\ta\t1800\tann lee met bob\nu2\tb\t1800\tno one is here\n")
    (tmp_path / "hyp.jsonl").write_text(
        '{"id": "u1", "text": "Ann Lee met Rob", "words": []}\n{"id": "u2", "text": "no one is here bob"}\n'
    )
    (tmp_path / "other").write_text("u1 an lee met bob\nu2 no one is\n")
    (tmp_path / "list.txt").write_text("Ann Lee\nbob\tweight=2\n")
    (tmp_path / "per_utt.tsv").write_text("u1\tann lee|bob\nu2\t\n")
    (tmp_path / "is21.tsv").write_text('u1\tann lee met bob\t["lee", "bob"]\t[]\nu2\tno one is here\t[]\t[]\n')
    return tmp_path


@pytest.fixture
def run(folder, capsys):
    """Run ``ctcb score``; names of files are relative to the folder."""

    def call(line):
        words = [str(folder / word) if "." in word or word == "other" else word for word in line.split()]
        try:
            main(["score", *words])
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        output = capsys.readouterr()
        return code, output.out, output.err.replace(f"{folder}/", "")

    return call


def test_prints_the_table(run):
    code, out, err = run("--ref ref.tsv --hyp hyp.jsonl --entities list.txt --per-entity")
    assert (code, err) == (0, "")
    assert out.startswith("2 utterances, 8 words, 1.00 hours, 2 entities listed\n")
    rows = {line.split("  ")[0]: line.split() for line in out.splitlines()}
    assert rows["WER"][1] == "25.00"
    assert rows["entity F1"][2] == "50.00"
    assert rows["false alarms / hour"][4] == "1.00"
    assert rows["bob"] == ["bob", "0", "1", "1", "rob"]


def test_writes_json_and_the_table_of_utterances(run, folder):
    code, _, _ = run("--ref ref.tsv --hyp hyp.jsonl --entities list.txt --compare other --json o.json --per-utt u.tsv")
    assert code == 0
    report = json.loads((folder / "o.json").read_text())
    assert report["counts"]["entities"] == {"found": 1, "missed": 1, "false": 1}
    assert report["comparison"]["measures"]["wer"]["other"] == pytest.approx(2 / 8)
    assert len((folder / "u.tsv").read_text().splitlines()) == 3


def test_per_utterance_lists_durations_and_rare_words(run, folder):
    code, out, _ = run("--ref other --hyp other --entities-per-utt per_utt.tsv --durations ref.tsv --bootstrap 0")
    assert code == 0 and "1.00 hours" in out and "1 found, 0 missed, 0 false" in out
    run("--ref is21.tsv --hyp hyp.jsonl --biasing-list is21.tsv --json o.json")
    counts = json.loads((folder / "o.json").read_text())["counts"]
    assert counts["b_wer"] == {"words": 2, "substitutions": 1, "deletions": 0, "insertions": 0}
    assert counts["entities"] is None


def test_load_report_is_printed(run, folder):
    (folder / "odd.txt").write_text("Ann Lee :2.0\nANN LEE\nbob :0\n")
    code, out, err = run("--ref ref.tsv --hyp hyp.jsonl --entities-format sherpa --entities odd.txt")
    assert code == 0 and "1 entities listed" in out
    assert err.splitlines()[0] == "odd.txt: 1 of 3 entries loaded (1 rejected, 1 merged into others)"
    assert "line 2: merged" in err and "line 3: rejected" in err


def test_normalisation_can_be_turned_off(run):
    assert "2 sub" not in run("--ref ref.tsv --hyp hyp.jsonl")[1]
    assert "3 sub + 0 del + 1 ins" in run("--ref ref.tsv --hyp hyp.jsonl --no-normalize")[1]


@pytest.fixture
def languages(folder):
    """Small files in other languages than English."""
    (folder / "de.txt").write_text("u1 Wir fördern 25 Bäume\nu2 er heißt Özil\n", encoding="utf-8")
    (folder / "de_hyp.txt").write_text("u1 wir fordern fünfundzwanzig bäume\nu2 er heisst özil\n", encoding="utf-8")
    (folder / "de_list.txt").write_text("Özil\n", encoding="utf-8")
    (folder / "ja.txt").write_text("u1 東京へ行く\nu2 彼は家\n", encoding="utf-8")
    (folder / "ja_hyp.txt").write_text("u1 東京 え 行く\nu2 彼ば家\n", encoding="utf-8")
    (folder / "ref.stm").write_text("r 1 anna 0.0 1.0 Été\nr 1 ben 1.0 2.0 fermé\n", encoding="utf-8")
    (folder / "hyp.ctm").write_text(";; made by hand\nr A 0.1 0.2 été 0.9\nr A 1.1 0.2 ferme 0.8\n", encoding="utf-8")
    (folder / "utt2spk.txt").write_text("u1 anna\nu2 ben\n")
    return folder


@pytest.mark.parametrize("line, errors, cer, words", [
    ("--ref de.txt --hyp de_hyp.txt", 2, 15, 7),  # o for ö; 14 letters for 2 digits
    ("--ref de.txt --hyp de_hyp.txt --language de", 1, 1, 7),
    ("--ref de.txt --hyp de_hyp.txt --fold", 2, None, 8),  # twenty five, against funfundzwanzig
    ("--ref ja.txt --hyp ja_hyp.txt", 2, 2, 8),
    ("--ref ja.txt --hyp ja_hyp.txt --unit word", 4, 2, 2),
    ("--ref ref.stm --hyp hyp.ctm", 1, 1, 2),
])
def test_rules_of_languages(run, languages, line, errors, cer, words):
    code, _, err = run(f"{line} --json o.json")
    counts = json.loads((languages / "o.json").read_text("utf-8"))["counts"]
    assert (code, err) == (0, "")
    assert (sum(counts["wer"].values()) - counts["wer"]["words"], counts["wer"]["words"]) == (errors, words)
    assert cer is None or sum(counts["cer"].values()) - counts["cer"]["words"] == cer


def test_command_and_python_agree(run, languages):
    from ctcb.scoring.readers import read_transcripts
    from ctcb.scoring.score import score

    for names, options in ((("ref.stm", "hyp.ctm"), {}), (("de.txt", "de_hyp.txt"), {"language": "de"}), (("ja.txt", "ja_hyp.txt"), {"unit": "word"})):
        flags = " ".join(f"--{name} {value}" for name, value in options.items())
        run(f"--ref {names[0]} --hyp {names[1]} --bootstrap 50 --json o.json {flags}")
        ours = score(*(read_transcripts(languages / name) for name in names), draws=50, **options)
        assert json.loads((languages / "o.json").read_text("utf-8")) == json.loads(ours.to_json())


def test_table_of_speakers(run, languages):
    rows = [line.split() for line in run("--ref ref.stm --hyp hyp.ctm --per-speaker")[1].splitlines()]
    assert ["anna", "1", "1", "0.00", "0.00"] in rows and ["ben", "1", "1", "100.00", "20.00"] in rows
    rows = [line.split() for line in run("--ref de.txt --hyp de_hyp.txt --language de --per-speaker --speakers utt2spk.txt")[1].splitlines()]
    assert ["anna", "1", "4", "25.00", "3.12"] in rows
    code, out, err = run("--ref de.txt --hyp de_hyp.txt --per-speaker")
    assert (code, out) == (2, "") and err == "ctcb: --per-speaker, and no speaker is known; name a file with --speakers, or references that have them\n"


@pytest.mark.parametrize("line, said", [
    ("--ref de.txt --hyp de_hyp.txt --language German", "ctcb: 'German' is not the tag of a language; give a code such as de"),
    ("--ref de.txt --hyp de_hyp.txt --fold --no-normalize", "ctcb: --no-normalize excludes --fold and --language; give one of them"),
    ("--ref ref.stm --hyp bad.ctm", "ctcb: bad.ctm:2: 3 fields, and a line of a CTM file has 5 to 8"),
    ("--ref de.txt --hyp de_hyp.txt --speakers ja.txt", "ctcb: ja.txt: no speaker for 2 of the references, the first is 'u1'; add a line for each"),
])
def test_wrong_rules_give_one_line(run, languages, line, said):
    (languages / "bad.ctm").write_text("r 1 0.0 0.1 a\nr 1 0.2\n")
    (languages / "ja.txt").write_text("v1 anna\n")
    code, out, err = run(line)
    assert (code, out, err.count("\n")) == (2, "", 1) and err.startswith(said)


def test_note_on_numbers_that_are_not_read(run, languages):
    assert "NOTE: numbers in digits are not read, because num2words does not have the language 'zh'" in run("--ref ja.txt --hyp ja_hyp.txt --language zh")[1]


def test_seed_and_draws_are_kept(run, folder):
    run("--ref ref.tsv --hyp hyp.jsonl --seed 7 --bootstrap 20 --json o.json")
    assert json.loads((folder / "o.json").read_text())["bootstrap"] == {"draws": 20, "seed": 7, "level": 0.95}


@pytest.mark.parametrize(
    "line, said",
    [
        ("--ref no.tsv --hyp hyp.jsonl", "ctcb: no.tsv: no such file; check the path"),
        ("--ref ref.tsv --hyp list.txt", "ctcb: list.txt: 2 of 2 utterances have no reference, the first is 'Ann'"),
        ("--ref ref.tsv --hyp hyp.jsonl --entities no.txt", "ctcb: no.txt: no such file"),
        ("--ref ref.tsv --hyp hyp.jsonl --entities bad.txt", "ctcb: bad.txt:1: no entity is left: the weight '0' is no"),
        ("--ref ref.tsv --hyp half.txt", "ctcb: half.txt: no hypothesis for 1 of 2 utterances, the first is 'u2'"),
        ("--ref ref.tsv --hyp hyp.jsonl --compare half.txt", "ctcb: half.txt: no hypothesis for 1 of 2 utterances"),
        ("--ref ref.tsv --hyp hyp.jsonl --durations half.txt", "ctcb: half.txt: 'ann' is not a positive number"),
        ("--ref ref.tsv --hyp hyp.jsonl --biasing-list half.txt", "ctcb: half.txt:1: not a line of an is21 biasing list"),
        ("--ref ref.tsv --hyp hyp.jsonl --entities-per-utt one.tsv", "ctcb: one.tsv: no list of entities for 1 of"),
        ("--ref ref.tsv --hyp hyp.jsonl --entities list.txt --entities-per-utt per_utt.tsv", "ctcb: --entities and"),
        ("--ref ref.tsv --hyp hyp.jsonl --per-entity", "ctcb: --per-entity needs a list; give --entities"),
    ],
)
def test_wrong_input_gives_one_line_and_exit_code_2(run, folder, line, said):
    (folder / "half.txt").write_text("u1 ann\n")
    (folder / "one.tsv").write_text("u1\tann lee\n")
    (folder / "bad.txt").write_text("ann\tweight=0\n")
    code, out, err = run(line)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(said)


def test_allow_missing_is_reported(run, folder):
    (folder / "half.txt").write_text("u1 ann lee met bob\n")
    code, out, _ = run("--ref ref.tsv --hyp half.txt --allow-missing")
    assert code == 0 and "counted as deleted: 1, such as 'u2'" in out and "0 sub + 4 del + 0 ins = 4 of 8 words" in out


def test_torch_is_not_imported(folder):
    program = (
        "import sys; from ctcb.cli import main\n"
        "main(sys.argv[1:])\n"
        "heavy = {'torch', 'k2', 'lhotse', 'numba'} & set(sys.modules)\n"
        "print('imported', sorted(heavy))"
    )
    files = [f"{folder}/{name}" for name in ("ref.tsv", "hyp.jsonl", "list.txt")]
    arguments = ["score", "--ref", files[0], "--hyp", files[1], "--entities", files[2], "--json", f"{folder}/o.json"]
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True)
    assert (done.returncode, done.stderr, done.stdout.splitlines()[-1]) == (0, "", "imported []")
