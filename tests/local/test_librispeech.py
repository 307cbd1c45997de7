"""local/librispeech on a corpus in LibriSpeech's layout, with lists in that of is21_deep_bias."""
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from corpora import make_librispeech
from tones import WORDS

from ctcb.data.manifest import read_manifest
from ctcb.entities.per_utt import read_entities_per_utt

ROOT = Path(__file__).parents[2]


def script(name, *words):
    return subprocess.run([sys.executable, f"local/librispeech/{name}.py", *map(str, words)], capture_output=True, text=True, timeout=300, cwd=ROOT)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("librispeech")
    return folder, make_librispeech(folder)


@pytest.fixture(scope="module")
def prepared(corpus, tmp_path_factory):
    out = tmp_path_factory.mktemp("sets")
    for name, parts in {"dev": ["dev-clean"], "test-clean": ["test-clean"], "train": ["train-clean-100", "test-other"]}.items():
        ran = script("prepare_librispeech", corpus[0], "--out", out / name, *(word for part in parts for word in ("--part", part)))
        assert ran.returncode == 0, ran.stderr
    return out


def test_manifest_names_the_corpus_files(corpus, prepared):
    folder, texts = corpus
    rows = read_manifest(prepared / "train/manifest.tsv")
    assert {row.utt_id: row.text for row in rows} == {**texts["train-clean-100"], **texts["test-other"]}
    assert [row.utt_id for row in rows] == sorted(row.utt_id for row in rows)
    for row in rows:
        speaker, chapter, _ = row.utt_id.split("-")
        part = "train-clean-100" if row.utt_id in texts["train-clean-100"] else "test-other"
        assert row.audio == (folder / f"LibriSpeech/{part}/{speaker}/{chapter}/{row.utt_id}.flac").resolve()
        assert row.duration == pytest.approx(soundfile.info(str(row.audio)).duration, abs=1e-3)
        assert row.speaker == speaker and row.source == f"LibriSpeech {part}"


def damaged(corpus, tmp_path):
    copy = tmp_path / "corpus"
    shutil.copytree(corpus[0] / "LibriSpeech/dev-clean", copy / "LibriSpeech/dev-clean")
    return copy, sorted(copy.rglob("*.flac"))[0], sorted(copy.rglob("*.trans.txt"))[0]


def refused(copy, out, part="dev-clean"):
    ran = script("prepare_librispeech", copy, "--out", out, "--part", part)
    told = ran.stderr.splitlines()[-1]  # below lhotse's progress bars
    assert ran.returncode == 2 and told.endswith("(stage 1)") and "Traceback" not in ran.stderr and not (out / "manifest.tsv").exists(), ran.stderr
    return told


def test_unfinished_corpus_is_refused(corpus, tmp_path):
    copy, audio, transcript = damaged(corpus, tmp_path)
    assert "has no transcripts" in refused(copy, tmp_path / "out", "test-clean")
    whole = audio.read_bytes()
    audio.write_bytes(whole[:20])
    assert "cannot be read" in refused(copy, tmp_path / "out")
    audio.unlink()
    assert f"{audio.name}: no such recording" in refused(copy, tmp_path / "out")
    audio.write_bytes(whole)
    transcript.write_text(transcript.read_text() + "100-1007-0000\n")
    lines = transcript.read_text().count("\n")
    assert f"{transcript.name}:{lines}: is not an utterance's id and its words" in refused(copy, tmp_path / "out")


def test_lists_of_tests_are_those_of_is21(corpus, prepared):
    folder, texts = corpus
    ran = script("make_is21_lists", folder / "is21_deep_bias", prepared / "test-clean")
    assert ran.returncode == 0, ran.stderr
    assert (prepared / "test-clean/entities.txt").read_text().split() == ["quill", "zed"]
    own = read_entities_per_utt(prepared / "test-clean/entities_per_utt.tsv")
    assert own == {utt_id: tuple(word for word in ("quill", "zed") if word in text.split()) for utt_id, text in texts["test-clean"].items()}
    listed = set()
    for size in (100, 500, 1000, 2000):
        for line in (folder / f"is21_deep_bias/ref/test-clean.biasing_{size}.tsv").read_text().splitlines():
            listed.update(json.loads(line.split("\t")[3]))
    assert set((prepared / "test-clean/distractors.txt").read_text().split()) == listed - {"quill", "zed"}
    assert json.loads((prepared / "test-clean/lists.json").read_text())["source"] == "is21's lists"


def test_list_of_dev_is_made_by_the_rule_of_is21(corpus, prepared):
    folder, texts = corpus
    ran = script("make_is21_lists", folder / "is21_deep_bias", prepared / "dev")
    assert ran.returncode == 0, ran.stderr
    spoken = {word for text in texts["dev-clean"].values() for word in text.split()}
    assert set((prepared / "dev/entities.txt").read_text().split()) == spoken - set(WORDS)
    distractors = (prepared / "dev/distractors.txt").read_text().split()
    assert len(distractors) > 2000 and not spoken & set(distractors)


def test_utterance_without_a_list_is_named(corpus, prepared, tmp_path):
    is21 = tmp_path / "is21"
    shutil.copytree(corpus[0] / "is21_deep_bias", is21)
    table = is21 / "ref/test-clean.biasing_500.tsv"
    first, *rest = table.read_text().splitlines(keepends=True)
    table.write_text("".join(rest))
    ran = script("make_is21_lists", is21, prepared / "test-clean")
    assert ran.returncode == 2 and f"no list for 1 of 6 utterances, such as {first.split()[0]}" in ran.stderr and str(table) in ran.stderr


def test_published_figures_without_scores(tmp_path):
    """Among them those that is21's own script counted: 810 of 5,350 rare words are wrong in test-other with lists of 500."""
    ran = script("is21_table", "--out", tmp_path / "results.md")
    assert ran.returncode == 0, ran.stderr
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in (tmp_path / "results.md").read_text().splitlines()]
    best = {(row[1], row[4]) for row in rows if row and row[0].startswith("RNN-T, deep")}
    assert ("500", f"{100 * (720 + 90) / 5350:.2f}") in best and ("100", f"{100 * (299 + 30) / 5761:.2f}") in best
