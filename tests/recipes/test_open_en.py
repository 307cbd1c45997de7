"""recipes/open_en from manifests to a table, on tone speech and a tiny model."""
import gzip
import subprocess

import pytest
import torch
from tones import sentences, write_manifest
from whisper_files import write_openai

from ctcb.acoustic.directory import load_model
from ctcb.models.config import WhisperConfig
from ctcb.models.weights import read_tensors

TRAIN, DEV = ("real_train", "tts_train"), ("real_dev", "noisy_dev", "accented_dev", "tts_dev_parliament", "tts_dev_medical")


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    for seed, name in enumerate(TRAIN + DEV):
        write_manifest(folder / name, sentences(12 if name in TRAIN else 4, seed), suffix=".ogg")
        if name in DEV:
            (folder / name / "entities.txt").write_text("bob\nann\n")
    (folder / "lm_text").mkdir()
    (folder / "lm_text/general.txt.gz").write_bytes(gzip.compress("\n".join(sentences(200, 99)).encode()))
    (folder / "lm_text/medical.txt").write_text("the pox\n")
    (folder / "distractors_made.txt").write_text("rex\nfox kit\n")
    (tmp_path / "adapter.yaml").write_text(
        "{adapter: {dim: 16, heads: 2, embedding: 8, hidden: 8}, catalogue: {smallest: 3, largest: 6, commonest: 2, shortest: 3},"
        " train: {epochs: 1, batch_seconds: 10, warmup_steps: 5, workers: 0}}\n"
    )
    (tmp_path / "train.yaml").write_text("{epochs: 1, batch_seconds: 10, warmup_steps: 5, workers: 0}\n")
    return folder


def run(data, *more):
    options = {
        "data-dir": data, "exp": data.parent / "exp", "pretrained": "none", "config": "conf/model/tiny.yaml",
        "train-config": data.parent / "train.yaml", "adapter-config": data.parent / "adapter.yaml", "vocab-size": 40, "nproc": 1, "spoken-hours": 0,
    }
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return subprocess.run(["recipes/open_en/run.sh", *words, *more], capture_output=True, text=True, timeout=900)


@pytest.mark.slow
def test_all_stages(data):
    exp = data.parent / "exp"
    first = run(data)
    assert first.returncode == 0, first.stderr
    table = (exp / "results/base_model.md").read_text()
    assert [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| ")][2:] == [f"| {name}" for name in DEV]
    assert "| human |" in table and "| synthetic |" in table
    again = run(data)
    assert again.returncode == 0 and again.stderr.count("stands already") == len(TRAIN + DEV) * 2 - 2 + 2


@pytest.mark.slow
def test_adapter_stages(data):
    exp = data.parent / "exp"
    for words in (("--stop-stage", "4"), ("--stage", "9", "--stop-stage", "10")):
        ran = run(data, *words)
        assert ran.returncode == 0, ran.stderr
    rows = [line.split(" | ") for line in (exp / "results/adapter.md").read_text().splitlines() if line.startswith("| ")][2:]
    assert [(row[0], row[1]) for row in rows[:5]] == [
        ("| real_dev", name) for name in ("none", "its own", "and distractors", "and distractors", "distractors alone")
    ]
    assert len(rows) == 15 and (exp / "model/adapter.safetensors").exists()


@pytest.mark.slow
def test_stages_on_a_pretrained_encoder(data, tmp_path):
    """The last of two equal options counts."""
    (tmp_path / "weights").mkdir()
    write_openai(tmp_path / "weights", WhisperConfig(dim=128, layers=2, heads=2, tap=1))
    (tmp_path / "model.yaml").write_text(
        "{whisper: {dim: 128, layers: 2, heads: 2, tap: 1}, encoder: {dim: 32, layers: 2, heads: 2, ff_dim: 64, conv_kernel: 5},"
        " inter_ctc: [{layer: 1, target: phone}]}\n"
    )
    ran = run(data, "--pretrained", tmp_path / "weights", "--config", tmp_path / "model.yaml", "--top-config", tmp_path / "train.yaml")
    assert ran.returncode == 0, ran.stderr
    model = load_model(tmp_path / "exp/model")
    assert model.features.kind == "whisper" and len(model.network.config.whisper.digest) == 64
    assert read_tensors(tmp_path / "exp/model/encoder.safetensors")[0]["head.weight"].dtype == torch.int8
    assert len((tmp_path / "exp/results/base_model.md").read_text().splitlines()) > len(DEV)


@pytest.mark.slow
def test_failed_stage_is_not_marked_done(data):
    manifest = data / "real_train/manifest.tsv"
    whole = manifest.read_text()
    manifest.write_text("utt_id\ttext\n")
    broken = run(data, "--stop-stage", "1")
    assert broken.returncode == 2 and "manifest.tsv:1: no column 'audio'" in broken.stderr
    manifest.write_text(whole)
    mended = run(data, "--stop-stage", "1")
    assert mended.returncode == 0 and "stands already" not in mended.stderr


def test_wrong_use_is_refused():
    for words, told in (([], "--data-dir is missing"), (["--stages", "1"], "no such option: --stages")):
        ran = subprocess.run(["recipes/open_en/run.sh", *words], capture_output=True, text=True)
        assert ran.returncode == 2 and told in ran.stderr
