"""A model on a pretrained encoder: first the top on cached encodings, then all blocks with their own rates."""
import dataclasses

import pytest
import torch
import yaml
from tones import sentences, write_manifest
from whisper_files import write_openai

from ctcb.acoustic.directory import WEIGHTS_FILE, load_model, read_model_yaml, save_model
from ctcb.data.features import FeatureConfig, store_features
from ctcb.data.prepare import prepare
from ctcb.errors import InputError
from ctcb.models.config import WhisperConfig
from ctcb.models.weights import read_tensors
from ctcb.training.base import frames_to_train, read_feature_cuts, train_base
from ctcb.training.checkpoint import average
from ctcb.training.config import TrainConfig
from ctcb.training.loop import epoch_files
from ctcb.training.rates import rate_share

WHISPER = {"dim": 128, "layers": 3, "heads": 2, "tap": 1}
MODEL = {
    "whisper": WHISPER, "encoder": {"dim": 32, "layers": 2, "heads": 2, "ff_dim": 64, "conv_kernel": 5},
    "inter_ctc": [{"layer": 1, "target": "phone"}],
}
TRAIN = {"epochs": 1, "batch_seconds": 5, "lr": 1e-3, "warmup_steps": 2, "workers": 0, "augment": {"speed_low": 0.9, "speed_high": 1.1}}


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    return write_openai(tmp_path_factory.mktemp("pretrained"), WhisperConfig(**WHISPER))


@pytest.fixture(scope="module")
def whisper_features(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whisper_features")
    report = prepare(write_manifest(folder, sentences(8)), folder, jobs=1)
    store_features(report.cuts, folder, jobs=1, config=FeatureConfig("whisper"))
    return folder


@pytest.fixture
def configs(tmp_path):
    (tmp_path / "model.yaml").write_text(yaml.safe_dump(MODEL))
    (tmp_path / "train.yaml").write_text(yaml.safe_dump(TRAIN))
    return tmp_path / "model.yaml", tmp_path / "train.yaml"


def weights_of(run):
    return read_tensors(epoch_files(run)[-1])[0]


def test_top_trains_first_and_then_all_layers(configs, whisper_features, lang_dir, pretrained, tmp_path):
    data, start = [whisper_features], read_tensors(pretrained / "model.safetensors")[0]
    train_base(*configs, data, data, lang_dir, tmp_path / "top", pretrained=[pretrained], cache=tmp_path / "cache")
    top = weights_of(tmp_path / "top")
    assert torch.equal(top["whisper.encoder.blocks.2.up.weight"], start["encoder.blocks.2.mlp.0.weight"])
    assert torch.equal(top["whisper.encoder.conv1.weight"], start["encoder.conv1.weight"])
    train_base(*configs, data, data, lang_dir, tmp_path / "all", init=tmp_path / "top")
    everything = weights_of(tmp_path / "all")
    assert all(not torch.equal(everything[name], top[name]) for name in top)
    save_model(tmp_path / "model", average(epoch_files(tmp_path / "all")), tmp_path / "all")
    loaded = load_model(tmp_path / "model")
    assert loaded.features.kind == "whisper" and loaded.frame_shift == pytest.approx(0.04)
    save_model(tmp_path / "small", average(epoch_files(tmp_path / "all")), tmp_path / "all", int8=True)
    small = load_model(tmp_path / "small").network.state_dict()
    assert all((small[name] - value).abs().max() <= value.abs().max() / 127 for name, value in loaded.network.state_dict().items())
    sizes = [(tmp_path / name / WEIGHTS_FILE).stat().st_size for name in ("small", "model")]
    assert sizes[0] < 0.6 * sizes[1]
    recorded = read_model_yaml(tmp_path / "top")[0].whisper.digest
    assert len(recorded) == 64 and loaded.network.config.whisper.digest == recorded  # goes with --init


def test_interrupted_top_training_gives_the_same_weights(configs, whisper_features, lang_dir, pretrained, tmp_path, monkeypatch):
    from ctcb.training.loop import Trainer

    def run(out):
        train_base(*configs, [whisper_features], [], lang_dir, out, {"epochs": 2, "checkpoint_minutes": 0.0}, None, [pretrained], tmp_path / "cache")
        return weights_of(out)

    whole, plain_step = run(tmp_path / "whole"), Trainer.step

    def stopped(self, forward, batch):
        if self.position.step == 3:
            raise KeyboardInterrupt
        return plain_step(self, forward, batch)

    monkeypatch.setattr(Trainer, "step", stopped)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "parts")
    monkeypatch.setattr(Trainer, "step", plain_step)
    parts = run(tmp_path / "parts")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_deeper_blocks_have_lower_learning_rates():
    whisper, config = WhisperConfig(**WHISPER), TrainConfig(pretrained_rate=0.5, layer_decay=0.1)

    def share(name, **changes):
        return rate_share(f"model.{name}", whisper, dataclasses.replace(config, **changes))

    assert share("head.weight") == share("layers.0.norm.weight") == share("whisper.out.weight") == share("whisper.tap_norm.bias") == 1.0
    assert share("whisper.encoder.norm.weight") == share("whisper.encoder.blocks.2.up.weight") == 0.5
    assert share("whisper.encoder.blocks.0.qkv.bias") == pytest.approx(0.005)
    assert share("whisper.encoder.conv2.weight") == pytest.approx(0.0005)
    assert share("whisper.encoder.conv1.weight", frozen_blocks=0) == 0.0 < share("whisper.encoder.blocks.0.up.bias", frozen_blocks=0)
    assert share("whisper.encoder.blocks.1.up.bias", frozen_blocks=2) == 0.0 < share("whisper.encoder.blocks.2.up.bias", frozen_blocks=2)
    assert share("whisper.encoder.norm.weight", frozen_blocks=3) == 0.0 < share("whisper.out.weight", frozen_blocks=3)
    assert rate_share("model.whisper.encoder.conv1.weight", None, config) == 1.0


def test_utterances_too_long_for_the_encoder_are_left_out(whisper_features):
    cut = read_feature_cuts(whisper_features)[0]
    frames = cut.num_frames
    just = WhisperConfig(positions=(frames + 50) // 2 + 2)
    assert frames_to_train(cut, just, 1.0) == (frames + 3) // 4
    assert frames_to_train(cut, just, 1.2) == 0
    assert frames_to_train(cut, None, 1.2) == (frames + 3) // 4


@pytest.mark.parametrize("model, options, said", [
    (MODEL, {}, "name its weights with --pretrained"),
    ({**MODEL, "whisper": None}, {"pretrained": ["weights"]}, "see conf/model/whisper_base.yaml"),
    ({**MODEL, "whisper": None}, {"cache": "cache"}, "this model has none"),
])
def test_incompatible_settings_are_refused(configs, whisper_features, lang_dir, tmp_path, model, options, said):
    configs[0].write_text(yaml.safe_dump(model))
    with pytest.raises(InputError, match=said):
        train_base(*configs, [whisper_features], [], lang_dir, tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()
