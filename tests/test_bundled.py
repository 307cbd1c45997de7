"""The configurations that come with the package."""
from __future__ import annotations

from ctcb.bundled import CONF, config_file, config_names


def test_configurations_are_found_from_anywhere(ctcb, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "tiny" in config_names("model") and "adapter" in config_names("train")
    assert all(config_file(f"conf/{kind}/{name}.yaml").is_file() for kind in ("model", "train") for name in config_names(kind))
    ran = ctcb("train", "base", "--config", "conf/model/tiny.yaml", "--data", "no_data", "--lang", "no_lang", "--out", "out")
    assert ran.code == 2 and "tiny.yaml" not in ran.err
    ran = ctcb("train", "base", "--config", "conf/model/none.yaml", "--data", "no_data", "--lang", "no_lang", "--out", "out")
    assert ran.code == 2


def test_a_file_of_the_working_folder_goes_before(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "conf/model/tiny.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("encoder: {}\n")
    assert config_file("conf/model/tiny.yaml").resolve() == own
    assert config_file("conf/train/tiny.yaml") == CONF / "train/tiny.yaml"
    assert config_file("other/model/small.yaml").as_posix() == "other/model/small.yaml"
    assert config_file("conf/../setup.py").as_posix() == "conf/../setup.py"
