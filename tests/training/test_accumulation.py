"""A batch in parts has the gradient of the whole, and a run with parts goes on as any other does."""
import json
from contextlib import contextmanager

import pytest
import torch
from scripted_training import Scripted, scripted_trainer
from tiny_training import TRAIN, write_yaml
from torch.nn.utils.rnn import pad_sequence

from ctcb.data.folders import read_feature_cuts
from ctcb.data.loader import Batch, Targets, parts_of_one
from ctcb.models.config import ModelConfig
from ctcb.models.weights import read_tensors
from ctcb.text.lang import Lang
from ctcb.training.base import train_base
from ctcb.training.loop import Trainer, epoch_files
from ctcb.training.losses import BaseObjective
from ctcb.training.source import StoredFeatures

MODEL = {
    "encoder": {"dim": 32, "layers": 3, "heads": 2, "ff_dim": 64, "conv_kernel": 5, "dropout": 0.0},
    "inter_ctc": [{"layer": 1, "target": "phone"}, {"layer": 2, "target": "subword"}],
    "attention_decoder": {"weight": 0.2, "layers": 1, "heads": 2, "ff_dim": 32, "dropout": 0.0},
}


@pytest.fixture
def parts(features_dir, lang_dir):
    """Batches of unequal sizes."""
    lang = Lang.load(lang_dir)
    targets = Targets(lang.tokenizer, lang.lexicon, lang.phones)
    return list(StoredFeatures(read_feature_cuts(features_dir), targets, 7.0, 0).batches(1, 0))[:3]


def joined(parts):
    """One batch of several."""
    rows = [part.features[row, :length] for part in parts for row, length in enumerate(part.lengths.tolist())]
    return Batch(
        pad_sequence(rows, batch_first=True), torch.cat([part.lengths for part in parts]),
        {name: torch.cat([part.targets[name] for part in parts]) for name in parts[0].targets},
        {name: torch.cat([part.target_lengths[name] for part in parts]) for name in parts[0].targets},
        [text for part in parts for text in part.texts], [words for part in parts for words in part.words],
    )


def gradients(objective, batches):
    objective.zero_grad()
    sums = {}
    for batch in batches:
        loss, values = objective(batch, 0)
        loss.backward()
        for name, value in values.items():
            sums[name] = sums.get(name, 0.0) + float(value)
    return {name: parameter.grad.clone() for name, parameter in objective.named_parameters()}, sums


def test_parts_have_the_gradient_of_the_whole(parts, tiny_config):
    torch.manual_seed(0)
    objective = BaseObjective(ModelConfig.from_dict({**MODEL, "num_subwords": tiny_config.num_subwords, "num_phones": tiny_config.num_phones}))
    assert len({len(part.texts) for part in parts}) > 1 or len({int(part.target_lengths["phone"].sum()) for part in parts}) > 1
    whole, losses = gradients(objective, [joined(parts)])
    found, sums = gradients(objective, parts_of_one(parts))
    assert sums == pytest.approx(losses, rel=1e-5)
    for name, gradient in whole.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-3, atol=1e-5 * float(gradient.abs().max()) + 1e-8)
    apart, _ = gradients(objective, parts)  # each as a batch of its own: three times as much, and otherwise weighted
    assert not torch.allclose(apart["model.head.weight"] / 3, whole["model.head.weight"], rtol=1e-3, atol=0)


def test_shares_of_the_parts(parts):
    divided = parts_of_one(parts)
    assert sum(part.share for part in divided) == pytest.approx(1.0) and parts[0].share == 1.0
    assert divided[0].share == pytest.approx(float(parts[0].target_lengths["subword"].sum()) / sum(float(p.target_lengths["subword"].sum()) for p in parts))
    assert parts_of_one(parts[:1])[0] is parts[0]


@pytest.fixture
def run(tmp_path, features_dir, lang_dir):
    def train(out, **options):
        configs = write_yaml(tmp_path / "m.yaml", MODEL), write_yaml(tmp_path / "t.yaml", {**TRAIN, "batch_seconds": 10, **options})
        return train_base(*configs, [features_dir], [], lang_dir, tmp_path / out), tmp_path / out

    return train


def weights(out):
    return read_tensors(epoch_files(out)[-1])[0]


def test_a_step_with_parts_sees_the_whole_batch(run, monkeypatch):
    """Twice as many batches of half the size, two a step; the last step of an epoch may have fewer."""
    steps, plain_step = [], Trainer.step

    def step(self, forward, *parts):
        steps.append([part.seconds for part in parts])
        return plain_step(self, forward, *parts)

    monkeypatch.setattr(Trainer, "step", step)
    position, _ = run("parts", accumulate=2, epochs=1)
    assert position.step == position.steps_per_epoch == len(steps) and position.extra == 0
    assert {len(seconds) for seconds in steps[:-1]} == {2} and max(map(max, steps)) <= 5.0


class Stopped(Exception):
    pass


def test_interrupted_run_with_parts_gives_the_same_weights(run, monkeypatch):
    whole, whole_out = run("whole", accumulate=2)
    plain_step, stops = Trainer.step, iter([1, whole.steps_per_epoch + 1])
    stop_at = [next(stops)]

    def step(self, forward, *parts):
        if self.position.step == stop_at[0]:
            stop_at[0] = next(stops, None)
            raise Stopped
        return plain_step(self, forward, *parts)

    monkeypatch.setattr(Trainer, "step", step)
    for _ in range(2):
        with pytest.raises(Stopped):
            run("stopped", accumulate=2)
    position, out = run("stopped", accumulate=2)
    assert position == whole
    assert all(torch.equal(weights(out)[name], value) for name, value in weights(whole_out).items())


class Counting(Scripted):
    """An objective among two processes that notes which of its parts' gradients stay with it."""

    def __init__(self):
        super().__init__(set())
        self.alone, self.noted = False, []

    @contextmanager
    def no_sync(self):
        self.alone = True
        yield
        self.alone = False

    def forward(self, batch, step):
        self.noted.append(self.alone)
        return super().forward(batch, step)


def test_processes_add_up_gradients_once_a_step(features_dir, lang_dir, tmp_path, parts):
    trainer = scripted_trainer(features_dir, lang_dir, tmp_path / "run", set())
    trainer.world_size, trainer.position.steps_per_epoch = 2, 10
    forward = Counting()
    forward.weight = trainer.objective.weight
    trainer.step(forward, *parts)
    trainer.step(forward, parts[0])
    assert forward.noted == [True, True, False, False]


def test_peak_memory_is_logged(features_dir, lang_dir, tmp_path):
    trainer = scripted_trainer(features_dir, lang_dir, tmp_path / "run", set())
    trainer.config = trainer.config.__class__(**{**trainer.config.__dict__, "epochs": 8})
    position = trainer.run()
    assert position.step >= 50
    row = json.loads((tmp_path / "run/log.jsonl").read_text().splitlines()[0])
    assert 0.05 < row["peak_gib"] < 100 and "loss_scale" not in row
