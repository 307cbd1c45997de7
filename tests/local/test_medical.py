"""local/medical/prepare_medical.py on a corpus in the layout that lhotse downloads; terms of the packages."""
import bz2
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from corpora import make_medical

from ctcb.data.manifest import read_manifest
from ctcb.errors import InputError

sys.path.insert(0, str(Path(__file__).parents[2] / "local/medical"))
from make_terms import DICTIONARIES, read_terms  # noqa: E402
from prepare_medical import turn_ends  # noqa: E402


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("medical")
    return folder, make_medical(folder)


def prepare(corpus, out, *more):
    words = [sys.executable, "local/medical/prepare_medical.py", str(corpus), "--out", str(out), "--jobs", "1", *map(str, more)]
    return subprocess.run(words, capture_output=True, text=True, timeout=600)


def test_short_segments_are_kept(corpus, model_dir, tmp_path):
    folder, lines = corpus
    ran = prepare(folder, tmp_path, "--model", model_dir, "--longest", 60)
    assert ran.returncode == 0, ran.stderr
    for split in ("train", "dev", "test"):
        wanted = [(f"{name}-{round(100 * start):07d}", text) for which, name, start, end, text in lines if which == split]
        rows = read_manifest(tmp_path / split / "manifest.tsv")
        assert [(row.utt_id, row.text) for row in rows] == wanted  # the same ids in every run


def test_long_segments_are_cut(corpus, model_dir, tmp_path):
    folder, lines = corpus
    ran = prepare(folder, tmp_path, "--model", model_dir, "--longest", 2.0)  # the model's weights are random
    assert ran.returncode == 0, ran.stderr
    rows = read_manifest(tmp_path / "train/manifest.tsv")
    assert len(rows) > 5 and all(row.duration <= 4.0 for row in rows)


def test_turn_ends_are_matched(corpus):
    folder, _ = corpus
    text = (folder / "cleantext/RES0000.txt").read_text()
    turns = [line.split(": ")[1].strip(".").lower().split() for line in text.splitlines() if line]
    ends, words = turn_ends(folder, "RES0000", sum(turns[4:], [])), len(turns[4])
    assert words - 1 in ends and turn_ends(folder, "none", ["a"]) == frozenset()


@pytest.mark.parametrize("line, told", [
    ("audio/RES0000.mp3[0,1]\ta, b", "medical_train.info:1: is not audio/NAME.mp3"),
    ("audio/RES0000.mp3 0 1 a", "medical_train.info:1: is not audio/NAME.mp3"),
    ("audio/RES9999.mp3[0,1]\ta", "RES9999.mp3: 1 recordings of medical_train.info are not there"),
])  # fmt: skip
def test_malformed_info_files_are_refused(corpus, tmp_path, line, told):
    copy = tmp_path / "corpus"
    copy.mkdir()
    (copy / "audio").symlink_to(corpus[0] / "audio")
    (copy / "medical_train.info").write_text(line + "\n")
    ran = prepare(copy, tmp_path / "out")
    assert ran.returncode == 2 and told in ran.stderr and ran.stderr.count("\n") == 1


class Evil:
    def __reduce__(self):
        return print, ("run",)


def test_terms_are_read(tmp_path):
    path = tmp_path / DICTIONARIES["drug"]
    path.parent.mkdir(parents=True)
    content = {
        "drug_variant_to_canonical": {"zorvexa": ["zorvexin"], "zorvexin": ["zorvexin"], "acid, odd": ["odd acid"]},
        "drug_canonical_to_data": {"zorvexin": {"name": "Zorvexin"}},
    }
    with bz2.open(path, "wb") as file:
        pickle.dump(content, file)
    assert list(read_terms(path, "drug")) == ["zorvexa", "Zorvexin"]
    with bz2.open(path, "wb") as file:
        pickle.dump(Evil(), file)
    with pytest.raises(InputError, match="it names builtins.print"):
        list(read_terms(path, "drug"))
