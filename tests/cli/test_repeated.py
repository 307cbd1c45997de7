"""Options given more than once: all values count, or the command refuses; none is dropped silently."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from constructed import MET, PIECES, log_probs, write
from tones import write_manifest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def emissions(tmp_path):
    (tmp_path / "names.txt").write_text("Bob\n")
    return ["--entities", tmp_path / "names.txt", *write(tmp_path, {"u1": log_probs(PIECES, MET), "u2": log_probs(PIECES, MET[:4])})]


def files(folder):
    return sorted(file.name for file in folder.iterdir())


def test_all_formats_are_written_to_a_folder(ctcb, emissions, tmp_path):
    several = [word for form in ("srt", "ctm", "vtt", "textgrid", "srt") for word in ("--format", form)]
    assert ctcb("decode", *emissions, *several, "--out", tmp_path / "out").code == 0
    own = [f"{utt_id}{suffix}" for utt_id in ("u1", "u2") for suffix in (".TextGrid", ".srt", ".vtt")]
    assert files(tmp_path / "out") == sorted(["hyps.ctm", "hyps.jsonl", "hyps.stm", "settings.json", "text", *own])
    for form, suffix in (("srt", "srt"), ("vtt", "vtt"), ("textgrid", "TextGrid")):
        assert ctcb("decode", *emissions, "--format", form, "--out", tmp_path / form).code == 0
        for utt_id in ("u1", "u2"):
            name = f"{utt_id}.{suffix}"
            assert (tmp_path / "out" / name).read_text() == (tmp_path / form / name).read_text()


def test_stdout_takes_one_format(ctcb, emissions):
    ran = ctcb("decode", *emissions, "--format", "jsonl", "--format", "ctm")
    assert (ran.code, ran.out) == (2, "") and "--format jsonl and ctm are several, and stdout takes one; give --out DIR" in ran.err
    assert len(ran.err.splitlines()) == 1
    assert ctcb("decode", *emissions, "--format", "ctm", "--format", "ctm").out == ctcb("decode", *emissions, "--format", "ctm").out


@pytest.mark.parametrize("words", [
    "decode --entities a --entities b --emissions e.npz", "decode --entities-per-utt a --entities-per-utt b x.wav", "decode --lm a --lm b x.wav",
    "decode --bias encoder --bias decoder x.wav", "decode --emissions a --emissions b", "decode --method beam --method greedy x.wav",
    "decode --entities-format nemo --entities-format sherpa x.wav", "decode --graph a --graph b x.wav",
    "score --ref a --ref b --hyp c", "score --ref a --hyp b --hyp c", "score --ref a --hyp b --compare c --compare d",
    "score --ref a --hyp b --entities c --entities d", "report --ref a --hyp b --hyp c --entities d --out e",
    "report --ref a --hyp b --base c --base d --entities e --out f",
    "ladder --data a --half 1 --half 2", "ladder --data a --vary beam=1,2 --vary g2g=0,2", "ladder --data a --entities b --entities c",
    "tune --data a --out b --preset decoder --preset joint", "tune --data a --out b --lm c --lm d",
    "emit --head subword --head phone --out a x.wav", "graph --out a --lm b --units subword --units phone", "graph --out a --lm b --lm c",
])  # fmt: skip
def test_single_options_refuse_a_second_value(ctcb, words):
    repeated = next(word for word in words.split() if word.startswith("--") and words.split().count(word) > 1)
    ran = ctcb(*words.split())
    assert ran.code == 2 and f"{repeated} is given 2 times" in ran.err and len(ran.err.splitlines()) == 1


def test_command_line_overrides_the_options_file(ctcb, emissions, tmp_path):
    (tmp_path / "others.txt").write_text("Ann\n")
    (tmp_path / "o.yaml").write_text(f"decode:\n  entities: {tmp_path / 'others.txt'}\n  format: jsonl\n")
    assert ctcb("--options", tmp_path / "o.yaml", "decode", *emissions, "--format", "text").out == "u1 ann met bob\nu2 ann met\n"


def test_options_file_may_hold_lists(ctcb, emissions, tmp_path):
    options = tmp_path / "o.yaml"
    options.write_text("decode:\n  format: [srt, vtt]\n  without: verify\n")  # one value of an option that takes several
    assert ctcb("--options", options, "decode", *emissions, "--out", tmp_path / "out").code == 0
    assert {"u1.srt", "u1.vtt"} < set(files(tmp_path / "out"))
    for text in ("entities: [a.txt, b.txt]", "entities: {a.txt: 2.0}", "beam: [8, 16]"):
        options.write_text(f"decode:\n  {text}\n")
        ran = ctcb("--options", options, "decode", *emissions[2:])
        assert ran.code == 2 and f"decode --{text.partition(':')[0]} is " in ran.err and "takes one value" in ran.err
        assert len(ran.err.splitlines()) == 1


@pytest.mark.slow
def test_jobs_keep_every_format(model_dir, tmp_path):
    """steps/decode.sh --nj writes everything that a single run writes, explanations and per-recording files included."""
    manifest = write_manifest(tmp_path / "set", ["ann"] * 66)
    (tmp_path / "names.txt").write_text("Oak\n")
    more = ["--", "--entities", str(tmp_path / "names.txt"), "--explain", "--segments", "--format", "srt", "--format", "textgrid"]
    outs = {}
    for number in ("0", "2"):
        outs[number] = tmp_path / f"out{number}"
        words = ["bash", "steps/decode.sh", "--model", str(model_dir), "--nj", number, "--chunk", "64", str(outs[number]), str(manifest), *more]
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        subprocess.run(words, cwd=ROOT, env=environment, check=True, capture_output=True, text=True, timeout=300)
    names = files(outs["0"])
    assert len(names) == 7 + 2 * 66 and "settings.json" in names
    for name in names:
        expected = (outs["0"] / name).read_text()
        if name == "settings.json":
            expected = expected.replace(str(outs["0"]), str(outs["2"]))  # in the command
        assert (outs["2"] / name).read_text() == expected
