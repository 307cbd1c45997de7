"""Training beside a GPU that is not there: what is computed follows its tensors, and what moves is counted."""
import pytest
import torch
from torch.overrides import TorchFunctionMode

from ctcb.acoustic.directory import load_model
from ctcb.adapter.alignment import FEATURES, BatchAlignment, UtteranceAlignment, batch_alignment
from ctcb.adapter.catalogue import Catalogue, Vectors
from ctcb.adapter.config import AdapterConfig
from ctcb.adapter.entries import EntrySpeller, collate
from ctcb.adapter.network import ContextualAdapter
from ctcb.data.augment import AugmentConfig
from ctcb.data.folders import read_feature_cuts
from ctcb.data.loader import one_copy_each
from ctcb.training import encoder_cache
from ctcb.training.encoder_cache import EncoderCache, FrozenEncodings

GPU, META = torch.device("cuda"), torch.device("meta")
CONFIG = AdapterConfig(dim=16, heads=2, embedding=8, hidden=8, mix=16)


@pytest.fixture
def left_autocast(monkeypatch):
    """The devices on which autocast is turned off."""
    devices = []

    class Autocast:
        def __init__(self, device_type, dtype=None, enabled=True):
            if not enabled:
                devices.append(device_type)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(torch, "autocast", Autocast)
    return devices


def empty(*shape, dtype=torch.float32):
    return torch.empty(shape, dtype=dtype, device=META)


@pytest.mark.parametrize("alignment", [True, False])
def test_the_adapter_leaves_autocast_on_its_tensors_device(tiny_config, left_autocast, alignment):
    """Two utterances of 7 frames and 5 keys of 3 entries, on a device that holds no values."""
    adapter = ContextualAdapter(AdapterConfig(**{**CONFIG.__dict__, "alignment": alignment, "inner_bias": True}), tiny_config).to(META)
    dim, last, states = tiny_config.encoder.dim, empty(2, 7, 32), empty(5, 2 * 8 * (1 + CONFIG.phones))
    taps = [empty(2, 7, dim) for _ in tiny_config.inter_ctc]
    owner = torch.zeros(5, dtype=torch.int64, device=META)
    catalogue = Catalogue(adapter.final.vectors(states), adapter.inner.vectors(states), owner, owner)
    aligned = BatchAlignment(empty(2, 3, FEATURES), empty(2, 7, 5), empty(2, 7, tiny_config.num_subwords)) if alignment else None
    biased, weights = adapter.bias(last, taps, catalogue, aligned)
    inner = adapter.bias_inner(last, taps[:1], catalogue)
    assert (biased.device, weights.device, inner.device) == (META, META, META)
    assert biased.shape == last.shape and weights.shape == (2, 7, 6)
    assert left_autocast and set(left_autocast) == {"meta"}


class PretendedGpu(TorchFunctionMode):
    """Notes what is moved to and from a GPU that is not there, and leaves it where it is."""

    def __init__(self):
        super().__init__()
        self.moved = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function is torch.Tensor.to and isinstance(args[1], torch.device):
            self.moved.append((tuple(args[0].shape), str(args[1])))
            return args[0]
        if function is torch.Tensor.cpu:
            self.moved.append((tuple(args[0].shape), "cpu"))
        return function(*args, **(kwargs or {}))


def test_ids_of_entries_move_and_their_lengths_stay(lang_dir, model_dir):
    speller = EntrySpeller(load_model(model_dir).lang, True)
    batch = collate([speller.entry("ann fox"), speller.entry("bob")])
    with PretendedGpu() as gpu:
        there = batch.to(GPU)
    assert gpu.moved == [(tuple(ids.shape), "cuda") for ids in (batch.tokens, batch.phones, batch.phone_at)]
    assert there.lengths is batch.lengths and there.phone_lengths is batch.phone_lengths


def test_alignments_go_where_the_logits_are():
    found = batch_alignment([UtteranceAlignment([], torch.zeros(0, FEATURES).numpy(), [])], [0], [3], empty(1, 7, 9))
    assert {part.device for part in found} == {META}


def test_vectors_are_made_where_the_adapter_is(tiny_config):
    adapter = ContextualAdapter(CONFIG, tiny_config).to(META)
    vectors = adapter.final.vectors(empty(4, 2 * 8 * (1 + CONFIG.phones)))
    assert isinstance(vectors, Vectors) and vectors.keys.device == vectors.values.device == META


def test_the_cache_encodes_on_the_device_and_draws_noise_on_the_cpu(model_dir, features_dir, tmp_path, monkeypatch):
    cuts = one_copy_each(read_feature_cuts(features_dir), 1)
    noisy = AugmentConfig(noise_prob=1.0)
    met = []
    monkeypatch.setattr(encoder_cache, "join_processes", lambda device: met.append(str(device)) or (0, 1))

    def cached(device):
        network = FrozenEncodings(load_model(model_dir).network)
        cache = EncoderCache(tmp_path / device.type, network, "digest", cuts, noisy, 1, device=device)
        return cache.folder.name, cache.collate(cuts)[0]

    name, expected = cached(torch.device("cpu"))
    with PretendedGpu() as gpu:
        found = cached(GPU)
    assert found[0] == name and torch.equal(found[1], expected)
    assert met == ["cpu", "cuda"]
    there = [shape for shape, device in gpu.moved if device == "cuda"]
    assert [len(shape) for shape in there] == [3, 1] and there[0] == (12, there[0][1], 80)
    assert [shape[0] for shape, device in gpu.moved if device == "cpu" and len(shape) == 3][-1] == 12
