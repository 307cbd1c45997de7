"""Digests of what cuts hold: equal wherever the files lie, and others where ids, texts, lengths or bytes are others."""
import shutil

import pytest
from lhotse import CutSet
from tones import write_manifest

from ctcb.data import content
from ctcb.data.content import content_digest
from ctcb.data.features import store_features
from ctcb.data.folders import read_audio_cuts, read_feature_cuts
from ctcb.data.prepare import prepare
from ctcb.errors import InputError


@pytest.fixture
def folder(tmp_path):
    store_features(prepare(write_manifest(tmp_path / "set", ["ann met bob", "dan"]), tmp_path / "set", jobs=1).cuts, tmp_path / "set", (1.0, 0.9), jobs=1)
    return tmp_path / "set"


def changed(folder, change):
    return content_digest(CutSet.from_cuts(map(change, read_feature_cuts(folder))))


def test_place_makes_no_difference(folder, tmp_path):
    for read in (read_feature_cuts, read_audio_cuts):
        one = content_digest(read(folder))
        shutil.copytree(folder, tmp_path / read.__name__)
        assert content_digest(read(tmp_path / read.__name__)) == one
    assert content_digest(read_feature_cuts(folder)) != content_digest(read_audio_cuts(folder))


def test_ids_texts_and_lengths_make_one(folder):
    before = content_digest(read_feature_cuts(folder))
    assert changed(folder, lambda cut: cut) == before
    assert changed(folder, lambda cut: cut.with_id(f"{cut.id}x")) != before
    assert changed(folder, lambda cut: cut.truncate(duration=0.3)) != before
    assert changed(folder, lambda cut: cut.map_supervisions(lambda one: one.transform_text(str.upper))) != before
    assert content_digest(reversed(list(read_feature_cuts(folder)))) != before  # batches are drawn in their order
    assert content_digest(list(read_feature_cuts(folder))[:3]) != before


@pytest.mark.parametrize("whole", [1 << 20, 1000])
def test_bytes_make_one(folder, monkeypatch, whole):
    """Of small files each byte counts, of large ones those at their ends as well."""
    monkeypatch.setattr(content, "WHOLE", whole)
    monkeypatch.setattr(content, "BLOCK", 100)
    before = content_digest(read_feature_cuts(folder))
    (file,) = folder.glob("feats_0.9*/*.lca")
    data = file.read_bytes()
    assert len(data) > 1000
    for place in (0, len(data) - 1):
        file.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert content_digest(read_feature_cuts(folder)) != before
    file.write_bytes(data + b"\0")
    assert content_digest(read_feature_cuts(folder)) != before
    file.write_bytes(data)
    assert content_digest(read_feature_cuts(folder)) == before


def test_missing_files_are_named(folder):
    (folder / "audio/u000.wav").unlink()
    with pytest.raises(InputError, match="u000.wav: no such file"):
        content_digest(read_audio_cuts(folder))
    (file,) = folder.glob("feats_0.9*/*.lca")
    file.unlink()
    with pytest.raises(InputError, match="feats.lca: no such file"):
        content_digest(read_feature_cuts(folder))
