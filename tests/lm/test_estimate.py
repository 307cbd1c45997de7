"""`ctcb lm` and steps/make_lm.sh: input, output and error messages."""
import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from ctcb.cli.lm import command
from ctcb.errors import InputError, InputWarning, RunError
from ctcb.lm.arpa import read_arpa
from ctcb.lm.estimate import ESTIMATORS, LmOptions, choose, estimate_lm, read_vocab

ROOT = Path(__file__).parents[2]
BUILTIN = ["--estimator", "builtin"]


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("It's 5 o'clock.\n\n...\nTHE CAT sat\nthe cat ran\n")
    return path


def run(*words):
    return CliRunner().invoke(command, list(map(str, words)))


def test_text_is_normalised_and_counted(tmp_path, text):
    with gzip.open(tmp_path / "more.tsv.gz", "wt") as file:
        file.write("id\ttext\n1\tA caf\u00e9\n")
    report = estimate_lm([text, tmp_path / "more.tsv.gz"], tmp_path / "lm.arpa.gz", LmOptions(2), "builtin")
    words = set(read_arpa(report.path).words)
    assert words == {"<unk>", "<s>", "</s>", *"it's five o'clock the cat sat ran a cafe".split()}
    assert (report.sentences, report.words, report.estimator) == (4, 3 + 3 + 3 + 2, "builtin")
    assert report.ngrams[0] == len(words) and len(report.ngrams) == 2
    assert "discounts" in report.notes[0]


def test_lm_command(tmp_path, text):
    pytest.importorskip("kenlm")
    found = run(text, "--out", tmp_path / "lm.arpa", "--order", "2", *BUILTIN, "--held-out", text)
    assert found.exit_code == 0, found.output
    assert f"{tmp_path}/lm.arpa: 10 1-grams, " in found.output and "from 9 words in 3 sentences (builtin)" in found.output
    assert f"{text}: perplexity " in found.output and "0 of 12 words unknown, 3 sentences" in found.output


def test_pruning_and_vocabulary(tmp_path, text):
    vocab = tmp_path / "lexicon.txt"
    vocab.write_text("the\tDH AH0\ncat\tK AE1 T\nthe\tDH IY0\nunheard\tX\n")
    report = estimate_lm([text], tmp_path / "lm.arpa", LmOptions(3, (0, 1), read_vocab(vocab)), "builtin")
    arpa = read_arpa(tmp_path / "lm.arpa")
    assert set(arpa.words) == {"<unk>", "<s>", "</s>", "the", "cat"}
    assert [[arpa.words[i] for i in ids] for ids in arpa.tables[2].ids] == [["<s>", "the", "cat"]]
    assert "2 of the vocabulary's 3 words" in " ".join(report.notes) and "pruned at 0 1 1" in report.notes


@pytest.mark.parametrize("options, says", [
    (["--order", "1"], "order 1; choose 2 to 6"),
    (["--order", "7"], "order 7"),
    (["--prune", "0 x"], "--prune '0 x'"),
    (["--prune", "1 0"], "thresholds 1 0"),
    (["--prune", "0,0,0,1"], "4 pruning thresholds for order 3"),
    (["--prune", "-1"], "thresholds -1"),
])
def test_wrong_options_are_refused(tmp_path, text, options, says):
    found = run(text, "--out", tmp_path / "lm.arpa", *BUILTIN, *options)
    assert isinstance(found.exception, InputError) and says in str(found.exception)
    assert not (tmp_path / "lm.arpa").exists()


def test_wrong_texts_are_refused(tmp_path):
    (tmp_path / "empty.txt").write_text("\n...\n")
    for estimator in ("builtin", "auto"):
        with pytest.raises(InputError, match="empty.txt: holds no words"):
            estimate_lm([tmp_path / "empty.txt"], tmp_path / "lm.arpa", estimator=estimator)
    with pytest.raises(InputError, match="none.txt: no such file"):
        estimate_lm([tmp_path / "none.txt"], tmp_path / "lm.arpa", estimator="builtin")
    (tmp_path / "vocab.txt").write_text("▁the\n▁cat\n")
    with pytest.raises(InputError, match="0 of 2 words are in normal form"):
        read_vocab(tmp_path / "vocab.txt")


def test_vocabulary_in_upper_case_is_read_in_lower_case(tmp_path):
    (tmp_path / "vocab.txt").write_text("THE\nCat\ndog\n")
    with pytest.warns(InputWarning, match="vocab.txt: 2 of 3 words are read in lower case, such as 'Cat' as 'cat'"):
        assert read_vocab(tmp_path / "vocab.txt") == {"the", "cat", "dog"}


def program(tmp_path, monkeypatch, script):
    """A program called lmplz, the only one that is found."""
    path = tmp_path / "bin" / "lmplz"
    path.parent.mkdir()
    path.write_text(f"#!/bin/bash\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}:/usr/bin:/bin")


def test_lmplz_is_used_if_installed(tmp_path, monkeypatch, text):
    program(tmp_path, monkeypatch, f"""echo "$@" >{tmp_path}/called; cat >{tmp_path}/read
      echo 'Substituting fallback discounts for order 1: D1=0.5' >&2
      printf '\\\\data\\\\\\nngram 1=4\\nngram 2=2\\n\\n'""")
    report = estimate_lm([text], tmp_path / "lm.arpa.gz", LmOptions(2, (0, 1), frozenset(["the"])))
    assert (tmp_path / "read").read_text() == "it's five o'clock\nthe cat sat\nthe cat ran\n"
    called = (tmp_path / "called").read_text()
    assert "-o 2 --prune 0 1" in called and "--limit_vocab_file" in called and "--discount_fallback 0.5 1.0 1.5" in called
    assert (report.estimator, report.ngrams) == ("lmplz", (4, 2)) and "order 2: " in report.notes[0]
    assert gzip.open(tmp_path / "lm.arpa.gz").readline() == b"\\data\\\n"


def test_lmplz_errors_are_quoted(tmp_path, monkeypatch):
    program(tmp_path, monkeypatch, "echo 'no room on disk' >&2; exit 3")
    (tmp_path / "long.txt").write_text("word after word\n" * 100_000)  # more than a pipe holds
    with pytest.raises(RunError, match=r"lmplz failed \(exit 3\): no room on disk"):
        estimate_lm([tmp_path / "long.txt"], tmp_path / "lm.arpa")
    assert not (tmp_path / "lm.arpa").exists()


def test_builtin_estimator_without_lmplz(tmp_path, monkeypatch):
    monkeypatch.setattr(ESTIMATORS["lmplz"].__class__, "program", lambda self: None)
    assert choose("auto").name == "builtin"
    with pytest.raises(InputError, match="utils/install_lmplz.sh"):
        choose("lmplz")


@pytest.fixture
def step(tmp_path, text):
    """steps/make_lm.sh with this Python's ctcb."""
    wrapper = tmp_path / "bin" / "ctcb"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/bash\necho called >>{tmp_path}/calls\nexec {sys.executable} -m ctcb "$@"\n')
    wrapper.chmod(0o755)
    # The step puts the environment first on PATH; a copy of the tree without one leaves the wrapper first.
    tree = tmp_path / "tree"
    for folder in ("steps", "utils", "ctcb"):
        tree.mkdir(exist_ok=True)
        (tree / folder).symlink_to(ROOT / folder)
    environment = {**os.environ, "PATH": f"{wrapper.parent}:/usr/bin:/bin", "PYTHONPATH": str(ROOT)}

    def call(*words):
        found = subprocess.run([str(tree / "steps/make_lm.sh"), *map(str, words)], env=environment, cwd=tmp_path,
                               capture_output=True, text=True)
        calls = tmp_path / "calls"
        return found, len(calls.read_text().split()) if calls.exists() else 0

    return call


def test_step_is_repeated_only_if_an_input_changed(tmp_path, text, step):
    arguments = ["--order", "2", *BUILTIN, tmp_path / "out", text]
    found, calls = step(*arguments)
    assert found.returncode == 0 and calls == 1, found.stderr
    assert (tmp_path / "out/.done").exists() and "10 1-grams" in (tmp_path / "out/lm.log").read_text()
    first = (tmp_path / "out/lm.arpa.gz").read_bytes()
    assert step(*arguments)[1] == 1
    text.touch()
    assert step(*arguments)[1] == 1  # what counts is what stands in it
    text.write_text(text.read_text() + "a dog ran\n")
    assert step(*arguments)[1] == 2
    assert (tmp_path / "out/lm.arpa.gz").read_bytes() != first
    assert step("--prune", "0 1", *arguments)[1] == 3
    (tmp_path / "out/lm.arpa.gz").unlink()
    assert step("--prune", "0 1", *arguments)[1] == 4


def test_failed_step_leaves_no_mark(tmp_path, text, step):
    assert step(*BUILTIN, tmp_path / "out", text)[0].returncode == 0
    found, _ = step("--order", "9", *BUILTIN, tmp_path / "out", text)
    assert found.returncode == 2 and "order 9" in found.stderr
    assert not (tmp_path / "out/.done").exists()
    assert step(tmp_path / "out", tmp_path / "none")[0].returncode == 2
    assert step(tmp_path / "out")[0].returncode == 2
