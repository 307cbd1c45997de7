"""Help with examples, a fast start, options from a file, completion, `ctcb doctor`."""
from __future__ import annotations

import resource
import subprocess
import sys

import click
import numpy as np
import pytest
import soundfile
from constructed import MET, PIECES, log_probs, write
from growth import slowness

from ctcb.bundled import BUNDLED_MODEL
from ctcb.cli import every_command
from ctcb.data.audio import SAMPLE_RATE, read_audio


@pytest.mark.parametrize("words, command", list(every_command()), ids=[words for words, _ in every_command()])
def test_every_help_has_an_example(words, command):
    assert f"ctcb {words} " in (command.help or ""), f"no example in the help of ctcb {words}"
    for option in command.params:
        assert isinstance(option, click.Argument) or option.help, f"ctcb {words}: {option.opts[0]} has no help"


def python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_help_and_score_do_not_import_heavy_packages(tmp_path):
    (tmp_path / "r").write_text("a hello bob\n")
    names = tmp_path / "n"
    names.write_text("Bob\n")
    for words in (["--help"], ["score", "--ref", str(tmp_path / "r"), "--hyp", str(tmp_path / "r"), "--ref-format", "kaldi", "--entities", str(names)]):
        ran = python(
            f"import sys\nfrom ctcb.cli import main\nmain({words!r})\nprint([m for m in ('torch', 'lhotse', 'numba') if m in sys.modules])"
        )
        assert ran.stdout.rstrip().endswith("[]"), ran.stdout + ran.stderr


def timed(*words):
    """The command's output and its CPU time (wall time depends on other load)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ran = subprocess.run([sys.executable, "-m", "ctcb", *map(str, words)], capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ran.stdout, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def test_help_is_fast():
    out, seconds = timed("--help")
    assert "Transcribe:" in out and seconds < 0.5 * slowness()


def test_ten_seconds_decode_in_less_than_six(tmp_path):
    demo = BUNDLED_MODEL.parent / "demo"
    clips = [read_audio(demo / f"audio/demo_0{number}.ogg").samples for number in (1, 3, 4)]
    soundfile.write(str(tmp_path / "ten.wav"), np.concatenate(clips)[: 10 * SAMPLE_RATE], SAMPLE_RATE)
    words = ["decode", "--entities", demo / "entities.txt", tmp_path / "ten.wav"]
    timed(*words)  # compiles the search where that was not done yet
    out, seconds = timed(*words)
    assert "velotoxine" in out and seconds < 6.0 * slowness()


def test_options_from_a_file(ctcb, tmp_path):
    files = write(tmp_path, {"u": log_probs(PIECES, MET)})
    (tmp_path / "names.txt").write_text("Bob\n")
    options = tmp_path / "o.yaml"
    options.write_text(f"decode:\n  entities: {tmp_path / 'names.txt'}\n  format: jsonl\n  beam: 8\n")
    assert '"Bob"' in ctcb("--options", options, "decode", *files).out
    assert ctcb("--options", options, "decode", *files, "--format", "text").out == "u ann met bob\n"
    assert ctcb("decode", *files).out == "u ann met bov\n"
    for text, told in (
        ("decode: {bean: 8}", "decode has no option --bean"), ("decod: {}", "'decod' is not a command"), ("decode: 3", "not a mapping of options"),
        ("train: {bass: {}}", "'bass' is not a command"),
    ):  # fmt: skip
        options.write_text(text)
        ran = ctcb("--options", options, "train" if "train" in text else "decode", *(["base"] if "train" in text else files))
        assert ran.code == 2 and told in ran.err and len(ran.err.splitlines()) == 1


def test_old_command_name_still_works(ctcb, tmp_path):
    """`ctcb ladder` is `ctcb ablate`, on the command line and in an options file, and is in no help."""
    assert ctcb("ladder", "--help").out == ctcb("ablate", "--help").out != ""
    assert "ablate" in ctcb("--help").out and "ladder" not in ctcb("--help").out
    for name in ("ladder", "ablate"):
        (tmp_path / "o.yaml").write_text(f"{name}: {{data: [{tmp_path / 'absent'}]}}\n")
        for called in ("ladder", "ablate"):
            ran = ctcb("--options", tmp_path / "o.yaml", called)
            assert ran.code == 2 and str(tmp_path / "absent") in ran.err and len(ran.err.splitlines()) == 1


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(ctcb, shell):
    assert "_CTCB_COMPLETE" in ctcb("completion", shell).out


def test_words_are_completed():
    import os

    words = {"_CTCB_COMPLETE": "bash_complete", "COMP_WORDS": "ctcb dec", "COMP_CWORD": "1"}
    ran = subprocess.run([sys.executable, "-m", "ctcb"], env={**os.environ, **words}, capture_output=True, text=True)
    assert ran.stdout.split() == ["plain,decode"]


def test_doctor_reports_packages(ctcb):
    ran = ctcb("doctor", "--no-speed")
    assert ran.code == 0 and "torch " in ran.out and "transformers" in ran.out and "speed" not in ran.out


@pytest.mark.slow
def test_doctor_measures_speed(ctcb):
    ran = ctcb("doctor")
    assert ran.code == 0 and "times faster than real time" in ran.out
