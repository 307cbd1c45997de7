"""local/voxpopuli/prepare_voxpopuli.py on a corpus in VoxPopuli's layout."""
import gzip
import subprocess
import sys
from ast import literal_eval

import numpy as np
import pytest
import soundfile
from corpora import make_voxpopuli
from tones import RATE

from ctcb.data.manifest import read_manifest

SPLITS = ("train", "dev", "test")


def prepare(corpus, out, *more):
    words = [sys.executable, "local/voxpopuli/prepare_voxpopuli.py", str(corpus), "--out", str(out), "--jobs", "2", *more]
    return subprocess.run(words, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("voxpopuli")
    return folder, make_voxpopuli(folder, utterances=4)


@pytest.fixture(scope="module")
def prepared(corpus, tmp_path_factory):
    out = tmp_path_factory.mktemp("sets")
    ran = prepare(corpus[0], out)
    assert ran.returncode == 0, ran.stderr
    return out


def test_utterances_are_their_vad_segments(corpus, prepared):
    folder, rows = corpus
    for split in SPLITS:
        expected = {f"{row['session_id']}-{row['id_']}": row for row in rows if row["split"] == split}
        manifest = {row.utt_id: row for row in read_manifest(prepared / split / "manifest.tsv")}
        assert manifest.keys() == expected.keys()
        for utt_id, row in expected.items():
            session, _ = soundfile.read(str(folder / f"raw_audios/original/{utt_id[:4]}/{row['session_id']}_original.ogg"))
            pieces = [session[int(start * RATE) : int(end * RATE)] for start, end in literal_eval(row["vad"])]
            cut, rate = soundfile.read(str(manifest[utt_id].audio))
            assert rate == RATE and np.abs(cut - np.concatenate(pieces)).max() < 1e-3
            assert manifest[utt_id].text == row["normed_text"] and manifest[utt_id].speaker == row["speaker_id"]
            assert manifest[utt_id].source == ("voxpopuli-gold" if row["is_gold_transcript"] == "True" else "voxpopuli")
    assert any(len(literal_eval(row["vad"])) == 2 for row in rows)


def test_interrupted_run_resumes(corpus, prepared):
    cut = sorted((prepared / "dev/audio").glob("*/*.flac"))
    before = {path: path.stat().st_mtime_ns for path in cut}
    cut[0].unlink()
    (prepared / "dev/manifest.tsv").unlink()
    assert prepare(corpus[0], prepared).returncode == 0
    assert all(path.stat().st_mtime_ns == before[path] for path in cut[1:]) and cut[0].exists()


def test_only_gold_transcripts(corpus, tmp_path):
    folder, rows = corpus
    ran = prepare(folder, tmp_path, "--gold-only")
    assert ran.returncode == 2 and "no usable segment" in ran.stderr  # no dev utterance is gold
    gold = {f"{row['session_id']}-{row['id_']}" for row in rows if row["is_gold_transcript"] == "True"}
    assert 0 < len(gold) < len(rows) and {row.utt_id for row in read_manifest(tmp_path / "train/manifest.tsv")}


def test_unfinished_download_is_refused(corpus, tmp_path):
    folder, rows = corpus
    copy = tmp_path / "corpus"
    (copy / "transcribed_data").mkdir(parents=True)
    (copy / "transcribed_data/en").symlink_to(folder / "transcribed_data/en")
    for year in ("2012", "2017", "2018"):
        (copy / "raw_audios/original").mkdir(parents=True, exist_ok=True)
        (copy / f"raw_audios/original/{year}").symlink_to(folder / f"raw_audios/original/{year}")
    ran = prepare(copy, tmp_path / "out")
    assert ran.returncode == 2 and ran.stderr.count("\n") == 1
    assert "2 of 6 recordings are not there, by year: 2013 (1), 2019 (1)" in ran.stderr


def test_corrupt_files_are_refused(corpus, tmp_path):
    folder, rows = corpus
    copy = tmp_path / "corpus"
    annotations = copy / "transcribed_data/en/asr_en.tsv.gz"
    annotations.parent.mkdir(parents=True)
    data = (folder / "transcribed_data/en/asr_en.tsv.gz").read_bytes()
    annotations.write_bytes(data[: len(data) // 2])
    ran = prepare(copy, tmp_path / "out")
    assert ran.returncode == 2 and ran.stderr.count("\n") == 1 and "asr_en.tsv.gz: cannot be read" in ran.stderr
    with gzip.open(annotations, "wt") as file:
        file.write("session_id|text\n")
    ran = prepare(copy, tmp_path / "out")
    assert ran.returncode == 2 and "no column 'id_'" in ran.stderr
