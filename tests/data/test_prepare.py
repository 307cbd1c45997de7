"""From a manifest to lhotse cuts: unusable utterances are rejected, and every rejection is reported."""
import numpy as np
import pytest
import soundfile
from lhotse import CutSet, RecordingSet, SupervisionSet
from tones import RATE, say, write_manifest

from ctcb.data.prepare import prepare
from ctcb.errors import InputError


@pytest.fixture
def mixed(tmp_path):
    """Two good utterances, one to convert and one of each bad kind."""
    path = write_manifest(tmp_path / "in", ["ann met bob", "Dan's 2 cats"])
    audio = tmp_path / "in" / "audio"
    soundfile.write(str(audio / "stereo.wav"), np.stack([say("eve")] * 2, axis=1), RATE)
    (audio / "empty.wav").touch()
    (audio / "text.wav").write_text("no audio")
    soundfile.write(str(audio / "tiny.wav"), np.zeros(100, np.float32), RATE)
    seconds = len(say("eve")) / RATE
    with open(path, "a") as file:
        bad = (
            ("stereo", seconds, "eve"), ("missing", 1.0, "gus"), ("empty", 1.0, "gus"), ("text", 1.0, "gus"),
            ("tiny", 0.00625, "gus"), ("stereo", 9.0, "eve"), ("stereo", seconds, "..."),
        )
        for number, (name, duration, text) in enumerate(bad):
            file.write(f"{name}{number}\taudio/{name}.wav\t{duration}\ts\ttones\tCC0\t{text}\n")
    return path


def test_good_utterances_are_kept_and_others_named(mixed, tmp_path):
    report = prepare(mixed, tmp_path / "out", jobs=2)
    assert [cut.supervisions[0].text for cut in report.cuts] == ["ann met bob", "dan's two cats", "eve"]
    assert [item.kind for item in report.rejected] == [
        "unreadable", "unreadable", "unreadable", "too short or long", "of the wrong duration", "without text",
    ]
    assert [item.line for item in report.rejected] == [5, 6, 7, 8, 9, 10]
    assert report.summary().startswith("3 utterances, 0.00 h; left out: 3 unreadable, 1 ")
    listed = (tmp_path / "out/rejected.tsv").read_text().splitlines()
    assert len(listed) == 7 and "no such file" in listed[1]


def test_writes_manifests_that_lhotse_reads_back(mixed, tmp_path):
    out = tmp_path / "out"
    prepare(mixed, out)
    assert len(RecordingSet.from_file(out / "recordings.jsonl.gz")) == 3
    supervisions = {s.id: s for s in SupervisionSet.from_file(out / "supervisions.jsonl.gz")}
    assert supervisions["u001"].custom["orig_text"] == "Dan's 2 cats"
    for cut in CutSet.from_file(out / "cuts.jsonl.gz"):
        samples = cut.load_audio()
        assert samples.shape == (1, cut.num_samples) and cut.sampling_rate == RATE


def test_markup_and_character_references_do_not_become_training_text(ctcb, tmp_path):
    texts = ["[noise] ann <unk> met (laughter) bob <COMMA>", "(Gelächter) don&#39;t R&amp;D {um/uh} 1/2 cup", "{breath} %hesitation", "eve (the one) came"]
    path = write_manifest(tmp_path / "in", texts)
    report = prepare(path, tmp_path / "out")
    cuts = [cut.supervisions[0] for cut in report.cuts]
    assert [one.text for one in cuts] == ["ann met bob", "don't r and d um one half cup", "eve the one came"]
    assert [one.custom["orig_text"] for one in cuts] == [texts[0], texts[1], texts[3]]
    assert [item.reason for item in report.rejected] == ["the text '{breath} %hesitation' is empty after normalisation"]
    assert report.markup == {"[noise]": 1, "<unk>": 1, "(laughter)": 1, "<comma>": 1, "(gelächter)": 1, "{breath}": 1, "%hesitation": 1}
    ran = ctcb("prepare", path, "--out", tmp_path / "other")
    assert ran.code == 0 and "; markup dropped from the texts: 7 (1 " in ran.err and ran.err.count("markup dropped") == 1
    clean = write_manifest(tmp_path / "clean", ["ann"])
    assert "markup" not in prepare(clean, tmp_path / "third").summary()


def test_no_usable_utterance_is_an_error(tmp_path):
    path = write_manifest(tmp_path, ["ann"])
    (tmp_path / "audio/u000.wav").unlink()
    with pytest.raises(InputError, match="no usable utterance .*no such file"):
        prepare(path, tmp_path / "out")
    assert not (tmp_path / "out/cuts.jsonl.gz").exists()


def test_prepare_command(ctcb, tmp_path):
    path = write_manifest(tmp_path / "in", ["ann met bob", "dan"], suffix=".flac")
    ran = ctcb("prepare", path, "--out", tmp_path / "out", "--features", "--speeds", "1.0,1.1", "--jobs", 1)
    assert ran.code == 0 and "2 utterances" in ran.err
    cuts = CutSet.from_file(tmp_path / "out/cuts_feats.jsonl.gz").to_eager()
    assert sorted(cut.id for cut in cuts) == ["u000", "u000_sp1.1", "u001", "u001_sp1.1"]
    plain, fast = cuts["u000"], cuts["u000_sp1.1"]
    assert plain.load_features().shape == (plain.num_frames, 80)
    assert abs(plain.duration / fast.duration - 1.1) < 0.01
    assert ctcb("prepare", path, "--out", tmp_path / "out", "--speeds", "fast").code == 2
    assert ctcb("prepare", tmp_path / "none.tsv", "--out", tmp_path / "out").code == 2
