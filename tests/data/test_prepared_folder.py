"""A prepared folder: stale features go, a killed run leaves no manifest over foreign bytes, and the folder may be moved."""
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from lhotse import CutSet
from tiny_training import MODEL, TRAIN, write_yaml
from tones import RATE, say, sentences, write_manifest

from ctcb.data import features
from ctcb.data import prepare as preparing
from ctcb.data.cuts import read_cuts
from ctcb.data.features import FeatureConfig, FeatureExtractor, store_features
from ctcb.data.folders import read_audio_cuts, read_feature_cuts
from ctcb.data.prepare import prepare
from ctcb.errors import InputError, RunError
from ctcb.io import only_run
from ctcb.training.base import train_base

OTHER_RATE = 22_050  # Hz; audio of it is converted


def resampled(folder):
    """A manifest of two utterances that are converted."""
    manifest = write_manifest(folder, ["ann met bob", "dan"])
    for file in (folder / "audio").iterdir():
        samples, _ = soundfile.read(file)
        times = np.arange(int(len(samples) * OTHER_RATE / RATE)) / OTHER_RATE
        soundfile.write(file, np.interp(times, np.arange(len(samples)) / RATE, samples), OTHER_RATE)
    return manifest


def loaded(cuts):
    return {cut.id: cut.load_features() if cut.has_features else cut.load_audio() for cut in cuts}


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def test_preparing_again_without_features_removes_the_old_ones(tmp_path, ctcb):
    out = tmp_path / "out"
    assert ctcb("prepare", write_manifest(tmp_path / "a", ["ann", "bob"]), "--out", out, "--features", "--jobs", 1).code == 0
    ran = ctcb("prepare", write_manifest(tmp_path / "b", ["cat dan", "eve", "fox"]), "--out", out)
    assert ran.code == 0 and "the features of an earlier run" in ran.err
    assert not (out / "cuts_feats.jsonl.gz").exists() and not list(out.glob("feats_*"))
    with pytest.raises(InputError, match="run `ctcb prepare MANIFEST --features` first"):
        read_feature_cuts(out)
    assert "features of an earlier" not in ctcb("prepare", tmp_path / "a/manifest.tsv", "--out", out).err


def test_a_manifest_without_a_usable_utterance_leaves_the_folder_as_it_is(tmp_path):
    out = tmp_path / "out"
    store_features(prepare(resampled(tmp_path / "a"), out, jobs=1).cuts, out, jobs=1)
    before, held = loaded(read_feature_cuts(out)), sorted(out.rglob("*"))
    bad = resampled(tmp_path / "b")
    shutil.rmtree(tmp_path / "b/audio")
    with pytest.raises(InputError, match="no usable utterance"):
        prepare(bad, out, jobs=1)
    assert sorted(out.rglob("*")) == held and same(loaded(read_feature_cuts(out)), before)


class Killed(Exception):
    pass


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_that_is_killed_before_its_last_file_leaves_no_foreign_features(tmp_path, monkeypatch, jobs):
    """The manifest of the earlier run names the features of that run, whatever the killed one has written."""
    out = tmp_path / "out"
    first, second = (prepare(write_manifest(tmp_path / name, sentences(4, seed)), tmp_path / name, jobs=1).cuts for name, seed in (("a", 1), ("b", 2)))
    store_features(first, out, (1.0, 1.1), jobs)
    before, plain_write = loaded(read_feature_cuts(out)), features.write_set

    def killed(*_):
        raise Killed

    monkeypatch.setattr(features, "write_set", killed)
    with pytest.raises(Killed):
        store_features(second, out, (1.0, 1.1), jobs)
    assert same(loaded(read_feature_cuts(out)), before)
    monkeypatch.setattr(features, "write_set", plain_write)
    store_features(second, out, (1.0, 1.1), jobs)
    assert len(list(out.glob("feats_*"))) == 2  # what the earlier runs left is gone
    extractor = FeatureExtractor(FeatureConfig())
    for cut in read_feature_cuts(out):
        assert np.abs(cut.load_features() - extractor(cut.load_audio()[0]).numpy()).mean() < 0.1


def test_converted_audio_is_never_another_runs(tmp_path, monkeypatch):
    out, manifest = tmp_path / "out", resampled(tmp_path / "in")
    prepare(manifest, out, jobs=1)
    before = loaded(read_audio_cuts(out))
    for number in range(2):
        soundfile.write(tmp_path / f"in/audio/u{number:03d}.wav", 0.1 * np.ones(OTHER_RATE // 2 * (2 - number)), OTHER_RATE)
    manifest.write_text("\n".join("\t".join(field if place != 2 else "" for place, field in enumerate(line.split("\t"))) if number else line
                                  for number, line in enumerate(manifest.read_text().splitlines())))  # fmt: skip

    def killed(*_, **__):
        raise Killed

    monkeypatch.setattr(preparing, "_write_rejected", killed)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", killed)  # ahead of the first change to the manifests
        with pytest.raises(Killed):
            prepare(manifest, out, jobs=1)
    assert same(loaded(read_audio_cuts(out)), before)
    with pytest.raises(Killed):
        prepare(manifest, out, jobs=1)
    assert not (out / "cuts.jsonl.gz").exists()  # killed between the manifests: there is none
    monkeypatch.undo()
    prepare(manifest, out, jobs=1)
    assert not same(loaded(read_audio_cuts(out)), before) and len(list(out.glob("converted*"))) == 1


def test_two_runs_into_one_folder_are_refused(tmp_path):
    manifest = write_manifest(tmp_path / "in", ["ann"])
    cuts = prepare(manifest, tmp_path / "out", jobs=1).cuts
    with only_run(tmp_path / "out"):
        with pytest.raises(RunError, match="another run is writing there"):
            prepare(manifest, tmp_path / "out", jobs=1)
        with pytest.raises(RunError, match="another run is writing there"):
            store_features(cuts, tmp_path / "out", jobs=1)


def test_features_of_a_relative_folder_serve_from_elsewhere(tmp_path, lang_dir):
    write_manifest(tmp_path / "there/in", sentences(5))
    for name in ("there", "elsewhere"):
        (tmp_path / name).mkdir(exist_ok=True)

    def ctcb(where, *words):
        subprocess.run([sys.executable, "-m", "ctcb", *map(str, words)], cwd=tmp_path / where, check=True, timeout=300, env=os.environ)

    ctcb("there", "prepare", "in/manifest.tsv", "--out", "out", "--features", "--speeds", "1.0,1.1", "--jobs", 1)
    configs = "--config", write_yaml(tmp_path / "m.yaml", MODEL), "--train-config", write_yaml(tmp_path / "t.yaml", TRAIN)
    ctcb("elsewhere", "train", "base", *configs, "--data", "../there/out", "--lang", lang_dir, "--out", "run")
    assert (tmp_path / "elsewhere/run/epoch-002.safetensors").exists()


@pytest.mark.parametrize("converted", [False, True])
def test_a_folder_may_be_moved_and_copied(tmp_path, lang_dir, converted):
    """A copy stands on its own bytes, even while another run writes others where it came from."""
    manifest = resampled(tmp_path / "in") if converted else write_manifest(tmp_path / "in", ["ann met bob", "dan"])
    out = tmp_path / "out"
    store_features(prepare(manifest, out, jobs=1).cuts, out, (1.0, 0.9), jobs=1)
    features_before, audio_before = loaded(read_feature_cuts(out)), loaded(read_audio_cuts(out))
    shutil.copytree(out, tmp_path / "copies/first")
    store_features(prepare(write_manifest(tmp_path / "in2", sentences(2, 9)), out, jobs=1).cuts, out, jobs=1)
    shutil.move(tmp_path / "copies", tmp_path / "moved")
    for folder in (tmp_path / "moved/first", Path(os.path.relpath(tmp_path / "moved/first"))):
        assert same(loaded(read_feature_cuts(folder)), features_before)
        assert same(loaded(read_audio_cuts(folder)), audio_before)
        assert all(one.audio.exists() for one in read_cuts(folder / "cuts.jsonl.gz"))  # as `ctcb decode` reads them
    configs = write_yaml(tmp_path / "m.yaml", MODEL), write_yaml(tmp_path / "t.yaml", TRAIN)
    shutil.rmtree(out)
    for memory in (False, True):
        run = train_base(*configs, [tmp_path / "moved/first"], [], lang_dir, tmp_path / f"run{memory}", in_memory=memory)
        assert run.epoch == 2


def test_audio_inside_of_the_folder_moves_with_it(tmp_path):
    folder = tmp_path / "data"
    prepare(write_manifest(folder, ["ann met bob"]), folder, jobs=1)
    folder.rename(tmp_path / "moved")
    (cut,) = read_audio_cuts(tmp_path / "moved")
    assert np.abs(cut.load_audio()[0] - say("ann met bob", 0)).max() < 1e-3


def test_folders_that_older_versions_or_lhotse_wrote_are_read(tmp_path, monkeypatch):
    """Features below ``feats_1`` under a relative path: read where they were made, and where the folder was moved to."""
    from lhotse import LilcomChunkyWriter

    monkeypatch.chdir(tmp_path)
    cuts = prepare(write_manifest(tmp_path / "in", ["ann met bob", "dan"]), tmp_path / "in", jobs=1).cuts
    Path("old").mkdir()
    cuts.compute_and_store_features(FeatureExtractor().fbank, "old/feats_1", storage_type=LilcomChunkyWriter, progress_bar=False).to_file("old/cuts_feats.jsonl.gz")
    before = loaded(CutSet.from_file("old/cuts_feats.jsonl.gz"))
    assert same(loaded(read_feature_cuts("old")), before)
    Path("elsewhere").mkdir()
    shutil.move("old", "elsewhere/new")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert same(loaded(read_feature_cuts("new")), before)


def test_merged_parts_may_be_moved(tmp_path):
    """Manifests of parts, put together in the folder that holds them."""
    import gzip

    out = tmp_path / "out"
    out.mkdir()
    lines = b""
    for part in (1, 2):
        at = out / f"parts/{part}/out"
        cuts = prepare(write_manifest(tmp_path / f"in{part}", sentences(2, part)), at, jobs=1).cuts
        store_features(CutSet.from_cuts(cut.with_id(f"{part}-{cut.id}") for cut in cuts), at, jobs=1)
        lines += gzip.open(at / "cuts_feats.jsonl.gz").read()
    with gzip.open(out / "cuts_feats.jsonl.gz", "wb") as file:
        file.write(lines)
    before = loaded(read_feature_cuts(out))
    out.rename(tmp_path / "moved")
    assert len(before) == 4 and same(loaded(read_feature_cuts(tmp_path / "moved")), before)


def test_a_process_that_outlives_the_run_does_not_hold_its_folder(tmp_path):
    """As a worker of a run that was killed."""
    came, ready = os.pipe()
    with only_run(tmp_path):
        child = os.fork()
        if not child:
            os.write(ready, b"!")
            signal.pause()
    try:
        assert os.read(came, 1)
        with only_run(tmp_path):
            pass
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
