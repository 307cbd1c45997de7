"""Shared fixtures: a lang folder, a model with random weights, stored features, the command."""
from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Callable, NamedTuple

import pytest

# The models here are so small that threads only wait for one another.
os.environ["OMP_NUM_THREADS"] = os.environ.get("OMP_NUM_THREADS") or "1"  # set, and not to nothing
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "reference")]


class Ran(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def ctcb(capsys) -> Callable[..., Ran]:
    """Run the command in this process: ``ctcb("score", "--ref", ...)``."""
    from ctcb.cli import main

    def call(*words: object) -> Ran:
        try:
            main([str(word) for word in words])
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        return Ran(code, *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def lang_dir(tmp_path_factory) -> Path:
    """Forty pieces over the words of `tones`, phones, lexicon."""
    from tones import WORDS, sentences

    from ctcb.text.lexicon import Lexicon, write_phones
    from ctcb.text.tokenizer import Tokenizer

    folder = tmp_path_factory.mktemp("lang")
    Tokenizer.train(sentences(200), vocab_size=40).save(folder)
    Lexicon().write(folder / "lexicon.txt", WORDS)
    write_phones(folder / "phones.txt")
    return folder


@pytest.fixture(scope="session")
def tiny_config(lang_dir):
    """A model that is smaller than conf/model/tiny.yaml."""
    from ctcb.models.config import EncoderConfig, InterCtc, ModelConfig
    from ctcb.text.lang import Lang

    lang = Lang.load(lang_dir)
    return ModelConfig(
        num_subwords=len(lang.tokenizer), num_phones=len(lang.phones),
        encoder=EncoderConfig(dim=32, layers=3, heads=2, ff_dim=64, conv_kernel=5),
        inter_ctc=(InterCtc(1, "phone"), InterCtc(2, "subword")),
    )


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory, lang_dir, tiny_config) -> Path:
    """A model directory with random weights."""
    from random_models import with_random_weights

    return with_random_weights(tiny_config, lang_dir, tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def streaming_config(tiny_config):
    """The same with limited context."""
    import dataclasses

    from ctcb.models.config import StreamingConfig

    return dataclasses.replace(tiny_config, streaming=StreamingConfig(chunk=8, left_chunks=2))


@pytest.fixture(scope="session")
def streaming_dir(tmp_path_factory, lang_dir, streaming_config) -> Path:
    """A model directory with limited context and random weights."""
    from random_models import with_random_weights

    return with_random_weights(streaming_config, lang_dir, tmp_path_factory.mktemp("streaming"))


@pytest.fixture(scope="session")
def adapter_dir(tmp_path_factory, model_dir, tiny_config) -> Path:
    """A model with an adapter."""
    from random_models import with_adapter

    from ctcb.adapter.config import AdapterConfig

    config = AdapterConfig(dim=16, heads=2, embedding=8, hidden=8)
    return with_adapter(model_dir, config, tiny_config, tmp_path_factory.mktemp("adapter") / "model")


@pytest.fixture(scope="session")
def plain_adapter_dir(tmp_path_factory, model_dir, tiny_config) -> Path:
    """A model with an adapter that does not align."""
    from random_models import with_adapter

    from ctcb.adapter.config import AdapterConfig

    config = AdapterConfig(dim=16, heads=2, embedding=8, hidden=8, mix=16, alignment=False)
    return with_adapter(model_dir, config, tiny_config, tmp_path_factory.mktemp("plain_adapter") / "model")


@pytest.fixture(scope="session")
def features_dir(tmp_path_factory) -> Path:
    """Twelve utterances with stored features at two speeds."""
    from tones import sentences, write_manifest

    from ctcb.data.features import store_features
    from ctcb.data.prepare import prepare

    folder = tmp_path_factory.mktemp("features")
    report = prepare(write_manifest(folder, sentences(12)), folder, jobs=1)
    store_features(report.cuts, folder, speeds=(1.0, 1.1), jobs=1)
    return folder
