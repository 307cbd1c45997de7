"""Model directories: round trip, and messages for missing or foreign files."""
import pickle
import shutil

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from ctcb.acoustic.directory import load_model
from ctcb.errors import InputError


@pytest.fixture
def copy(model_dir, tmp_path):
    shutil.copytree(model_dir, tmp_path / "model")
    return tmp_path / "model"


def test_model_directory_round_trip(copy, tiny_config):
    loaded = load_model(copy)
    assert loaded.network.config == tiny_config and not loaded.network.training
    assert loaded.frame_shift == pytest.approx(0.04)
    stored = load_file(copy / "encoder.safetensors")
    assert all(value.dtype == torch.float16 for value in stored.values())
    weights = loaded.network.state_dict()
    assert all(torch.equal(weights[name], value.float()) for name, value in stored.items())


@pytest.mark.parametrize("name", ["model.yaml", "encoder.safetensors", "tokens.model", "tokens.txt", "phones.txt", "lexicon.txt"])
def test_missing_file_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(InputError) as error:
        load_model(copy)
    assert name in str(error.value) and str(copy) in str(error.value)


def test_missing_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        load_model(tmp_path / "none")


def swap(path, change):
    data = yaml.safe_load(path.read_text())
    change(data)
    path.write_text(yaml.safe_dump(data))


@pytest.mark.parametrize(
    "change, told",
    [
        (lambda data: data.update(format_version=2), "format_version is 2"),
        (lambda data: data.pop("model"), "no section 'model'"),
        (lambda data: data["model"].update(num_subwords=41), "the model has 41 subwords, its tables 40"),
        (lambda data: data["model"]["encoder"].update(dim=64), "tensor '.*' is"),
        (lambda data: data["model"]["encoder"].update(layers=4), "tensor 'layers.3.*' is missing"),
        (lambda data: data["features"].update(bins=3), "unknown key 'bins'"),
    ],
)
def test_inconsistent_model_yaml_is_refused(copy, change, told):
    swap(copy / "model.yaml", change)
    with pytest.raises(InputError, match=told):
        load_model(copy)


def test_pickled_weights_are_refused(copy):
    path = copy / "encoder.safetensors"
    path.write_bytes(pickle.dumps({"head.bias": [0.0]}))
    with pytest.raises(InputError, match="not a whole safetensors file"):
        load_model(copy)


def test_truncated_weights_are_refused(copy):
    path = copy / "encoder.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(InputError, match="not a whole safetensors file"):
        load_model(copy)


def test_unexpected_weight_is_refused(copy):
    path = copy / "encoder.safetensors"
    save_file({**load_file(path), "extra": torch.zeros(1)}, path)
    with pytest.raises(InputError, match="tensor 'extra' belongs to no part"):
        load_model(copy)


def test_yaml_cannot_run_code(copy):
    (copy / "model.yaml").write_text("!!python/object/apply:os.system ['touch /tmp/should-not-exist']\n")
    with pytest.raises(InputError, match="not valid YAML"):
        load_model(copy)
