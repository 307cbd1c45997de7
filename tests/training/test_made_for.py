"""A training folder knows what it was made for: other tokens, data or options are named before anything in it is written."""
import json
import os
import shutil
import subprocess
import sys
from functools import partial

import pytest
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tiny_training import MODEL, TRAIN, held, write_yaml
from tones import WORDS, sentences, write_manifest

from ctcb.acoustic.directory import load_model
from ctcb.data.features import store_features
from ctcb.data.prepare import prepare
from ctcb.errors import InputError, RunError
from ctcb.io import only_run
from ctcb.models.weights import read_tensors
from ctcb.text.lexicon import Lexicon
from ctcb.text.tokenizer import Tokenizer
from ctcb.training.base import train_base
from ctcb.training.loop import Trainer, epoch_files


@pytest.fixture
def begun(tmp_path, features_dir, lang_dir):
    """A run of two epochs, and the command that goes on with it: ``go_on(model={...}, lang=..., epochs=...)``."""
    out = tmp_path / "run"

    def go_on(data=(features_dir,), lang=lang_dir, model=MODEL, how=TRAIN, out=out, accept=False, init=None, in_memory=False, **overrides):
        configs = write_yaml(tmp_path / "model.yaml", model), write_yaml(tmp_path / "train.yaml", how)
        return train_base(*configs, list(data), [], lang, out, overrides, init, in_memory=in_memory, accept_changes=accept)

    go_on()
    return out, go_on


def refused(out, go_on, what, **changes):
    """The changes are refused by name, and the folder is as it was."""
    before = held(out)
    with pytest.raises(InputError, match=what) as caught:
        go_on(epochs=3, **changes)
    assert held(out) == before and caught.value.exit_code == 2
    assert "--init" in str(caught.value) and "--accept-changes" in str(caught.value) and "\n" not in str(caught.value)


def other_lang(lang_dir, folder, **changes):
    shutil.copytree(lang_dir, folder)
    if "tokens" in changes:
        Tokenizer.train(sentences(200, seed=changes["tokens"]), vocab_size=changes.get("size", 40)).save(folder)
    if "lexicon" in changes:
        (folder / "lexicon.txt").write_text(changes["lexicon"])
    return folder


def test_other_tokens_of_the_same_number_are_refused(begun, lang_dir, tmp_path):
    lang = other_lang(lang_dir, tmp_path / "lang", tokens=9)
    assert (lang / "tokens.txt").read_bytes() != (lang_dir / "tokens.txt").read_bytes()
    refused(*begun, "other tokens", lang=lang)


def test_another_lexicon_is_refused(begun, lang_dir, tmp_path):
    lexicon = (lang_dir / "lexicon.txt").read_text().splitlines()
    changed = "\n".join(line if not line.startswith("ann") else "ann\tB AA1 B" for line in lexicon)
    refused(*begun, "other lexicon", lang=other_lang(lang_dir, tmp_path / "lang", lexicon=changed + "\n"))


def test_a_language_is_refused_where_there_was_none(begun, lang_dir, tmp_path):
    lang = other_lang(lang_dir, tmp_path / "lang")
    (lang / "language.txt").write_text("en\n")
    refused(*begun, "other language", lang=lang)


def test_other_heads_are_refused_although_every_tensor_fits(begun):
    refused(*begun, r"model.encoder.heads 4 \(it was 2\)", model={**MODEL, "encoder": {**MODEL["encoder"], "heads": 4}})


def test_fewer_pieces_are_refused_before_model_yaml_is_written(begun, lang_dir, tmp_path, ctcb):
    out, go_on = begun
    lang = other_lang(lang_dir, tmp_path / "lang", tokens=3, size=36)
    refused(out, go_on, r"other tokens.*model.num_subwords 36 \(it was 40\)", lang=lang)
    before = held(out)
    with pytest.raises(InputError, match="where the model has"):  # weights that do not fit are not accepted either
        go_on(epochs=3, lang=lang, accept=True)
    assert held(out) == before
    assert ctcb("export", out, "--out", tmp_path / "model").code == 0
    assert len(load_model(tmp_path / "model").lang.tokenizer) == 40


@pytest.mark.parametrize(
    "name, value",
    [("batch_seconds", 3), ("seed", 5), ("lr", 2e-3), ("warmup_steps", 9), ("decay_share", 0.5), ("augment", {"noise_prob": 0.9}), ("epochs", 1)],
)
def test_options_that_the_schedule_or_the_batches_rest_on_are_refused(begun, name, value):
    out, go_on = begun
    before = held(out)
    with pytest.raises(InputError, match=rf"train\.{name}"):
        go_on(how={**TRAIN, name: value})
    assert held(out) == before


def test_options_that_do_not_reach_the_weights_may_change(begun):
    out, go_on = begun
    steps = go_on(epochs=3, how={**TRAIN, "workers": 1, "average": 2, "dev_utterances": 3, "checkpoint_minutes": 1.0}).step
    assert steps > 0 and len(epoch_files(out)) == 2


@pytest.fixture
def other_data(tmp_path):
    """Folders of features: ``make(name, texts)``."""
    def make(name, texts, audio=None, speeds=(1.0, 1.1)):
        manifest = write_manifest(tmp_path / name, texts)
        if audio is not None:
            audio(tmp_path / name / "audio")
        store_features(prepare(manifest, tmp_path / name, jobs=1).cuts, tmp_path / name, speeds, jobs=1)
        return tmp_path / name

    return make


def test_other_data_is_refused(begun, other_data, features_dir):
    refused(*begun, "other data", data=[other_data("more", sentences(30, seed=4))])
    refused(*begun, "other data", data=[features_dir, features_dir])


def test_the_same_ids_and_lengths_over_other_audio_are_refused(tmp_path, other_data, lang_dir):
    configs = write_yaml(tmp_path / "model.yaml", MODEL), write_yaml(tmp_path / "train.yaml", TRAIN)
    texts, out = sentences(6, seed=8), tmp_path / "run"
    data = other_data("data", texts)

    def go_on(**how):
        return train_base(*configs, [data], [], lang_dir, out, {"epochs": 3}, **how)

    train_base(*configs, [data], [], lang_dir, out)

    def turned(folder):
        import soundfile

        for file in folder.iterdir():
            samples, rate = soundfile.read(file)
            soundfile.write(file, samples[::-1], rate)

    other_data("data", texts, audio=turned)
    before = held(out)
    with pytest.raises(InputError, match="other data"):
        go_on()
    assert held(out) == before
    other_data("data", texts)
    assert go_on().epoch == 3  # the same audio again


def test_features_in_memory_make_other_batches(begun):
    refused(*begun, r"in_memory on \(it was off\)", in_memory=True)


def test_another_number_of_processes_is_refused(begun, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    refused(*begun, r"processes 2 \(it was 1\)")


def test_other_weights_to_begin_with_are_refused(begun, tmp_path):
    out, go_on = begun
    go_on(out=tmp_path / "first", seed=4)
    go_on(out=tmp_path / "second", init=tmp_path / "first")
    with pytest.raises(InputError, match="other init"):
        go_on(out=tmp_path / "second", init=out, epochs=3)
    assert go_on(out=tmp_path / "second", epochs=3).epoch == 3  # the run goes on without the option as well


def test_following_the_hint_works(begun, tmp_path):
    """Another --out with --init."""
    out, go_on = begun
    model = {**MODEL, "encoder": {**MODEL["encoder"], "heads": 4}}
    refused(out, go_on, "heads 4", model=model)
    assert go_on(model=model, out=tmp_path / "other", init=out).epoch == 2


def test_the_command_refuses_and_accepts(begun, tmp_path, features_dir, lang_dir, ctcb):
    out, _ = begun
    words = ["train", "base", "--config", write_yaml(tmp_path / "m.yaml", MODEL), "--train-config", tmp_path / "train.yaml", "--data", features_dir,
             "--lang", other_lang(lang_dir, tmp_path / "lang", tokens=9), "--out", out, "--epochs", 3]  # fmt: skip
    before = held(out)
    ran = ctcb(*words)
    assert ran.code == 2 and held(out) == before
    (line,) = [line for line in ran.err.splitlines() if line.startswith("ctcb:")]
    assert "checkpoint.safetensors" in line and "other tokens" in line
    assert ctcb(*words, "--accept-changes").code == 0
    assert (out / "tokens.txt").read_bytes() == (tmp_path / "lang/tokens.txt").read_bytes()
    assert ctcb(*words).code == 0  # what was accepted is what the run is for from now on


def test_accepted_data_begin_the_epoch_anew_on_their_own_schedule(begun, other_data, monkeypatch):
    """A run of 2 epochs of S steps goes on with data of T steps: it ends after 2 S + 2 T, and the rate falls to its last value there."""
    out, go_on = begun
    first = go_on()
    rates, plain_step = [], Trainer.step

    def step(self, forward, batch):
        parts = plain_step(self, forward, batch)
        rates.append(parts["lr"])
        return parts

    monkeypatch.setattr(Trainer, "step", step)
    last = go_on(data=[other_data("more", sentences(40, seed=4), speeds=(1.0,))], epochs=4, accept=True)
    assert last.steps_per_epoch > 2 * first.steps_per_epoch
    assert last.step == 2 * first.steps_per_epoch + 2 * last.steps_per_epoch == first.step + len(rates)
    # The trapezoid's end: 30 % of the steps decay, and the last step is one step short of lr_final.
    total = last.extra + 4 * last.steps_per_epoch
    assert total == last.step
    decay = int(total * 0.3)
    assert rates[-1] == pytest.approx(3e-5 + (1e-3 - 3e-5) / decay) and rates[0] == 1e-3


def test_another_run_in_the_folder_leaves_it_untouched(begun, lang_dir, tmp_path):
    out, go_on = begun
    before = held(out)
    with only_run(out), pytest.raises(RunError, match="another run is writing there"):
        go_on(lang=other_lang(lang_dir, tmp_path / "lang", tokens=9), model={**MODEL, "attention_decoder": {"weight": 0.1}})
    assert held(out) == before


def test_a_run_without_its_checkpoint_is_not_mixed_with_a_new_one(begun, tmp_path, ctcb):
    out, go_on = begun
    (out / "checkpoint.safetensors").unlink()
    before = held(out)
    with pytest.raises(InputError, match=r"epoch-002.safetensors, log.jsonl of an earlier run, and no checkpoint.safetensors; move or remove"):
        go_on(epochs=1)
    assert held(out) == before
    for file in epoch_files(out):
        file.rename(tmp_path / file.name)
    (out / "log.jsonl").write_text('{"step": 50}\n')
    with pytest.raises(InputError, match="holds log.jsonl of an earlier run"):
        go_on(epochs=1)
    (out / "log.jsonl").unlink()  # as the hint says
    assert go_on(epochs=1).epoch == 1 and len(epoch_files(out)) == 1


def test_a_broken_checkpoint_leaves_the_folder_as_it_is_and_its_mend_works(begun, tmp_path):
    out, go_on = begun
    path = out / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    before = held(out)
    with pytest.raises(InputError, match=r"checkpoint.safetensors: not a whole safetensors file .*move it and the epoch-\*.safetensors and log.jsonl"):
        go_on(epochs=3)
    assert held(out) == before
    for file in (path, out / "log.jsonl", *epoch_files(out)):
        file.rename(tmp_path / file.name)
    assert go_on(epochs=1).epoch == 1


def test_a_run_that_is_stopped_before_its_first_step_can_be_resumed(tmp_path, features_dir, lang_dir, monkeypatch):
    """Whatever a run leaves has a checkpoint beside it, so that a killed run is never taken for one whose checkpoint was removed."""
    configs = write_yaml(tmp_path / "model.yaml", MODEL), write_yaml(tmp_path / "train.yaml", {**TRAIN, "checkpoint_minutes": 60})
    run = partial(train_base, *configs, [features_dir], [], lang_dir)
    whole = run(tmp_path / "whole")
    plain_save = Trainer._save

    def save(self):
        if self.position.epoch == 1:  # the weights of the epoch are there, and its checkpoint is not
            raise KeyboardInterrupt
        plain_save(self)

    monkeypatch.setattr(Trainer, "_save", save)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "parts")
    monkeypatch.undo()
    assert len(epoch_files(tmp_path / "parts")) == 1 and run(tmp_path / "parts") == whole
    one, other = (read_tensors(epoch_files(tmp_path / name)[-1])[0] for name in ("whole", "parts"))
    assert all((one[name] == other[name]).all() for name in one)


def test_a_checkpoint_of_an_older_version_goes_on_with_a_warning(begun, capsys):
    out, go_on = begun
    path = out / "checkpoint.safetensors"
    with safe_open(str(path), framework="pt") as file:
        metadata = file.metadata()
    position = json.loads(metadata["progress"])
    position.pop("extra")
    save_file(load_file(path), path, {"progress": json.dumps(position)})
    capsys.readouterr()
    assert go_on(epochs=3).epoch == 3
    assert "does not say what it was made for" in capsys.readouterr().err
    with pytest.raises(InputError, match="train.seed"):  # now it does
        go_on(epochs=3, seed=7)


def test_a_data_folder_may_be_moved_and_named_from_elsewhere(begun, features_dir, tmp_path, monkeypatch):
    _, go_on = begun
    shutil.copytree(features_dir, tmp_path / "copy")
    monkeypatch.chdir(tmp_path)
    assert go_on(data=["copy"], epochs=3).epoch == 3


def test_export_takes_no_epochs_of_other_tokens(begun, lang_dir, tmp_path, ctcb):
    out, go_on = begun
    lang = other_lang(lang_dir, tmp_path / "lang", tokens=9)
    go_on(lang=lang, accept=True, epochs=3)
    ran = ctcb("export", out, "--out", tmp_path / "model")
    assert ran.code == 0 and "2 earlier epochs left out" in ran.err and "the mean of epoch-003\n" in ran.err
    assert load_model(tmp_path / "model").lang.tokenizer.pieces == Tokenizer.load(lang).pieces
    shutil.copy(lang_dir / "tokens.model", out)
    shutil.copy(lang_dir / "tokens.txt", out)
    ran = ctcb("export", out, "--out", tmp_path / "model")
    assert ran.code == 2 and "other tokens" in ran.err


def test_words_may_join_the_lexicon_where_that_is_said(begun, lang_dir, tmp_path):
    lang = other_lang(lang_dir, tmp_path / "lang")
    Lexicon().write(lang / "lexicon.txt", [*WORDS, "zebra"])
    out, go_on = begun
    refused(out, go_on, "other lexicon", lang=lang)
    assert go_on(epochs=3, lang=lang, accept=True).epoch == 3 and "zebra" in (out / "lexicon.txt").read_text()


@pytest.mark.slow
def test_several_processes_refuse_and_accept_as_one(tmp_path, features_dir, lang_dir):
    out = tmp_path / "run"

    def two(*more, processes=2):
        words = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}", "-m", "ctcb", "train", "base"]
        words += ["--config", write_yaml(tmp_path / "m.yaml", MODEL), "--train-config", tmp_path / "t.yaml", "--data", features_dir, "--lang", lang_dir, "--out", out]
        return subprocess.run([*map(str, words), *more], capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, timeout=300)

    write_yaml(tmp_path / "t.yaml", TRAIN)
    assert two().returncode == 0
    before = held(out)
    ran = two("--epochs", "3", processes=1)
    assert ran.returncode and "processes 1 (it was 2)" in ran.stderr and held(out) == before
    write_yaml(tmp_path / "t.yaml", {**TRAIN, "batch_seconds": 3})
    ran = two("--epochs", "3")
    assert ran.returncode and "train.batch_seconds 3.0 (it was 5.0)" in ran.stderr and held(out) == before
    ran = two("--epochs", "3", "--accept-changes")
    assert ran.returncode == 0, ran.stderr
    assert len(epoch_files(out)) == 3 and two("--epochs", "4").returncode == 0
