"""Schedules: those of the configurations are what they were, and a run that ends before its warm-up is refused."""
import dataclasses
import json
from pathlib import Path

import pytest
from tiny_training import MODEL, TRAIN, held, write_yaml

from ctcb.config import from_mapping, read_yaml
from ctcb.errors import InputError
from ctcb.training.adapter import AdapterTraining, train_adapter
from ctcb.training.base import train_base
from ctcb.training.config import TrainConfig
from ctcb.training.made_for import differences, of_training
from ctcb.training.schedule import Schedule, require_warmup
from ctcb.training.source import batch_in_words, part_seconds

# What they were when the warm-up was in steps and batches were counted a process: seconds, processes, warm-up, decay share.
BEFORE = {
    "tiny": (30, 1, 100, 0.3), "mini": (20, 2, 200, 0.3), "small": (40, 2, 400, 0.27), "whisper_top": (60, 2, 100, 0.3),
    "whisper_upper": (40, 2, 100, 1.0), "whisper_gpu": (600, 1, 200, 0.9), "adapter": (40, 1, 50, 0.3), "mini_adapter": (20, 1, 50, 0.3),
}  # fmt: skip


def configuration(name):
    read = read_yaml(f"conf/train/{name}.yaml")
    return from_mapping(AdapterTraining, read).train if "adapter" in name else from_mapping(TrainConfig, read)


def trapezoid(step, total, warmup, decay_share, lr, lr_final):
    if step < warmup:
        return lr * (step + 1) / warmup
    decay = max(1, int(total * decay_share))
    left = max(0, total - step)
    return lr if left >= decay else lr_final + (lr - lr_final) * left / decay


@pytest.mark.parametrize("name", BEFORE)
def test_configurations_keep_their_batches_and_rates(name, monkeypatch):
    seconds, processes, warmup, decay_share = BEFORE[name]
    config = configuration(name)
    monkeypatch.setenv("WORLD_SIZE", str(processes))
    assert part_seconds(config) == seconds
    for total in (137, 2000):
        rates = [Schedule.of(config, total).rate(step) for step in range(total)]
        assert rates == [trapezoid(step, total, warmup, decay_share, config.lr, config.lr_final) for step in range(total)]


def test_every_configuration_is_looked_at():
    assert {path.stem for path in Path("conf/train").glob("*.yaml")} == {*BEFORE, "large"}


@pytest.mark.parametrize("processes", [1, 8, 64])
def test_large_leaves_its_warmup_on_voxpopuli(processes, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", str(processes))
    config = configuration("large")
    steps = int(523 * 3600 / config.batch_seconds)
    require_warmup(config, steps)
    schedule = Schedule.of(config, steps * config.epochs)
    assert schedule.rate(schedule.total // 2) == config.lr and part_seconds(config) * processes == pytest.approx(config.batch_seconds)


def test_warmup_and_decay_by_share_and_by_hours():
    by_share = Schedule.of(TrainConfig(warmup_share=0.2, decay_share=0.5, batch_seconds=36), 1000)
    by_hours = Schedule.of(TrainConfig(warmup_hours=2, decay_hours=5, batch_seconds=36), 1000)
    assert by_share == by_hours and (by_share.warmup, by_share.decay) == (200, 500)
    by_default = Schedule.of(TrainConfig(), 1000)
    assert (by_default.warmup, by_default.decay) == (100, 300)
    assert Schedule.of(TrainConfig(warmup_steps=0), 10).rate(0) == TrainConfig.lr


def test_rates_with_parts_are_those_without():
    """Neither accumulation nor the number of processes is part of a schedule."""
    one, other = TrainConfig(warmup_hours=3, accumulate=1), TrainConfig(warmup_hours=3, accumulate=4)
    assert Schedule.of(one, 500) == Schedule.of(other, 500)


@pytest.mark.parametrize("given, said", [
    ({"warmup_steps": 4, "warmup_share": 0.1}, "warmup_share and warmup_steps say the same thing; leave all but one out"),
    ({"decay_share": 0.1, "decay_hours": 1}, "decay_share and decay_hours say the same"),
    ({"warmup_share": 1.5}, "warmup_share is 1.5; give a number from 0 to 1"), ({"warmup_hours": -1.0}, "warmup_hours is -1.0; give a number 0 or more"),
    ({"decay_share": -0.5}, "decay_share is -0.5"), ({"batch_seconds": 0.0}, "batch_seconds is 0.0; give a number above 0"),
    ({"accumulate": 0}, "accumulate is 0"), ({"precision": "fp8"}, "precision 'fp8' is unknown; use fp32, bf16, fp16 or auto"),
])  # fmt: skip
def test_wrong_options_name_their_file(given, said, tmp_path):
    with pytest.raises(InputError, match=f"t.yaml: {said}"):
        from_mapping(TrainConfig, given, write_yaml(tmp_path / "t.yaml", given))


WARMUPS = [
    ({"warmup_steps": 500}, r"\(warmup_steps: 500\)"), ({"warmup_hours": 0.5}, r"\(warmup_hours: 0.5, which are 360 steps of 5 s\)"),
]  # fmt: skip


@pytest.mark.parametrize("warmup, said", WARMUPS)
def test_a_run_that_ends_in_its_warmup_is_refused(warmup, said, tmp_path, features_dir, lang_dir, ctcb):
    def command(options):
        return ctcb("train", "base", "--config", write_yaml(tmp_path / "m.yaml", MODEL), "--train-config", write_yaml(tmp_path / "t.yaml", options),
                    "--data", features_dir, "--lang", lang_dir, "--out", tmp_path / "out")  # fmt: skip

    options = {name: value for name, value in TRAIN.items() if name != "warmup_steps"}
    ran = command({**options, **warmup})
    (line,) = [line for line in ran.err.splitlines() if line.startswith("ctcb:")]
    assert ran.code == 2 and not (tmp_path / "out/checkpoint.safetensors").exists()
    message = pytest.raises(InputError, require_warmup, TrainConfig(epochs=2, batch_seconds=5, **warmup), 3)
    message.match(said)
    assert "which has" in line and "set warmup_share: 0.1 in its place" in line
    assert command({**options, "warmup_share": 0.1}).code == 0  # as the hint says


@pytest.mark.parametrize("warmup, said", WARMUPS)
def test_as_many_epochs_as_the_hint_says_are_enough(warmup, said):
    config = TrainConfig(epochs=2, batch_seconds=5, **warmup)
    with pytest.raises(InputError) as caught:
        require_warmup(config, 7)
    epochs = int(str(caught.value).split("at least ")[1].split()[0])
    require_warmup(dataclasses.replace(config, epochs=epochs), 7)
    with pytest.raises(InputError):
        require_warmup(dataclasses.replace(config, epochs=epochs - 1), 7)


def test_it_is_refused_ahead_of_the_encoding(tmp_path, model_dir, features_dir):
    options = {"catalogue": {"smallest": 3, "largest": 6, "commonest": 2, "shortest": 3}, "train": {**TRAIN, "warmup_steps": 100}}
    with pytest.raises(InputError, match="longer than the run"):
        train_adapter(model_dir, write_yaml(tmp_path / "a.yaml", options), [features_dir], [], tmp_path / "out", None, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_more_epochs_keep_the_warmup(tmp_path, features_dir, lang_dir):
    options = {**TRAIN, "warmup_share": 0.5, "epochs": 2}
    del options["warmup_steps"]

    def run(epochs):
        write_yaml(tmp_path / "t.yaml", options)
        return train_base(write_yaml(tmp_path / "m.yaml", MODEL), tmp_path / "t.yaml", [features_dir], [], lang_dir, tmp_path / "run", {"epochs": epochs})

    first = run(2)
    assert first.warmup == first.step // 2
    assert run(8).warmup == first.warmup


def recorded_before(**changes):
    """As an older version recorded the options of ``small`` with two processes."""
    now = of_training(TrainConfig(batch_seconds=80.0, warmup_steps=400))
    new = ("train.accumulate", "train.compile", "train.warmup_share", "train.warmup_hours", "train.decay_hours")
    old = {name: value for name, value in now.items() if name not in new}
    return {**old, "train.batch_seconds": "40.0", "processes": "2", **changes}


def test_runs_of_older_versions_go_on(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    now = of_training(TrainConfig(batch_seconds=80.0, warmup_hours=8.89))
    assert differences(recorded_before(), now) == []
    unchanged = of_training(TrainConfig(batch_seconds=40.0, warmup_steps=400))
    assert differences(recorded_before(), unchanged) == ["train.batch_seconds 40.0 (it was 80.0)"]
    assert differences(recorded_before(), {**now, "train.warmup_steps": json.dumps(9)}) == ["train.warmup_steps 9 (it was 400)"]


def test_other_warmups_and_parts_are_refused(tmp_path, features_dir, lang_dir):
    def run(**options):
        configs = write_yaml(tmp_path / "m.yaml", MODEL), write_yaml(tmp_path / "t.yaml", {**TRAIN, **options})
        return train_base(*configs, [features_dir], [], lang_dir, tmp_path / "run")

    run()
    before = held(tmp_path / "run")
    for changes, said in (({"warmup_steps": None, "warmup_share": 0.1}, "train.warmup_share 0.1"), ({"accumulate": 2}, "train.accumulate 2")):
        with pytest.raises(InputError, match=said):
            run(**changes)
    assert held(tmp_path / "run") == before


def test_shared_batches_are_told(monkeypatch):
    assert batch_in_words(TrainConfig()) == "batches of 120 s"
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert batch_in_words(TrainConfig(accumulate=3)) == "batches of 120 s, in 2 processes x 3 parts of 20 s"
