"""Where networks run, as far as that shows without a GPU."""
import pytest
import torch
from torch.overrides import TorchFunctionMode

from ctcb import load
from ctcb.device import open_device
from ctcb.errors import InputError
from ctcb.models.config import EncoderConfig, InterCtc, ModelConfig
from ctcb.models.ctc import CtcModel
from ctcb.training.processes import join_processes

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def gpus(monkeypatch):
    def have(count):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)

    return have


@pytest.mark.parametrize("count, name, rank, expected", [
    (0, "auto", None, "cpu"), (0, "cpu", None, "cpu"), (2, "cpu", 1, "cpu"), (2, "auto", None, "cuda:0"), (2, "cuda", None, "cuda:0"),
    (2, "cuda", 1, "cuda:1"), (2, "auto", 1, "cuda:1"), (2, "cuda:1", None, "cuda:1"), (2, "cuda:1", 0, "cuda:1"),
])  # fmt: skip
def test_device_by_name(gpus, count, name, rank, expected):
    gpus(count)
    assert open_device(name, rank) == torch.device(expected)


@pytest.mark.parametrize("count, name, rank, message", [
    (0, "cuda", None, "finds no GPU"), (1, "cuda:1", None, "finds 1 GPU for"), (2, "cuda", 2, "finds 2 GPUs for process 2"),
    (1, "tpu", None, "'tpu' is unknown"), (1, "cuda:x", None, "unknown"), (1, "", None, "unknown"),
])  # fmt: skip
def test_device_that_is_not_there(gpus, count, name, rank, message):
    gpus(count)
    with pytest.raises(InputError, match=message):
        open_device(name, rank)


def test_device_from_python(gpus):
    gpus(0)
    with pytest.raises(InputError, match="no device cuda"):
        load(device="cuda")


class PretendedGpu(TorchFunctionMode):
    """Notes what is moved to and from a GPU that is not there, and leaves it where it is."""

    def __init__(self):
        super().__init__()
        self.moved = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function is torch.Tensor.pin_memory:
            return args[0]
        if function is torch.Tensor.to and isinstance(args[1], torch.device):
            self.moved.append((tuple(args[0].shape), str(args[1])))
            return args[0]
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("inner", [False, True])
def test_encoder_on_a_gpu_gives_its_results_back(monkeypatch, inner):
    encoder = EncoderConfig(dim=32, layers=3, heads=2, ff_dim=64, conv_kernel=5)
    network = CtcModel(ModelConfig(7, 5, encoder=encoder, inter_ctc=(InterCtc(1, "phone"), InterCtc(2, "subword")))).eval()
    features, lengths = torch.randn(2, 40, 80), torch.tensor([40, 25])

    def bias(x, taps, logits):
        return x + 1.0

    with torch.no_grad():
        expected = network.encode(features, lengths, bias if inner else None)
        monkeypatch.setattr(CtcModel, "encoder_device", GPU)
        with PretendedGpu() as gpu:
            found = network.encode(features, lengths, bias if inner else None)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    assert gpu.moved[:2] == [((2, 40, 80), "cuda"), ((2,), "cuda")]
    back = [shape for shape, device in gpu.moved[2:] if device == "cpu"]
    results = [expected.last, *expected.taps, *expected.inter_logits, expected.lengths]
    assert back[-len(results) :] == [tuple(part.shape) for part in results]
    assert (len(back) > len(results)) == inner  # what the inner bias reads


def test_encoder_moves_without_its_head(monkeypatch):
    moved = []
    monkeypatch.setattr(torch.nn.Module, "to", lambda self, device: moved.append(self))
    network = CtcModel(ModelConfig(7, 5, encoder=EncoderConfig(dim=32, layers=2, heads=2), inter_ctc=()))
    network.encoder_to(GPU)
    assert network.head not in moved
    assert len(moved) == len(list(network.children())) - 1


@pytest.mark.parametrize("device, backend", [(CPU, "gloo"), (GPU, "nccl")])
def test_processes_meet_by_the_device(monkeypatch, device, backend):
    met = []
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr(torch.cuda, "set_device", met.append)
    monkeypatch.setattr(torch.distributed, "init_process_group", lambda backend, timeout: met.append(backend))
    assert join_processes(device) == (1, 2)
    assert met == ([GPU] if device == GPU else []) + [backend]
