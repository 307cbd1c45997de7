"""An adapter's training folder knows its base, data and options as a base's does; what the base makes of the data is kept by content."""
import copy
import shutil

import pytest
import soundfile
import yaml
from tiny_training import held
from tones import sentences, write_manifest

from ctcb.data.features import store_features
from ctcb.data.prepare import prepare
from ctcb.errors import InputError, RunError
from ctcb.io import only_run
from ctcb.models.weights import read_tensors, save_tensors
from ctcb.training.adapter import train_adapter
from ctcb.training.encoder_cache import EncoderCache

CONFIG = {
    "adapter": {"dim": 16, "heads": 2, "embedding": 8, "hidden": 8, "mix": 16},
    "catalogue": {"smallest": 3, "largest": 6, "commonest": 2, "shortest": 3},
    "train": {"epochs": 1, "batch_seconds": 5, "lr": 1e-2, "warmup_steps": 2, "workers": 0, "checkpoint_minutes": 0.0},
}


@pytest.fixture
def begun(tmp_path, model_dir, features_dir):
    """A run of one epoch, and the command that goes on with it."""
    out = tmp_path / "run"

    def go_on(data=(features_dir,), base=model_dir, change=lambda config: None, cache=None, accept=False, out=out, epochs=2):
        config = copy.deepcopy(CONFIG)
        change(config)
        (tmp_path / "adapter.yaml").write_text(yaml.safe_dump(config))
        return train_adapter(base, tmp_path / "adapter.yaml", list(data), [], out, {"epochs": epochs}, cache, accept)

    go_on(epochs=1)
    return out, go_on


def other_base(model_dir, folder, change):
    shutil.copytree(model_dir, folder)
    change(folder)
    return folder


def other_weights(folder):
    weights, _ = read_tensors(folder / "encoder.safetensors")
    save_tensors(folder / "encoder.safetensors", {name: value * 1.5 for name, value in weights.items()})


@pytest.mark.parametrize(
    "what, change",
    [
        (r"adapter\.heads 4 \(it was 2\)", lambda config: config["adapter"].update(heads=4)),
        (r"catalogue\.largest 9 \(it was 6\)", lambda config: config["catalogue"].update(largest=9)),
        (r"hours 0\.001 \(it was 0\.0\)", lambda config: config.update(hours=0.001)),
        (r"attention_weight 0\.5", lambda config: config.update(attention_weight=0.5)),
        (r"train\.batch_seconds 4", lambda config: config["train"].update(batch_seconds=4)),
        (r"train\.seed 4", lambda config: config["train"].update(seed=4)),
    ],
)
def test_other_options_are_refused(begun, what, change):
    out, go_on = begun
    before = held(out)
    with pytest.raises(InputError, match=what) as caught:
        go_on(change=change)
    assert held(out) == before and "--init" not in str(caught.value)


def test_another_base_data_or_way_is_refused(begun, model_dir, features_dir, tmp_path):
    out, go_on = begun
    before = held(out)
    for what, changes in (
        ("other base", {"base": other_base(model_dir, tmp_path / "weights", other_weights)}),
        ("other lexicon", {"base": other_base(model_dir, tmp_path / "lexicon", lambda at: (at / "lexicon.txt").write_text("ann\tAE1 N\n"))}),
        ("other data", {"data": [features_dir, features_dir]}),
        (r"cache on \(it was off\)", {"cache": tmp_path / "cache"}),
    ):
        with pytest.raises(InputError, match=what):
            go_on(**changes)
        assert held(out) == before
    with only_run(out), pytest.raises(RunError, match="another run"):
        go_on(change=lambda config: config["adapter"].update(heads=4))
    assert held(out) == before
    assert go_on().epoch == 2


def test_accepted_changes_go_on(begun, features_dir):
    out, go_on = begun
    run = go_on(data=[features_dir, features_dir], accept=True)
    assert run.epoch == 2 and run.step == run.extra + 2 * run.steps_per_epoch


def test_a_removed_checkpoint_is_refused(begun):
    out, go_on = begun
    (out / "checkpoint.safetensors").unlink()
    before = held(out)
    with pytest.raises(InputError, match="epoch-001.safetensors.* of an earlier run"):
        go_on(epochs=1)
    assert held(out) == before


def test_cached_encodings_are_of_the_audio_not_of_its_name(begun, tmp_path, monkeypatch):
    _, go_on = begun
    made, plain_encode = [], EncoderCache._encode
    monkeypatch.setattr(EncoderCache, "_encode", lambda self, *args: made.append(1) or plain_encode(self, *args))
    texts = sentences(5, seed=3)

    def data(turn):
        manifest = write_manifest(tmp_path / "data", texts)
        for file in (tmp_path / "data/audio").iterdir() if turn else ():
            samples, rate = soundfile.read(file)
            soundfile.write(file, samples[::-1], rate)
        store_features(prepare(manifest, tmp_path / "data", jobs=1).cuts, tmp_path / "data", jobs=1)
        return [tmp_path / "data"]

    for number, (turn, encoded) in enumerate(((False, 1), (False, 1), (True, 2), (False, 2))):
        go_on(data=data(turn), out=tmp_path / f"cached{number}", cache=tmp_path / "cache", epochs=1)
        assert len(made) == encoded
