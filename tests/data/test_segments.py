import shutil
from collections import namedtuple

import numpy as np
import pytest
import soundfile

from ctcb.data.manifest import read_manifest
from ctcb.data.segments import Segment, cut_segments
from ctcb.errors import InputError, RunError
from ctcb.io import require_space

RATE = 8000


@pytest.fixture
def recording(tmp_path):
    path = tmp_path / "r.wav"
    soundfile.write(str(path), np.arange(3 * RATE) / (3 * RATE), RATE)
    return path


def test_spans_are_joined(recording, tmp_path):
    pieces = ((0.5, 1.0), (2.0, 2.25))
    report = cut_segments([Segment("u", recording, pieces, "a\tb", orig_text="A,\nb")], tmp_path / "out", jobs=1)
    assert report.utterances == 1 and report.seconds == pytest.approx(0.75)
    row = read_manifest(tmp_path / "out/manifest.tsv")[0]
    samples, rate = soundfile.read(str(row.audio))
    wanted = np.concatenate([np.arange(4000, 8000), np.arange(16000, 18000)]) / (3 * RATE)
    assert rate == RATE and row.text == "a b" and row.duration == pytest.approx(0.75)
    assert np.abs(samples - wanted).max() < 1e-4


def test_segments_that_cannot_be_cut_are_named(recording, tmp_path):
    junk = tmp_path / "junk.ogg"
    junk.write_bytes(b"no audio")
    segments = [
        Segment("good", recording, ((0, 1),), "a"), Segment("late", recording, ((2, 4),), "a"),
        Segment("junk", junk, ((0, 1),), "a"), Segment("gone", tmp_path / "gone.ogg", ((0, 1),), "a"),
    ]  # fmt: skip
    report = cut_segments(segments, tmp_path / "out", jobs=1)
    assert report.utterances == 1 and [utt_id for utt_id, _ in report.rejected] == ["late", "junk", "gone"]
    lines = (tmp_path / "out/rejected.tsv").read_text().splitlines()
    assert lines[1].startswith("late\tends at 4.00 s, and") and len(lines) == 4


@pytest.mark.parametrize("suffix", ["ogg", "mp3", "flac"])
def test_truncated_recording(tmp_path, suffix):
    whole, part = tmp_path / f"whole.{suffix}", tmp_path / f"part.{suffix}"
    soundfile.write(str(whole), 0.1 * np.random.default_rng(0).standard_normal(10 * 16000), 16000)
    part.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    segments = [Segment("early", part, ((0, 1),), "a"), Segment("late", part, ((9, 10),), "a")]
    report = cut_segments(segments, tmp_path / "out", jobs=1)
    assert report.utterances == 1 and [utt_id for utt_id, _ in report.rejected] == ["late"]
    assert str(part) in report.rejected[0][1]


def test_no_manifest_without_usable_segments(recording, tmp_path):
    with pytest.raises(InputError, match="ends at 9.00 s"):
        cut_segments([Segment("late", recording, ((2, 9),), "a")], tmp_path / "out", jobs=1)
    assert not (tmp_path / "out/manifest.tsv").exists()


@pytest.mark.parametrize("ids, told", [(("a", "a"), "comes twice"), (("a/b",), "no name for a file")])
def test_bad_ids_are_refused(recording, tmp_path, ids, told):
    with pytest.raises(InputError, match=told):
        cut_segments([Segment(name, recording, ((0, 1),), "a") for name in ids], tmp_path / "out")


def test_full_disk_is_reported(recording, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9 - 1000, 1000))
    require_space(tmp_path / "not/there/yet", 999)
    with pytest.raises(RunError, match="are free; make room first"):
        cut_segments([Segment("u", recording, ((0, 3),), "a")], tmp_path / "out")
    assert not (tmp_path / "out/audio").exists()
