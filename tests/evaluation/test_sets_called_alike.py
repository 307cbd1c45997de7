"""Sets whose folders are called alike have a table each; emissions are kept by what the audio holds, not by its name."""
import json
import re

import pytest
import soundfile
from tones import sentences, write_manifest

from ctcb.evaluation.cached_emissions import CachedEmissions, EmissionCache
from ctcb.evaluation.dataset import read_set, with_distinct_names


@pytest.fixture
def sets(tmp_path):
    folders = [tmp_path / name / "dev" for name in ("clean", "noisy")]
    for number, folder in enumerate(folders):
        write_manifest(folder, sentences(3 + number, seed=number))
        (folder / "entities.txt").write_text("Ann\nBob Cat\nEve\n")
    return folders


def test_each_set_keeps_its_table(ctcb, model_dir, sets, tmp_path):
    words = ["ablate", "--model", model_dir, "--system", "subword", "--bootstrap", 0, "--emissions", tmp_path / "kept"]
    named = [word for folder in sets for word in ("--data", folder)]
    ran = ctcb(*words, *named, "--results", tmp_path / "R.md", "--json", tmp_path / "r.json")
    assert ran.code == 0
    assert re.findall("<!-- begin (.*) -->", (tmp_path / "R.md").read_text()) == ["ablation clean/dev", "ablation noisy/dev"]
    assert [(one["set"], one["utterances"]) for one in json.loads((tmp_path / "r.json").read_text())] == [("clean/dev", 3), ("noisy/dev", 4)]
    assert ctcb(*words, *named, "--results", tmp_path / "R.md").code == 0  # again into the same blocks
    assert (tmp_path / "R.md").read_text().count("<!-- begin ") == 2
    assert ctcb(*words, "--data", sets[0], "--results", tmp_path / "one.md").code == 0
    assert "<!-- begin ablation dev -->" in (tmp_path / "one.md").read_text()


def test_a_set_with_two_lists_keeps_two_tables(ctcb, model_dir, sets, tmp_path):
    for name in ("few", "more"):
        (tmp_path / f"{name}.txt").write_text("Zulu\nQuux\n" if name == "few" else "Zulu\nQuux\nXerxes\n")
    words = [word for name in ("few", "more") for word in ("--data", sets[0], "--distractors", tmp_path / f"{name}.txt")]
    ran = ctcb("ablate", "--model", model_dir, "--system", "subword", "--bootstrap", 0, *words, "--results", tmp_path / "R.md")
    assert ran.code == 0
    assert re.findall("<!-- begin (.*) -->", (tmp_path / "R.md").read_text()) == ["ablation dev", "ablation dev-2"]


def test_tuning_shows_each_set(ctcb, model_dir, sets, tmp_path):
    named = [word for folder in sets for word in ("--data", folder)]
    ran = ctcb("tune", "--model", model_dir, *named, "--preset", "decoder", "--trials", 1, "--parameter", "subword.beta", "--added", 0, "--absent", 0, "--out", tmp_path / "d.yaml")
    assert ran.code == 0, ran.err
    assert ran.out.count(" clean/dev ") == ran.out.count(" noisy/dev ") == 2


def test_names_of_sets(sets):
    assert [data.name for data in with_distinct_names([read_set(folder) for folder in sets])] == ["clean/dev", "noisy/dev"]
    assert [data.name for data in with_distinct_names([read_set(sets[0])])] == ["dev"]


@pytest.fixture
def counted(monkeypatch):
    """How often emissions were computed."""
    made, plain_compute = [], EmissionCache._compute

    def compute(self, *args) -> CachedEmissions:
        made.append(1)
        return plain_compute(self, *args)

    monkeypatch.setattr(EmissionCache, "_compute", compute)
    return made


def test_kept_emissions_are_of_the_audio(model_dir, sets, tmp_path, counted):
    def emitted():
        return EmissionCache(model_dir, tmp_path / "kept").emit(read_set(sets[0])).emitted

    before = emitted()
    emitted()
    assert len(counted) == 1
    file = sets[0] / "audio/u001.wav"
    samples, rate = soundfile.read(file)
    soundfile.write(file, samples[::-1], rate)
    after = emitted()
    assert len(counted) == 2
    changed = [one.utt_id for one, other in zip(before, after) if (one.emissions.tokens != other.emissions.tokens).any()]
    assert changed == ["u001"]
    soundfile.write(file, samples[::-1], rate)  # the same bytes at another time
    file.touch()
    emitted()
    assert len(counted) == 2
    file.unlink()  # without the audio the kept ones serve
    emitted()
    assert len(counted) == 2


def test_a_study_is_of_the_audio(ctcb, model_dir, sets, tmp_path):
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    words = ["tune", "--model", model_dir, "--data", sets[1], "--preset", "decoder", "--trials", 2, "--parameter", "subword.beta", "--added", 0, "--absent", 0,
             "--study", tmp_path / "study.log", "--out", tmp_path / "d.yaml"]  # fmt: skip

    def trials():
        assert ctcb(*words).code == 0
        storage = JournalStorage(JournalFileBackend(str(tmp_path / "study.log")))
        return sum(one.n_trials for one in optuna.get_all_study_summaries(storage))

    assert trials() == trials() == 2
    file = sets[1] / "audio/u000.wav"
    samples, rate = soundfile.read(file)
    soundfile.write(file, samples[::-1], rate)
    assert trials() == 4
