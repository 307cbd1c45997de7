"""local/open_en/pack_data.py: what is unpacked elsewhere is what was packed, and trains."""
import gzip
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import soundfile
import torch
from lhotse import CutSet

from ctcb.data.features import FeatureConfig, FeatureExtractor
from ctcb.data.loader import Targets, usable_cuts
from ctcb.text.lang import Lang
from ctcb.training.base import read_data
from ctcb.training.source import FeaturesInMemory

SCRIPT = Path(__file__).parents[2] / "local/open_en/pack_data.py"


def pack(*words):
    return subprocess.run([sys.executable, str(SCRIPT), *map(str, words)], capture_output=True, text=True)


def test_packed_speech_trains_elsewhere(features_dir, lang_dir, tmp_path):
    done = pack(features_dir, "--out", tmp_path / "parts", "--part-mib", "0.02")
    assert done.returncode == 0, done.stderr
    parts = sorted((tmp_path / "parts").glob("*.tar"))
    assert len(parts) > 1
    place = tmp_path / "elsewhere"
    for part in parts:
        assert part.stat().st_size < 0.02 * 2**20 + 30_000  # one utterance, and a tar file's end
        with tarfile.open(part) as tar:
            tar.extractall(place)
    folder = place / features_dir.name
    (folder / "cuts.jsonl.gz").write_bytes(b"".join(part.read_bytes() for part in sorted(folder.glob("cuts-*.jsonl.gz"))))

    packed, found = CutSet.from_file(features_dir / "cuts.jsonl.gz"), read_data([folder], True)
    assert [cut.id for cut in found] == [cut.id for cut in packed]
    for before, after in zip(packed, found):
        assert after.recording.sources[0].source.endswith(".ogg")
        samples, rate = soundfile.read(after.recording.sources[0].source)
        assert rate == 16000 and abs(len(samples) - before.recording.num_samples) <= 1
        wanted = before.load_audio()[0]
        size = min(len(wanted), len(samples))
        assert np.corrcoef(np.abs(wanted[:size]), np.abs(samples[:size]))[0, 1] > 0.9  # Opus turns phases

    lang = Lang.load(lang_dir)
    targets = Targets(lang.tokenizer, lang.lexicon, lang.phones)
    source = FeaturesInMemory(usable_cuts(found, targets)[0], targets, 6.0, 0, torch.device("cpu"), FeatureExtractor(FeatureConfig()))
    assert sum(len(batch.texts) for batch in source.batches(1, 0)) == len(packed)


def test_folder_that_is_not_prepared(tmp_path):
    done = pack(tmp_path, "--out", tmp_path / "parts")
    assert done.returncode == 2 and "ctcb prepare" in done.stderr and len(done.stderr.splitlines()) == 1


def test_cuts_of_a_part_are_json_lines(features_dir, tmp_path):
    assert pack(features_dir, "--out", tmp_path / "parts").returncode == 0
    with tarfile.open(tmp_path / "parts/000.tar") as tar:
        content = tar.extractfile(f"{features_dir.name}/cuts-000.jsonl.gz").read()
    assert len(gzip.decompress(content).decode().splitlines()) == 12
