"""Sentences for the words that training speech lacks, and their synthetic speech."""
from __future__ import annotations

import gzip
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import soundfile
from click.testing import CliRunner

from ctcb.data.manifest import read_manifest
from local.open_en.choose_sentences import choose, main, seconds, usable

SPEAK = Path(__file__).parents[2] / "local/open_en/speak.py"
# A voice with hibari's interface: a tone as long as the text, in 24 kHz.
VOICE = """
import numpy as np


class Hibari:
    def __call__(self, text, speed, seed):
        return np.sin(np.arange(int(24000 * len(text) / 15 / speed)) * 0.1).astype(np.float32)
"""


def gain(sentences, known, times):
    counts = Counter(known)
    for sentence in sentences:
        counts.update(sentence.split())
    return sum(min(times, counts[word]) for word in counts)


def test_first_choice_brings_most_a_second_and_enough_is_enough():
    sentences = ["the old cat sat", "zeppelin quarrel", "the the the old", "cat zeppelin and so on and on and on"]
    known = Counter({"the": 9, "old": 9, "and": 9, "so": 9, "on": 9, "sat": 1})
    chosen = choose(sentences, known, times=2, hours=1.0)
    assert chosen[0] == "zeppelin quarrel" and "the the the old" not in chosen
    wanted = {s: sum(max(0, 2 - known[w]) for w in set(s.split())) / seconds(s) for s in sentences}
    assert chosen[0] == max(wanted, key=wanted.get)


def test_choice_covers_more_than_chance_for_the_same_hours():
    rng = random.Random(3)
    words = [f"w{number:03d}" for number in range(300)]
    weights = [1 / (1 + number) for number in range(300)]
    sentences = [" ".join(rng.choices(words, weights, k=8)) for _ in range(400)]
    hours = sum(map(seconds, sentences[:60])) / 3600
    chosen = choose(sentences, Counter(), times=3, hours=hours)
    assert sum(map(seconds, chosen)) < hours * 3600 + 10
    assert gain(chosen, {}, 3) > 1.2 * gain(sentences[: len(chosen)], {}, 3)


def test_excluded_words_and_odd_lengths_are_left_out():
    text = ["a sentence that is fine", "short", "mister vandersteen was here", "a sentence that is fine", "x" * 301]
    assert usable(text, {"vandersteen"}, 1) == ["a sentence that is fine"]


def test_from_text_to_a_manifest(tmp_path):
    (tmp_path / "text.gz").write_bytes(gzip.compress("the cat saw logan\nthe dog saw a zebra\nthe cat sat on the mat\n".encode()))
    (tmp_path / "known.tsv").write_text("utt_id\taudio\ttext\n" + "".join(f"u{n}\tu{n}.wav\tthe cat sat on\n" for n in range(9)))
    (tmp_path / "names.txt").write_text("The Logan\n")
    options = ["--text", tmp_path / "text.gz", "--known", tmp_path / "known.tsv", "--exclude", tmp_path / "names.txt", "--times", 8]
    ran = CliRunner().invoke(main, [str(word) for word in (*options, "--out", tmp_path / "sentences.tsv")])
    assert ran.exit_code == 0, ran.output
    texts = dict(line.split("\t") for line in (tmp_path / "sentences.tsv").read_text().splitlines())
    assert set(texts.values()) == {"the dog saw a zebra", "the cat sat on the mat"}  # "the" is common: no reason to leave it out
    (tmp_path / "voice").mkdir()
    (tmp_path / "voice/hibari.py").write_text(VOICE)
    command = [sys.executable, SPEAK, tmp_path / "sentences.tsv", "--out", tmp_path / "spoken", "--jobs", "1"]
    subprocess.run(command, env={"PYTHONPATH": str(tmp_path / "voice"), "PATH": ""}, check=True)
    rows = read_manifest(tmp_path / "spoken/manifest.tsv")
    assert {row.utt_id: row.text for row in rows} == texts
    for row in rows:
        samples, rate = soundfile.read(row.audio)
        assert rate == 16000 and abs(len(samples) / rate - row.duration) < 1e-3 and 0.15 < abs(samples).max() < 0.95


def test_a_line_without_a_tab_is_named(tmp_path):
    (tmp_path / "s.tsv").write_text("a1\tfine\nno tab\n")
    ran = subprocess.run([sys.executable, SPEAK, tmp_path / "s.tsv", "--out", tmp_path / "o"], capture_output=True, text=True)
    assert ran.returncode != 0 and "s.tsv:2: not `utt_id TAB sentence`" in ran.stderr and not (tmp_path / "o").exists()
