"""Terminals and pipes in ASCII or Latin-1: no command fails over a letter, and files are UTF-8 whatever stdout is."""
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from constructed import log_probs, write

ROOT = Path(__file__).parents[2]
TOKENS = ["<blk>", "<unk>", "▁", "▁герр", "▁łódź", "▁müller", "▁李明", "▁😀"]
FRAMES = ["▁герр", "<blk>", "▁łódź", "<blk>", "▁müller", "<blk>", "▁李明", "<blk>"]
NAMES = "Müller\nŁódź\n"
ENVIRONMENTS = {
    "ascii": {"PYTHONIOENCODING": "ascii"}, "latin-1": {"PYTHONIOENCODING": "latin-1"}, "koi8-r": {"PYTHONIOENCODING": "koi8-r:strict"},
    "C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}  # fmt: skip


def run(words, environment, cwd):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "PYTHONIO", "PYTHONUTF8"))}
    return subprocess.run([sys.executable, "-m", "ctcb", *map(str, words)], cwd=cwd, env={**clean, **environment}, capture_output=True)


@pytest.fixture
def folder(tmp_path):
    options = write(tmp_path, {"u1": log_probs(TOKENS, FRAMES)}, TOKENS)
    (tmp_path / "options").write_text("\n".join(options))
    (tmp_path / "names.txt").write_text(NAMES, encoding="utf-8")
    (tmp_path / "ref.txt").write_text("u1 герр łódź müller 李明\nu2 ça va\n", encoding="utf-8")
    (tmp_path / "hyp.txt").write_text("u1 герр łódź muller 李明\nu2 ça va\n", encoding="utf-8")
    (tmp_path / "текст.txt").write_text("łódź müller\nça va\n" * 5, encoding="utf-8")
    return tmp_path


COMMANDS = {
    "text": "decode {emissions}", "json": "decode {emissions} --format jsonl", "srt": "decode {emissions} --format srt", "ctm": "decode {emissions} --format ctm",
    "explain": "decode {emissions} --entities names.txt --explain", "textgrid": "decode {emissions} --format textgrid",
    "check": "entities check names.txt", "check json": "entities check names.txt --json", "convert": "entities convert names.txt --to sherpa",
    "score": "score --ref ref.txt --hyp hyp.txt --entities names.txt --per-entity", "lm": "lm текст.txt --order 2 --estimator builtin --out łm.arpa --held-out текст.txt",
    "lexicon": "lexicon --text текст.txt --out лексикон.txt", "tokenize": "tokenize train --text текст.txt --vocab-size 20 --out łang",
    "wrong file": "decode ł.wav", "wrong list": "entities check łist.txt", "wrong option": "decode --łm x", "help": "--help",
}  # fmt: skip


@pytest.mark.parametrize("command, environment", [
    *((command, "ascii") for command in COMMANDS),
    *((command, environment) for environment in ENVIRONMENTS if environment != "ascii" for command in ("text", "json", "score", "lm", "wrong file")),
])  # fmt: skip
def test_no_command_fails_over_a_letter(folder, command, environment):
    """The exit code is that of UTF-8, and what comes out is in the encoding."""
    words = [word for part in COMMANDS[command].split() for word in ((folder / "options").read_text().split("\n") if part == "{emissions}" else [part])]
    usual = run(words, {"PYTHONIOENCODING": "utf-8"}, folder)
    found = run(words, ENVIRONMENTS[environment], folder)
    assert found.returncode == usual.returncode, found.stderr
    assert b"UnicodeEncodeError" not in found.stderr + found.stdout and found.stdout.count(b"\n") == usual.stdout.count(b"\n")
    encoding = "ascii" if environment == "C" else environment
    printed = found.stdout.decode(encoding) + found.stderr.decode(encoding)
    assert "Traceback" not in printed
    if command == "json":
        assert json.loads(found.stdout.decode(encoding))["text"] == json.loads(usual.stdout)["text"] == "герр łódź müller 李明"
    if command == "text" and environment == "ascii":
        assert found.stdout == rb"u1 \u0433\u0435\u0440\u0440 \u0142\u00f3d\u017a m\u00fcller \u674e\u660e" + b"\n"
    if command == "text" and environment == "latin-1":
        assert found.stdout.decode("latin-1") == "u1 \\u0433\\u0435\\u0440\\u0440 \\u0142ód\\u017a müller \\u674e\\u660e\n"


@pytest.mark.parametrize("environment", ["ascii", "C"])
def test_files_are_utf8(folder, environment):
    words = ["decode", *(folder / "options").read_text().split("\n"), "--entities", "names.txt", "--explain", "--format", "srt", "--out", "öut"]
    assert run(words, {"PYTHONIOENCODING": "utf-8"}, folder).returncode == 0
    usual = {file.name: file.read_bytes() for file in (folder / "öut").iterdir()}
    assert run(words, ENVIRONMENTS[environment], folder).returncode == 0
    assert {file.name: file.read_bytes() for file in (folder / "öut").iterdir()} == usual and "李明" in usual["text"].decode("utf-8")


def test_json_escapes_beyond_the_basic_plane():
    script = "from ctcb.encoding import take_any_text; take_any_text(); take_any_text(); print('😀é\\udcff')"
    found = subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True)
    assert found.stdout == rb"\ud83d\ude00\u00e9\udcff" + b"\n"


def test_scripts_do_not_fail_over_a_letter(tmp_path):
    found = subprocess.run([sys.executable, ROOT / "utils/split_manifest.py", "łist.tsv", tmp_path], env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True)
    assert found.returncode == 2 and b"\\u0142ist.tsv: no such file" in found.stderr
